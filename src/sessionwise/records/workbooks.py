"""Workbooks: the cells of a sheet, and what a reader of stored values would silently miss."""

from __future__ import annotations

import io
import re
import zipfile

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, nearest, rows_of
from sessionwise.records.whole_files import LARGEST

MOST_CELLS = 50_000_000
"""Cells a sheet may span: a million rows of fifty columns."""
_CELL = rb'<c r="[A-Z]+(\d+)"'
_FORMULA = rb"<f\b[^>]*(?:/>|>[^<]*</f>)"
UNSTORED = re.compile(
    _CELL + rb'(?![^>]*\bt="str")[^>]*>' + _FORMULA + rb"\s*(?:<v\s*/>|<v></v>)?\s*</c>"
)
"""A formula without the value it came to: no spreadsheet program has saved it."""
IN_ERROR = re.compile(_CELL + rb'[^>]*\bt="e"[^>]*>(?:' + _FORMULA + rb")?\s*<v>(?!#N/A)[^<]*</v>")
"""A formula that came to an error; ``#N/A`` is a way of writing 'not there'."""


def cells_of_workbook(content: bytes, sheet: str, source: str) -> pd.DataFrame:
    """Give the cells of a sheet as they are stored, the header being the first row.

    Parameters
    ----------
    content
        The whole file.
    sheet
        Its name; empty: the first.
    source
        Name of the file, for messages.

    Raises
    ------
    InvalidInput
        No such sheet; an empty one; formulas whose values are not stored, or are errors.
    """
    _refuse_vast(content, source)
    with pd.ExcelFile(io.BytesIO(content), engine="openpyxl") as book:
        names = [str(name) for name in book.sheet_names]
        if sheet and sheet not in names:
            found = f"{source} could not be read: it has no sheet '{sheet}'"
            raise InvalidInput(
                [Problem(found, "`sheet` in the codebook", nearest(sheet, names))], source
            )
        cells = pd.read_excel(
            book, sheet_name=sheet or 0, dtype=object, header=None, keep_default_na=False
        )
    if cells.empty:
        remedy = "Name the sheet with the records: sheet in the codebook."
        raise InvalidInput(
            [Problem(f"{source} is empty: no cell is filled in", "", remedy)], source
        )
    problems = list(_unread(content, source))
    if problems:
        raise InvalidInput(problems, source)
    return cells.mask(cells.eq(""))


def _refuse_vast(content: bytes, source: str) -> None:
    """Refuse a sheet with a cell far off: everything between would have to be read as well."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [one for one in parts.infolist() if one.filename.startswith("xl/worksheets/sheet")]
        if sum(one.file_size for one in sheets) > LARGEST:
            found = f"{source} unpacks to more than {LARGEST // 1024**3} GB"
            raise InvalidInput([Problem(found, "", "Export the records as CSV.")], source)
        for one in sheets:
            xml = parts.read(one)
            rows = max(map(int, re.findall(rb'<row[^>]* r="(\d+)"', xml)), default=0)
            letters = set(re.findall(rb'<c r="([A-Z]+)', xml))
            wide = max((_column_number(letter) for letter in letters), default=0)
            if rows * wide > MOST_CELLS:
                found = f"{source} has cells as far off as row {rows:,} and column {wide:,}"
                remedy = "Delete the empty rows and columns between, or export the records as CSV."
                raise InvalidInput([Problem(found, "", remedy)], source)


def _column_number(letters: bytes) -> int:
    """Give the number of a column, 1 for A.

    Examples
    --------
    >>> _column_number(b"AA")
    27
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _unread(content: bytes, source: str) -> list[Problem]:
    """Find formulas that hold no value a reader could use."""
    unstored: set[int] = set()
    errors: set[int] = set()
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                xml = parts.read(name)
                unstored |= {int(row) for row in UNSTORED.findall(xml)}
                errors |= {int(row) for row in IN_ERROR.findall(xml)}
    problems = []
    if unstored:
        found = f"{source} holds formulas whose values are not stored"
        remedy = "Open it in the spreadsheet program and save it, or export values."
        problems.append(Problem(found, rows_of(sorted(unstored), source), remedy))
    if errors:
        found = f"{source} holds formulas that came to an error"
        remedy = "Mend or empty these cells."
        problems.append(Problem(found, rows_of(sorted(errors), source), remedy))
    return problems
