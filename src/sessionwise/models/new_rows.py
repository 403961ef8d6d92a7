"""Rows a model was not fitted to, in the columns and levels of the rows it was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.models.design_matrix import Encoding, is_numeric, number_words
from sessionwise.models.formula_factors import CONTEXT, Factor
from sessionwise.models.mixed_solution import MixedSolution

SOURCE = "the rows to predict"

MOST_NAMED = 8
"""Categories that a message names."""


@dataclass(frozen=True, eq=False)
class NewRows:
    """Rows as a fitted model sees them.

    Attributes
    ----------
    complete
        Which of the rows given have all that is needed, shape (rows,); the others are left out.
    matrix
        Fixed part, shape (n, p).
    codes
        Factor → number of the level of each row, shape (n,); empty where levels do not matter.
    columns
        Slope column → its values, shape (n,).
    """

    complete: np.ndarray
    matrix: np.ndarray
    codes: Mapping[str, np.ndarray]
    columns: Mapping[str, np.ndarray]


def rows_as_fitted(
    found: MixedSolution, frame: pd.DataFrame, *, levels: bool, slopes: bool
) -> NewRows:
    """Give rows the columns of a fitted model: its categories, knots, means and levels.

    Parameters
    ----------
    found
        The fit.
    frame
        The rows; the outcome need not be there.
    levels, slopes
        Whether the levels of the factors are asked for, and the columns of the random slopes.

    Raises
    ------
    InvalidInput
        A column that is not there or holds no numbers where the model's does; a category or a
        level the model has not seen; a spline beyond the rows it was fitted to. No value of an
        identifier is named.
    """
    encoding = found.made.encoding
    needed = list(dict.fromkeys(name for f in _factors(encoding) for name in f.columns))
    slope_columns = list(found.part.columns) if slopes else []
    slope_columns = [
        name for name in slope_columns if any(d.slope == name for d in found.part.deviations)
    ]
    groups = list(found.part.by_factor) if levels else []
    of_groups = [name for group in groups for name in group.split(":")]
    columns = list(dict.fromkeys([*needed, *slope_columns, *of_groups]))
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InvalidInput(
            [
                Problem(f"there is no column `{name}`", remedy=nearest(name, map(str, frame)))
                for name in missing
            ],
            SOURCE,
        )
    complete = frame[columns].notna().all(axis=1).to_numpy()
    rows = frame.loc[complete]
    problems = _not_numbers(found, rows, [*needed, *slope_columns])
    readied, unknown = ({}, []) if problems else _readied(encoding, rows)
    codes, strangers = _levels(found, rows, groups)
    if problems or unknown or strangers:
        raise InvalidInput([*problems, *unknown, *strangers], SOURCE)
    return NewRows(
        complete,
        _matrix(encoding, pd.DataFrame(readied, index=rows.index).reset_index(drop=True)),
        codes,
        {name: rows[name].to_numpy(float) for name in slope_columns},
    )


def _factors(encoding: Encoding) -> list[Factor]:
    return [factor for term in encoding.formula.terms for factor in term]


def _not_numbers(found: MixedSolution, rows: pd.DataFrame, columns: Sequence[str]) -> list[Problem]:
    """Say which columns held numbers when the model was fitted, and hold none here, or infinity."""
    problems = []
    for name in dict.fromkeys(columns):
        if not is_numeric(found.used[name]):
            continue
        if len(rows) and not is_numeric(rows[name]):
            problems.append(Problem(f"`{name}` holds no numbers; in the rows of the model it does"))
        elif (count := int(np.isinf(rows[name].to_numpy(float)).sum()) if len(rows) else 0) > 0:
            problems.append(Problem(f"`{name}` is infinite in {count} rows"))
    return problems


def _readied(encoding: Encoding, rows: pd.DataFrame) -> tuple[dict[str, pd.Series], list[Problem]]:
    """Columns as formulaic should see them, and which categories the model has not seen."""
    readied: dict[str, pd.Series] = {}
    problems = []
    for factor in _factors(encoding):
        for name in factor.columns:
            expression = factor.expression if factor.function in ("", "C") else name
            if expression not in encoding.categories:
                readied[name] = rows[name].astype(float)
                continue
            values = rows[name]
            if expression in encoding.numbered:
                values = pd.Series(number_words(values.astype(float)), index=rows.index)
            known = encoding.categories[expression]
            code = known.get_indexer(values.astype(object))
            readied[expression] = pd.Series(
                pd.Categorical.from_codes(code, known), index=rows.index
            )
            unseen = int(readied[expression].isna().sum())
            if unseen:
                problems.append(
                    Problem(
                        f"`{name}` holds a category the model has not seen in {unseen} "
                        f"row{'s' * (unseen > 1)}",
                        remedy=_known(known),
                    )
                )
    return readied, list(dict.fromkeys(problems))


def _known(categories: pd.Index) -> str:
    """Name the categories, unless they are so many that they may be identifiers."""
    if len(categories) > MOST_NAMED:
        return "Give the categories of the rows it was fitted to."
    return "It knows " + ", ".join(f"'{one}'" for one in categories) + "."


def _matrix(encoding: Encoding, readied: pd.DataFrame) -> np.ndarray:
    """Let formulaic repeat what it did; nothing is evaluated but the checked factors it kept."""
    if not len(readied):
        return np.empty((0, int(encoding.kept.sum())))
    if not encoding.formula.terms:
        return np.ones((len(readied), 1))
    try:
        with np.errstate(all="ignore"):
            matrix = encoding.spec.get_model_matrix(readied, context=CONTEXT)
    except FormulaicError as error:
        raise InvalidInput(
            [
                Problem(
                    f"a term cannot be computed: {error}",
                    remedy="A spline `bs` ends where the rows of the model do; `ns` goes on.",
                )
            ],
            SOURCE,
        ) from error
    values = matrix.to_numpy(float)[:, encoding.kept]
    bad = int((~np.isfinite(values)).any(axis=1).sum())
    if bad:
        raise InvalidInput(
            [
                Problem(
                    f"a term is not a finite number in {bad} rows, e.g. the log of 0",
                    remedy="Leave these rows out.",
                )
            ],
            SOURCE,
        )
    return values


def _levels(
    found: MixedSolution, rows: pd.DataFrame, groups: Collection[str]
) -> tuple[dict[str, np.ndarray], list[Problem]]:
    """Number the levels as the model does; count rows whose level it does not know."""
    codes, problems = {}, []
    for group in groups:
        columns = group.split(":")
        _, place = np.unique(found.part.codes[group], return_index=True)
        names, asked = found.used[columns].iloc[place], rows[columns]
        if len(columns) == 1:
            code = pd.Index(names[group]).get_indexer(asked[group])
        else:
            index = pd.MultiIndex.from_frame(names)
            code = index.get_indexer(pd.MultiIndex.from_frame(asked))
        codes[group] = code
        strange = int((code < 0).sum())
        if strange:
            problems.append(
                Problem(
                    f"`{group}` has a level that is not in the model in {strange} "
                    f"row{'s' * (strange > 1)}",
                    remedy='Of levels the model has not seen, ask of="new levels".',
                )
            )
    return codes, problems
