"""Numbers that are none, or cannot be."""

import pytest
from exports import BOOK, FIRST, SECOND, assert_broken, csv, with_column

BROKEN = {
    "a score above its range": (
        csv(FIRST, SECOND.replace("31", "40.5")),
        BOOK,
        ["`srs` should lie between 0 and 40; 1 row does not (row 3", "Correct them"],
    ),
    "a score below its range": (
        csv(FIRST, SECOND.replace("31", "-9")),
        BOOK,
        ["`srs` should lie between 0 and 40; 1 row does not (row 3", "If -9 means"],
    ),
    "99 for not answered": (
        csv(FIRST, SECOND.replace("31", "99")),
        BOOK,
        ["`srs` should lie between 0 and 40", 'If 99 means "not answered", add it to `missing`'],
    ),
    "a comma in the numbers": (
        csv(FIRST.replace("30", '"30,5"'), SECOND),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 2", 'write decimal = ","'],
    ),
    "a point in numbers with commas": (
        csv(FIRST.replace("30", '"30,5"'), SECOND.replace("31", "1.000")),
        'decimal = ","\n' + BOOK,
        ["`srs` should have a comma as its decimal mark; 1 cell(s) do not (row 3",
         "none with marks between thousands"],
    ),
    "text in numbers": (
        csv(FIRST, SECOND.replace("31", "about thirty")),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 3", "`missing` of [columns.srs]"],
    ),
    "infinity": (
        csv(FIRST, SECOND.replace("31", "inf")),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 3"],
    ),
    "a formula in a number": (
        csv(FIRST, SECOND.replace("31", '"=HYPERLINK(""http://example.org"",31)"')),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 3"],
    ),
    "a number of a million digits": (
        csv(FIRST.replace("30", "1" * 1_000_000), SECOND),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 2 of sessions.csv)"],
    ),
    "a comma that may part thousands": (
        csv(FIRST, SECOND.replace("31", '"1,234"')),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 3", "may part thousands: take it out"],
    ),
    "per cent": (
        with_column("task", "50%", "100 %"),
        BOOK + '[columns.homework]\nfrom = "task"\n',
        ["`homework` should be a number; 2 cell(s) are not (rows 2, 3", "They end in %",
         "between 0 and 1"],
    ),
    "homework in points": (
        with_column("task", "1", "50"),
        BOOK + '[columns.homework]\nfrom = "task"\n',
        ["`homework` should lie between 0 and 1; 1 row does not (row 3"],
    ),
    "true and false": (
        csv(FIRST.replace("30", "TRUE"), SECOND.replace("31", "FALSE")),
        BOOK,
        ["They say yes or no: explain them in `codes` of [columns.srs]"],
    ),
    "a sign beside the digits": (
        csv(FIRST, SECOND.replace("31", "31*")),
        BOOK,
        ["Something stands beside the digits: take out signs and units"],
    ),
    "a time of day for a score": (
        csv(FIRST, SECOND.replace("31", "12:30")),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 3"],
    ),
    "half a number": (csv(FIRST, SECOND.replace("31", "30½")), BOOK, ["`srs` should be a number"]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_it_is_refused_in_words_and_left_as_it_was(tmp_path, content, book, said):
    assert_broken(tmp_path, "sessions.csv", content, book, said)
