"""What a mixed model expects of rows, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.profiled_likelihood import At, LinearMixedModel, Roots
from sessionwise.engine.row_errors import (
    deviation_variance,
    fixed_error,
    joint_error,
    with_rows,
)
from sessionwise.engine.satterthwaite_df import satterthwaite
from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.models.fixed_effects import kenward_roger_of
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.model_rows import model_frame
from sessionwise.models.new_rows import rows_as_fitted

Of = Literal["population", "levels", "new levels"]
Interval = Literal["mean", "observation"]

MOST_PLACES = 2e7
"""Pairs of deviations met by the levels of the largest factor, in rows that are given."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows in the columns of the engine.

    Attributes
    ----------
    index, complete
        Index of the rows given, and which of them are here.
    matrix, basis
        Fixed part as written and in the engine's columns, shape (n, p).
    columns
        By factor of the random part, what its deviations are multiplied by, shape (q, n); none
        where no deviation is asked for.
    levels
        By factor the level of each row; none where levels do not matter, or are the model's own.
    """

    index: pd.Index
    complete: np.ndarray
    matrix: np.ndarray
    basis: np.ndarray
    columns: tuple[np.ndarray, ...]
    levels: tuple[np.ndarray, ...] | None


def predicted(
    found: MixedSolution,
    data: Any,
    rule: tuple[str, np.ndarray],
    asked: tuple[Of, Interval],
    level: float,
) -> pd.DataFrame:
    """Predict rows; see :meth:`~sessionwise.models.fit_on_rows.FitOnRows.predict`.

    Parameters
    ----------
    found
        The fit.
    data
        The rows, or nothing for those of the model.
    rule
        By which rule the fixed effects were judged, and their degrees of freedom, shape (p,).
    asked
        Of what, and an interval for what.
    level
        Coverage of the limits.
    """
    of, interval = asked
    check_choices(of, interval, level)
    rows = _own_rows(found) if data is None else _given_rows(found, model_frame(data), of)
    model = found.model if data is None or of != "levels" else _joined(found, rows)
    variance = _variance(model, rows, of, interval == "observation")
    value = variance(found.summit.roots, found.summit.at)
    adjusted = rule[0] == "kenward-roger" and of != "levels"
    known = kenward_roger_of(found) if adjusted else None
    if known is not None:
        value = value + fixed_error(known.covariance - found.summit.at.covariance, rows.basis)
    if (of, interval) != ("population", "mean") or rule[0] == "satterthwaite":
        df = satterthwaite(found.model, found.summit).df_of(value, variance)
    elif known is not None:
        df = known.df_of_rows(rows.basis)
    else:
        df = np.where(rows.matrix != 0, rule[1], np.inf).min(axis=1, initial=np.inf)
    return _table(rows, _means(found, rows, of), found.scaled.spread * np.sqrt(value), df, level)


def check_choices(of: str, interval: str, level: float) -> None:
    """Refuse a word that is no choice, and a level that is no share."""
    problems = [
        Problem(f"'{given}' is no choice", "", nearest(str(given), get_args(known)))
        for given, known in ((of, Of), (interval, Interval))
        if given not in get_args(known)
    ]
    if not 0 < level < 1:
        problems.append(Problem(f"level is {level:g}", remedy="Give a share, such as 0.95."))
    if problems:
        raise InvalidInput(problems, "the prediction")


def fitted_means(found: MixedSolution, of: Of) -> np.ndarray:
    """Give Xβ̂ (of the population) or Xβ̂ + Zb̂ (of the levels) of the rows of the model, (n,)."""
    return _means(found, _own_rows(found), of)


def _own_rows(found: MixedSolution) -> Asked:
    """The rows of the model, as it holds them."""
    order, factors = found.model.given.order, found.model.given.factors
    by_list = [factors[order.index(k)] for k in range(len(order))]
    index = found.used.index
    return Asked(
        index, np.ones(len(index), bool), found.made.matrix, found.scaled.basis,
        tuple(factor.columns for factor in by_list), None,
    )  # fmt: skip


def _given_rows(found: MixedSolution, frame: pd.DataFrame, of: Of) -> Asked:
    """Rows given, in the columns of the model."""
    rows = rows_as_fitted(found, frame, levels=of == "levels", slopes=of != "population")
    basis = np.linalg.solve(found.scaled.triangle.T, rows.matrix.T).T
    groups = list(found.part.by_factor)
    nothing = np.zeros(len(rows.matrix), np.intp)
    codes = {group: rows.codes.get(group, nothing) for group in groups}
    part = replace(found.part, codes=codes, columns=rows.columns)
    columns = []
    for group, bundles in found.part.by_factor.items() if of != "population" else ():
        own = found.placed[group]
        written = np.hstack([part.matrix(bundle) for bundle in bundles])
        columns.append(np.linalg.solve(found.triangle[own, own].T, written.T))
    levels = tuple(codes.values()) if of == "levels" else None
    return Asked(frame.index, rows.complete, rows.matrix, basis, tuple(columns), levels)


def _joined(found: MixedSolution, rows: Asked) -> LinearMixedModel:
    """The model, with a place wherever levels meet in the rows given.

    Raises
    ------
    InvalidInput
        Levels of the largest factor meet so many of others that the places would fill the memory.
    """
    codes, given = list(found.part.by_factor), rows.levels or ()
    if len(codes) > 1:
        own = [np.concatenate([found.part.codes[g], new]) for g, new in zip(codes, given)]
        largest = max(range(len(codes)), key=lambda k: own[k].max())
        met = np.zeros(int(own[largest].max()) + 1)
        for k, code in enumerate(own):
            if k != largest:
                many = int(code.max()) + 1
                pairs = np.unique(own[largest] * many + code) // many
                met += np.bincount(pairs) * len(found.summit.roots[k])
        if (met**2).sum() > MOST_PLACES:
            problem = Problem(
                f"in these rows a `{codes[largest]}` meets up to {int(met.max())} deviations of "
                "other factors",
                remedy="Predict them in pieces.",
            )
            raise InvalidInput([problem], "the rows to predict")
    return with_rows(found.model, found.scaled.basis, found.scaled.response, rows.levels or ())


def _variance(
    model: LinearMixedModel, rows: Asked, of: Of, observation: bool
) -> Callable[[Roots, At], np.ndarray]:
    """Give what makes the error variance of each row, shape (n,), of the variances."""
    last = slice(model.given.rows - len(rows.basis), None)

    def variance(roots: Roots, at: At) -> np.ndarray:
        if of == "levels" and model.given.factors:
            columns = [rows.columns[k] for k in model.given.order]
            ratio = joint_error(model.joint(roots), model.given, rows.basis, columns, last)
        else:
            ratio = fixed_error(at.unscaled, rows.basis)
        if of == "new levels":
            ratio = ratio + deviation_variance(roots, rows.columns, len(ratio))
        return at.residual_variance * (ratio + float(observation))

    return variance


def _means(found: MixedSolution, rows: Asked, of: Of) -> np.ndarray:
    """Give x′β̂, and z′b̂ of known levels, in units of the outcome, shape (n,)."""
    scaled = rows.basis @ found.summit.at.estimate
    if of == "levels":
        given = found.model.given
        own = [given.factors[given.order.index(k)].level for k in range(len(given.order))]
        levels: Sequence[np.ndarray] = own if rows.levels is None else rows.levels
        for columns, level, (modes, _) in zip(
            rows.columns, levels, found.model.modes(found.summit.roots)
        ):
            scaled = scaled + (columns * modes[:, level]).sum(axis=0)
    return rows.matrix @ found.scaled.trend + found.scaled.spread * scaled


def _table(
    rows: Asked, mean: np.ndarray, error: np.ndarray, df: np.ndarray, level: float
) -> pd.DataFrame:
    """Tabulate them; a row that lacks something it needs holds nothing."""
    half = stats.t.ppf(0.5 + level / 2, df) * error
    numbers = np.full((len(rows.complete), 5), np.nan)
    numbers[rows.complete] = np.column_stack([mean, error, df, mean - half, mean + half])
    return pd.DataFrame(
        numbers, index=rows.index, columns=["estimate", "std_error", "df", "low", "high"]
    )
