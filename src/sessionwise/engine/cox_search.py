"""Where the partial likelihood of a Cox model is highest, and whether there is such a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from sessionwise.engine.at_event_times import EventTimes
from sessionwise.engine.efron_steps import TiedSteps, Ties, tied_steps
from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.engine.score_parts import row_scores

MOST_STEPS = 60
FLAT = 1e-22
"""A Newton step that promises less than this in log-likelihood, per event, is the last."""

NEARLY, FAR = 1e-9, 0.1
"""A step that promises this little, per event, yet moves log hazards this far goes to infinity."""

SHARE = 0.1
"""Columns that move log hazards by this share of the most are those that go to infinity."""

BEYOND, LEAST = 650.0, 1e-290
"""Log hazards further apart than this, and sums of hazards below this, are beyond what is computed.
"""

NOTHING = 1e-11
"""A direction with less information per event, in units of its variance, compares no rows."""


@dataclass(frozen=True, eq=False)
class CoxMaximum:
    """The highest place of the partial likelihood.

    Attributes
    ----------
    coefficients
        β, shape (p,).
    covariance
        Inverse of the observed information there, shape (p, p).
    loglik, loglik_null
        Log partial likelihood there and at β = 0.
    score_test
        Rao's χ² of β = 0, on p degrees of freedom.
    gradient
        Largest slope per standard error.
    steps
        Newton steps taken.
    converged
        No step promised more.
    endless
        Which coefficients go to infinity, shape (p,); the rest then means nothing.
    untold
        Which columns do not differ (alone or together) between rows at risk at one time, shape
        (p,); the rest then means nothing.
    beyond
        Which columns put log hazards so far apart that hazards can no longer be added up, shape
        (p,); the rest then means nothing.
    at
        The risk set of every event there.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    loglik: float
    loglik_null: float
    score_test: float
    gradient: float
    steps: int
    converged: bool
    endless: np.ndarray
    untold: np.ndarray
    beyond: np.ndarray
    at: TiedSteps


def cox_maximum(times: EventTimes, x: np.ndarray, ties: Ties = "efron") -> CoxMaximum:
    """Climb to the coefficients of a Cox model, by Newton's steps on orthogonal columns.

    Parameters
    ----------
    times
        Who is at risk when.
    x
        Covariates, shape (n, p); no constant column, of full rank.
    ties
        How events of one time are taken.

    Returns
    -------
    CoxMaximum
        On the scale of ``x``. Where the columns order the events without fault the likelihood
        rises for ever, and ``endless`` says along which.

    References
    ----------
    Cox (1972), J R Stat Soc B 34:187–202; Efron (1977), J Am Stat Assoc 72:557–565; Bryson &
    Johnson (1981), Technometrics 23:381–383 (coefficients that go to infinity).

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> none, x = np.zeros(4, int), np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> times = event_times(none, np.array([1, 2, 3, 4]), np.array([1, 1, 1, 0]), none)
    >>> cox_maximum(times, x).coefficients.round(4).tolist()
    [-0.9406]
    """
    centre = x.mean(axis=0)
    z, triangle = orthogonal(x - centre)
    back = linalg.inv(triangle)
    compared = times.beyond > times.first
    event = np.bincount(times.of_event, minlength=len(x)).astype(float)
    many = max(times.of_event.size, 1)
    beta = np.zeros(x.shape[1])
    at, value = _place(times, z, event, beta, ties)
    null, score_test, before, converged = value, np.nan, np.inf, False
    endless = np.zeros(len(beta), bool)
    untold = _untold(at.information() / many, back * x.std(axis=0)[:, None])
    for taken in range(MOST_STEPS + 1):
        slope = z.T @ (event - at.expected())
        inverse = _inverse(at.information())
        step = inverse @ slope
        promise = float(slope @ step) / 2
        score_test = 2 * promise if not taken else score_test
        if promise < NEARLY * many:
            endless = _endless((x - centre)[compared], back @ step)
        converged = promise < FLAT * many or (before < NEARLY and promise >= before)
        stays = converged or endless.any() or untold.any()
        beyond = _beyond((x - centre)[compared], back @ beta) & (not stays)
        if stays or beyond.any() or taken == MOST_STEPS:
            break
        before = promise
        beta, at, value = _risen(times, z, event, (beta, step, value), ties)
    error = np.sqrt(np.maximum(np.diag(inverse), 0))
    return CoxMaximum(
        back @ beta,
        back @ inverse @ back.T,
        value,
        null,
        score_test,
        float(np.abs(slope * error).max(initial=0.0)),
        taken,
        bool(converged) and not (endless.any() or untold.any()),
        endless,
        untold,
        beyond,
        tied_steps(times, x - centre, at.risk, ties),
    )


