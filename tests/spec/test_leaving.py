"""The clock of leaving: row t is the decision after session t, if both answers would be seen.

Right of the bar stand the decisions: 1 for the one that ended the course, 0 for one to come back, a
dot where no decision was seen.
"""

import pandas as pd
import pytest
from tables import agrees, frame_of, halves, records

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.features.leaving import courses_at_risk, courses_followed, episodes
from sessionwise.records.ledger import Left
from sessionwise.records.observation import Observation
from sessionwise.records.sessions import Sessions

NOT_YET_DUE = "last sessions of open courses: the next appointment was not yet due"
NEITHER = (
    "last sessions of open courses: the next appointment was due, and neither a return nor an "
    "ending is recorded"
)
TOO_EARLY = "endings recorded before it could be known whether the client would return"
BEYOND_THE_LIMIT = "endings after the last session allowed: nobody could have returned"


def decisions(s: Sessions) -> pd.DataFrame:
    """Lay the decisions beside the appointments they were taken after."""
    key = ["clinic", "client", "course", "appointment"]
    made = [name for name in episodes(s).frame if name not in s.frame]
    return s.frame.merge(episodes(s).frame[[*key, *made]], on=key, how="left")


def check(page: str, observation: Observation | None = None, **described: object) -> Sessions:
    given, expected = halves(page)
    s = Sessions.of(given, observation=observation, **described)
    agrees(decisions(s), expected)
    return s


def until(day: str, **more: object) -> Observation:
    return Observation(pd.Timestamp(day), interval_days=7, **more)


def test_the_event_stands_on_the_last_attended_session():
    """``start`` and ``stop`` only label the interval."""
    check(
        """
        client session ending    | start stop left_unplanned left_planned
        a      1       unplanned | 0     1    0              0
        a      2       unplanned | 1     2    0              0
        a      3       unplanned | 2     3    1              0
        b      1       planned   | 0     1    0              0
        b      2       planned   | 1     2    0              1
        c      1       unplanned | 0     1    1              0
        """
    )


def test_an_open_course_is_undecided_after_its_last_session_where_there_are_no_dates():
    s = check(
        """
        client session ending    | left_unplanned left_planned
        a      1       .         | 0              0
        a      2       .         | .              .
        b      1       unplanned | 1              0
        """
    )
    assert episodes(s).left_out == (Left(NOT_YET_DUE, 1, 1),)


def test_missed_appointments_after_the_last_session_move_no_event():
    check(
        """
        client appointment attendance session ending    | left_unplanned left_planned
        a      1           attended   1       unplanned | 0              0
        a      2           no_show    .       unplanned | .              .
        a      3           attended   2       unplanned | 1              0
        a      4           cancelled  .       unplanned | .              .
        a      5           no_show    .       unplanned | .              .
        """
    )


def test_with_dates_a_decision_is_seen_once_the_next_appointment_was_due():
    """Records end on 22 January, appointments are a week apart.

    After the session of the 15th the next one was due on the 22nd: seen. After that of the 16th it
    was due on the 23rd: not seen.
    """
    check(
        """
        client session date       ending    | left_unplanned left_planned
        a      1       2024-01-08 unplanned | 0              0
        a      2       2024-01-15 unplanned | 1              0
        b      1       2024-01-09 unplanned | 0              0
        b      2       2024-01-16 unplanned | .              .
        """,
        until("2024-01-22"),
    )


def test_after_the_last_session_of_an_open_course_neither_answer_was_seen():
    """a's next appointment was due on the 22nd, b's on the 23rd: nobody came back, and nobody
    left. To count a as one who stayed would make leaving look rarer than it is.
    """
    s = check(
        """
        client session date       ending    | due   left_unplanned left_planned
        a      1       2024-01-08 .         | True  0              0
        a      2       2024-01-15 .         | True  .              .
        b      1       2024-01-09 .         | True  0              0
        b      2       2024-01-16 .         | False .              .
        c      1       2024-01-08 unplanned | True  1              0
        """,
        until("2024-01-22"),
    )
    assert episodes(s).left_out == (Left(NOT_YET_DUE, 1, 1), Left(NEITHER, 1, 1))


def test_a_missed_appointment_after_it_is_no_return():
    s = check(
        """
        client appointment date       attendance session ending  | left_unplanned left_planned
        a      1           2024-01-08 attended   1       .       | 0              0
        a      2           2024-01-15 attended   2       .       | .              .
        a      3           2024-01-22 no_show    .       .       | .              .
        b      1           2024-01-08 attended   1       planned | 0              1
        """,
        until("2024-03-01"),
    )
    assert episodes(s).left_out == (Left(NEITHER, 1, 1),)


def test_an_ending_recorded_before_it_could_be_known_is_censored_before_and_counted():
    """To keep the row because the course is marked as ended would select on the outcome."""
    s = check(
        """
        client session date       ending    | left_unplanned left_planned
        a      1       2024-01-08 unplanned | 0              0
        a      2       2024-01-15 unplanned | .              .
        b      1       2024-01-08 planned   | 0              0
        b      2       2024-01-15 planned   | .              .
        c      1       2024-01-08 planned   | 0              1
        """,
        until("2024-01-20"),
    )
    assert episodes(s).left_out == (Left(TOO_EARLY, 2, 2),)


