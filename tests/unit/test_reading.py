"""Reading: the same records, however the export was written."""

from datetime import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sessionwise.errors import InvalidInput
from sessionwise.records.codebook import Codebook
from sessionwise.records.ledger import Left
from sessionwise.records.reading import read
from sessionwise.records.sessions import Sessions

BOOK = """
schema = 1
[columns.client]
from = "ID"
[columns.session]
from = "visit"
[columns.date]
from = "day"
[columns.srs]
from = "SRS"
instrument = "srs"
missing = [99]
"""
PLAIN = "ID,visit,day,SRS\n7,1,2024-01-08,34.5\n7,2,2024-01-15,99\n8,1,2024-01-09,36\n"


def book(text: str = BOOK, **keys: object) -> Codebook:
    return Codebook.parse({**Codebook.parse(text).model_dump(by_alias=True), **keys})


def written(folder, content: str | bytes, name: str = "visits.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def assert_plain(s: Sessions) -> None:
    """Hold records to what the plain export says."""
    assert s.table["client"].tolist() == ["7", "7", "8"]
    assert s.table["session"].tolist() == [1, 2, 1]
    assert s.table["date"].dt.strftime("%d %b").tolist() == ["08 Jan", "15 Jan", "09 Jan"]
    assert s.table["srs"].fillna(-1).tolist() == [34.5, -1, 36]
    assert s.columns["srs"].known == "after"
    assert s.columns["srs"].label == "SRS"


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


def test_a_decimal_comma(tmp_path):
    content = PLAIN.replace(",", ";").replace("34.5", "34,5")
    assert_plain(read(written(tmp_path, content), book(decimal=",")))


def test_a_decimal_comma_nobody_announced_is_recognised_and_refused(tmp_path):
    content = PLAIN.replace(",", ";").replace("34.5", "34,5")
    with pytest.raises(InvalidInput, match='write decimal = ","'):
        read(written(tmp_path, content), book())


def test_an_encoding_is_asked_for_and_then_used(tmp_path):
    path = written(tmp_path, PLAIN.replace("SRS", "Güte").encode("latin-1"))
    named = BOOK.replace('"SRS"', '"Güte"')
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        read(path, book(named))
    assert_plain(read(path, book(named, encoding="latin-1")))
    with pytest.raises(InvalidInput, match="unknown encoding"):
        read(path, book(named, encoding="latin-99"))


@pytest.mark.parametrize("code", ["99", "99.0", " 99 "])
def test_a_missing_code_is_a_number_however_it_is_written(tmp_path, code):
    path = written(tmp_path, PLAIN.replace("99", code))
    assert_plain(read(path, book()))


@pytest.mark.parametrize("word", ["", "NA", "N/A", "NaN", "null", "."])
def test_some_cells_are_empty_in_every_column(tmp_path, word):
    assert_plain(read(written(tmp_path, PLAIN.replace("99", word)), book()))


def test_a_word_that_means_not_answered_can_be_named(tmp_path):
    path = written(tmp_path, PLAIN.replace("99", "refused"))
    with pytest.raises(InvalidInput, match=r"`srs` should be a number; 1 cell.*row 3 of visits"):
        read(path, book())
    assert_plain(read(path, book(BOOK.replace("[99]", '["refused"]'))))


@pytest.mark.parametrize(
    ("written_as", "form"),
    [("%d.%m.%Y", "%d.%m.%Y"), ("%m/%d/%Y", "%m/%d/%Y"), ("%Y-%m-%d 09:30:00", "%Y-%m-%d")],
)
def test_dates_are_read_in_the_one_format_named(tmp_path, written_as, form):
    content = PLAIN
    for day in ("2024-01-08", "2024-01-15", "2024-01-09"):
        content = content.replace(day, pd.Timestamp(day).strftime(written_as))
    s = read(written(tmp_path, content), book(BOOK.replace('"day"', f'"day"\nformat = "{form}"')))
    assert_plain(s)


@pytest.mark.parametrize(
    ("day", "form", "found"),
    [
        ("08.01.2024", "%Y-%m-%d", r"`date` should be written as %Y-%m-%d; 1 cell.*row 2 of"),
        ("08.01.24", "%d.%m.%y", "two-digit years"),
        ("2024-02-30", "%Y-%m-%d", "should be written as"),
    ],
)
def test_other_dates_are_refused_not_guessed(tmp_path, day, form, found):
    path = written(tmp_path, PLAIN.replace("2024-01-08", day))
    with pytest.raises(InvalidInput, match=found):
        read(path, book(BOOK.replace('"day"', f'"day"\nformat = "{form}"')))


def workbook(path, rows: list[list[object]], sheet: str = "Sheet1") -> None:
    content = openpyxl.Workbook()
    content.active.title = sheet
    for row in rows:
        content.active.append(row)
    content.save(path)


ROWS = [
    ["ID", "visit", "day", "SRS"],
    [7, 1, datetime(2024, 1, 8), 34.5],
    [7, 2, datetime(2024, 1, 15), 99],
    [8, 1, datetime(2024, 1, 9), 36],
]


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


ATTENDANCE = """
[columns.client]
from = "ID"
[columns.date]
from = "day"
[columns.attendance]
from = "came"
codes = { 1 = "attended", 2 = "no_show", 3 = "cancelled" }
[columns.sex]
from = "sex"
level = "course"
codes = { m = "man", w = "woman", u = "" }
order = ["woman", "man"]
"""


def test_codes_become_words_in_the_order_of_the_codebook(tmp_path):
    path = written(
        tmp_path,
        "ID,day,came,sex\na,2024-01-08,1,m\na,2024-01-15,2,m\nb,2024-01-08,1,u\nc,2024-01-08,3,w\n",
    )
    s = read(path, Codebook.parse(ATTENDANCE))
    assert s.table["attendance"].tolist() == ["attended", "no_show", "attended", "cancelled"]
    assert s.table["session"].fillna(0).tolist() == [1, 0, 1, 0]
    assert s.courses["sex"].astype("str").fillna("none").tolist() == ["man", "none", "woman"]
    assert s.courses["sex"].cat.categories.tolist() == ["woman", "man"]


def test_a_code_the_codebook_does_not_explain_is_refused_without_repeating_it(tmp_path):
    path = written(tmp_path, "ID,day,came,sex\na,2024-01-08,1,secret\n")
    with pytest.raises(InvalidInput, match=r"`sex` holds 1 code\(s\)") as told:
        read(path, Codebook.parse(ATTENDANCE))
    assert "secret" not in str(told.value)


def test_a_number_may_change_its_unit_and_one_column_become_two(tmp_path):
    path = written(tmp_path, "ID,day,bdi\na,0,30\na,3.5,20\na,,19\na,91,12\n")
    text = """
    time_unit = "weeks"
    [columns.client]
    from = "ID"
    [columns.time]
    from = "day"
    divide_by = 7
    [columns.quarter]
    from = "day"
    divide_by = 91
    high = 1
    known = "before"
    [columns.bdi]
    from = "bdi"
    instrument = "bdi2"
    known = "before"
    """
    with pytest.raises(InvalidInput, match="Every row has its `time`"):
        read(path, Codebook.parse(text), clock="time")
    path = written(tmp_path, "ID,day,bdi\na,0,30\na,3.5,20\na,91,12\n")
    s = read(path, Codebook.parse(text), clock="time")
    assert s.table["time"].tolist() == [0, 0.5, 13]
    assert s.table["quarter"].iloc[-1] == 1  # its limits are in the new unit


def test_scores_in_several_columns_of_a_row_become_rows_of_their_own(tmp_path):
    path = written(tmp_path, "ID,b0,b2,b8,arm\n1,29,2,,TAU\n2,32,,17,BtheB\n")
    text = """
    time_unit = "months"
    [columns.client]
    from = "ID"
    [columns.arm]
    from = "arm"
    level = "course"
    order = ["TAU", "BtheB"]
    [repeated.bdi]
    instrument = "bdi2"
    known = "before"
    at = { b0 = 0, b2 = 2, b8 = 8 }
    """
    s = read(path, Codebook.parse(text), clock="time")
    assert s.table["client"].tolist() == ["1", "1", "1", "2", "2", "2"]
    assert s.table["time"].tolist() == [0, 2, 8, 0, 2, 8]
    assert s.table["bdi"].fillna(-1).tolist() == [29, 2, -1, 32, -1, 17]
    assert s.courses["arm"].tolist() == ["TAU", "BtheB"]
    assert (s.clock, s.time_unit) == ("time", "months")
    assert s.origin.rows_read == 2
    assert s.origin.notes == (
        "Each of the 2 rows of the file holds several assessments, one row each.",
    )


def test_a_score_out_of_range_names_the_row_of_the_file_also_when_rows_were_laid_out(tmp_path):
    path = written(tmp_path, "ID,b0,b2\n1,29,2\n2,32,64\n")
    text = "[columns.client]\nfrom='ID'\n[repeated.bdi]\ninstrument='bdi2'\nknown='before'\n"
    with pytest.raises(InvalidInput, match=r"`bdi` should lie between 0 and 63.*row 3 of visits"):
        read(path, Codebook.parse(text + "at = { b0 = 0, b2 = 2 }"), clock="time")


def test_items_are_scored_to_the_total_and_every_subscale(tmp_path):
    """WAI-SR: task is items 1, 2, 10, 12; bond 3, 5, 7, 9; goal 4, 6, 8, 11."""
    answers = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]
    names = ",".join(f"q{n}" for n in range(1, 13))
    rows = ["a,1," + ",".join(map(str, answers)), "a,2," + ",".join(["", *map(str, answers[1:])])]
    path = written(tmp_path, f"ID,visit,{names}\n" + "\n".join(rows) + "\n")
    text = "[columns.client]\nfrom='ID'\n[columns.session]\nfrom='visit'\n" + "\n".join(
        f"[columns.wai_{n}]\nfrom='q{n}'\ninstrument='wai_sr'\nitem={n}\nknown='after'"
        for n in range(1, 13)
    )
    s = read(path, Codebook.parse(text))
    first = s.table.iloc[0]
    assert first["wai"] == 33
    assert first["wai_task"] == 1 + 2 + 5 + 2
    assert first["wai_bond"] == 3 + 5 + 2 + 4
    assert first["wai_goal"] == 4 + 1 + 3 + 1
    second = s.table.iloc[1]  # item 1 was not answered: no total, no task; bond and goal stand
    assert np.isnan(second["wai"])
    assert np.isnan(second["wai_task"])
    assert (second["wai_bond"], second["wai_goal"]) == (14, 9)
    assert s.columns["wai"].known == "after"
    assert s.columns["wai"].made_from == tuple(f"wai_{n}" for n in range(1, 13))
    assert s.instruments["wai"].id == "wai_sr"


