"""What a generalised mixed model expects on average over clients and therapists, not at the middle.

Behind a link that bends, the mean over all is not what becomes of somebody in the middle: with
deviations of variance s² = z′Gz the mean is ∫ g⁻¹(x′β + s u) φ(u) du.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.generalized_solution import GeneralizedSolution
from sessionwise.models.model_rows import model_frame
from sessionwise.models.new_rows import rows_as_fitted

NODES = 41
HALF = float(stats.norm.ppf(0.975))
INVERSE = {
    "logit": special.expit,
    "cloglog": lambda eta: -np.expm1(-np.exp(np.minimum(eta, 30.0))),
    "probit": special.ndtr,
}
MOST_VALUES = 20


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows to average over: fixed part (n, p), and columns of the deviations (n, deviations)."""

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
            return _scaled(found, _means(found, rows, theta))

        at, error = question(found.theta), np.sqrt(np.diag(found.covariance_of(question)))
        for k, category in enumerate(found.outcome.categories or ("",)):
            low, mean, high = (_unscaled(found, at[k] + d * HALF * error[k]) for d in (-1, 0, 1))
            slope = mean * (1 - mean) if found.outcome.link != "log" else mean
            lines.append((value, category, mean, slope * error[k], low, high))
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
        raise Refused("No row to average over has all that is needed.")
    n = int(new.complete.sum())
    columns = [new.columns[d.slope] if d.slope else np.ones(n) for d in found.part.deviations]
    p = found.sizes[0]
    return _Rows(new.matrix[:, :p], np.column_stack(columns) if columns else np.zeros((n, 0)))


def _means(found: GeneralizedSolution, rows: _Rows, theta: np.ndarray) -> np.ndarray:
    """Mean over rows and deviations: one, or one per category."""
    p, _ = found.sizes
    both = found.coefficients(theta)
    eta = rows.matrix @ both[:p]
    covariance = found.deviation_covariance(theta)
    variance = np.einsum("ia,ab,ib->i", rows.columns, covariance, rows.columns, optimize=True)
    if found.outcome.link == "log":
        return np.array([np.exp(eta + variance / 2).mean()])
    sd = np.sqrt(variance)
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    weight = weight / weight.sum()
    if found.outcome.kind != "ordinal":
        inverse = INVERSE[found.outcome.link]
        means = [float(inverse(eta + sd * x).mean()) for x in node]
        return np.array([float(weight @ means)])
    at_most = [
        weight @ [float(special.expit(t - eta - sd * x).mean()) for x in node] for t in both[p:]
    ]
    return np.diff([0.0, *at_most, 1.0])


def _scaled(found: GeneralizedSolution, mean: np.ndarray) -> np.ndarray:
    """Where limits are symmetric: the log of a mean count, the logit of a probability."""
    return np.log(mean) if found.outcome.link == "log" else special.logit(mean)


def _unscaled(found: GeneralizedSolution, value: float) -> float:
    return float(np.exp(value) if found.outcome.link == "log" else special.expit(value))
