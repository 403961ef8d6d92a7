"""Which part of the variance of an outcome lies where, and which part a mixed model explains."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sessionwise.engine.variance_shares import share_limits
from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.predictions import fitted_means

RESIDUAL = "Residual"


def share_table(found: MixedSolution, at: Mapping[str, float] | None, level: float) -> pd.DataFrame:
    """Tabulate the shares of every factor and of the residual; see `FitOnRows.shares`."""
    if not 0 < level < 1:
        problem = Problem(f"level is {level:g}", remedy="Give a share, such as 0.95.")
        raise InvalidInput([problem], "the shares")
    groups = list(found.part.by_factor)
    residual = found.residual_variance
    mean = pd.Series({**average_variances(found), RESIDUAL: residual})
    there = pd.Series({**_variances_at(found, at or {}), RESIDUAL: residual})
    shares = mean / mean.sum()
    limits = _limits(found, level)
    lines = []
    for group in [*groups, RESIDUAL]:
        line = {
            "group": group,
            "variance": mean[group],
            "share": shares[group],
            "low": limits[group][0],
            "high": limits[group][1],
            "share_at": there[group] / there.sum(),
        }
        if group != RESIDUAL:
            sizes = np.bincount(found.part.codes[group])
            size = float((sizes**2).sum() / sizes.sum())
            icc = float(shares[[group, *_around(found, group)]].sum())
            line |= {"levels": float(sizes.size), "size": size, "icc": icc}
            line["design_effect"] = 1 + (size - 1) * icc
        lines.append(line)
    columns = ("group", "variance", "share", "low", "high", "share_at")
    columns += ("levels", "size", "icc", "design_effect")
    return pd.DataFrame(lines, columns=list(columns))


def explained(found: MixedSolution) -> pd.Series:
    """Give marginal and conditional R²; see `FitOnRows.r_squared`."""
    fixed = float(np.var(fitted_means(found, "population"), ddof=1))
    random = sum(average_variances(found).values())
    total = fixed + random + found.residual_variance
    return pd.Series({"marginal": fixed / total, "conditional": (fixed + random) / total})


def average_variances(found: MixedSolution) -> dict[str, float]:
    """Give Σ z_i′ Σ_f z_i / n of each factor, units of the outcome².

    References
    ----------
    Johnson (2014), Methods Ecol Evol 5:944–946.
    """
    covariance = found.deviation_covariance
    averages = {}
    for group, bundles in found.part.by_factor.items():
        z = np.hstack([found.part.matrix(bundle) for bundle in bundles])
        own = found.placed[group]
        averages[group] = float(np.sum((z.T @ z / len(z)) * covariance[own, own]))
    return averages


def _variances_at(found: MixedSolution, at: Mapping[str, float]) -> dict[str, float]:
    """Give z′Σ_f z of each factor at one value of each slope's column, by default its mean."""
    deviations = found.part.deviations
    slopes = {d.slope for d in deviations if d.slope}
    unknown = [name for name in at if name not in slopes]
    if unknown:
        known = sorted(slopes)
        remedy = nearest(unknown[0], known) if known else "The fit has none."
        problem = Problem(f"`{unknown[0]}` has no random slope", remedy=remedy)
        raise InvalidInput([problem], "the shares")
    value = {name: float(at.get(name, found.part.columns[name].mean())) for name in slopes}
    z = np.array([value[d.slope] if d.slope else 1.0 for d in deviations])
    covariance = found.deviation_covariance
    return {
        group: float(z[own] @ covariance[own, own] @ z[own]) for group, own in found.placed.items()
    }


def _around(found: MixedSolution, group: str) -> list[str]:
    """Name the factors in one level of which each level of a factor lies."""
    code = found.part.codes[group]
    return [
        other
        for other, of_other in found.part.codes.items()
        if other in found.part.by_factor
        and other != group
        and len(np.unique(np.column_stack([code, of_other]), axis=0)) == int(code.max()) + 1
    ]


def _limits(found: MixedSolution, level: float) -> dict[str, tuple[float, float]]:
    """Limits by profile, for one or two factors that differ in level only; else none."""
    groups = [*found.part.by_factor, RESIDUAL]
    deviations = found.part.deviations
    if any(d.slope for d in deviations) or len(groups) not in (2, 3):
        return dict.fromkeys(groups, (np.nan, np.nan))
    ratios = np.diag(found.deviation_covariance) / found.residual_variance
    return {
        group: share_limits(found.model, ratios, place, level=level)
        for place, group in enumerate(groups)
    }
