"""How much groups differ in their log hazard: the variance of a shared normal frailty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize, stats

from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.shared_frailty import Penalised, highest
from sessionwise.errors import Refused

Estimation = Literal["reml", "laplace"]

LARGEST = 1e4
"""A variance of the log hazard beyond which a maximum is not looked for."""

SMALLEST = 1e-8
CLOSE = 1e-9


@dataclass(frozen=True, eq=False)
class FrailtyVariance:
    """The variance that was found, and the model there.

    Attributes
    ----------
    theta
        Variance of the deviations; 0 if the data show no difference.
    at
        The penalised maximum at it.
    without
        The Cox model without deviations.
    slope
        What is left of the equation for θ, per unit of log θ: near 0 at a solution inside.
    evaluations
        Variances that were tried.
    """

    theta: float
    at: Penalised
    without: Penalised
    slope: float
    evaluations: int


def frailty_variance(model: SharedFrailty, estimation: Estimation = "reml") -> FrailtyVariance:
    """Find the variance of the deviations.

    Parameters
    ----------
    model
        The rows.
    estimation
        ``"reml"``: θ = (b'b + tr V)/groups with b the deviations at their highest and V their
        variances, β not known: what R's ``coxph(… frailty(…, "gaussian"))`` solves. ``"laplace"``:
        the highest partial likelihood with the deviations integrated out by Laplace's
        approximation, as ``coxme`` has it; only its likelihoods can be compared.

    Returns
    -------
    FrailtyVariance
        Errors at it hold θ fixed.

    Raises
    ------
    Refused
        No maximum for β, or a variance beyond ``LARGEST``.

    References
    ----------
    McGilchrist (1993), Biometrics 49:221–225 (the equation of REML); Ripatti & Palmgren (2000),
    Biometrics 56:1016–1022, eqs. 5 to 7 (both).

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> none, group = np.zeros(8, int), np.repeat([0, 1, 2, 3], 2)
    >>> times = event_times(none, np.array([1, 2, 8, 9, 1, 3, 7, 10]), none + 1, none)
    >>> found = frailty_variance(SharedFrailty(times, np.zeros((8, 0)), group, 4))
    >>> round(found.theta, 3) == round(float(found.at.deviations.var() +
    ...                                      found.at.deviation_variance.mean()), 3)
    True
    """
    without = highest(model, 0.0)
    search = _Search(model, without)
    if search.rise(estimation) <= 0:
        return FrailtyVariance(0.0, without, without, 0.0, 0)
    slope = search.equation if estimation == "reml" else search.derivative
    if (between := _bracket(slope)) is None:
        return FrailtyVariance(0.0, without, without, 0.0, search.evaluations)
    low, high = between
    log = optimize.brentq(slope, low, high, xtol=CLOSE, rtol=4 * np.finfo(float).eps)
    at = search.at(float(np.exp(log)))
    return FrailtyVariance(at.theta, at, without, slope(log), search.evaluations)


class Maxima:
    """Maxima at the variances tried, each begun from the one before."""

    def __init__(self, model: SharedFrailty, without: Penalised) -> None:
        self.model, self.last, self.evaluations = model, without, 0
        self.without = without

    def at(self, theta: float) -> Penalised:
        """Give the penalised maximum of one variance."""
        if self.last.theta != theta:
            self.last = highest(self.model, theta, self.last)
            self.evaluations += 1
        return self.last

    def integrated(self, log: float) -> float:
        """Give the integrated likelihood at a variance, of which the logarithm is given."""
        return self.at(float(np.exp(log))).integrated


class _Search(Maxima):
    def rise(self, estimation: Estimation) -> float:
        """Say whether the variance wants to leave 0: the equations' limit over θ²."""
        small = highest(self.model, SMALLEST, self.without)
        curved = (SMALLEST - small.deviation_variance).sum() / SMALLEST**2
        if estimation == "laplace":
            curved = small.volume / SMALLEST
        return float(self.without.score @ self.without.score - curved)

    def equation(self, log: float) -> float:
        """Give (b'b + tr V)/θ − groups, half of it: the slope of a likelihood in log θ."""
        found = self.at(float(np.exp(log)))
        squares = found.deviations @ found.deviations + found.deviation_variance.sum()
        return float(squares / found.theta - len(found.deviations)) / 2

    def derivative(self, log: float) -> float:
        """Give the slope of the integrated likelihood in log θ, by central differences."""
        step = 1e-3
        return (self.integrated(log + step) - self.integrated(log - step)) / (2 * step)


def _bracket(slope: Callable[[float], float]) -> tuple[float, float] | None:
    """Give two log variances between which a slope that falls passes 0; none down to nothing."""
    low = high = np.log(0.2)
    if slope(low) > 0:
        while slope(high := high + np.log(4)) > 0:
            if high > np.log(LARGEST):
                raise Refused(
                    "The variance of the groups' log hazards has no maximum: some groups have "
                    "only events, or none. Compare fewer groups, or leave the term out."
                )
        return high - np.log(4), high
    while slope(low := low - np.log(4)) <= 0:
        if low < np.log(SMALLEST):
            return None
    return low, low + np.log(4)


def variance_limits(model: SharedFrailty, level: float = 0.95) -> tuple[float, float]:
    """Give the variances that Laplace's integrated likelihood does not contradict.

    Returns
    -------
    low, high
        ``low`` is 0 where no difference is not contradicted; ``high`` infinity where no variance
        is too large.

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> none, group = np.zeros(8, int), np.repeat([0, 1, 2, 3], 2)
    >>> times = event_times(none, np.array([1, 2, 8, 9, 1, 3, 7, 10]), none + 1, none)
    >>> variance_limits(SharedFrailty(times, np.zeros((8, 0)), group, 4))[0]
    0.0
    """
    return limits_around(model, frailty_variance(model, "laplace"), level)


def limits_around(
    model: SharedFrailty, found: FrailtyVariance, level: float
) -> tuple[float, float]:
    """Give the variances that the integrated likelihood does not contradict, around its highest."""
    search = Maxima(model, found.at)
    lowest = found.at.integrated - float(stats.chi2.ppf(level, 1)) / 2

    def above(log: float) -> float:
        return search.integrated(log) - lowest

    middle = np.log(max(found.theta, SMALLEST))
    low, high = 0.0, np.inf
    if found.without.loglik < lowest:
        start = middle
        while above(start := start - np.log(4)) > 0:
            pass
        low = float(np.exp(optimize.brentq(above, start, middle, xtol=1e-8)))
    end = middle
    while np.exp(end) < LARGEST:
        if above(end := end + np.log(4)) < 0:
            high = float(np.exp(optimize.brentq(above, middle, end, xtol=1e-8)))
            break
    return low, high
