"""The clock of leaving: row t is the decision after session t, if both answers would be seen.

Right of the bar stand the decisions: 1 for the one that ended the course, 0 for one to come back, a
dot where no decision was seen.
"""

import pandas as pd
import pytest
from tables import agrees, frame_of, halves, records, until

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.features.leaving import episodes
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


def test_assessments_are_no_sessions_to_leave_after():
    s = records("client time bdi ending\na 0 30 planned\na 2 20 planned", clock="time")
    with pytest.raises(Unanswerable, match="hold assessments, not sessions"):
        episodes(s)
