"""Shares, spreads and correlations as ratios of sums over clients, with errors between clients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Ratio:
    """An estimate with its standard error and limits."""

    estimate: float
    std_error: float
    low: float
    high: float


def ratio_of_sums(numerator: np.ndarray, denominator: np.ndarray, level: float = 0.95) -> Ratio:
    """Give Σ numerator / Σ denominator over independent clients, with its linearised error.

    Rows of one client go together; only clients are taken as independent. The error is that of a
    ratio estimator, ``√(G/(G−1) Σ (a_g − R b_g)²) / Σ b``, limits are t with G−1 df.

    Parameters
    ----------
    numerator, denominator
        One number per client, shape (clients,).
    level
        Coverage.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., eq. 6.13.

    Examples
    --------
    >>> ratio_of_sums(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])).std_error
    0.0
    """
    a, b = np.asarray(numerator, float), np.asarray(denominator, float)
    many, whole = a.size, float(b.sum())
    if many == 0 or whole <= 0:
        return Ratio(np.nan, np.nan, np.nan, np.nan)
    estimate = float(a.sum()) / whole
    if many == 1:
        return Ratio(estimate, np.nan, np.nan, np.nan)
    error = float(np.sqrt(many / (many - 1) * np.sum((a - estimate * b) ** 2)) / whole)
    half = float(stats.t.ppf((1 + level) / 2, many - 1)) * error
    return Ratio(estimate, error, estimate - half, estimate + half)


def on_scale(found: Ratio, clients: int, forth: Callable, slope: float, back: Callable) -> Ratio:
    """Give a ratio with limits made on another scale, where it is nearer to normal.

    Parameters
    ----------
    found
        From :func:`ratio_of_sums`.
    clients
        How many it rests on.
    forth, slope, back
        The function, its derivative at the estimate, and its inverse.

    Examples
    --------
    >>> half = on_scale(Ratio(1.0, 0.1, 0.8, 1.2), 1000, np.log, 1.0, np.exp)
    >>> round(half.low * half.high, 6)
    1.0
    """
    if not np.isfinite(found.std_error):
        return found
    middle = float(forth(found.estimate))
    half = float(stats.t.ppf(0.975, max(clients - 1, 1))) * found.std_error * abs(slope)
    low, high = float(back(middle - half)), float(back(middle + half))
    return Ratio(found.estimate, found.std_error, low, high)


def jackknifed(
    estimate: float, left_out: np.ndarray, back: Callable[[float], float] = float
) -> Ratio:
    """Give an estimate with the error that leaving out each group in turn gives it.

    Parameters
    ----------
    estimate
        From everybody, on a scale where it is nearly normal.
    left_out
        The same without each group, shape (groups,).
    back
        From that scale to the one reported.

    Returns
    -------
    Ratio
        ``estimate, low, high`` on the reported scale; ``std_error`` on the other one. Limits are t
        with groups − 1 df.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, eq. 11.5, with groups for units.

    Examples
    --------
    >>> found = jackknifed(2.0, np.array([1.5, 2.0, 2.5]))
    >>> round(found.std_error, 4)  # that of a mean of 1, 2, 3
    0.5774
    """
    many = len(left_out)
    spread = np.asarray(left_out, float) - np.mean(left_out)
    error = float(np.sqrt((many - 1) / many * np.sum(spread**2)))
    half = float(stats.t.ppf(0.975, many - 1)) * error
    return Ratio(back(estimate), error, back(estimate - half), back(estimate + half))
