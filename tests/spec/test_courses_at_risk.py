"""One row per course: when it was last decided or over, and why; from a landmark on."""

import pytest
from tables import agrees, frame_of, records, until

from sessionwise.errors import Unanswerable
from sessionwise.features.leaving import courses_at_risk, courses_followed, episodes
from sessionwise.records.ledger import Left
from sessionwise.records.observation import Observation

COURSES = """
    client session ending
    a      1       unplanned
    a      2       unplanned
    a      3       unplanned
    b      1       planned
    b      2       planned
    b      3       planned
    b      4       planned
    c      1       .
    c      2       .
    d      1       unplanned
    e      1       .
    f      1       transferred
    f      2       transferred
    f      3       transferred
    f      4       transferred
"""


def test_one_row_per_course_gives_the_last_decision_seen_and_its_cause():
    """c and f were last decided after sessions 1 and 3, for return; e was never seen to decide."""
    courses, left = courses_at_risk(records(COURSES))
    expected = frame_of(
        """
        client time cause
        a      3    1
        b      4    2
        c      1    0
        d      1    1
        f      3    0
        """
    )
    agrees(courses, expected)
    assert left == (Left("courses without a decision that could be seen", 0, 1),)


LATE = "courses whose first session, or what followed it, is not in the records"


def test_to_be_still_in_therapy_any_ending_counts_and_only_open_courses_are_censored():
    """f's transfer after session 4 is an end here; c was last seen to come back after session 1."""
    courses, left = courses_followed(records(COURSES))
    expected = frame_of(
        """
        client time cause
        a      3    1
        b      4    1
        c      1    0
        d      1    1
        f      4    1
        """
    )
    agrees(courses, expected)
    assert left == (Left("courses whose first decision could not be seen", 0, 1),)


def test_the_limit_and_the_end_of_the_service_end_courses_too():
    s = records(
        """
        client session ending
        a      1       limit_reached
        a      2       limit_reached
        b      1       service_ended
        c      1       external
        d      1       planned
        d      2       planned
        """,
        observation=Observation(session_limit=2),
    )
    courses, left = courses_followed(s)
    agrees(courses, frame_of("client time cause\na 2 1\nb 1 1\nc 1 1\nd 2 1"))
    assert left == ()


def test_an_ending_counts_once_the_next_appointment_was_due():
    """Records end on the 22nd: what became of b after the 16th they could not have shown."""
    s = records(
        """
        client session date       ending
        a      1       2024-01-08 transferred
        a      2       2024-01-15 transferred
        b      1       2024-01-09 transferred
        b      2       2024-01-16 transferred
        c      1       2024-01-08 .
        c      2       2024-01-15 .
        """,
        observation=until("2024-01-22"),
    )
    agrees(courses_followed(s)[0], frame_of("client time cause\na 2 1\nb 1 0\nc 1 0"))


@pytest.mark.parametrize("courses_of", [courses_at_risk, courses_followed])
def test_a_course_that_comes_in_late_is_no_course_from_the_start(courses_of):
    """Nobody who left before session 3 could be in the records as b is."""
    s = records(
        """
        client session ending
        a      1       unplanned
        a      2       unplanned
        b      3       unplanned
        b      4       unplanned
        """
    )
    courses, left = courses_of(s)
    agrees(courses, frame_of("client time cause\na 2 1"))
    assert left == (Left(LATE, 0, 1),)
    at_landmark, _ = courses_of(s, landmark=3)
    agrees(at_landmark, frame_of("client time cause\nb 4 1"))


def test_from_a_landmark_only_those_count_whose_decision_after_it_is_known():
    """c attended session 2, but its decision after it was not seen; d had left before."""
    courses, left = courses_at_risk(records(COURSES), landmark=2)
    expected = frame_of(
        """
        client time cause
        a      3    1
        b      4    2
        f      3    0
        """
    )
    agrees(courses, expected)
    assert left[1] == Left("courses over, or not yet decided, before session 2 was attended", 0, 2)


def test_who_has_no_session_at_the_landmark_does_not_count_though_later_ones_are_there():
    s = records(
        """
        client session ending
        a      1       unplanned
        a      2       unplanned
        a      4       unplanned
        b      1       planned
        b      3       planned
        """
    )
    courses, _ = courses_at_risk(s, landmark=3)
    agrees(courses, frame_of("client time cause\nb 3 2"))


def test_an_ending_directly_after_the_landmark_counts():
    courses, _ = courses_at_risk(records(COURSES), landmark=3)
    agrees(courses, frame_of("client time cause\na 3 1\nb 4 2\nf 3 0"))


def test_without_any_ending_leaving_cannot_be_told_from_staying():
    with pytest.raises(Unanswerable, match="No course in these records has an ending"):
        episodes(records("client session srs\na 1 30\na 2 31"))
    with pytest.raises(Unanswerable, match="No course in these records has an ending"):
        courses_followed(records("client session srs\na 1 30\na 2 31"))
