"""Limits of all parameters of a generalised mixed model, from the profile of its likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats
from scipy.linalg import null_space

from sessionwise.engine.held_search import HeldSearch
from sessionwise.engine.profile_limits import limit
from sessionwise.engine.row_sums import Factor
from sessionwise.engine.triangles import bundles, triangular
from sessionwise.errors import Refused
from sessionwise.models.generalized_solution import (
    GeneralizedSolution,
    highest_of,
    likelihood_of,
    likelihood_with,
    plain_factors,
)
from sessionwise.models.mixed_intervals import (
    By,
    check_intervals,
    interval_frame,
    wald_intervals,
)
from sessionwise.models.random_part import RandomPart

BEGIN = 0.3
"""Where the upper limit of a variance of zero is looked for first, in units of the engine."""

NONE = 1e-3
"""A standard deviation below this, in those units, is none."""

NO_DISPERSION = 15.0
"""A log θ beyond which counts vary as Poisson's do."""


def limits_of(found: GeneralizedSolution, nodes: int, by: By, level: float) -> pd.DataFrame:
    """Give limits of the parameters, from the profile or by Wald; see `GeneralizedMixedFit`."""
    check_intervals(by, level)
    if by == "bootstrap":
        found.need_independent("The bootstrap")
    if by == "profile":
        return profile_table(found, nodes, level)
    p = found.sizes[0]
    own = found.covariance_of(found.coefficients)[:p, :p]
    estimate = found.coefficients(found.theta)[:p]
    return wald_intervals(list(found.made.terms), estimate, own, np.full(p, np.inf), level)


def profile_table(found: GeneralizedSolution, nodes: int, level: float) -> pd.DataFrame:
    """Give the values of each parameter that the data do not contradict.

    A value is kept while the log-likelihood, at its best over all else, lies within half a χ²
    quantile (1 df) of its summit. Limits of a standard deviation may be 0.

    Parameters
    ----------
    found
        The model.
    nodes
        How many nodes its likelihood is integrated with.
    level
        Coverage.

    Returns
    -------
    DataFrame
        ``term, estimate, low, high``: fixed effects, thresholds or θ, standard deviations.

    Raises
    ------
    Refused
        A fit with a prior: what it climbed is no likelihood.

    References
    ----------
    Venzon & Moolgavkar (1988), J R Stat Soc C 37:87–94; for mixed models Bates, Mächler, Bolker &
    Walker (2015), J Stat Softw 67(1), section 5.1.
    """
    if found.fixed.precision.any():
        raise Refused(
            "With a prior the likelihood is not at its highest, so that it has no profile. Fit "
            "without one, or ask by='wald'."
        )
    wanted = float(np.sqrt(stats.chi2.ppf(level, 1)))
    names, estimate = coefficient_names(found), found.coefficients(found.theta)
    limits = [_of_coefficient(found, nodes, place, wanted) for place in range(len(names))]
    for number, deviation in enumerate(found.part.deviations):
        names.append(f"sd({deviation.term} | {deviation.group})")
        limits.append(_of_spread(found, nodes, number, wanted))
    spread = np.sqrt(np.diag(found.deviation_covariance(found.theta)))
    low, high = np.array(limits).T
    table = interval_frame(names, np.concatenate([estimate, spread]), low, high)
    if found.outcome.kind == "negative-binomial":
        own = len(found.made.terms)
        table.iloc[own, 1:] = np.exp(table.iloc[own, 1:].to_numpy(float))
    return table


def coefficient_names(found: GeneralizedSolution) -> list[str]:
    """Name the fixed effects and further parameters, as `coefficients` gives them."""
    names = found.outcome.categories
    further = [f"threshold {one}|{other}" for one, other in zip(names, names[1:])]
    further += ["theta"] * (found.outcome.kind == "negative-binomial")
    return [*found.made.terms, *further]


def _of_coefficient(
    found: GeneralizedSolution, nodes: int, place: int, wanted: float
) -> tuple[float, float]:
    """Profile a fixed effect, a threshold or log θ."""
    p, k = found.sizes
    theta, fixed = found.theta, found.fixed
    basis, back = fixed.basis, fixed.back(k, found.outcome.kind == "ordinal")
    best = float(found.coefficients(theta)[place])
    error = float(np.sqrt(found.covariance_of(found.coefficients)[place, place]))
    if place < p:
        row = back[place, :p]
        scale = float(np.linalg.norm(row))
        turn = np.vstack([row[None] / scale, null_space(row[None]).T])
        basis, effect, phi, held = basis @ turn.T, turn @ theta[:p], theta[theta.size - k :], 0
    else:
        scale, effect, phi = 1.0, theta[:p], found.coefficients(theta)[p:]
        basis = basis + back[p, :p] if found.outcome.kind == "ordinal" else basis
        held = theta.size - k + place - p
    own = likelihood_with(basis, found.outcome, plain_factors(found.part)[0], nodes)
    search = HeldSearch(own, (p, k), held)
    start = search.vector(effect, found.summit.roots, phi)
    edge = NO_DISPERSION if found.outcome.kind == "negative-binomial" and place >= p else np.inf
    profile = _Profile(search, start, scale)
    low, high = (
        limit(profile.fall, best, best + side * wanted * error, side * edge, wanted)
        for side in (-1, 1)
    )
    return low, np.inf if high == NO_DISPERSION == edge else high


