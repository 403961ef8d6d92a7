"""How much groups differ in their hazard: the variance of a shared gamma frailty of mean 1."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy import optimize

from sessionwise.engine.frailty_penalties import correction_slope
from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.frailty_search import (
    CLOSE,
    LARGEST,
    SMALLEST,
    FrailtyVariance,
    Maxima,
    limits_around,
)
from sessionwise.engine.shared_frailty import highest
from sessionwise.errors import Refused

BEGIN, FACTOR, MOST = 0.005, 5.0, 5
"""Variances at which the slope is looked at: five from ``BEGIN`` on, then as long as it rises."""


def gamma_variance(model: SharedFrailty) -> FrailtyVariance:
    """Find the variance of gamma frailties, by maximum likelihood.

    The frailties are integrated out exactly and the baseline is free. The likelihood has a slope in
    θ that is written down (β, b and the baseline are at their highest, so only θ itself counts),
    and the variance is where it falls through 0; of several such places the highest, and 0 if none
    is higher than the Cox model.

    Parameters
    ----------
    model
        The rows, of ``shape`` ``"gamma"``.

    Returns
    -------
    FrailtyVariance
        ``slope`` is that of the log likelihood per unit of log θ. Errors hold θ fixed.

    Raises
    ------
    Refused
        No maximum for β, or a variance beyond ``LARGEST``.

    References
    ----------
    Klein (1992), Biometrics 48:795–806; Nielsen, Gill, Andersen & Sørensen (1992), Scand J Stat
    19:25–43; Therneau, Grambsch & Pankratz (2003), J Comput Graph Stat 12:156–175, section 3.

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> none, group = np.zeros(12, int), np.repeat([0, 1, 2, 3], 3)
    >>> ends = np.array([1, 2, 3, 13, 14, 15, 4, 5, 6, 10, 11, 16])
    >>> model = SharedFrailty(
    ...     event_times(none, ends, none + 1, none), np.zeros((12, 0)), group, 4, shape="gamma")
    >>> found = gamma_variance(model)
    >>> round(found.theta, 4), bool(found.at.integrated > found.without.loglik)
    (1.7746, True)
    """
    without = highest(model, 0.0)
    search = Maxima(model, without)

    def slope(log: float) -> float:
        return slope_at(search, log)

    best, rest = without, 0.0
    for low, high in _falls(slope, rises=leaves_zero(model, without.score) > 0):
        log = optimize.brentq(slope, low, high, xtol=CLOSE, rtol=4 * np.finfo(float).eps)
        there = search.at(float(np.exp(log)))
        if there.integrated > best.integrated:
            best, rest = there, slope(log)
    return FrailtyVariance(best.theta, best, without, rest, search.evaluations)


def gamma_limits(
    model: SharedFrailty, found: FrailtyVariance, level: float = 0.95
) -> tuple[float, float]:
    """Give the variances that the likelihood does not contradict, by its profile.

    Returns
    -------
    low, high
        ``low`` is 0 where no difference is not contradicted.
    """
    return limits_around(model, found, level)


def leaves_zero(model: SharedFrailty, score: np.ndarray) -> float:
    """Give twice the slope of the log likelihood in θ at 0: Σ (d − Λ)² − d over the groups."""
    return float(score @ score - model.events.sum())


def slope_at(search: Maxima, log: float) -> float:
    """Give the slope of the log likelihood per unit of log θ."""
    theta = float(np.exp(log))
    found = search.at(theta)
    return found.penalty + correction_slope(theta, search.model.events)


def _falls(slope: Callable[[float], float], *, rises: bool) -> list[tuple[float, float]]:
    """Give the pairs of log variances between which the slope falls through 0."""
    places = [np.log(SMALLEST), *(np.log(BEGIN) + np.log(FACTOR) * np.arange(MOST))]
    up = [rises, *(slope(log) > 0 for log in places[1:])]
    while up[-1]:
        if places[-1] > np.log(LARGEST):
            raise Refused(
                "The variance of the groups' hazards has no maximum: some groups have only events, "
                "or none. Compare fewer groups, or leave the term out."
            )
        places.append(places[-1] + np.log(FACTOR))
        up.append(slope(places[-1]) > 0)
    sides = pairwise(zip(places, up, strict=True))
    return [(low, high) for (low, before), (high, after) in sides if before and not after]
