"""Fine and Gray's model: what goes with the cumulative incidence of one ending."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sessionwise.engine.weighted_risk_sets import Weights, at_risk, summed, weighted
from sessionwise.errors import InvalidInput, Problem, Refused

FLAT = 1e-9  # largest score at the summit, in standard errors
STEPS = 50
ENDLESS = 8.0  # a log ratio per standard deviation no data can carry


@dataclass(frozen=True, eq=False)
class Subdistribution:
    """A fitted subdistribution hazard.

    Attributes
    ----------
    estimate
        Log ratios of the subdistribution hazard, shape (p,).
    covariance
        Robust covariance of them, shape (p, p); it allows for the censoring curve being estimated.
    loglik, null_loglik
        Log partial likelihood at the estimates, and with none of the terms.
    gradient
        Largest slope left, in log-likelihood per standard error.
    iterations
        Newton steps taken.
    times
        Distinct times of the event, sorted, shape (T,).
    increments
        Jumps of the baseline cumulative subdistribution hazard there, all terms 0, shape (T,).
    influence, x
        What each course adds to the estimates, shape (n, p), and its covariates; in the order
        given.
    weights
        The courses as they were laid out.
    """

    estimate: np.ndarray
    covariance: np.ndarray
    loglik: float
    null_loglik: float
    gradient: float
    iterations: int
    times: np.ndarray
    increments: np.ndarray
    influence: np.ndarray = field(repr=False)
    x: np.ndarray = field(repr=False)
    weights: Weights = field(repr=False)


def fine_gray(
    time: np.ndarray,
    cause: np.ndarray,
    x: np.ndarray,
    of: int = 1,
    censoring: np.ndarray | None = None,
) -> Subdistribution:
    """Say what goes with how many ever end one way, when other endings take courses away.

    A course that ended another way can no longer end this way, and stays in the risk set to say
    so, with a weight G(t−)/G(T−) for the chance that it would still be observed at t. A ratio
    above 1 means a higher cumulative incidence at every time; it is no ratio of rates among
    courses still there, for which a model of the cause-specific hazard is right.

    Parameters
    ----------
    time
        Time of the ending or of censoring, shape (n,).
    cause
        0 for censored, 1, 2, … for the endings, shape (n,).
    x
        Covariates known at the start and fixed, shape (n, p), no intercept.
    of
        The cause explained.
    censoring
        Groups with censoring curves of their own (clinics with other ends of observation), shape
        (n,); ``None``: one curve. Censoring may depend on nothing else.

    Returns
    -------
    Subdistribution
        Ties by Breslow's method, as ``crr`` of R's ``cmprsk`` has it.

    Raises
    ------
    InvalidInput
        Unequal lengths or missing values.
    Refused
        No event; collinear columns; a covariate that separates; no convergence.

    References
    ----------
    Fine & Gray (1999), J Am Stat Assoc 94:496–509: score eq. (6) of section 3, variance eq. (7),
    (8): the second term of η̂ + ψ̂ is what the estimated G adds. At ties a censoring at u touches
    the weights of those with T < u at all t ≥ u, as I(t ≥ u > T) of the paper and ``crr`` have it.

    Examples
    --------
    >>> x = np.array([[1.0], [0], [1], [0], [1], [0]])
    >>> fit = fine_gray([1, 2, 3, 4, 5, 6], [1, 2, 1, 1, 0, 0], x)
    >>> float(fit.estimate[0].round(4))
    1.2271
    """
    time, cause, x, censoring = _checked(time, cause, x, of, censoring)
    laid = weighted(time, np.where(cause == of, 1, np.where(cause == 0, 0, 2)), censoring)
    z = x[laid.order]
    center = z.mean(axis=0)
    z = z - center
    beta, moments, steps = _summit(laid, z)
    loglik, score, information, mean, s0 = moments
    inverse = np.linalg.inv(information)
    eta = score_parts(laid, z, np.exp(z @ beta), mean, laid.events / s0)
    influence = np.empty_like(eta)
    influence[laid.order] = eta @ inverse
    gradient = float(np.max(np.abs(score) * np.sqrt(np.diag(inverse))))
    return Subdistribution(
        estimate=beta,
        covariance=inverse @ (eta.T @ eta) @ inverse,
        loglik=loglik,
        null_loglik=_moments(laid, z, np.zeros_like(beta))[0],
        gradient=gradient,
        iterations=steps,
        times=laid.times,
        increments=laid.events / s0 * np.exp(-center @ beta),
        influence=influence,
        x=x,
        weights=laid,
    )


def score_parts(
    laid: Weights, z: np.ndarray, risk: np.ndarray, mean: np.ndarray, hazard: np.ndarray
) -> np.ndarray:
    """What each course adds to the score Σ∫(z − z̄(t)) w(t) dM(t), η + ψ of Fine & Gray.

    Parameters
    ----------
    laid
        From :func:`fine_gray`.
    z, risk
        Values of the integrand's first part and exp(xβ), sorted, shapes (n, q) and (n,).
    mean
        z̄ at each event time, shape (T, q).
    hazard
        Jumps of the baseline at each event time, shape (T,).

    Returns
    -------
    array, shape (n, q)
    """
    own = np.searchsorted(laid.times, laid.time, "right")  # event times up to one's own
    h0, h1 = summed(hazard), summed(hazard[:, None] * mean)
    eta = -risk[:, None] * (z * h0[own][:, None] - h1[own])
    event = laid.kind == 1
    eta[event] += z[event] - mean[own[event] - 1]
    for group in range(len(laid.g_at)):
        _add_censoring(eta, laid, group, (z, risk, mean, hazard), own)
    return eta


def _add_censoring(
    eta: np.ndarray, laid: Weights, group: int, parts: tuple[np.ndarray, ...], own: np.ndarray
) -> None:
    """Add, in one censoring group, risk time after another ending, and what estimating G adds."""
    z, risk, mean, hazard = parts
    g = laid.g_at[group] * hazard
    b0, b1 = summed(g), summed(g[:, None] * mean)
    b0, b1 = b0[-1] - b0, b1[-1] - b1  # after that many event times
    rows = np.flatnonzero(laid.group == group)
    other = rows[laid.kind[rows] == 2]
    kept = risk[other] / laid.g_own[other]
    eta[other] -= kept[:, None] * (z[other] * b0[own[other]][:, None] - b1[own[other]])
    ended = laid.time[rows]
    times, counts = np.unique(ended[laid.kind[rows] == 0], return_counts=True)
    if not len(times) or not len(other):
        return
    a0, a1 = summed(kept), summed(kept[:, None] * z[other])
    before = np.searchsorted(laid.time[other], times, "left")
    later = np.searchsorted(laid.times, times, "left")
    q = a1[before] * b0[later][:, None] - a0[before][:, None] * b1[later]
    watched = len(rows) - np.searchsorted(ended, times, "left")
    jump = q / watched[:, None]
    compensator = summed(jump * (counts / watched)[:, None])
    eta[rows] -= compensator[np.searchsorted(times, ended, "right")]
    censored = rows[laid.kind[rows] == 0]
    eta[censored] += jump[np.searchsorted(times, laid.time[censored])]


def _summit(laid: Weights, z: np.ndarray) -> tuple[np.ndarray, tuple, int]:
    """Climb the log partial likelihood by Newton's steps, halved where they go down."""
    beta = np.zeros(z.shape[1])
    moments = _moments(laid, z, beta)
    _refuse_flat(moments[2], z)
    for step in range(1, STEPS + 1):
        try:
            move = np.linalg.solve(moments[2], moments[1])
        except np.linalg.LinAlgError:
            break
        if np.abs(move @ moments[1]) < FLAT**2:
            return beta, moments, step - 1
        for _ in range(30):
            with np.errstate(all="ignore"):  # a step too far is halved
                tried = _moments(laid, z, beta + move)
            if np.isfinite(tried[0]) and tried[0] >= moments[0] - 1e-12 * abs(moments[0]):
                break
            move = move / 2
        if not all(np.isfinite(part).all() for part in tried):
            break
        beta, moments = beta + move, tried
        if np.abs(beta * z.std(axis=0)).max() > ENDLESS:
            break
    raise Refused(
        "The model of the cumulative incidence did not settle: a covariate separates those who "
        "ended this way from the others, or there are too few endings. Leave terms out."
    )


