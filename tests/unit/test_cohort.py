"""Cohorts: groups of courses chosen by what was known at intake."""

import pandas as pd
import pytest
from tables import frame_of

from sessionwise.errors import InvalidInput
from sessionwise.records.sessions import Sessions
from sessionwise.study.cohort import Cohort, members

PAGE = """
    client session severity arm    age site ending
    a      1       0.5      TAU    30   1   planned
    b      1       1        BtheB  40   2   .
    c      1       1.5      TAU    .    1   .
    d      1       .        other  50   1   unplanned
"""


@pytest.fixture
def s() -> Sessions:
    given = frame_of(PAGE)
    given["arm"] = given["arm"].astype("category")
    given["site"] = given["site"].astype("Int64")
    return Sessions.of(given, level=dict.fromkeys(["severity", "arm", "age", "site"], "course"))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"severity": {"low": 1.0}}, "bc"),
        ({"severity": {"high": 1.0}}, "ab"),
        ({"severity": {"low": 0.6, "high": 1.2}}, "b"),
        ({"arm": "TAU"}, "ac"),
        ({"arm": ["TAU", "other"]}, "acd"),
        ({"age": 40.0}, "b"),
        ({"site": 1}, "acd"),
        ({"arm": "TAU", "severity": {"low": 1}}, "c"),
        ({"age": {"low": 0}}, "abd"),
        ({"arm": "nobody"}, ""),
    ],
)
def test_every_condition_has_to_hold_and_an_unknown_value_holds_none(s, where, expected):
    keep = members(s, Cohort(label="some", where=where), "[cohorts.some]")
    assert "".join(s.courses.loc[keep, "client"]) == expected


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"ending": "planned"}, "`ending` is no column of the course known at intake"),
        ({"session": {"low": 3}}, "`session` is no column of the course known at intake"),
        ({"severty": {"low": 1}}, "Did you mean 'severity'"),
        ({"arm": {"low": 1}}, "`arm` holds no numbers"),
    ],
)
def test_choosing_by_what_came_later_or_is_not_there_is_refused(s, where, found):
    with pytest.raises(InvalidInput, match=found):
        members(s, Cohort(label="some", where=where), "[cohorts.some]")


def test_a_column_of_the_course_known_only_later_is_refused():
    given = frame_of("client session gain\na 1 3")
    s = Sessions.of(given, level={"gain": "course"}, known={"gain": "course"})
    with pytest.raises(InvalidInput, match="known at intake"):
        members(s, Cohort(label="gained", where={"gain": {"low": 1}}), "[cohorts.gained]")


def test_choosing_leaves_the_records_as_they_were(s):
    before = s.courses.copy(deep=True)
    members(s, Cohort(label="some", where={"severity": {"low": 1}}), "[cohorts.some]")
    pd.testing.assert_frame_equal(s.courses, before)
