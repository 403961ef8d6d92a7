"""From checked terms and complete rows to a matrix of full rank, by formulaic."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import formulaic
import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError
from formulaic.parser.types import Factor as FormulaicFactor
from formulaic.parser.types import Term as FormulaicTerm

from sessionwise.errors import InvalidInput, Problem, Refused
from sessionwise.models.formula_factors import CONTEXT, Factor
from sessionwise.models.formula_terms import Formula

ALIASED = 1e-9
"""A column is a combination of others if less than this share of its length is its own."""

CLEAR = 1e-6
"""The square of such a share, if it is larger, can be had from the cross-products: their rounding
is far below it."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """How the fixed part was made of its rows, so that others can be given the same columns.

    Attributes
    ----------
    formula
        The formula, checked.
    spec
        What formulaic keeps: categories, and the state of functions that look at all rows.
    categories
        Column as formulaic sees it → its categories, in order.
    numbered
        Those of them whose categories stand for numbers, ``C(session)``.
    kept
        Which columns were kept; the others are combinations of those before them.
    """

    formula: Formula
    spec: formulaic.ModelSpec
    categories: Mapping[str, pd.Index]
    numbered: frozenset[str]
    kept: np.ndarray


def is_numeric(column: pd.Series) -> bool:
    """Say whether a column holds numbers; true and false are 1 and 0."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column)


def is_categorical(column: pd.Series) -> bool:
    """Say whether a column holds categories or text."""
    if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == "str":
        return True
    return pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty")


def readied_columns(
    formula: Formula, frame: pd.DataFrame, *, constants: bool = False
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Columns as formulaic should see them: floats, and categories that occur, in order.

    A column of one value is refused where there is an intercept, unless it holds numbers and
    ``constants`` are dealt with later.
    """
    readied, references = {}, {}
    for factor in (factor for term in formula.terms for factor in term):
        for name in factor.columns:
            column = frame[name]
            if factor.function == "C" or not is_numeric(column):
                categories = _categories(column)
                readied[factor.expression] = categories
                references[name] = str(categories.cat.categories[0])
            else:
                readied[name] = column.astype(float)
    single = [
        name
        for name, column in readied.items()
        if not (constants and is_numeric(column)) and (column == column.iloc[0]).all()
    ]
    if single and formula.intercept:
        names = " and ".join(f"`{name.removeprefix('C__')}`" for name in single)
        raise Refused(
            f"{names} {'has' if len(single) == 1 else 'have'} one value only in the "
            f"{len(frame)} rows of the model. Leave {'it' if len(single) == 1 else 'them'} out."
        )
    return pd.DataFrame(readied, index=frame.index).reset_index(drop=True), references


def _categories(column: pd.Series) -> pd.Series:
    """Categories in their own order, else sorted; those that do not occur are left out."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_unused_categories()
    if is_numeric(column):
        values = np.sort(column.unique().astype(float))
        words = number_words(values)
        return column.astype(float).astype(pd.CategoricalDtype(values)).cat.rename_categories(words)
    return column.astype(pd.CategoricalDtype(sorted(column.unique())))


def number_words(values: Sequence[float]) -> list[str]:
    """What numbers are called where they are categories."""
    return [f"{value:.15g}" for value in values]


def fixed_matrix(
    formula: Formula, readied: pd.DataFrame
) -> tuple[tuple[str, ...], np.ndarray, formulaic.ModelSpec]:
    """Let formulaic make the matrix: from checked factors one by one, with no context of its own.

    Its parser is not used. A column is looked up in ``readied``; only checked calls are evaluated.
    """
    terms = [FormulaicTerm([_handed_over(factor) for factor in term]) for term in formula.terms]
    if formula.intercept:
        terms.insert(0, FormulaicTerm([FormulaicFactor("1", eval_method="literal")]))
    try:
        with np.errstate(all="ignore"):
            matrix = formulaic.Formula(terms, _ordering="degree").get_model_matrix(
                readied, context=CONTEXT, na_action="ignore", output="pandas"
            )
    except FormulaicError as error:
        raise InvalidInput(
            [Problem(f"a term cannot be computed: {error}", remedy="Take a simpler term.")],
            "the formula",
        ) from error
    values = matrix.to_numpy(float)
    if not values.shape[1]:
        raise InvalidInput(
            [Problem("nothing stands on the right-hand side", remedy="Write ~ 1.")], "the formula"
        )
    names = [
        re.sub(r"\bC__(\w+)\[", r"C(\1)[", name.replace("[T.", "[")) for name in matrix.columns
    ]
    bad = [name for name, column in zip(names, values.T) if not np.isfinite(column).all()]
    if bad:
        raise Refused(
            f"{', '.join(f'`{name}`' for name in bad)} is not a finite number in some rows, "
            "e.g. the log of 0. Choose the rows, or another form of the term."
        )
    return tuple(name.replace(" ** ", "**") for name in names), values, matrix.model_spec


def _handed_over(factor: Factor) -> FormulaicFactor:
    looked_up = factor.function in ("", "C")
    return FormulaicFactor(factor.expression, eval_method="lookup" if looked_up else "python")


def aliased_terms(names: Sequence[str], matrix: np.ndarray) -> list[str]:
    """Name the columns that are combinations of those before them.

    Raises
    ------
    Refused
        There are fewer rows than columns.
    """
    if len(matrix) < len(names):
        raise Refused(f"{len(names)} terms cannot be estimated from {len(matrix)} rows.")
    squares = matrix.T @ matrix
    try:
        shares = np.diag(np.linalg.cholesky(squares)) ** 2 / np.diag(squares)
    except np.linalg.LinAlgError:
        shares = np.zeros(1)
    if (shares > CLEAR).all():
        return []
    lengths = np.linalg.norm(matrix, axis=0)
    own = np.abs(np.diag(np.linalg.qr(matrix / np.where(lengths > 0, lengths, 1.0), mode="r")))
    return [name for name, share in zip(names, own) if share < ALIASED]


def check_rank(names: Sequence[str], matrix: np.ndarray) -> None:
    """Refuse columns that are combinations of those before them, by name."""
    aliased = aliased_terms(names, matrix)
    if aliased:
        raise Refused(
            f"{', '.join(f'`{name}`' for name in aliased)} cannot be told from the terms before: "
            "it is constant or a combination of them. Leave it out, or one of those it is made of."
        )
