"""What a generalised mixed model expects on average over clients and therapists, not at the middle.

Behind a link that bends, the mean over all is not what becomes of somebody in the middle: with
deviations of variance s² = z′Gz the mean is ∫ g⁻¹(x′β + s u) φ(u) du.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.generalized_solution import GeneralizedSolution
from sessionwise.models.latent_scale import HALF
from sessionwise.models.model_rows import model_frame
from sessionwise.models.new_rows import rows_as_fitted

FURTHEST, STEP, STEEP = 8.5, 0.5, 0.33
"""The normal density is summed at even steps up to so many standard deviations: an analytic
function's sum is its integral but for exp(−2π·strip/step), and the strip of the links, π/2 of the
linear predictor at least, narrows with the standard deviation."""

INVERSE = {
    "logit": special.expit,
    "cloglog": lambda eta: -np.expm1(-np.exp(np.minimum(eta, 30.0))),
    "probit": special.ndtr,
}
MOST_VALUES = 20

Of = Literal["average", "typical"]


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows asked for: which are complete; fixed part (n, p); columns of the deviations (n, q)."""

    complete: np.ndarray
    matrix: np.ndarray
    columns: np.ndarray


def averaged(found: GeneralizedSolution, data: Any, by: str | None) -> pd.DataFrame:
    """Average over rows, clients and therapists.

    See :meth:`~sessionwise.models.generalized_mixed_fit.GeneralizedMixedFit.population_average`.
    """
    frame = found.used if data is None else model_frame(data)
    if by is not None and by not in frame.columns:
        remedy = nearest(by, map(str, frame.columns))
        raise InvalidInput([Problem(f"there is no column `{by}`", "", remedy)], "the average")
    values: list[Any] = [None] if by is None else list(_values(found, by))
    lines = []
    for value in values:
        asked = frame if by is None else frame.assign(**{by: _held(found.used[by], value, frame)})
        rows = _as_fitted(found, asked)

        def question(theta: np.ndarray, rows: _Rows = rows) -> np.ndarray:
            return _scaled(found, _by_row(found, rows, theta).mean(axis=0))

        at, error = question(found.theta), found.errors_of(question)
        for k, category in enumerate(found.outcome.categories or ("",)):
            lines.append((value, category, *(part[k] for part in _limits(found, at, error))))
    names = [by or "of", "category", "estimate", "std_error", "low", "high"]
    table = pd.DataFrame(lines, columns=names)
    table = table if found.outcome.categories else table.drop(columns="category")
    return table if by is not None else table.drop(columns="of")


def _values(found: GeneralizedSolution, by: str) -> list[Any]:
    column = found.used[by]
    values = (
        [one for one in column.cat.categories if (column == one).any()]
        if isinstance(column.dtype, pd.CategoricalDtype)
        else sorted(column.unique())
    )
    if len(values) > MOST_VALUES:
        raise Refused(
            f"`{by}` has {len(values)} values; an average for each is of use for up to "
            f"{MOST_VALUES}. Give the rows of interest as data, one call for each."
        )
    return values


def _held(column: pd.Series, value: Any, frame: pd.DataFrame) -> pd.Series:
    """Set all rows to one value, of the column's own type."""
    return pd.Series([value] * len(frame), index=frame.index).astype(column.dtype)


def _as_fitted(found: GeneralizedSolution, frame: pd.DataFrame) -> _Rows:
    new = rows_as_fitted(found, frame, levels=False, slopes=True)
    if not new.complete.any():
        raise Refused("No row that is asked for has all that is needed.")
    n = int(new.complete.sum())
    columns = [new.columns[d.slope] if d.slope else np.ones(n) for d in found.part.deviations]
    p = found.sizes[0]
    both = np.column_stack(columns) if columns else np.zeros((n, 0))
    return _Rows(new.complete, new.matrix[:, :p], both)


def expected(found: GeneralizedSolution, data: Any, of: Of) -> pd.DataFrame:
    """Say what is expected of each row.

    See :meth:`~sessionwise.models.generalized_mixed_fit.GeneralizedMixedFit.predict`.
    """
    if of not in get_args(Of):
        problem = Problem(f"'{of}' is no choice", "", nearest(str(of), get_args(Of)))
        raise InvalidInput([problem], "the prediction")
    frame = found.used if data is None else model_frame(data)
    rows = _as_fitted(found, frame)
    if of == "typical":
        rows = replace(rows, columns=np.zeros_like(rows.columns))

    def question(theta: np.ndarray) -> np.ndarray:
        return _scaled(found, _by_row(found, rows, theta).ravel())

    limits = _limits(found, question(found.theta), found.errors_of(question))
    names = ["estimate", "std_error", "low", "high"]
    kinds = found.outcome.categories
    table = pd.DataFrame(dict(zip(names, limits)))
    table.insert(0, "row", np.repeat(np.flatnonzero(rows.complete), max(len(kinds), 1)))
    table = table.set_index(table.pop("row"))
    if not kinds:
        return table.reindex(range(len(frame))).set_axis(frame.index)
    table.insert(0, "category", pd.Categorical(list(kinds) * len(rows.matrix), list(kinds)))
    return table.set_axis(frame.index[table.index])


def _by_row(found: GeneralizedSolution, rows: _Rows, theta: np.ndarray) -> np.ndarray:
    """Mean over new deviations of each row: shape (n, 1), or a column per category."""
    p, _ = found.sizes
    both = found.coefficients(theta)
    eta = rows.matrix @ both[:p]
    covariance = found.deviation_covariance(theta)
    variance = np.einsum("ia,ab,ib->i", rows.columns, covariance, rows.columns, optimize=True)
    if found.outcome.link == "log":
        return np.exp(eta + variance / 2)[:, None]
    inverse = INVERSE[found.outcome.link]
    if found.outcome.kind != "ordinal":
        return _integrated(inverse, eta, variance)[:, None]
    at_most = [_integrated(inverse, t - eta, variance) for t in both[p:]]
    return np.diff(np.array([np.zeros_like(eta), *at_most, np.ones_like(eta)]), axis=0).T


def _integrated(inverse: Any, eta: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """∫ g⁻¹(η + s u) φ(u) du by row."""
    if not variance.any():
        return inverse(eta)
    sd = np.sqrt(variance)
    step = min(STEP, STEEP / max(float(sd.max()), 1e-3))
    half = int(np.ceil(FURTHEST / step))
    node = np.arange(-half, half + 1) * step
    weight = np.exp(-(node**2) / 2)
    return sum(w * inverse(eta + sd * x) for x, w in zip(node, weight / weight.sum()))


def _limits(
    found: GeneralizedSolution, at: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Estimate, standard error and limits, from the scale on which limits are symmetric."""
    low, mean, high = (_unscaled(found, at + side * HALF * error) for side in (-1, 0, 1))
    slope = mean * (1 - mean) if found.outcome.link != "log" else mean
    return mean, slope * error, low, high


def _scaled(found: GeneralizedSolution, mean: np.ndarray) -> np.ndarray:
    """Where limits are symmetric: the log of a mean count, the logit of a probability."""
    return np.log(mean) if found.outcome.link == "log" else special.logit(mean)


def _unscaled(found: GeneralizedSolution, value: np.ndarray) -> np.ndarray:
    return np.exp(value) if found.outcome.link == "log" else special.expit(value)
