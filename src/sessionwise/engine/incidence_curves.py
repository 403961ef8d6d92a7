"""Curves of leaving: Kaplan–Meier for one kind of ending, Aalen–Johansen for several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from sessionwise.errors import InvalidInput, Problem

ROUNDING = 1e-12
"""What sums of shares may miss one by: all have ended, and no log is to be taken."""


@dataclass(frozen=True, eq=False)
class Survival:
    """A Kaplan–Meier curve; one entry per distinct time, sorted.

    Attributes
    ----------
    times
        Distinct observed times, of events and of censoring, shape (times,).
    at_risk
        Courses whose time is at least this one.
    estimate
        Probability that the event has not happened by the end of this time.
    std_error, std_error_log
        Greenwood errors of the estimate and of its logarithm; nan once the estimate is 0.
    low, high
        95 % limits on the log(−log) scale; nan where the estimate is 0 or 1.
    """

    times: np.ndarray
    at_risk: np.ndarray
    estimate: np.ndarray
    std_error: np.ndarray
    std_error_log: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False)
class Incidence:
    """Aalen–Johansen curves; one row per distinct time, sorted, one column per cause 1, 2, ….

    Attributes
    ----------
    times, at_risk
        As in :class:`Survival`.
    estimate
        Probability that this cause has happened by the end of this time, shape (times, causes).
    std_error
        Greenwood-type errors; 0 before the first event of the cause.
    low, high
        95 % limits on the log(−log) scale; nan where the estimate is 0 or 1.
    """

    times: np.ndarray
    at_risk: np.ndarray
    estimate: np.ndarray
    std_error: np.ndarray
    low: np.ndarray
    high: np.ndarray


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> Survival:
    """Say how likely it is that the event has not happened by a given time.

    Right for one kind of ending, or for *any* ending ("still in therapy"). One minus this curve
    with other endings counted as censored is not the probability of dropping out: those who ended
    as planned can no longer drop out. :func:`aalen_johansen` answers that.

    Parameters
    ----------
    time
        Time of the event or of censoring, shape (n,), whole or real numbers.
    event
        1 if the event happened then, 0 if the course was censored, shape (n,). At a tie events
        come before censoring.

    Returns
    -------
    Survival
        Errors: Greenwood's. Limits: log(−log), the ``conf.type = "log-log"`` of R's ``survfit``.

    Raises
    ------
    InvalidInput
        No rows, unequal lengths, a missing time, or an event other than 0 or 1.

    References
    ----------
    Kaplan & Meier (1958), J Am Stat Assoc 53:457–481, eq. 2b (estimate), eq. 2f (error);
    Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd ed.,
    section 1.4 (limits).

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1, 2, 2, 3]), np.array([1, 1, 0, 0]))
    >>> curve.estimate
    array([0.75, 0.5 , 0.5 ])
    """
    times, at_risk, deaths = _counts(time, event, causes=1)
    share = deaths[:, 0] / at_risk
    survival = np.cumprod(1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_error = np.sqrt(np.cumsum(share / (at_risk * (1 - share))))
    log_error = np.where(survival > 0, log_error, np.nan)
    std_error = survival * log_error
    low, high = _log_log_limits(survival, std_error)
    return Survival(times, at_risk, survival, std_error, log_error, low, high)


def aalen_johansen(time: np.ndarray, cause: np.ndarray) -> Incidence:
    """Say how likely it is that a course has ended by a given time, in each of several ways.

    Each cause takes courses away from the others, so the columns and the probability of still
    being in therapy sum to 1.

    Parameters
    ----------
    time
        Time of the ending or of censoring, shape (n,), whole or real numbers.
    cause
        0 for censored, 1, 2, … for the kinds of ending, shape (n,). At a tie endings come before
        censoring.

    Returns
    -------
    Incidence
        Errors: the delta method with multinomial increments, which for one cause is Greenwood's;
        R's ``survfit`` gives the same. Limits: log(−log) of the estimate.

    Raises
    ------
    InvalidInput
        No rows, unequal lengths, a missing time, or a cause that is not a whole number ≥ 0.

    References
    ----------
    Aalen & Johansen (1978), Scand J Stat 5:141–150; Andersen, Borgan, Gill & Keiding (1993),
    Statistical Models Based on Counting Processes, section IV.4.1 (estimate and
    Greenwood-type covariance).

    Examples
    --------
    >>> curves = aalen_johansen(np.array([1, 1, 2, 2]), np.array([1, 2, 1, 0]))
    >>> curves.estimate
    array([[0.25, 0.25],
           [0.5 , 0.25]])
    """
    causes = np.asarray(cause, float)
    count = int(causes.max()) if causes.size and np.isfinite(causes).all() else 0
    times, at_risk, endings = _counts(time, cause, causes=max(count, 1))
    share = endings / at_risk[:, None]
    left = endings.sum(axis=1) / at_risk
    still_there = np.cumprod(1 - left)
    just_before = np.concatenate([[1.0], still_there[:-1]])
    estimate = np.cumsum(just_before[:, None] * share, axis=0)
    estimate = np.where(estimate > 1 - ROUNDING, 1.0, estimate)  # sums of shares are not exact
    std_error = _greenwood_errors((share, left), at_risk, just_before, estimate)
    low, high = _log_log_limits(estimate, std_error)
    return Incidence(times, at_risk, estimate, std_error, low, high)


def _counts(
    time: np.ndarray, cause: np.ndarray, causes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct times (T,), numbers at risk (T,) and endings per cause (T, causes)."""
    time, cause = np.asarray(time, float), np.asarray(cause, float)
    problems = []
    if time.ndim != 1 or time.shape != cause.shape or not time.size:
        problems.append(
            Problem(
                f"times of shape {time.shape} and endings of shape {cause.shape} were given",
                "a curve",
                "Give one time and one ending for each course, at least one course.",
            )
        )
    if not np.isfinite(time).all():
        problems.append(
            Problem(
                f"{int((~np.isfinite(time)).sum())} times are missing or infinite",
                "a curve",
                "Leave these courses out and count them.",
            )
        )
    if not np.isin(cause, np.arange(causes + 1)).all():
        problems.append(
            Problem(
                "an ending is coded by something else than 0 (censored)"
                + (" or 1" if causes == 1 else f", 1, …, {causes}"),
                "a curve",
                "Code endings as whole numbers.",
            )
        )
    if problems:
        raise InvalidInput(problems, "the courses of a curve")
    times, position = np.unique(time, return_inverse=True)
    cells = np.bincount(
        position * (causes + 1) + cause.astype(int), minlength=times.size * (causes + 1)
    ).reshape(times.size, causes + 1)
    at_risk = cells.sum(axis=1)[::-1].cumsum()[::-1]
    return times, at_risk, cells[:, 1:]