def test_items_that_are_not_all_there_are_asked_for(tmp_path):
    path = written(tmp_path, "ID,visit,a,b\n1,1,9,9\n")
    text = "[columns.client]\nfrom='ID'\n[columns.session]\nfrom='visit'\n" + "\n".join(
        f"[columns.srs_{n}]\nfrom='{c}'\ninstrument='srs'\nitem={n}"
        for n, c in ((1, "a"), (2, "b"))
    )
    with pytest.raises(InvalidInput, match="`srs` cannot be scored: items 3, 4 are not"):
        read(path, Codebook.parse(text))


def test_an_instrument_of_the_codebooks_own(tmp_path):
    path = written(tmp_path, "ID,visit,m1,m2\n1,1,0,4\n1,2,3,1\n")
    text = """
    [columns.client]
    from = "ID"
    [columns.session]
    from = "visit"
    [columns.mood_1]
    from = "m1"
    instrument = "mood"
    item = 1
    [columns.mood_2]
    from = "m2"
    instrument = "mood"
    item = 2
    [instruments.mood]
    name = "Mood, two questions"
    rater = "client"
    better = "higher"
    administered = "before"
    items = 2
    item_min = 0
    item_max = 4
    item_step = 1
    scoring = "sum"
    reverse = [2]
    licence = "ours"
    wording_free = true
    short = "Mood"
    status = { scoring = "secondary", reverse = "secondary" }
    [instruments.mood.sources]
    scoring = "our own form"
    reverse = "our own form"
    administered = "our own form"
    """
    s = read(path, Codebook.parse(text))
    assert s.table["mood"].tolist() == [0 + (4 - 4), 3 + (4 - 1)]
    assert s.columns["mood"].known == "before"


