"""The value that holds the records: what it hands out, what it keeps, what it says."""

import pandas as pd
import pytest
from tables import frame_of, records

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.records.ledger import Left, Origin
from sessionwise.records.sessions import Column, Sessions

TWO_CLINICS = """
    clinic client therapist session srs severity
    north  7      kim       1       30   0.5
    north  7      kim       2       32   0.5
    south  7      lee       1       20  -0.5
"""


@pytest.fixture
def s() -> Sessions:
    return records(TWO_CLINICS, level={"severity": "course"})


def test_ids_are_qualified_by_the_clinic(s):
    assert s.courses["client"].tolist() == ["north/7", "south/7"]
    assert s.table["therapist"].tolist() == ["north/kim", "north/kim", "south/lee"]
    assert s.counts()["clients"] == 2


def test_unless_they_are_global():
    s = records(TWO_CLINICS, level={"severity": "course"}, ids_global=True)
    assert s.courses["client"].tolist() == ["7", "7"]
    assert s.counts()["clients"] == 1
    assert s.counts()["courses"] == 2


def test_what_belongs_to_the_course_stands_in_courses_once(s):
    assert "severity" not in s.table
    assert s.courses["severity"].tolist() == [0.5, -0.5]
    assert s.frame["severity"].tolist() == [0.5, 0.5, -0.5]


def test_what_is_handed_out_may_be_written_on_and_the_records_stay_as_they_were(s):
    for handed in (s.table, s.courses, s.frame):
        handed["clinic"] = "elsewhere"
        del handed["client"]
    table = s.table
    table.loc[0, "srs"] = -1.0
    with pytest.raises(ValueError, match="read-only"):
        s.table["srs"].to_numpy()[0] = -1.0
    assert s.table["srs"].tolist() == [30, 32, 20]
    assert s.courses["clinic"].tolist() == ["north", "south"]


def test_it_cannot_be_assigned_to(s):
    with pytest.raises(AttributeError):
        s.clock = "time"


def test_columns_are_added_to_a_copy(s):
    made = pd.DataFrame({"mood": [1.0, 2.0, 3.0]})
    more = s.with_columns(made, [Column("mood", "number", "after")])
    assert "mood" in more.columns
    assert more.table["mood"].tolist() == [1, 2, 3]
    assert "mood" not in s.columns
    assert "mood" not in s.table


def test_courses_left_out_are_counted_in_the_ledger(s):
    fewer = s.keep_courses([False, True], "not in the south")
    assert fewer.table["client"].tolist() == ["south/7"]
    assert fewer.table.index.tolist() == [0]
    assert fewer.origin.ledger == (Left("not in the south", 2, 1, 2),)
    assert s.origin.ledger == ()


def test_a_missing_column_is_said_with_its_purpose_and_the_nearest_name(s):
    with pytest.raises(Unanswerable) as told:
        s.need(["therapis"], "A model with therapists")
    assert "A model with therapists needs `therapis`" in str(told.value)
    assert "Did you mean 'therapist'?" in str(told.value)


def test_several_missing_columns_are_said_at_once(s):
    with pytest.raises(Unanswerable, match="needs `a`, `b`, which"):
        s.need(["a", "srs", "b", "a"], "It")


def test_it_introduces_itself_and_names_nobody(s):
    said = repr(s)
    for words in ("fewer than 5 sessions", "fewer than 5 clients", "srs"):
        assert words in said
    for name in ("north", "south", "kim", "lee"):
        assert name not in said


def test_types_are_those_of_the_house(s):
    types = s.table.dtypes.astype(str).to_dict()
    assert types["client"] == "str"
    assert types["session"] == types["appointment"] == types["sessions_so_far"] == "Int64"
    assert types["srs"] == "float64"
    assert s.table.index.equals(pd.RangeIndex(3))
    dated = records("client date\na 2024-01-08", clock="date")
    assert str(dated.table["date"].dtype) == "datetime64[us]"


def test_every_column_of_both_tables_is_described(s):
    assert set(s.columns) == {*s.table.columns, *s.courses.columns}


def test_a_frame_is_left_as_it_was():
    given = frame_of(TWO_CLINICS).iloc[[2, 0, 1]]
    before = given.copy()
    Sessions.of(given, level={"severity": "course"})
    pd.testing.assert_frame_equal(given, before)


@pytest.mark.parametrize(
    ("text", "clock", "described", "found"),
    [
        ("person session\na 1", "session", {}, "no column `client`"),
        ("client session\na 1", "date", {}, "no column `date`"),
        ("client session wai\na 1 50", "session", {"known": {"wia": "after"}}, "mean 'wai'"),
        ("client session wai\na 1 50", "session", {"level": {"wia": "course"}}, "mean 'wai'"),
        ("client session srs\na 1 41", "session", {}, "`srs` should lie between 0 and 40; 1 row"),
        ("client session\na one", "session", {}, "`session` should be a number"),
        ("client session\na 1.5", "session", {}, "`session` should be a whole number"),
        ("client session\n. 1", "session", {}, "Every row has its `client`; 1 row"),
        ("clinic client session\nx a 1\n. b 1", "session", {}, "Every row has its `clinic`"),
        ("client course session\na 1 1\nb . 1", "session", {}, "Every row has its `course`"),
        ("client time\na 0\na .", "time", {}, "Every row has its `time`; 1 row"),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused(text, clock, described, found):
    with pytest.raises(InvalidInput, match=found):
        Sessions.of(frame_of(text), clock, **described)


@pytest.mark.parametrize(
    ("clock", "unit"), [("session", "sessions"), ("date", "sessions"), ("time", "months")]
)
def test_only_the_clock_of_time_has_a_unit_of_its_own(clock, unit):
    """Dates order the rows; what is counted on them is sessions."""
    given = frame_of("client session date time\na 1 2024-01-08 0\na 2 2024-01-15 1")
    assert Sessions.of(given, clock, time_unit="months").time_unit == unit


def test_every_problem_is_said_at_once_and_no_identifier():
    given = frame_of("client session srs\nzoe 1 41\nzoe 1 30\nyan 0 -1")
    with pytest.raises(InvalidInput) as told:
        Sessions.of(given)
    assert len(told.value.problems) == 3  # the range, the double entry, the session 0
    assert "zoe" not in str(told.value)
    assert "yan" not in str(told.value)


def test_an_origin_of_nowhere_is_empty():
    assert Origin() == Origin("", "", 0, (), ())