def _endless(centred: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Say which coefficients run away in a step that hardly raises the likelihood, (p,)."""
    if np.ptp(centred @ step) < FAR:
        return np.zeros(step.size, bool)
    moved = np.abs(step) * np.ptp(centred, axis=0)
    return moved > SHARE * moved.max()


def _beyond(centred: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Say which coefficients have gone so far that hazards of rows cannot be added up, (p,)."""
    if not np.ptp(centred @ beta) > BEYOND:
        return np.zeros(beta.size, bool)
    moved = np.abs(beta) * np.ptp(centred, axis=0)
    return moved > SHARE * moved.max()


def _untold(information: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Say which columns take part in a direction without information, (p,)."""
    values, vectors = np.linalg.eigh(information)
    none = values <= NOTHING
    shares = np.abs(sizes @ vectors[:, none]).max(axis=1, initial=0.0)
    return shares > SHARE * shares.max(initial=0.0)


def _place(
    times: EventTimes, z: np.ndarray, event: np.ndarray, beta: np.ndarray, ties: Ties
) -> tuple[TiedSteps, float]:
    """Give the risk sets and the log partial likelihood at one β."""
    linear = z @ beta
    linear -= linear.max(initial=-np.inf) if linear.size else 0.0
    with np.errstate(under="ignore", divide="ignore", invalid="ignore", over="ignore"):
        at = tied_steps(times, z, np.exp(linear), ties)
        if not at.total.min(initial=1.0) > LEAST:
            return at, -np.inf
        return at, float(linear @ event - np.log(at.total).sum())


def _risen(
    times: EventTimes,
    z: np.ndarray,
    event: np.ndarray,
    there: tuple[np.ndarray, np.ndarray, float],
    ties: Ties,
) -> tuple[np.ndarray, TiedSteps, float]:
    """Take a Newton step, or as much of it as goes up."""
    beta, step, value = there
    size = 1.0
    while True:
        new = beta + size * step
        at, found = _place(times, z, event, new, ties)
        if np.isfinite(found) and found >= value - 1e-12 * abs(value) or size < 1e-6:
            return new, at, found
        size /= 2


def _inverse(information: np.ndarray) -> np.ndarray:
    """Invert the information; what is not known at all is left without limit."""
    try:
        return linalg.cho_solve(
            linalg.cho_factor(information, lower=True), np.eye(len(information))
        )
    except linalg.LinAlgError:
        values, vectors = np.linalg.eigh(information)
        floor = max(values.max(initial=0.0), 1.0) * 1e-14
        return (vectors / np.maximum(values, floor)) @ vectors.T


def clustered_covariance(found: CoxMaximum, clusters: np.ndarray) -> np.ndarray:
    """Give the covariance of the estimates when only clusters are independent, (p, p).

    Parameters
    ----------
    found
        The maximum.
    clusters
        Whole numbers 0, 1, …, shape (n,).

    Notes
    -----
    D'D with D the dfbeta summed by cluster, without a correction for few clusters: R's
    ``coxph(…, cluster = )``. Lin & Wei (1989), J Am Stat Assoc 84:1074–1078.
    """
    scores = row_scores(found.at)
    summed = np.stack([np.bincount(clusters, column) for column in scores.T], axis=1)
    moved = summed @ found.covariance
    return moved.T @ moved
