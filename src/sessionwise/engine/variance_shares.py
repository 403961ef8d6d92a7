"""Which share of the variance lies at each level, with limits from the likelihood's profile."""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

from sessionwise.engine.profiled_likelihood import LinearMixedModel

NOTHING = 1e-7
"""A share this close to 0 or 1 is taken as 0 or 1."""

HOPELESS = -1e12
"""Stands for the log-likelihood where next to nothing is left for the residual."""


def shares_of(ratios: np.ndarray) -> np.ndarray:
    """Give the share of each random term and of the residual (last) in the variance of one row.

    Parameters
    ----------
    ratios
        Variance of each random term over the residual variance, shape (terms,), ≥ 0; terms are
        levels (intercepts), so that every row has the same variance.

    Returns
    -------
    numpy.ndarray
        Shape (terms + 1,), summing to 1.

    Examples
    --------
    >>> shares_of(np.array([2.0, 1.0])).tolist()
    [0.5, 0.25, 0.25]
    """
    parts = np.append(np.asarray(ratios, float), 1.0)
    return parts / parts.sum()


def share_limits(
    given: LinearMixedModel, ratios: np.ndarray, which: int, *, level: float = 0.95
) -> tuple[float, float]:
    """Give the limits of one share: all its values that the data do not contradict.

    A value is kept while the (restricted) log-likelihood, at its best over the other shares, lies
    within half a χ² quantile (1 df) of its summit. Unlike an estimate ± 1.96 errors the limits stay
    between 0 and 1, are not symmetrical where the likelihood is not, and may reach 0.

    Parameters
    ----------
    given
        A model with one or two random levels.
    ratios
        The best variance ratios, shape (1,) or (2,).
    which
        Number of the share: a random term, or −1 for the residual.
    level
        Coverage.

    References
    ----------
    Venzon & Moolgavkar (1988), J R Stat Soc C 37:87–94; Pawitan (2001), In All Likelihood, ch. 3.
    """
    if len(ratios) not in (1, 2):
        raise ValueError(f"one or two random levels can be profiled, not {len(ratios)}")
    shares = shares_of(ratios)
    which = which % shares.size
    best, summit = float(shares[which]), _height(given, shares)
    drop = stats.chi2.ppf(level, 1) / 2

    def below(share: float) -> float:
        return summit - drop - _profile(given, share, which, shares.size)

    low, high = NOTHING, 1 - NOTHING
    under = 0.0 if best <= low or below(low) <= 0 else _root(below, low, best)
    over = 1.0 if below(high) <= 0 else _root(below, max(best, low), high)
    return under, over


def _root(below: object, low: float, high: float) -> float:
    return float(optimize.brentq(below, low, high, xtol=1e-7, rtol=1e-10))


def _height(given: LinearMixedModel, shares: np.ndarray) -> float:
    """Give the log-likelihood at given shares, the total variance at its best."""
    if shares[-1] < NOTHING:
        return HOPELESS
    return given.at([np.array([[root]]) for root in np.sqrt(shares[:-1] / shares[-1])]).loglik


def _profile(given: LinearMixedModel, share: float, which: int, size: int) -> float:
    """Give the highest log-likelihood with one share held."""
    others = [place for place in range(size) if place != which]

    def height(split: float) -> float:
        shares = np.empty(size)
        shares[which] = share
        parts = [1.0] if len(others) == 1 else [split, 1 - split]
        shares[others] = np.array(parts) * (1 - share)
        return _height(given, shares)

    if len(others) == 1:
        return height(1.0)
    found = optimize.minimize_scalar(
        lambda split: -height(split), bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-8}
    )
    return max(-float(found.fun), height(0.0), height(1.0))
