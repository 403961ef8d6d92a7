"""Text files that are no tables: encodings, what stands between cells, quotes, ragged rows."""

import pytest
from exports import BOOK, FIRST, HEADER, SECOND, assert_broken, csv

BROKEN = {
    "semicolons where the codebook says commas": (
        csv(FIRST).replace(b",", b";"),
        'delimiter = ","\n' + BOOK,
        ["sessions.csv has one column only: its first line holds no commas (line 1).",
         'parted by semicolons: write delimiter = ";" in the codebook, or leave it out'],
    ),
    "commas where the codebook says tabs": (
        csv(FIRST),
        'delimiter = "\\t"\n' + BOOK,
        ["has one column only: its first line holds no tabs (line 1)", 'write delimiter = ","'],
    ),
    "cells parted by a mark nobody uses": (
        csv(FIRST).replace(b",", b"~"),
        BOOK,
        ["has one column only", "Export it as CSV with the names of the columns"],
    ),
    "a delimiter of two characters": (
        csv(FIRST),
        'delimiter = ";;"\n' + BOOK,
        ["`delimiter` in the codebook should be one character", 'e.g. delimiter = ";"'],
    ),
    "a header with commas over rows with semicolons": (
        csv(FIRST.replace(",", ";"), SECOND.replace(",", ";")),
        BOOK,
        ["it has 6 cells, line 2 has 1, and 1 more line differs too",
         "Check quotes and delimiters there"],
    ),
    "Latin-1 that does not say so": (
        csv(FIRST, SECOND, header=HEADER.replace("end", "Güte")).decode().encode("latin-1"),
        BOOK,
        ["sessions.csv is not UTF-8 (line 1)", 'encoding = "latin-1"'],
    ),
    "an encoding that is not the file's": (
        csv(FIRST, "CLIENT-2,1,2024-01-08,Zoë,30,"),
        'encoding = "ascii"\n' + BOOK,
        ["sessions.csv is not ascii (line 3)", "Correct `encoding` in the codebook"],
    ),
    "an encoding nobody knows": (
        csv(FIRST),
        'encoding = "latin-99"\n' + BOOK,
        ["unknown encoding 'latin-99'", 'encoding = "latin-1"'],
    ),
    "UTF-16 cut in the middle of a letter": (
        csv(FIRST).decode().encode("utf-16")[:-1],
        BOOK,
        ["begins as UTF-16-LE and does not go on so", "Export it anew."],
    ),
    "UTF-16 without its mark": (
        csv(FIRST).decode().encode("utf-16-le"),
        BOOK,
        ["holds NUL characters (first in line 1)", 'encoding = "utf-16-le" in the codebook'],
    ),
    "NUL bytes in a cell": (
        csv(FIRST, SECOND.replace("31", "\0\0")),
        BOOK,
        ["holds NUL characters (first in line 3)", "it is damaged: export it anew"],
    ),
    "a row with a cell too few": (
        csv(FIRST, "CLIENT-1,2,2024-01-15", SECOND.replace(",2,", ",3,")),
        BOOK,
        ["has rows that do not fit its header: it has 6 cells, line 3 has 3."],
    ),
    "a row with a cell too few beside quoted commas": (
        csv(FIRST, 'CLIENT-1,2,2024-01-15,"THERAPIST-1, once"'),
        BOOK,
        ["it has 6 cells, line 3 has 4."],
    ),
    "rows with cells too many": (
        csv(FIRST + ",x", SECOND, SECOND + ",y,z"),
        BOOK,
        ["it has 6 cells, line 2 has 7, and 1 more line differs too"],
    ),
    "a file cut off while it was copied": (
        csv(FIRST, SECOND)[:-15],
        BOOK,
        ["it has 6 cells, line 3 has 4.", "whether the file was cut off"],
    ),
    "a quote that is never closed": (
        csv(FIRST, 'CLIENT-1,2,2024-01-15,"THERAPIST-1,31,'),
        BOOK,
        ["a quote that is opened and never closed (it is opened in row 3)", "Close it"],
    ),
    "a quote that is closed rows later": (
        csv(FIRST, 'CLIENT-1,2,2024-01-15,"THERAPIST-1,31,', 'CLIENT-1,3,2024-01-22,",31,'),
        BOOK,
        ["`therapist` should not have line breaks or more than 200 characters; 1 cell(s) do",
         "row 3 of sessions.csv", "swallows the rows that follow"],
    ),
    "a quote in the header that is never closed": (
        b'"' + csv(FIRST),
        BOOK,
        ["a quote that is opened and never closed (it is opened in row 1)"],
    ),
    "more columns than a spreadsheet has": (
        csv(FIRST, header=HEADER + "," * 100_000),
        BOOK,
        ["sessions.csv has 100,006 columns, more than the 16,384 there may be (line 1)",
         "take out empty columns"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_it_is_refused_in_words_and_left_as_it_was(tmp_path, content, book, said):
    assert_broken(tmp_path, "sessions.csv", content, book, said)
