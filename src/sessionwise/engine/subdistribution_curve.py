"""Cumulative incidence a subdistribution model predicts for a profile, with its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from sessionwise.engine.subdistribution import Subdistribution, score_parts
from sessionwise.engine.weighted_risk_sets import at_risk


@dataclass(frozen=True, eq=False)
class Predicted:
    """A predicted cumulative incidence at some times; all of shape (times,).

    Attributes
    ----------
    times
        Where, sorted as asked.
    estimate, std_error
        Probability that the course has ended this way by then; its error by the delta method.
    low, high
        95 % limits on the log(−log(1 − F)) scale; nan where nothing has happened yet.
    """

    times: np.ndarray
    estimate: np.ndarray
    std_error: np.ndarray
    low: np.ndarray
    high: np.ndarray


def predicted_incidence(fit: Subdistribution, profile: np.ndarray, times: np.ndarray) -> Predicted:
    """Say how likely the ending is by each time for a course with these covariates.

    F(t | x) = 1 − exp(−Λ(t) exp(xβ)), Λ by Breslow's estimator. The error takes in the estimates,
    the baseline and the censoring curve, each course's share in all three together.

    Parameters
    ----------
    fit
        From :func:`~sessionwise.engine.subdistribution.fine_gray`.
    profile
        Covariates, shape (p,).
    times
        Where, shape (times,).

    References
    ----------
    Fine & Gray (1999), J Am Stat Assoc 94:496–509, section 5 (the process Ĵ there).

    Examples
    --------
    >>> from sessionwise.engine.subdistribution import fine_gray
    >>> x = np.array([[1.0], [0], [1], [0], [1], [0]])
    >>> fit = fine_gray([1, 2, 3, 4, 5, 6], [1, 2, 1, 1, 0, 0], x)
    >>> predicted_incidence(fit, np.array([0.0]), np.array([0, 3])).estimate.round(3)
    array([0.   , 0.163])
    """
    times, profile = np.asarray(times, float), np.asarray(profile, float)
    laid = fit.weights
    upto = np.searchsorted(fit.times, times, "right")
    z = fit.x[laid.order] - profile
    risk = np.exp(z @ fit.estimate)
    jumps = fit.increments * np.exp(profile @ fit.estimate)
    total = np.concatenate([[0.0], np.cumsum(jumps)])[upto]
    inside = np.arange(len(fit.times))[:, None] < upto
    integrand = -1.0 * inside * (jumps / laid.events)[:, None]  # 1 / S0 up to each of the times
    parts = np.empty((len(z), len(times)))
    nothing = np.zeros_like(parts)
    parts[laid.order] = score_parts(laid, nothing, risk, integrand, jumps)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = _mean_there(fit, z, risk, jumps)[upto] / total[:, None]
        log_error = np.sqrt(np.sum((parts / total - fit.influence @ slope.T) ** 2, axis=0))
    log_error = np.where(total > 0, log_error, np.nan)
    half = stats.norm.ppf(0.975) * log_error
    stay = np.exp(-total)
    return Predicted(
        times,
        -np.expm1(-total),
        np.where(total > 0, stay * total * log_error, 0.0),
        -np.expm1(-total * np.exp(-half)),
        -np.expm1(-total * np.exp(half)),
    )


def _mean_there(
    fit: Subdistribution, z: np.ndarray, risk: np.ndarray, jumps: np.ndarray
) -> np.ndarray:
    """Sum of z̄(s) dΛ(s) up to each event time, a 0 before them, shape (T + 1, p)."""
    sums = at_risk(fit.weights, np.column_stack([risk, z * risk[:, None]]))
    each = sums[:, 1:] / sums[:, :1] * jumps[:, None]
    return np.concatenate([np.zeros((1, z.shape[1])), np.cumsum(each, axis=0)])
