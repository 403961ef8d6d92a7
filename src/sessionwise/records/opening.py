"""Opening an export: CSV, Parquet or a workbook, as raw cells. Nothing is interpreted here."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
import zlib
from pathlib import Path

import pandas as pd
import pyarrow
from pyarrow import parquet

from sessionwise.errors import InvalidInput, Problem
from sessionwise.records.codebook import Codebook
from sessionwise.records.delimited import cells_of_text, decoded, delimiter_of
from sessionwise.records.header import headed, refuse_duplicates
from sessionwise.records.plain_text import plain
from sessionwise.records.whole_files import content_of, unreadable
from sessionwise.records.workbooks import cells_of_workbook

WORKBOOKS = {".xlsx", ".xlsm"}
DISGUISES = (
    (b"\xd0\xcf\x11\xe0", (), "an old or a protected workbook", "Save it as .xlsx, no password."),
    (b"PK\x03\x04", WORKBOOKS, "a workbook or an archive", "A workbook should be called .xlsx."),
    (b"PAR1", {".parquet"}, "a Parquet file", "It should be called .parquet."),
    (b"\x1f\x8b", (), "compressed", "Unpack it first."),
    (b"%PDF", (), "a PDF", "Export the records as CSV."),
    (b"$FL", (), "an SPSS file", "Save it as CSV in SPSS."),
    (b"<", (), "a web page", "Export the records as CSV."),
)
"""How a file begins that is not what its name says: the bytes, who may begin so, what it is."""
DAMAGED = (
    pyarrow.ArrowException,
    zipfile.BadZipFile,
    zlib.error,
    csv.Error,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What the readers of Parquet, workbooks and text say of a file that is not whole."""


MOST_CELLS = 500_000_000
"""Cells a Parquet file may hold: a few kilobytes can unpack to more than there is memory."""


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
        SHA-256 of what was read: the file is read once, and cells and digest are of the same bytes.

    Raises
    ------
    InvalidInput
        Not there, not readable, empty, cut off, or not what its name says.
    """
    content = _content(path)
    _refuse_disguise(path, content)
    try:
        cells = _cells(path, content, codebook)
    except MemoryError:
        remedy = "Clear what is empty in it, or export fewer columns or rows."
        raise unreadable(path, "does not fit into memory", remedy) from None
    except DAMAGED as error:
        kind = path.suffix.lower() or "text"
        found = f"could not be read: it is damaged, cut off, or no {kind} file"
        raise unreadable(path, found, "Export it anew.", type(error).__name__) from None
    frame = cells if path.suffix.lower() == ".parquet" else headed(cells, path.name)
    if frame.empty:
        raise unreadable(path, "has a header and no rows", "Export the records with it.")
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
        return "", delimiter_of(decoded(content))
    except UnicodeDecodeError:
        return "cp1252", delimiter_of(content.decode("cp1252", "replace"))


def _content(path: Path) -> bytes:
    """Read the whole file once."""
    content = content_of(path)
    if not content.strip():
        raise unreadable(path, "is empty", "Export it anew.")
    return content


def _refuse_disguise(path: Path, content: bytes) -> None:
    """Refuse a file that begins as another kind of file does."""
    start = content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, allowed, what, remedy in DISGUISES:
        if start.startswith(beginning) and path.suffix.lower() not in allowed:
            raise unreadable(path, f"could not be read: it is {what}", remedy)


def _cells(path: Path, content: bytes, codebook: Codebook | None) -> pd.DataFrame:
    """Read cells by the kind of file; of text files and workbooks the header is the first row."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _table(content, path.name)
    if suffix in WORKBOOKS:
        return cells_of_workbook(content, codebook.sheet if codebook else "", path.name)
    text = _text(path, content, codebook.encoding if codebook else "")
    return cells_of_text(text, codebook.delimiter if codebook else "", path.name)


def _table(content: bytes, source: str) -> pd.DataFrame:
    """Read Parquet; what was the index when it was written is a column like any other."""
    stored = parquet.ParquetFile(io.BytesIO(content))
    if stored.metadata.num_rows * stored.metadata.num_columns > MOST_CELLS:
        found = f"{source} has {stored.metadata.num_rows:,} rows, more than fit into memory"
        raise InvalidInput([Problem(found, "", "Part it, e.g. by clinic.")], source)
    table = stored.read()
    table.validate(full=True)
    frame = table.to_pandas()
    named = [name for name in frame.index.names if name is not None]
    frame = frame.reset_index(named) if named else frame
    frame.columns = plain(pd.Series([str(name) for name in frame.columns], dtype="str"))
    refuse_duplicates(frame.columns, source)
    return frame


def _text(path: Path, content: bytes, encoding: str) -> str:
    """Decode a text file, or say where that fails."""
    try:
        text = decoded(content, encoding)
    except UnicodeDecodeError as error:
        line = f"line {_line_at(content, error.start)}"
        if encoding:
            remedy = "Correct `encoding` in the codebook, or leave it out."
            raise unreadable(path, f"is not {encoding}", remedy, line) from None
        if error.encoding.lower() != "utf-8":
            found = f"begins as {error.encoding.upper()} and does not go on so"
            raise unreadable(path, found, "Export it anew.", line) from None
        remedy = 'Say its encoding in the codebook, e.g. encoding = "latin-1".'
        raise unreadable(path, "is not UTF-8", remedy, line) from None
    except LookupError:
        remedy = 'Correct `encoding` in the codebook, e.g. encoding = "latin-1".'
        found = f"could not be read: unknown encoding '{encoding}'"
        raise unreadable(path, found, remedy) from None
    if not text.strip():
        raise unreadable(path, "is empty", "Export it anew.")
    return text


def _line_at(content: bytes, place: int) -> int:
    """Give the line in which a byte stands."""
    return content.count(b"\n", 0, place) + 1
