"""Workbooks: the cells of a sheet, and what a reader of stored values would silently miss."""

from __future__ import annotations

import io
import re
import zipfile

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, nearest, rows_of

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
