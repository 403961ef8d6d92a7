"""Opening: the same records from text, a workbook or Parquet, however it was written."""

import numpy as np
import pandas as pd
import pytest
from visits_export import BOOK, PLAIN, ROWS, assert_plain, book, workbook, written

from sessionwise.errors import InvalidInput
from sessionwise.records.ledger import Left
from sessionwise.records.reading import read


def test_plain_csv(tmp_path):
    s = read(written(tmp_path, PLAIN), book())
    assert_plain(s)
    assert s.origin.source == "visits.csv"
    assert s.origin.rows_read == 3
    assert len(s.origin.digest) == 64


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", ", ").encode(),
        PLAIN.replace("7", '" 7 "').replace('201" 7 "', "2017").encode(),
    ],
    ids=["BOM", "UTF-16", "CRLF", "semicolon", "tab", "space after comma", "quoted cells"],
)
def test_csv_as_programs_write_it(tmp_path, content):
    assert_plain(read(written(tmp_path, content), book()))


def test_an_encoding_is_asked_for_and_then_used(tmp_path):
    path = written(tmp_path, PLAIN.replace("SRS", "Güte").encode("latin-1"))
    named = BOOK.replace('"SRS"', '"Güte"')
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        read(path, book(named))
    assert_plain(read(path, book(named, encoding="latin-1")))
    with pytest.raises(InvalidInput, match="unknown encoding"):
        read(path, book(named, encoding="latin-99"))


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
def test_a_workbook_whose_dates_are_dates(tmp_path, form):
    """A cell that is a date needs no format, whichever its text would have."""
    workbook(tmp_path / "visits.xlsx", ROWS)
    text = BOOK.replace('"day"', f'"day"\nformat = "{form}"')
    assert_plain(read(tmp_path / "visits.xlsx", book(text)))


def test_a_workbook_with_empty_rows_at_its_end_and_a_named_sheet(tmp_path):
    workbook(tmp_path / "visits.xlsx", [*ROWS, [None, None, None, " "], ["", "", "", "NA"]], "data")
    s = read(tmp_path / "visits.xlsx", book(sheet="data"))
    assert_plain(s)
    assert s.origin.rows_read == 5
    assert s.origin.ledger == (Left("rows without a single entry", 2),)
    with pytest.raises(InvalidInput, match="visits.xlsx could not be read"):
        read(tmp_path / "visits.xlsx", book(sheet="dat"))


def test_parquet(tmp_path):
    frame = pd.DataFrame(ROWS[1:], columns=ROWS[0])
    for ids in ("int64", "str"):
        frame.astype({"ID": ids}).to_parquet(tmp_path / "visits.parquet")
        assert_plain(read(tmp_path / "visits.parquet", book()))


def test_a_moment_is_read_as_its_day_so_that_what_was_due_does_not_depend_on_the_hour(tmp_path):
    late = [[*row[:2], row[2].replace(hour=18, minute=30), row[3]] for row in ROWS[1:]]
    pd.DataFrame(late, columns=ROWS[0]).to_parquet(tmp_path / "visits.parquet")
    workbook(tmp_path / "visits.xlsx", [ROWS[0], *late])
    for name in ("visits.parquet", "visits.xlsx"):
        days = read(tmp_path / name, book()).table["date"]
        assert days.tolist() == [pd.Timestamp(day) for _, _, day, _ in ROWS[1:]]


def test_parquet_with_empty_ids_keeps_whole_numbers_whole(tmp_path):
    """A column of whole numbers with a hole in it is stored as 7.0, and means 7."""
    frame = pd.DataFrame({"ID": [7.0, 8.0], "visit": [1.0, 1.0], "th": [3.0, np.nan], "SRS": 30.0})
    frame.to_parquet(tmp_path / "visits.parquet")
    text = BOOK.replace('[columns.date]\nfrom = "day"', '[columns.therapist]\nfrom = "th"')
    s = read(tmp_path / "visits.parquet", book(text))
    assert s.table["client"].tolist() == ["7", "8"]
    assert s.table["therapist"].fillna("none").tolist() == ["3", "none"]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("none.csv", None, "none.csv is not there"),
        ("empty.csv", "", "empty.csv is empty"),
        ("head.csv", "ID,visit,day,SRS\n", "has a header and no rows"),
        ("twice.csv", "ID,visit,ID,SRS\n1,1,2,30\n", "`ID` stands in the header more than once"),
        ("long.csv", PLAIN + "9,1,2024-01-08,30,extra\n", "rows that do not fit its header"),
        ("names.csv", PLAIN.replace("visit", "Visit"), "has no column 'visit'.*mean 'Visit'"),
        ("not.xlsx", PLAIN, "not.xlsx could not be read"),
        ("not.parquet", PLAIN, "not.parquet could not be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_by_its_name_alone(tmp_path, name, content, found):
    path = tmp_path / name
    if content is not None:
        written(tmp_path, content, name)
    with pytest.raises(InvalidInput, match=found) as told:
        read(path, book())
    assert str(tmp_path) not in str(told.value)


def test_a_workbook_that_names_a_column_twice_is_refused(tmp_path):
    workbook(tmp_path / "visits.xlsx", [[*ROWS[0], "SRS"], *([*row, 1] for row in ROWS[1:])])
    with pytest.raises(InvalidInput, match="`SRS` stands in the header more than once"):
        read(tmp_path / "visits.xlsx", book())


def test_the_export_is_never_changed(tmp_path):
    path = written(tmp_path, PLAIN)
    read(path, book())
    assert path.read_text() == PLAIN
    assert [file.name for file in tmp_path.iterdir()] == ["visits.csv"]