def _of_spread(
    found: GeneralizedSolution, nodes: int, number: int, wanted: float
) -> tuple[float, float]:
    """Profile the standard deviation of one deviation; zero is the model without it."""
    part, order = _standing_last(found.part, number)
    factors, triangle = plain_factors(part)
    covariance = found.deviation_covariance(found.theta)[np.ix_(order, order)]
    covariance = triangle @ covariance @ triangle.T
    place = order.index(number)
    scale = abs(float(triangle[place, place]))
    factors, roots, entry = _turned(part, factors, covariance, place)
    search = HeldSearch(
        likelihood_with(found.fixed.basis, found.outcome, factors, nodes),
        found.sizes,
        found.sizes[0] + entry,
    )
    p, k = found.sizes
    start = search.vector(found.theta[:p], roots, found.theta[found.theta.size - k :])
    profile = _Profile(search, start, 1 / scale)
    best = float(start[search.held]) / scale
    error = _spread_error(found, number)
    without = _fall_without(found, nodes, number)

    def fall(value: float) -> float:
        return without if value <= 0 else profile.fall(value)

    if best * scale < NONE:
        return 0.0, limit(fall, best, BEGIN / scale, np.inf, wanted)
    step = wanted * (error if 0 < error < np.inf else best)
    low = 0.0 if without <= wanted**2 else limit(fall, best, max(best - step, best / 2), 0, wanted)
    return low, limit(fall, best, best + step, np.inf, wanted)


class _Profile:
    """By how much −2 log-likelihood exceeds its least at values of one parameter."""

    def __init__(self, search: HeldSearch, start: np.ndarray, scale: float) -> None:
        self.search, self.scale = search, scale
        best = search.place(start, search.likelihood.nothing())
        self.least, self.known = best.deviance, [best]

    def fall(self, value: float) -> float:
        """Climb from the nearest place known; nothing to be computed is as far down as can be."""
        entry, held = value / self.scale, self.search.held
        near = min(self.known, key=lambda place: abs(place.theta[held] - entry))
        try:
            self.known.append(self.search.highest(entry, near))
        except np.linalg.LinAlgError:
            return np.inf
        return self.known[-1].deviance - self.least


def _spread_error(found: GeneralizedSolution, number: int) -> float:
    """About the standard error of a standard deviation."""

    def spread(theta: np.ndarray) -> np.ndarray:
        return np.sqrt(found.deviation_covariance(theta)[number : number + 1, number])

    return float(found.errors_of(spread)[0])


def _fall_without(found: GeneralizedSolution, nodes: int, number: int) -> float:
    """By how much −2 log-likelihood rises without a deviation."""
    part = found.part.without(number)[1]
    likelihood, triangle = likelihood_of(found.fixed, part, found.outcome, nodes)
    smaller = replace(found, part=part, likelihood=likelihood, root_triangle=triangle)
    place = found.summit.place
    smaller = highest_of(smaller, (place.effect, place.phi))
    return 2 * (found.summit.loglik - smaller.summit.loglik)


def _standing_last(part: RandomPart, number: int) -> tuple[RandomPart, list[int]]:
    """Write one deviation as the last of its bundle; and where each stood before."""
    made, order = [], []
    for _, place in part.placed:
        numbers = list(range(place.start, place.stop))
        if number in numbers:
            numbers = [*(k for k in numbers if k != number), number]
        order += numbers
        made.append(tuple(part.deviations[k] for k in numbers))
    return replace(part, bundles=tuple(made)), order


def _turned(
    part: RandomPart, factors: Sequence[Factor], covariance: np.ndarray, place: int
) -> tuple[list[Factor], list[np.ndarray], int]:
    """Turn the bundle of one deviation round, so that it stands first: its variance is T₁₁².

    Returns
    -------
    tuple
        The factors, T of each, and the number of the entry of T among all free ones.
    """
    made, roots, entry, begin, counted = [], [], -1, 0, 0
    for factor in factors:
        own = np.arange(factor.size)
        for bundle in bundles(factor.free):
            if begin + bundle[-1] == place:
                own[bundle] = bundle[::-1]
                rows, columns = np.nonzero(factor.free)
                at_first = (rows == bundle[0]) & (columns == bundle[0])
                entry = counted + int(np.flatnonzero(at_first)[0])
        block = covariance[begin : begin + factor.size, begin : begin + factor.size]
        root = triangular(block[np.ix_(own, own)])
        made.append(Factor(factor.level, factor.columns[own], factor.free))
        roots.append(np.where(factor.free, root, 0.0))
        begin += factor.size
        counted += int(factor.free.sum())
    return made, roots, entry
