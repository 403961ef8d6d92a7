"""Opening an export: CSV, Parquet or a workbook, as raw cells. Nothing is interpreted here."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow

from sessionwise.errors import InvalidInput, Problem
from sessionwise.records.codebook import Codebook

WORKBOOKS = {".xlsx", ".xlsm"}
DELIMITERS = ",;\t|"


def open_export(path: Path, codebook: Codebook | None = None) -> tuple[pd.DataFrame, str]:
    """Give the raw cells of an export, and its digest.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv``, ``.txt``, ``.parquet``, ``.xlsx``.
    codebook
        Its ``delimiter``, ``encoding`` and ``sheet``, where it says them.

    Returns
    -------
    tuple
        A frame whose columns are the header's names (cells of text files are text), and the
        SHA-256 of the file.

    Raises
    ------
    InvalidInput
        Not there, not readable, empty, or not what its name says.
    """
    content = _content(path)
    try:
        frame = _raw(path, content, codebook)
    except UnicodeDecodeError:
        remedy = 'Say its encoding in the codebook, e.g. encoding = "latin-1".'
        raise _unreadable(path, "is not UTF-8", remedy) from None
    except (pd.errors.ParserError, csv.Error) as error:
        found = f"has rows that do not fit its header: {error}"
        raise _unreadable(path, found, "Check quotes and delimiters.") from None
    except (pyarrow.ArrowInvalid, zipfile.BadZipFile, LookupError, ValueError) as error:
        raise _unreadable(path, f"could not be read: {error}", "Export it anew.") from None
    if frame.empty:
        raise _unreadable(path, "has a header and no rows", "Export the records with it.")
    return frame.reset_index(drop=True), hashlib.sha256(content).hexdigest()


def layout_of(path: Path) -> tuple[str, str]:
    """Say how a text file is encoded and what stands between its cells.

    Returns
    -------
    tuple
        ``"cp1252"`` where the file is not UTF-8 (as older German and French exports are), else
        empty; and the mark between cells. Both empty for Parquet and workbooks.
    """
    if path.suffix.lower() in {".parquet", *WORKBOOKS}:
        return "", ""
    content = _content(path)
    try:
        return "", _delimiter(_text(content, ""))
    except UnicodeDecodeError:
        return "cp1252", _delimiter(content.decode("cp1252", "replace"))


def _content(path: Path) -> bytes:
    """Read the whole file once."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _unreadable(path, "is not there", "Check the name and the folder.") from None
    except IsADirectoryError:
        raise _unreadable(path, "is a folder", "Name the file in it.") from None
    except PermissionError:
        remedy = "Ask for permission, or copy it."
        raise _unreadable(path, "may not be read by you", remedy) from None
    if not content.strip():
        raise _unreadable(path, "is empty", "Export it anew.")
    return content


def _raw(path: Path, content: bytes, codebook: Codebook | None) -> pd.DataFrame:
    """Read cells by the kind of file."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return pd.read_parquet(io.BytesIO(content))
    if suffix in WORKBOOKS:
        sheet = (codebook.sheet if codebook else "") or 0
        cells = pd.read_excel(io.BytesIO(content), sheet_name=sheet, dtype=object, header=None)
        return _headed(cells, path.name)
    text = _text(content, codebook.encoding if codebook else "")
    delimiter = (codebook.delimiter if codebook else "") or _delimiter(text)
    cells = pd.read_csv(
        io.StringIO(text),
        sep=delimiter,
        dtype="str",
        keep_default_na=False,
        skipinitialspace=True,
        header=None,  # a row like any other: nothing is renamed, cut off or miscounted
        skip_blank_lines=False,
        on_bad_lines="error",
    )
    return _headed(cells, path.name)


def _headed(cells: pd.DataFrame, source: str) -> pd.DataFrame:
    """Take the first row as the header; refuse one that looks like a record."""
    header = cells.iloc[0]
    empty = header.isna() | (header.astype("str").str.strip() == "")
    names = header.astype("str").str.strip().mask(empty, "column " + (header.index + 1).astype(str))
    like_data = names.str.fullmatch(r"[-+]?\d+([.,]\d+)?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
    if 3 * int(like_data.sum()) >= len(names):
        problem = Problem(
            "The first row looks like a record, not like the names of columns",
            f"row 1 of {source}",
            "Put the names of the columns into the first row.",
        )
        raise InvalidInput([problem], source)
    _refuse_duplicates(names, source)
    return cells.iloc[1:].set_axis(list(names), axis=1)


def _text(content: bytes, encoding: str) -> str:
    """Decode by what the codebook says, else by the file's mark, else as UTF-8."""
    if encoding:
        return content.decode(encoding)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _delimiter(text: str) -> str:
    """Find what stands between cells: the mark the header holds most of."""
    header = text.splitlines()[0]
    counts = {mark: header.count(mark) for mark in DELIMITERS}
    return max(counts, key=lambda mark: counts[mark]) if any(counts.values()) else ","


def _refuse_duplicates(names: Iterable[str], source: str) -> None:
    """Refuse a table that names a column twice."""
    names = list(names)
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        listed = ", ".join(f"`{name}`" for name in twice)
        raise InvalidInput(
            [
                Problem(
                    f"{listed} stand{'s' * (len(twice) == 1)} in the header more than once",
                    source,
                    "Rename all but one of them in the export.",
                )
            ],
            source,
        )


def _unreadable(path: Path, found: str, remedy: str) -> InvalidInput:
    return InvalidInput([Problem(f"{path.name} {found}", "", remedy)], path.name)
