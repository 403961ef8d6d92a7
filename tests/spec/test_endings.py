"""Endings, missed appointments and the counting of sessions."""

import pandas as pd
import pytest
from tables import agrees, frame_of, halves, records

from sessionwise.errors import InvalidInput
from sessionwise.features.leaving import courses_at_risk, episodes
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import Sessions

OTHERS_ENDED = "last sessions of courses that others ended or the limit did"


@pytest.mark.parametrize("ending", ["transferred", "limit_reached", "service_ended", "external"])
def test_an_ending_that_was_not_the_clients_has_no_decision_on_its_last_row(ending):
    s = records(f"client session ending\na 1 {ending}\na 2 {ending}\na 3 {ending}")
    seen = episodes(s)
    assert seen.frame["session"].tolist() == [1, 2]
    assert seen.frame[["left_unplanned", "left_planned"]].to_numpy().sum() == 0
    assert seen.left_out == (Left(OTHERS_ENDED, 1, 1),)


def test_such_an_ending_has_no_decision_even_long_before_the_records_end():
    s = records(
        """
        client session date       ending
        a      1       2024-01-01 transferred
        a      2       2024-01-08 transferred
        b      1       2024-06-01 .
        """
    )
    assert episodes(s).frame["session"].tolist() == [1]


def test_an_ending_may_stand_on_every_row_or_on_the_last_one_only():
    on_each = "client session ending\na 1 planned\na 2 planned\nb 1 .\nb 2 ."
    on_last = "client session ending\na 1 .\na 2 planned\nb 1 .\nb 2 ."
    each, last = records(on_each), records(on_last)
    pd.testing.assert_frame_equal(each.courses, last.courses)
    pd.testing.assert_frame_equal(episodes(each).frame, episodes(last).frame)
    assert each.courses["ending"].tolist() == ["planned", "ongoing"]


def test_who_never_started_is_a_course_without_sessions_and_without_decisions():
    s = records(
        """
        client appointment attendance session ending
        a      1           no_show    .       never_started
        a      2           cancelled  .       never_started
        b      1           attended   1       planned
        """
    )
    assert s.counts()["courses"] == 2
    assert s.counts()["sessions"] == 1
    assert episodes(s).frame["client"].tolist() == ["b"]
    courses, left = courses_at_risk(s)
    assert courses["client"].tolist() == ["b"]
    assert left == (Left("courses in which no session was attended", 0, 1),)


def test_missed_appointments_have_no_session_number_and_sessions_so_far_counts_the_attended():
    """Only attendance and date are exported; the rest is counted."""
    given, expected = halves(
        """
        client date       attendance | appointment session sessions_so_far
        a      2024-01-01 no_show    | 1           .       0
        a      2024-01-08 attended   | 2           1       0
        a      2024-01-15 cancelled  | 3           .       1
        a      2024-01-22 attended   | 4           2       1
        a      2024-01-29 no_show    | 5           .       2
        """
    )
    agrees(Sessions.of(given, clock="date").table, expected)


def test_a_missed_appointment_is_placed_by_its_date_where_it_has_no_session_number():
    given, expected = halves(
        """
        client date       attendance session | appointment sessions_so_far
        a      2024-01-01 attended   1       | 1           0
        a      2024-01-08 no_show    .       | 2           1
        a      2024-01-15 attended   2       | 3           1
        """
    )
    shuffled = given.iloc[[2, 1, 0]]
    agrees(Sessions.of(given).table, expected)
    agrees(Sessions.of(shuffled).table, expected)


def test_or_by_its_appointment_number():
    given, expected = halves(
        """
        client appointment attendance session | session sessions_so_far
        a      1           attended   1       | 1       0
        a      2           no_show    .       | .       1
        a      3           attended   2       | 2       1
        """
    )
    s = Sessions.of(given.iloc[[1, 2, 0]])
    agrees(s.table, expected)


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (
            "client attendance session\na attended 1\na no_show .\na attended 2",
            r"Every row has its place in the course; 1 row does not \(row 3 of",
        ),
        (
            "client appointment attendance session\na 1 attended .\na 2 attended 1",
            r"An attended appointment has a session number; 1 row does not \(row 2 of",
        ),
        (
            "client appointment attendance session\na 1 attended 1\na 2 no_show 2",
            r"Only attended appointments have a session number; 1 row does not \(row 3 of",
        ),
        (
            "client appointment session\na 1 2\na 2 1",
            r"A later appointment has no earlier session number; 1 row does not \(row 3 of",
        ),
        (
            "client session ending\na 1 planned\na 2 .",
            r"Nothing follows the ending of a course; 1 row does not \(row 3 of",
        ),
        (
            "client session ending\na 1 planned\na 2 unplanned",
            r"A course ends once; 2 rows do not \(rows 2, 3 of",
        ),
        (
            "client session ending\na 1 never_started\na 2 never_started",
            "A course that never started has no attended session; 2 rows do not",
        ),
        (
            "client session ending\na 1 dropout\nb 1 planned",
            r"`ending` may be planned, .*; 1 cell\(s\) are not \(row 2 of",
        ),
    ],
)
def test_records_that_contradict_themselves_are_refused_with_their_rows(page, found):
    with pytest.raises(InvalidInput, match=found):
        Sessions.of(frame_of(page))
