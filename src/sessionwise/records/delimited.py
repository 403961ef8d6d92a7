"""Text files with cells side by side: decoded, parted, and every row as long as the header."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata

import pandas as pd

from sessionwise.errors import InvalidInput, Problem

DELIMITERS = ",;\t|"
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16 does, so it stands before it
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
MOST_COLUMNS = 16_384
"""As many as a spreadsheet has."""
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n")
"""What spreadsheets put above the header to say what stands between cells."""


def decoded(content: bytes, encoding: str = "") -> str:
    """Decode by the file's mark, else as the codebook says, else as UTF-8.

    Letters written in two parts (e and its accent) become one, so that a name is one name.

    Raises
    ------
    UnicodeDecodeError
        The bytes are not what they should be.
    LookupError
        There is no such encoding.

    Examples
    --------
    >>> decoded("Gu\u0308te".encode("utf-16")) == decoded("Güte".encode("latin-1"), "latin-1")
    True
    """
    for mark, marked in MARKS:
        if content.startswith(mark):
            encoding, content = marked, content[len(mark) :]
            break
    return unicodedata.normalize("NFC", content.decode(encoding or "utf-8"))


def delimiter_of(text: str) -> str:
    """Find what stands between cells: the mark the header holds most of, outside quotes.

    Examples
    --------
    >>> delimiter_of('"name, in full";visit;SRS')
    ';'
    """
    said = SEPARATOR_LINE.match(text)
    if said:
        return said[1]
    header = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").partition("\n")[0])
    counts = {mark: header.count(mark) for mark in DELIMITERS}
    return max(counts, key=lambda mark: counts[mark]) if any(counts.values()) else ","


def cells_of_text(text: str, delimiter: str, source: str) -> pd.DataFrame:
    """Part a text into cells, the header being the first row.

    Parameters
    ----------
    text
        The whole file.
    delimiter
        What stands between cells; empty: found by looking.
    source
        Name of the file, for messages.

    Raises
    ------
    InvalidInput
        NUL characters, a quote left open, a delimiter that parts nothing, rows that are longer
        or shorter than the header.
    """
    text = text.removesuffix("\x1a")  # how old programs ended a file
    delimiter = delimiter or delimiter_of(text)
    text = SEPARATOR_LINE.sub("", text, count=1) if text.startswith("sep=") else text
    _refuse_nuls(text, source)
    _refuse_unparted(text, delimiter, source)
    try:
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
    except pd.errors.ParserError as error:
        raise _unfitting(text, delimiter, source, str(error)) from None
    if _too_few(cells, text, delimiter) and _uneven(text, delimiter):
        raise _unfitting(text, delimiter, source)
    return cells


def _refuse_nuls(text: str, source: str) -> None:
    """Refuse a text with NUL characters: UTF-16 that does not say so, or a damaged file."""
    place = text.find("\0")
    if place >= 0:
        remedy = (
            'If it is UTF-16 without its mark, write encoding = "utf-16-le" in the codebook; '
            "else it is damaged: export it anew."
        )
        line = text.count("\n", 0, place) + 1
        raise _refused(f"{source} holds NUL characters", remedy, f"first in line {line}", source)


def _refuse_unparted(text: str, delimiter: str, source: str) -> None:
    """Refuse a delimiter that is none, or that does not stand in the header."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        remedy = 'Write one character, e.g. delimiter = ";", or leave it out.'
        raise _refused("`delimiter` in the codebook should be one character", remedy, "", source)
    if not text.partition("\n")[0].strip():
        remedy = "Put the names of the columns into the first line."
        raise _refused(f"{source} begins with an empty line", remedy, "line 1", source)
    first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    if len(first) > MOST_COLUMNS:
        found = f"{source} has {len(first):,} columns, more than the {MOST_COLUMNS:,} there may be"
        remedy = "Check what stands between the cells, and take out empty columns."
        raise _refused(found, remedy, "line 1", source)
    if len(first) == 1 and "\n" not in first[0]:
        found = [mark for mark in DELIMITERS if mark in first[0]]
        written = {"\t": "\\t"}.get(found[0], found[0]) if found else ""
        remedy = (
            f'It seems to be parted by {_called(found[0])}: write delimiter = "{written}" in the '
            "codebook, or leave it out."
            if found
            else "Export it as CSV with the names of the columns in the first line."
        )
        found_here = f"{source} has one column only: its first line holds no {_called(delimiter)}"
        raise _refused(found_here, remedy, "line 1", source)


def _called(delimiter: str) -> str:
    """Name a delimiter in words."""
    words = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
    return words.get(delimiter, f"'{delimiter}'")


def _too_few(cells: pd.DataFrame, text: str, delimiter: str) -> bool:
    """Say whether fewer delimiters stand in the text than its cells need; quick."""
    inside = 0
    if '"' in text:
        inside = sum(int(cells[name].str.count(re.escape(delimiter)).sum()) for name in cells)
    return text.count(delimiter) - inside < (cells.shape[1] - 1) * len(cells)


def _uneven(text: str, delimiter: str) -> list[tuple[int, int]]:
    """Give line and number of cells of each row that is not as long as the header."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    width = len(next(reader))
    return [
        (reader.line_num, len(record))
        for record in reader
        if len(record) != width and any(cell.strip() for cell in record)
    ]


def _unfitting(text: str, delimiter: str, source: str, error: str = "") -> InvalidInput:
    """Say which rows do not fit the header, or which quote was never closed."""
    quote = re.search(r"EOF inside string starting at row (\d+)", error)
    if quote:
        found = f"{source} has a quote that is opened and never closed"
        remedy = "Close it, or take it out of the export."
        return _refused(found, remedy, f"it is opened in row {int(quote[1]) + 1}", source)
    uneven = _uneven(text, delimiter)
    width = len(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
    if not uneven:  # the two readers disagree about quotes
        found = f"{source} has rows that do not fit its header"
        return _refused(found, "Check its quotes and delimiters.", "", source)
    line, cells = uneven[0]
    more = f" and {len(uneven) - 1} more lines differ too" if len(uneven) > 1 else ""
    more = " and 1 more line differs too" if len(uneven) == 2 else more
    found = (
        f"{source} has rows that do not fit its header: it has {width} cell{'s' * (width != 1)}, "
        f"line {line} has {cells},{more}".removesuffix(",")
    )
    remedy = "Check quotes and delimiters there, and whether the file was cut off."
    return _refused(found, remedy, "", source)


def _refused(found: str, remedy: str, where: str, source: str) -> InvalidInput:
    return InvalidInput([Problem(found, where, remedy)], source)
