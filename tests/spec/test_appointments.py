"""What was known before an appointment, and whether it was kept."""

import pytest
from tables import agrees, halves, records

from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.attendance import attendance_flags, before_appointments


def test_each_appointment_was_attended_missed_or_cancelled():
    given, expected = halves(
        """
        client appointment attendance session srs | attended no_show cancelled
        a      1           attended   1       30  | 1        0       0
        a      2           no_show    .       .   | 0        1       0
        a      3           cancelled  .       .   | 0        0       1
        a      4           attended   2       34  | 1        0       0
        """
    )
    s = attendance_flags(records(given.to_string(index=False, na_rep=".")))
    agrees(s.table[list(expected)], expected)
    assert {s.columns[name].known for name in expected} == {"after"}


def test_what_was_known_is_from_earlier_sessions_of_the_course():
    """Row 4 of a has its own score, which is not used; row 5 comes after a form not filled in."""
    given, expected = halves(
        """
        client appointment attendance session srs | srs_so_far srs_last_change
        a      1           attended   1       30  | .          .
        a      2           no_show    .       .   | 30         0
        a      3           attended   2       34  | 30         0
        a      4           attended   3       .   | 32         2
        a      5           no_show    .       .   | 32         2
        a      6           attended   4       38  | 32         2
        a      7           no_show    .       .   | 34         4
        b      1           no_show    .       .   | .          .
        b      2           attended   1       20  | .          .
        b      3           cancelled  .       .   | 20         0
        """
    )
    s = before_appointments(records(given.to_string(index=False, na_rep=".")), "srs")
    agrees(s.table[list(expected)], expected)
    assert {s.columns[name].known for name in expected} == {"before"}


def test_a_score_of_the_whole_course_was_not_known():
    s = records(
        """
        client session srs
        a      1       30
        a      2       34
        """
    )
    late = s.with_columns(
        s.table[["srs"]].rename(columns={"srs": "late"}),
        [type(s.columns["srs"])("late", "number", "course")],
    )
    with pytest.raises(Refused, match="`late` is known only when the course is over"):
        before_appointments(late, "late")


def test_assessments_are_no_appointments():
    s = records(
        """
        client time srs
        a      0    30
        a      1    34
        """,
        clock="time",
    )
    with pytest.raises(Unanswerable, match="these records hold assessments, not appointments"):
        attendance_flags(s)
