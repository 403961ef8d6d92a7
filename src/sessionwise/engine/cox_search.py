"""Where the partial likelihood of a Cox model is highest, and whether there is such a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from sessionwise.engine.at_event_times import EventTimes
from sessionwise.engine.efron_steps import TiedSteps, Ties, tied_steps
from sessionwise.engine.score_parts import row_scores

MOST_STEPS = 60
FLAT = 1e-22
"""A Newton step that promises less than this in log-likelihood, per event, is the last."""

NEARLY, FAR = 1e-9, 1e-3
"""A step that promises this little yet goes this far, in standard deviations, goes to infinity."""


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
    at: TiedSteps


def cox_maximum(times: EventTimes, x: np.ndarray, ties: Ties = "efron") -> CoxMaximum:
    """Climb to the coefficients of a Cox model, by Newton's steps on centred, scaled columns.

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
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    z = (x - centre) / scale
    event = np.bincount(times.of_event, minlength=len(x)).astype(float)
    many = max(times.of_event.size, 1)
    beta = np.zeros(x.shape[1])
    at, value = _place(times, z, event, beta, ties)
    null, score_test, before, converged = value, np.nan, np.inf, False
    endless = np.zeros(len(beta), bool)
    for taken in range(MOST_STEPS + 1):
        slope = z.T @ (event - at.expected())
        inverse = _inverse(at.information())
        step = inverse @ slope
        promise = float(slope @ step) / 2
        score_test = 2 * promise if not taken else score_test
        endless = (np.abs(step) > FAR) & (promise < NEARLY * many)
        converged = promise < FLAT * many or (before < NEARLY and promise >= before)
        if converged or endless.any() or taken == MOST_STEPS:
            break
        before = promise
        beta, at, value = _risen(times, z, event, (beta, step, value), ties)
    error = np.sqrt(np.maximum(np.diag(inverse), 0))
    return CoxMaximum(
        beta / scale,
        inverse / np.outer(scale, scale),
        value,
        null,
        score_test,
        float(np.abs(slope * error).max(initial=0.0)),
        taken,
        bool(converged) and not endless.any(),
        endless,
        tied_steps(times, x - centre, at.risk, ties),
    )


def _place(
    times: EventTimes, z: np.ndarray, event: np.ndarray, beta: np.ndarray, ties: Ties
) -> tuple[TiedSteps, float]:
    """Give the risk sets and the log partial likelihood at one β."""
    linear = z @ beta
    linear -= linear.max(initial=-np.inf) if linear.size else 0.0
    with np.errstate(under="ignore"):
        at = tied_steps(times, z, np.exp(linear), ties)
    with np.errstate(divide="ignore", invalid="ignore"):
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
