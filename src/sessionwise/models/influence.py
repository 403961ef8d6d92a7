"""Who moves a mixed model: what becomes of its estimates without each client or therapist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
import pandas as pd

from sessionwise.engine.deletion import MOST_TOUCHED, deletions, joint_inverse, most_touched
from sessionwise.engine.refit_without import summit_without
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.predictions import fitted_means

Variances = Literal["held", "re-estimated"]

MOST_REFITS = 200
"""Levels for which a model is fitted again unless they are named."""

MOST_INNER = 5_000
"""Deviations of all factors but the largest: their joint errors are one matrix of that size."""


def influence_table(
    found: MixedSolution, by: str, variances: Variances, only: Iterable | None
) -> pd.DataFrame:
    """Tabulate what deleting each level does; see `FitOnRows.influence`."""
    if variances not in get_args(Variances):
        raise InvalidInput(
            [Problem(f"'{variances}' is no choice", "", nearest(variances, get_args(Variances)))],
            "the influence",
        )
    code, names = _levels(found, by)
    chosen = np.arange(len(names)) if only is None else _chosen(by, names, only)
    if variances == "held":
        change, distance, spread = _held(found, code, by)
        change, distance, spread = change[chosen], distance[chosen], spread[chosen]
    else:
        change, distance, spread = _again(found, code, chosen, by)
    table = {
        "level": names[chosen],
        "rows": np.bincount(code)[chosen],
        "cook_distance": distance,
        "covratio": spread,
    }
    terms = {f"change[{term}]": column for term, column in zip(found.made.terms, change.T)}
    return pd.DataFrame(table | terms)


def _levels(found: MixedSolution, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Number the levels of a factor of the model, or of any other column of its rows."""
    if by in found.part.by_factor:
        return found.part.codes[by], np.asarray(found.part.names[by])
    if by not in found.used.columns:
        known = [*found.part.by_factor, *map(str, found.used.columns)]
        raise InvalidInput(
            [Problem(f"there is no column `{by}`", remedy=nearest(by, known))], "the influence"
        )
    code, names = pd.factorize(found.used[by])
    if (code < 0).any():
        raise InvalidInput(
            [
                Problem(
                    f"`{by}` is missing in {int((code < 0).sum())} rows of the model",
                    remedy="Fit the model to rows in which it is known.",
                )
            ],
            "the influence",
        )
    return code, np.asarray(names)


def _chosen(by: str, names: np.ndarray, only: Iterable) -> np.ndarray:
    """Number the levels asked for."""
    asked = list(only)
    code = pd.Index(names).get_indexer(asked)
    if (code < 0).any():
        raise InvalidInput(
            [Problem(f"{int((code < 0).sum())} of {len(asked)} levels are no `{by}` of the model")],
            "the influence",
        )
    return code


def _held(
    found: MixedSolution, code: np.ndarray, by: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Delete each level with the variances as they are."""
    factors = found.model.given.factors
    inner = sum(factor.levels * factor.size for factor in factors[1:])
    if inner > MOST_INNER:
        raise Refused(
            f"The factors but the largest have {inner} deviations together, and influence is "
            f"computed for at most {MOST_INNER}. Fit the model to fewer rows."
        )
    joint = joint_inverse(found.model, found.summit.roots, found.scaled.basis)
    touched = most_touched(joint, code)
    if touched > MOST_TOUCHED:
        raise Refused(
            f"One `{by}` touches {touched} deviations of `{found.part.innermost}`, and influence "
            f"is computed for at most {MOST_TOUCHED}. Take variances='re-estimated' of some levels."
        )
    left = found.made.response - fitted_means(found, "levels")
    done = deletions(joint, left, code, found.residual_variance)
    back = np.linalg.inv(found.scaled.triangle)
    return done.change @ back.T, done.distance, done.covariance_ratio


def _again(
    found: MixedSolution, code: np.ndarray, chosen: np.ndarray, by: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit the model again without each of some levels."""
    if len(chosen) > MOST_REFITS:
        raise Refused(
            f"There are {len(chosen)} `{by}`s, and the model is fitted again for at most "
            f"{MOST_REFITS}. Name those you ask for with only=, the most influential at held "
            "variances, say."
        )
    scaled, full = found.scaled, found.summit.at
    p = scaled.basis.shape[1]
    change, spread = np.full((len(chosen), p), np.nan), np.full(len(chosen), np.nan)
    for number, level in enumerate(chosen):
        summit = summit_without(
            found.model, scaled.basis, scaled.response, code != level, found.summit.roots
        )
        if summit is not None:
            change[number] = scaled.spread * (full.estimate - summit.at.estimate)
            sizes = [np.linalg.slogdet(at.covariance)[1] for at in (summit.at, full)]
            spread[number] = np.exp(sizes[0] - sizes[1])
    precision = np.linalg.inv(full.covariance * scaled.spread**2)
    distance = np.einsum("lp,pr,lr->l", change, precision, change) / p
    return change @ np.linalg.inv(scaled.triangle).T, distance, spread