def test_each_clinic_may_have_a_last_day_of_its_own():
    days = {"north": pd.Timestamp("2024-01-22"), "south": pd.Timestamp("2024-01-20")}
    check(
        """
        clinic client session date       ending    | left_unplanned left_planned
        north  1      1       2024-01-08 unplanned | 0              0
        north  1      2       2024-01-15 unplanned | 1              0
        south  1      1       2024-01-08 unplanned | 0              0
        south  1      2       2024-01-15 unplanned | .              .
        """,
        Observation(days, interval_days=7),
    )


def test_a_clinic_without_a_last_day_is_refused_not_lost():
    given = frame_of("clinic client session date\nnorth 1 1 2024-01-08\nsouth 1 1 2024-01-08")
    with pytest.raises(InvalidInput, match="no day for the clinic 'south'"):
        Sessions.of(given, observation=Observation({"north": pd.Timestamp("2024-02-01")}))


def test_by_default_records_end_on_the_last_day_a_session_was_attended_and_the_value_says_so():
    """Gaps of 7, 7, 9 and 5 days: the median is 7. An appointment stands in the book for later,
    so a's ending was recorded before it could be known.
    """
    s = check(
        """
        client appointment date       attendance ending    | left_unplanned left_planned
        a      1           2024-01-08 attended   unplanned | 0              0
        a      2           2024-01-15 attended   unplanned | 0              0
        a      3           2024-01-22 attended   unplanned | 0              0
        a      4           2024-01-31 attended   unplanned | .              .
        b      1           2024-01-24 attended   unplanned | 1              0
        c      1           2024-02-05 cancelled  .         | .              .
        c      2           2024-02-10 cancelled  .         | .              .
        """,
        clock="date",
    )
    assert s.origin.notes == (
        "The next appointment is taken to be due 7 days after the last, the median gap between "
        "appointments in these records; `interval_days` in the study would set it.",
        "Records are taken to end on 2024-01-31, the last day a session was attended; "
        "`observed_until` in the study would set it.",
    )


def test_the_gap_between_appointments_counts_the_missed_ones_too():
    """Seven days between any two; between attended ones it would be fourteen."""
    s = check(
        """
        client appointment date       attendance ending    | left_unplanned left_planned
        a      1           2024-01-01 attended   unplanned | 0              0
        a      2           2024-01-08 no_show    unplanned | .              .
        a      3           2024-01-15 attended   unplanned | 0              0
        a      4           2024-01-22 no_show    unplanned | .              .
        a      5           2024-01-29 attended   unplanned | .              .
        b      1           2024-01-22 attended   unplanned | 1              0
        """,
        clock="date",
    )
    assert any("due 7 days after the last" in note for note in s.origin.notes)


def test_after_the_last_session_allowed_nobody_decides():
    s = check(
        """
        client session ending        | left_unplanned left_planned
        a      1       unplanned     | 0              0
        a      2       unplanned     | 0              0
        a      3       unplanned     | .              .
        b      1       limit_reached | 0              0
        b      2       limit_reached | 0              0
        b      3       limit_reached | .              .
        c      1       planned       | 0              0
        c      2       planned       | 0              1
        """,
        Observation(session_limit=3),
    )
    others = "last sessions of courses that others ended or the limit did"
    assert episodes(s).left_out == (Left(BEYOND_THE_LIMIT, 1, 1), Left(others, 1, 1))


def test_sessions_after_the_records_end_are_counted_not_dropped_in_silence():
    s = check(
        """
        client session date       ending    | left_unplanned left_planned
        a      1       2024-01-01 unplanned | 0              0
        a      2       2024-01-08 unplanned | .              .
        a      3       2024-01-15 unplanned | .              .
        """,
        until("2024-01-10"),
    )
    beyond = "earlier sessions, undated or after the records or the limit ended"
    assert episodes(s).left_out == (Left(TOO_EARLY, 1, 1), Left(beyond, 1))


def test_the_codebook_may_name_a_column_that_says_what_was_decided():
    check(
        """
        client session decided ending    | left_unplanned left_planned
        a      1       1       .         | 0              0
        a      2       0       .         | .              .
        b      1       1       unplanned | 0              0
        b      2       1       unplanned | 1              0
        c      1       1       .         | 0              0
        c      2       1       .         | 0              0
        """
    )


def test_open_courses_that_fell_silent_are_listed_not_guessed():
    s = check(
        """
        client session date       ending  | left_unplanned left_planned
        a      1       2024-01-08 .       | .              .
        b      1       2024-03-25 .       | .              .
        c      1       2024-01-08 planned | 0              1
        """,
        until("2024-03-31", silent_after_days=28),
    )
    assert s.origin.notes == (
        "fewer than 5 open courses have had no appointment for more than 28 days; they stay open, "
        "and their last sessions are not at risk.",
    )
    assert s.courses["ending"].tolist() == ["ongoing", "ongoing", "planned"]


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


def test_assessments_are_no_sessions_to_leave_after():
    s = records("client time bdi ending\na 0 30 planned\na 2 20 planned", clock="time")
    with pytest.raises(Unanswerable, match="hold assessments, not sessions"):
        episodes(s)
