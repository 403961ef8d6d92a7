"""Parsing: what the cells of an export are, by the codebook, and which are refused."""

import pandas as pd
import pytest
from visits_export import BOOK, PLAIN, assert_plain, book, written

from sessionwise.errors import InvalidInput
from sessionwise.records.codebook import Codebook
from sessionwise.records.reading import read


def test_a_decimal_comma(tmp_path):
    content = PLAIN.replace(",", ";").replace("34.5", "34,5")
    assert_plain(read(written(tmp_path, content), book(decimal=",")))


def test_a_decimal_comma_nobody_announced_is_recognised_and_refused(tmp_path):
    content = PLAIN.replace(",", ";").replace("34.5", "34,5")
    with pytest.raises(InvalidInput, match='write decimal = ","'):
        read(written(tmp_path, content), book())


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


def test_a_limit_on_one_side_is_held_on_that_side(tmp_path):
    text = BOOK.replace('instrument = "srs"', 'known = "after"\nlow = 0')
    path = written(tmp_path, PLAIN.replace("34.5", "-1"))
    with pytest.raises(InvalidInput, match=r"`srs` should be 0 or more; 1 row does not \(row 2"):
        read(path, book(text))
    high = written(tmp_path, PLAIN.replace("34.5", "1000"))
    assert read(high, book(text)).table["srs"].max() == 1000


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