def _moments(
    laid: Weights, z: np.ndarray, beta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log partial likelihood, score (p,), information (p, p), means (T, p) and S0 (T,)."""
    line = z @ beta
    risk = np.exp(line)
    p = z.shape[1]
    upper = np.triu_indices(p)
    squares = z[:, upper[0]] * z[:, upper[1]]
    parts = np.column_stack([np.ones(len(z)), z, squares]) * risk[:, None]
    sums = at_risk(laid, parts)
    s0, mean = sums[:, 0], sums[:, 1 : p + 1] / sums[:, :1]
    second = (sums[:, p + 1 :] / s0[:, None]).T @ laid.events
    information = np.zeros((p, p))
    information[upper] = second
    information = information + np.triu(information, 1).T
    information -= (mean * laid.events[:, None]).T @ mean
    event = laid.kind == 1
    loglik = float(line[event].sum() - laid.events @ np.log(s0))
    return loglik, z[event].sum(axis=0) - laid.events @ mean, information, mean, s0


def _refuse_flat(information: np.ndarray, z: np.ndarray) -> None:
    scale = np.sqrt(np.diag(information))
    if not np.isfinite(scale).all() or (scale <= 1e-8 * (1 + z.std(axis=0))).any():
        raise Refused("A covariate does not vary among the courses at risk. Leave it out.")
    correlation = information / np.outer(scale, scale)
    if np.linalg.eigvalsh(correlation)[0] < 1e-10:
        raise Refused(
            "Covariates repeat each other, so no effect of each can be told. Leave one out."
        )


def _checked(
    time: np.ndarray, cause: np.ndarray, x: np.ndarray, of: int, censoring: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    time, cause, x = np.asarray(time, float), np.asarray(cause, float), np.asarray(x, float)
    censoring = np.zeros(time.size, int) if censoring is None else np.asarray(censoring)
    n = time.size
    if x.ndim != 2 or not n or {cause.size, len(x), censoring.size} != {n}:
        what = f"{n} times, {cause.size} endings, covariates of shape {x.shape} were given"
        raise InvalidInput(
            [Problem(what, remedy="Give one row of each for every course.")], "the courses"
        )
    if not (np.isfinite(time).all() and np.isfinite(cause).all() and np.isfinite(x).all()):
        problem = Problem("values are missing", remedy="Leave these courses out and count them.")
        raise InvalidInput([problem], "the courses")
    if not (cause == of).any():
        raise Refused("No course ended this way, so nothing can go with it.")
    return time, cause, x, censoring