def test_one_client_number_in_two_clinics_is_two_clients(tmp_path):
    path = written(tmp_path, "site,ID,visit,SRS\nnorth,7,1,30\nnorth,7,2,31\nsouth,7,1,20\n")
    text = BOOK.replace('[columns.date]\nfrom = "day"', '[columns.clinic]\nfrom = "site"')
    assert read(path, book(text)).courses["client"].tolist() == ["north/7", "south/7"]
    shared = read(path, book(text, ids_global=True))
    assert shared.courses["client"].tolist() == ["7", "7"]
    assert shared.counts()["clients"] == 1


def test_two_courses_of_one_client(tmp_path):
    path = written(tmp_path, "ID,therapy,visit,SRS\n7,1,1,30\n7,1,2,31\n7,2,1,20\n")
    text = BOOK.replace('[columns.date]\nfrom = "day"', '[columns.course]\nfrom = "therapy"')
    s = read(path, book(text))
    assert s.courses[["client", "course"]].to_numpy().tolist() == [["7", 1], ["7", 2]]
    assert s.counts()["clients"] == 1
    without = book(BOOK.replace('[columns.date]\nfrom = "day"\n', ""))
    with pytest.raises(InvalidInput, match=r"each session number stands once; 1 row.*row 4 of"):
        read(path, without)