def _greenwood_errors(
    shares: tuple[np.ndarray, np.ndarray],
    at_risk: np.ndarray,
    just_before: np.ndarray,
    estimate: np.ndarray,
) -> np.ndarray:
    """Errors of Aalen–Johansen curves, shape (times, causes).

    Write ``q_k(u)`` for the share leaving by cause k at time u, ``q`` for their sum, ``S`` for the
    probability just before u. To first order ``F_k(t)`` moves by ``S`` with ``q_k(u)`` and by
    ``−c`` with every share at u, where ``c = (F_k(t) − F_k(u)) / (1 − q)`` is what those leaving
    at u can no longer contribute. With multinomial shares the variance is the sum over u ≤ t of
    ``[q_k (S − c)² + (q − q_k) c² − (q_k S − q c)²] / n``, a quadratic in ``F_k(t)`` whose three
    coefficients are running sums.
    """
    share, left = shares  # of each cause, and of all, exactly 1 where nobody stays
    stays = left < 1
    inverse = np.divide(1.0, 1 - left, out=np.zeros_like(left), where=stays)
    errors = np.empty_like(estimate)
    for k in range(share.shape[1]):
        here = estimate[:, k]
        pull = just_before * share[:, k]
        # The variance at u, in c: (left − left²)·c² − 2·pull·(1 − left)·c + pull·(S − pull).
        square = left * (1 - left) * inverse**2 / at_risk
        cross = pull * (1 - left) * inverse / at_risk
        alone = pull * (just_before - pull) / at_risk
        variance = (
            here**2 * np.cumsum(square)
            - 2 * here * np.cumsum(square * here + cross)
            + np.cumsum(square * here**2 + 2 * cross * here + alone)
        )
        errors[:, k] = np.sqrt(np.maximum(variance, 0.0))
    return errors


def _log_log_limits(
    probability: np.ndarray, std_error: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Limits that stay between 0 and 1: symmetric for log(−log p)."""
    z = stats.norm.ppf(0.5 + level / 2)
    inside = (probability > 0) & (probability < 1)
    p = np.where(inside, probability, np.nan)
    half = z * std_error / np.abs(p * np.log(p))
    return p ** np.exp(half), p ** np.exp(-half)
