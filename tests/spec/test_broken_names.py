"""Names and categories that are the trace of something else."""

import pytest
from exports import BOOK, CLINIC, FIRST, MOOD, SECOND, assert_broken, csv, with_column

BROKEN = {
    "e-mail addresses for clients": (
        csv(FIRST.replace("CLIENT-1", "someone@example.org"), SECOND),
        BOOK,
        ["`client` should not hold e-mail addresses; 1 cell(s) do (row 2",
         "Put numbers that name nobody in their place"],
    ),
    "an e-mail address in a text": (
        with_column("mood", "well", "write to someone@example.org"),
        BOOK + MOOD.replace("category", "text"),
        ["`mood` should not hold e-mail addresses; 1 cell(s) do (row 3"],
    ),
    "a formula for a client": (
        csv('"=HYPERLINK(""http://example.org"",""7"")",1,2024-01-08,THERAPIST-1,30,', SECOND),
        BOOK,
        ["`client` should not begin as a formula does; 1 cell(s) do (row 2",
         "Export the values, not the formulas"],
    ),
    "a formula for a clinic": (
        with_column("site", "north", "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0"),
        BOOK + CLINIC,
        ["`clinic` should not begin as a formula does; 2 cell(s) do (rows 3, 4"],
    ),
    "the error of a formula in a category": (
        with_column("mood", "well", "#REF!"),
        BOOK + MOOD,
        ["`mood` should not be the error of a formula; 1 cell(s) do (row 3", "Mend the formula"],
    ),
    "clients whose digits a spreadsheet lost": (
        csv(FIRST.replace("CLIENT-1", "1.23457E+11"), SECOND),
        BOOK,
        ["`client` should not be written as 1.2E+11, which has lost digits; 1 cell(s) do (row 2",
         "Make the column text"],
    ),
    "a cell of a million characters": (
        csv(FIRST.replace("CLIENT-1", "a" * 1_000_000), SECOND),
        BOOK,
        ["`client` should not have line breaks or more than 200 characters",
         "row 2 of sessions.csv"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_it_is_refused_in_words_and_left_as_it_was(tmp_path, content, book, said):
    assert_broken(tmp_path, "sessions.csv", content, book, said)
