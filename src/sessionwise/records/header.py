"""The header: the first row as the names of columns, if that is what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.records.plain_text import plain

LONGEST_NAME = 200
RECORD = r"[-+]?\d+([.,]\d+)?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}"
ADDRESS = r"\S+@\S+\.\S+"


def headed(cells: pd.DataFrame, source: str) -> pd.DataFrame:
    """Take the first row as the header; refuse one that names no columns.

    Raises
    ------
    InvalidInput
        It looks like a record or a title, or a name in it is no name, or stands there twice.

    Examples
    --------
    >>> headed(pd.DataFrame([["ID", " SRS "], ["7", "30"]]), "visits.csv").columns.tolist()
    ['ID', 'SRS']
    """
    header = cells.iloc[0]
    empty = header.isna() | (header.astype("str").str.strip() == "")
    names = plain(header.astype("str")).mask(empty, "column " + (header.index + 1).astype(str))
    _refuse_title(empty, source)
    _refuse_record(names, source)
    _refuse_strange(names, source)
    refuse_duplicates(names, source)
    return cells.iloc[1:].set_axis(list(names), axis=1)


def refuse_duplicates(names: Iterable[str], source: str) -> None:
    """Refuse a table that names a column twice."""
    names = list(names)
    twice = sorted(str(name) for name, times in Counter(names).items() if times > 1)
    if twice:
        listed = ", ".join(f"`{name}`" for name in twice)
        found = f"{listed} stand{'s' * (len(twice) == 1)} in the header more than once"
        remedy = "Rename all but one of them in the export."
        raise InvalidInput([Problem(found, source, remedy)], source)


def _refuse_title(empty: pd.Series, source: str) -> None:
    """Refuse a first row that names hardly a column, as a title above the table does."""
    if 2 * int(empty.sum()) > len(empty):
        found = f"The first row names only {int((~empty).sum())} of {len(empty)} columns"
        remedy = "Take out titles and empty rows above the names of the columns."
        raise InvalidInput([Problem(found, f"row 1 of {source}", remedy)], source)


def _refuse_record(names: pd.Series, source: str) -> None:
    """Refuse a first row of numbers, dates or addresses; its cells are not repeated."""
    like_data = int(names.str.fullmatch(RECORD).sum())
    if 3 * like_data >= len(names) or names.str.fullmatch(ADDRESS).any():
        found = "The first row looks like a record, not like the names of columns"
        remedy = "Put the names of the columns into the first row."
        raise InvalidInput([Problem(found, f"row 1 of {source}", remedy)], source)


def _refuse_strange(names: pd.Series, source: str) -> None:
    """Refuse names that cannot be shown."""
    strange = (names.str.len() > LONGEST_NAME) | names.str.contains(r"[\x00-\x08\x0b-\x1f\x7f]")
    if strange.any():
        listed = ", ".join(str(position + 1) for position in strange.index[strange][:5])
        found = f"A name in the header is longer than {LONGEST_NAME} characters or cannot be shown"
        remedy = "Check the quotes in the first row, and shorten the name."
        where = f"row 1 of {source}, column {listed}"
        raise InvalidInput([Problem(found, where, remedy)], source)
