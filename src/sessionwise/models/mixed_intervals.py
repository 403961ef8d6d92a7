"""Limits of all parameters of a mixed model, from the profile of its likelihood or by Wald."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats
from scipy.linalg import null_space

from sessionwise.engine.covariance_profile import Bundle, CovarianceProfile
from sessionwise.engine.profile_limits import limit
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.variance_search import VarianceSearch, highest
from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.models.mixed_parameters import Spread, estimate_of, spread_values, spreads
from sessionwise.models.mixed_solution import MixedSolution, check_summit

ELSEWHERE = 1e-5
"""If −2 log-likelihood is this much lower from another start, a limit is sought from all starts."""

By = Literal["profile", "wald", "bootstrap"]


def check_intervals(by: str, level: float) -> None:
    """Refuse a way to limits that is none, and a level that is none."""
    problems = []
    if by not in get_args(By):
        problems.append(Problem(f"'{by}' is no way to limits", "", nearest(by, get_args(By))))
    if not 0 < level < 1:
        problems.append(Problem(f"the level is {level}", "", "Give one between 0 and 1."))
    if problems:
        raise InvalidInput(problems, "the intervals")


def profile_intervals(found: MixedSolution, level: float) -> pd.DataFrame:
    """Give the values of each parameter that the data do not contradict.

    A value is kept while the log-likelihood, at its best over all else, lies within half a χ²
    quantile (1 df) of its summit. The likelihood is the full one: of a fit by REML, the same model
    is taken by ML first, as R's lme4 does, since the restricted likelihood says nothing of the
    fixed effects. Limits of a standard deviation may be 0, of a correlation ±1.

    Parameters
    ----------
    found
        The model.
    level
        Coverage.

    Returns
    -------
    DataFrame
        ``term, estimate, low, high``; the estimates are those of the fit as it is.

    Raises
    ------
    Refused
        The model did not converge by ML.

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), J Stat Softw 67(1), section 5.1.
    """
    wanted = float(np.sqrt(stats.chi2.ppf(level, 1)))
    full = _by_ml(found)
    names = [*found.made.terms, *(one.name for one in spreads(found.part))]
    limits = [_of_term(full, place, wanted) for place in range(len(found.made.terms))]
    values = spread_values(full)
    limits += [
        _of_spread(full, one, value, wanted) for one, value in zip(spreads(found.part), values)
    ]
    estimate = np.concatenate([estimate_of(found), spread_values(found)])
    low, high = np.array(limits).T
    return interval_frame(names, estimate, low, high)


def interval_frame(
    names: list[str], estimate: np.ndarray, low: np.ndarray, high: np.ndarray
) -> pd.DataFrame:
    """Give parameters, their estimates and their limits as a table."""
    terms = pd.Series(names, dtype="str")
    return pd.DataFrame({"term": terms, "estimate": estimate, "low": low, "high": high})


def wald_intervals(
    names: list[str], estimate: np.ndarray, covariance: np.ndarray, df: np.ndarray, level: float
) -> pd.DataFrame:
    """Give estimates ± a quantile of t times their errors; of the fixed effects alone."""
    half = stats.t.ppf((1 + level) / 2, df) * np.sqrt(np.diag(covariance))
    return interval_frame(names, estimate, estimate - half, estimate + half)


def _by_ml(found: MixedSolution) -> MixedSolution:
    """Give the same model by full maximum likelihood."""
    if not found.reml:
        return found
    model = replace(found.model, reml=False)
    summit = highest(model, near=found.summit.roots)
    check_summit(summit, found.part)
    return replace(found, model=model, summit=summit)


def _of_term(full: MixedSolution, place: int, wanted: float) -> tuple[float, float]:
    """Profile one fixed effect: the model with its share of the response taken off.

    Sought from where the variances were best; what is found is then tried from other starts too.
    """
    scaled, model, summit = full.scaled, full.model, full.summit
    row = np.linalg.inv(scaled.triangle)[place]
    others = null_space(row[None, :])
    estimate, covariance, _ = scaled.unscaled(summit.at, reml=False)
    best, error = float(estimate[place]), float(np.sqrt(covariance[place, place]))

    def held(value: float) -> LinearMixedModel:
        taken = row / (row @ row) * (value - scaled.trend[place]) / scaled.spread
        weights = np.zeros((row.size + 1, row.size))
        weights[:-1, :-1] = others
        weights[:, -1] = np.append(-taken, 1.0)
        return model.recombined(weights)

    def near(value: float) -> float:
        search = VarianceSearch(held(value))
        return 2 * (summit.loglik - search.run(search.entries.vector(summit.roots)).loglik)

    def fall(value: float) -> float:
        return 2 * (summit.loglik - highest(held(value), near=summit.roots).loglik)

    found = []
    for side in (-1, 1):
        guess, edge = best + side * wanted * error, side * np.inf
        one = limit(near, best, guess, edge, wanted)
        if abs(fall(one) - wanted**2) > ELSEWHERE:
            one = limit(fall, best, one, edge, wanted)
        found.append(one)
    return found[0], found[1]


def _of_spread(
    full: MixedSolution, one: Spread, value: float, wanted: float
) -> tuple[float, float]:
    """Profile a standard deviation or a correlation."""
    if not np.isfinite(value):
        return np.nan, np.nan
    profile = CovarianceProfile(
        full.model, profiled_bundles(full), full.summit.at.residual_variance, one.bundle, one.places
    )
    low, high = profile.limits(wanted)
    scale = 1.0 if len(one.places) == 2 else full.scaled.spread
    return scale * low, scale * high


def profiled_bundles(full: MixedSolution) -> list[Bundle]:
    """Give the bundles as the engine profiles them, in the units of the scaled response."""
    covariance = full.deviation_covariance / full.scaled.spread**2
    factors = list(full.part.by_factor)
    return [
        Bundle(
            factor=factors.index(bundle[0].group),
            place=np.arange(place.start, place.stop) - full.placed[bundle[0].group].start,
            triangle=full.triangle[place, place],
            covariance=covariance[place, place],
        )
        for bundle, place in full.part.placed
    ]