def test_a_limit_on_one_side_is_held_on_that_side(tmp_path):
    text = BOOK.replace('instrument = "srs"', 'known = "after"\nlow = 0')
    path = written(tmp_path, PLAIN.replace("34.5", "-1"))
    with pytest.raises(InvalidInput, match=r"`srs` should be 0 or more; 1 row does not \(row 2"):
        read(path, book(text))
    high = written(tmp_path, PLAIN.replace("34.5", "1000"))
    assert read(high, book(text)).table["srs"].max() == 1000


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


def test_every_problem_of_a_file_is_said_at_once(tmp_path):
    path = written(
        tmp_path, "ID,visit,day,SRS\nzoe,1,08.01.2024,41\nzoe,x,2024-01-15,30\nzoe,2,2024-01-16,y\n"
    )
    with pytest.raises(InvalidInput) as told:
        read(path, book())
    said = str(told.value)
    for found in ("`session` should be a number", "`date` should be", "`srs` should be a number"):
        assert found in said
    assert "`srs` should lie between 0 and 40; 1 row does not (row 2 of visits.csv)" in said
    assert "zoe" not in said


def test_a_clock_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="The clock is `time`, and no column holds it"):
        read(written(tmp_path, PLAIN), book(), clock="time")


def test_columns_the_codebook_does_not_name_are_not_read_and_counted(tmp_path):
    s = read(written(tmp_path, PLAIN.replace("\n", ",note\n")), book(BOOK))
    assert "1 column of the export is not in the codebook and not read." in s.origin.notes
    assert "note" not in s.table
    more = PLAIN.replace("\n", ",note,room\n")
    s = read(written(tmp_path, more), book(BOOK))
    assert "2 columns of the export are not in the codebook and not read." in s.origin.notes


def test_where_every_column_is_read_nothing_is_said_of_columns(tmp_path):
    s = read(written(tmp_path, PLAIN), book(BOOK))
    assert not any("codebook" in note for note in s.origin.notes)


def test_the_export_is_never_changed(tmp_path):
    path = written(tmp_path, PLAIN)
    read(path, book())
    assert path.read_text() == PLAIN
    assert [file.name for file in tmp_path.iterdir()] == ["visits.csv"]
