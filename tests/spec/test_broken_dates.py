"""Dates that do not say which day they mean."""

import pytest
from exports import BOOK, FIRST, GERMAN_DATES, SECOND, assert_broken, csv, formatted

BROKEN = {
    "day numbers of a spreadsheet": (
        csv(FIRST.replace("2024-01-08", "45299"), SECOND.replace("2024-01-15", "45306")),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 2 cell(s) are not (rows 2, 3 of",
         "look like the day numbers of a spreadsheet: make the column dates there"],
    ),
    "dates in two forms": (
        csv(FIRST, SECOND.replace("2024-01-15", "15.01.2024")),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 3 of",
         "`format` of [columns.date]; one format a column"],
    ),
    "month and day the other way round": (
        csv(FIRST.replace("2024-01-08", "08/01/2024"), SECOND.replace("2024-01-15", "01/15/2024")),
        formatted("%d/%m/%Y"),
        ["`date` should be written as %d/%m/%Y; 1 cell(s) are not (row 3"],
    ),
    "years of two digits": (
        csv(FIRST.replace("2024-01-08", "08.01.24"), SECOND.replace("2024-01-15", "15.01.24")),
        GERMAN_DATES,
        ["`date` should be written as %d.%m.%Y; 2 cell(s) are not (rows 2, 3",
         "years have two digits, which do not say the century: export four"],
    ),
    "a codebook that asks for years of two digits": (
        csv(FIRST.replace("2024-01-08", "08.01.24")),
        formatted("%d.%m.%y"),
        ["two-digit years", "(format = '%d.%m.%y' in [columns.date])", "write %Y"],
    ),
    "a format as spreadsheets write it": (
        csv(FIRST),
        formatted("YYYY-MM-DD"),
        ["has a format that does not say day, month and year (format = 'YYYY-MM-DD'",
         "e.g. %Y-%m-%d"],
    ),
    "a format that leaves the guessing to the reader": (
        csv(FIRST),
        formatted("mixed"),
        ["does not say day, month and year (format = 'mixed'"],
    ),
    "a format that says the year twice": (
        csv(FIRST),
        formatted("%Y-%m-%d %Y"),
        ["has a format that cannot be used", "Use each of %d, %m and %Y once"],
    ),
    "dates before anybody was born": (
        csv(FIRST, SECOND.replace("2024-01-15", "1900-01-00")
            , "CLIENT-2,1,1899-12-30,THERAPIST-2,30,", "CLIENT-3,1,0202-01-08,THERAPIST-2,30,"),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 3",
         "`date` holds 2 date(s) before 1901 or after 2100 (rows 4, 5", "`missing` of"],
    ),
    "a day that spreadsheets know and calendars do not": (
        csv(FIRST.replace("2024-01-08", "1900-02-29")),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 2"],
    ),
    "a time of day that there is not": (
        csv(FIRST, SECOND.replace("2024-01-15", "2024-01-15 25:99")),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 3"],
    ),
    "words after the time of day": (
        csv(FIRST, SECOND.replace("2024-01-15", "2024-01-15 09:30 or so")),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 3"],
    ),
    "a later session on an earlier day": (
        csv(FIRST.replace("2024-01-08", "2024-02-08"), SECOND),
        BOOK,
        ["A later session has no earlier date; 1 row does not (row 3",
         "Check the dates and the session numbers"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_it_is_refused_in_words_and_left_as_it_was(tmp_path, content, book, said):
    assert_broken(tmp_path, "sessions.csv", content, book, said)
