"""Formulas: read by a grammar of our own, checked whole, and only then turned into numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.design_matrix import (
    Encoding,
    aliased_terms,
    check_rank,
    fixed_matrix,
    is_categorical,
    is_numeric,
    readied_columns,
)
from sessionwise.models.formula_reader import Reader
from sessionwise.models.formula_terms import Formula


@dataclass(frozen=True, eq=False)
class Design:
    """The numbers of a model.

    Attributes
    ----------
    outcome
        Name of the response.
    response
        Its values, shape (n,).
    matrix
        The fixed part, shape (n, p), of full rank.
    terms
        Names of its columns, length p: ``"Intercept"``, ``"modality[video]"``, ``"a:b"``.
    columns
        The columns of the data used, random terms included.
    references
        Categorical column → its reference, the first of its categories.
    encoding
        How the matrix was made, for other rows.
    aliased
        Terms left out because they are constant or a combination of those before them.
    """

    outcome: str
    response: np.ndarray
    matrix: np.ndarray
    terms: tuple[str, ...]
    columns: tuple[str, ...]
    references: Mapping[str, str]
    encoding: Encoding
    aliased: tuple[str, ...] = ()


def parse(formula: str, columns: Collection[str]) -> Formula:
    """Read a formula; nothing that stands in it is run.

    ``outcome ~ fixed + (random | group)``. The fixed part knows ``+ - * :``, brackets, ``0`` and
    ``1``, columns, calls of ``log, sqrt, poly, bs, ns, scale, center, C`` on a column and whole
    numbers, and ``I`` on arithmetic. A random term has an intercept unless ``0`` or ``-1`` takes
    it out, slopes of columns of numbers, and a group: a column, the combinations of several,
    ``(1 | clinic:therapist)``, or groups in groups, ``(1 | clinic/therapist)``, which stands for
    ``(1 | clinic) + (1 | clinic:therapist)``.

    Formula libraries run the Python that stands in a formula; a formula in a study file is data,
    so this grammar knows no attributes, subscripts, braces, quotes or other calls.

    Parameters
    ----------
    formula
        The text.
    columns
        The columns there are.

    Raises
    ------
    InvalidInput
        Every problem at once: an unknown column with the nearest name, a function that is not
        allowed, ``x**2`` outside ``I()``, a random term that cannot be read.

    References
    ----------
    Random terms mean what they mean in lme4: Bates, Mächler, Bolker & Walker (2015), J Stat Softw
    67(1), table 2.

    Examples
    --------
    >>> parsed = parse("ors ~ session*srs + (1 | client)", ["ors", "session", "srs", "client"])
    >>> print(parsed)
    ors ~ session + srs + session:srs + (1 | client)
    >>> parsed.columns
    ('ors', 'session', 'srs', 'client')
    >>> print(parse("ors ~ 1 + (1 | clinic/client)", ["ors", "clinic", "client"]))
    ors ~ 1 + (1 | clinic) + (1 | clinic:client)
    """
    if not isinstance(formula, str):
        raise InvalidInput([Problem("the formula is not text", remedy="Give a string.")])
    reader = Reader(formula, columns)
    parsed = reader.read()
    if parsed is None or reader.problems:
        raise InvalidInput(reader.problems, "the formula")
    return parsed


def complete_rows(
    frame: pd.DataFrame, columns: Sequence[str]
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Choose the rows a model can use, and say how many are left out and for which column.

    A row with several missing values counts once, under the first of the columns.

    Returns
    -------
    tuple
        The rows without a missing value, in their order; and ``("base missing", 12), …``.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1, None, 3], "x": [None, None, 6]})
    >>> rows, left_out = complete_rows(frame, ["y", "x"])
    >>> len(rows), left_out
    (1, (('y missing', 1), ('x missing', 1)))
    """
    keep = np.ones(len(frame), bool)
    left_out = []
    for name in columns:
        lost = keep & frame[name].isna().to_numpy()
        if lost.any():
            left_out.append((f"{name} missing", int(lost.sum())))
        keep &= ~lost
    return frame if keep.all() else frame.loc[keep], tuple(left_out)


def design(
    formula: str | Formula, frame: pd.DataFrame, aliased: Literal["refuse", "drop"] = "refuse"
) -> Design:
    """Turn a checked formula and complete rows into the numbers of a model.

    Parameters
    ----------
    formula
        Text, or what :func:`parse` gave.
    frame
        The rows of the model, none missing in the columns used (:func:`complete_rows`).
    aliased
        What becomes of a term that is constant or a combination of the terms before it.

    Raises
    ------
    InvalidInput
        A problem of the formula; missing values; text where a number is needed.
    Refused
        The outcome is constant or not finite; a term has one value only or is a combination of
        the terms before it, and is not to be dropped.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0, 2.0, 4.0], "modality": ["phone", "video", "phone"]})
    >>> design("y ~ modality", frame).terms
    ('Intercept', 'modality[video]')
    """
    if isinstance(formula, str):
        formula = parse(formula, frame.columns)
    _check_frame(formula, frame)
    response = frame[formula.outcome].to_numpy(float)
    _check_response(formula.outcome, response)
    readied, references = readied_columns(formula, frame, constants=aliased == "drop")
    names, matrix, spec = fixed_matrix(formula, readied)
    gone: tuple[str, ...] = ()
    if aliased == "refuse":
        check_rank(names, matrix)
    else:
        gone = tuple(aliased_terms(names, matrix))
    kept = np.array([name not in gone for name in names])
    names = tuple(name for name in names if name not in gone)
    matrix = matrix[:, kept] if gone else matrix
    factors = [factor for term in formula.terms for factor in term]
    told = {f.expression: f.columns[0] for f in factors if f.function in ("", "C")}
    categories = {
        name: readied[name].cat.categories for name in told if not is_numeric(readied[name])
    }
    numbered = frozenset(name for name in categories if is_numeric(frame[told[name]]))
    return Design(
        outcome=formula.outcome,
        response=response,
        matrix=matrix,
        terms=names,
        columns=formula.columns,
        references=MappingProxyType(_used_references(references, names)),
        encoding=Encoding(formula, spec, MappingProxyType(categories), numbered, kept),
        aliased=gone,
    )


def _used_references(references: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Leave out a reference that has a column of its own, as without an intercept."""
    written = " ".join(names)
    return {
        name: level
        for name, level in references.items()
        if f"{name}[{level}]" not in written and f"C({name})[{level}]" not in written
    }


GIVE = "Make a column of numbers, or of text, from it."


def _check_frame(formula: Formula, frame: pd.DataFrame) -> None:
    """Columns there, nothing missing, numbers where numbers are needed."""
    numeric = {formula.outcome: "the outcome"}
    numeric |= {name: "a random slope" for random in formula.random for name in random.slopes}
    for factor in (factor for term in formula.terms for factor in term):
        if factor.function not in ("", "C"):
            numeric |= dict.fromkeys(factor.columns, f"{factor.function}(…)")
    problems = []
    for name in formula.columns:
        if name not in frame.columns:
            problems.append(
                Problem(f"there is no column `{name}`", remedy=nearest(name, map(str, frame)))
            )
            continue
        column = frame[name]
        if column.isna().any():
            problems.append(
                Problem(
                    f"`{name}` is missing in {int(column.isna().sum())} rows of the model",
                    remedy="Choose complete rows first, and count those left out.",
                )
            )
        if name in numeric and not is_numeric(column):
            problems.append(
                Problem(f"`{name}` holds no numbers; {numeric[name]} needs them", remedy=GIVE)
            )
        elif not is_numeric(column) and not is_categorical(column):
            problems.append(Problem(f"`{name}` holds neither numbers nor categories", remedy=GIVE))
    if problems:
        raise InvalidInput(problems, "the data of the model")


def _check_response(name: str, response: np.ndarray) -> None:
    if not response.size:
        raise Refused(f"No row is left in which `{name}` and everything that explains it is known.")
    if not np.isfinite(response).all():
        raise Refused(
            f"`{name}` is infinite in {int((~np.isfinite(response)).sum())} rows. "
            "Look at how it was computed."
        )
    if (response == response[0]).all():
        raise Refused(
            f"`{name}` is {response[0]:g} in all {response.size} rows: there is nothing to explain."
        )
