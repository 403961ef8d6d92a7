"""What a lag is: the score of the previous session *number*, in the same course, or nothing."""

import pytest
from tables import agrees, frame_of, halves, records

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.features.lags import lag_losses, lagged, preceding, preceding_column
from sessionwise.records.sessions import Sessions


def test_a_lag_is_the_score_of_the_previous_session():
    given, expected = halves(
        """
        client session srs | srs_lag1
        a      1       30  |  .
        a      2       33  | 30
        a      3       36  | 33
        b      1       20  |  .
        b      2       25  | 20
        """
    )
    agrees(lagged(Sessions.of(given), "srs").table, expected)


def test_over_a_gap_there_is_no_lag_for_the_row_before_is_not_the_session_before():
    given, expected = halves(
        """
        client session srs | srs_lag1
        a      1       30  |  .
        a      2       33  | 30
        a      4       36  |  .
        a      5       31  | 36
        """
    )
    agrees(lagged(Sessions.of(given), "srs").table, expected)


def test_two_sessions_back_is_found_across_a_gap_beside_it():
    """Before session 4 nobody came to session 3, but session 2 is there."""
    given, expected = halves(
        """
        client session srs | srs_lag2
        a      1       30  |  .
        a      2       33  |  .
        a      4       36  | 33
        a      5       31  |  .
        a      6       32  | 36
        """
    )
    agrees(lagged(Sessions.of(given), "srs", by=2).table, expected)


def test_a_gap_and_a_missing_score_are_counted_apart():
    given = frame_of(
        """
        client session srs
        a      1       30
        a      2        .
        a      3       36
        a      5       31
        a      6       32
        """
    )
    s = Sessions.of(given)
    assert lagged(s, "srs").table["srs_lag1"].fillna(-1).tolist() == [-1, 30, -1, -1, 31]
    assert lag_losses(s, "srs").fillna("none").tolist() == [
        "first session",
        "none",
        "earlier score missing",
        "gap in session numbers",
        "none",
    ]


def test_a_course_whose_records_begin_late_has_a_gap_not_a_first_session():
    s = records(
        """
        client session srs
        a      3       30
        a      4       31
        """
    )
    assert lag_losses(s, "srs").fillna("none").tolist() == ["gap in session numbers", "none"]


def test_a_lag_never_crosses_into_another_course_of_the_same_client():
    given, expected = halves(
        """
        client course session srs | srs_lag1
        a      1      1       30  |  .
        a      1      2       33  | 30
        a      2      1       20  |  .
        a      2      2       21  | 20
        """
    )
    agrees(lagged(Sessions.of(given), "srs").table, expected)


def test_two_clients_with_one_number_in_two_clinics_are_two_people():
    given, expected = halves(
        """
        clinic client session srs | srs_lag1
        north  7      1       30  |  .
        north  7      2       33  | 30
        south  7      1       20  |  .
        south  7      2       21  | 20
        """
    )
    agrees(lagged(Sessions.of(given), "srs").table, expected)


def test_a_missed_appointment_does_not_break_the_chain_of_sessions():
    given, expected = halves(
        """
        client appointment attendance session srs | srs_lag1
        a      1           attended   1       30  |  .
        a      2           no_show    .        .  |  .
        a      3           attended   2       33  | 30
        a      4           cancelled  .        .  |  .
        a      5           attended   3       36  | 33
        """
    )
    agrees(lagged(Sessions.of(given), "srs").table, expected)


def test_at_fixed_times_the_previous_assessment_is_meant():
    given, expected = halves(
        """
        client time bdi | bdi_lag1
        a      0    29  |  .
        a      2    20  | 29
        a      8    12  | 20
        b      0    31  |  .
        b      3     .  | 31
        b      5    18  |  .
        """
    )
    s = Sessions.of(given, clock="time")
    agrees(lagged(s, "bdi").table, expected)
    assert lag_losses(s, "bdi").fillna("none").tolist() == [
        *("first session", "none", "none"),
        *("first session", "none", "earlier score missing"),
    ]


def test_what_comes_first_depends_on_the_pair():
    """ORS is filled in before the session, SRS after it."""
    s = records(
        """
        client session ors srs
        a      1       18  30
        a      2       20  33
        a      3       23  31
        """
    )
    assert preceding_column(s, "srs", "ors") == "srs_lag1"  # after t−1 → before t
    assert preceding_column(s, "ors", "srs") == "ors"  # before t → after t
    assert preceding_column(s, "ors", "ors") == "ors_lag1"  # a score precedes itself by a session
    assert preceding_column(s, "srs", "srs") == "srs_lag1"
    made = preceding(s, "srs", "ors").table["srs_lag1"]
    assert made.fillna(-1).tolist() == [-1, 30, 33]
    assert preceding(s, "ors", "srs") is s


@pytest.mark.parametrize("by", [0, -1])
def test_a_lag_that_looks_forward_is_refused(by):
    s = records("client session srs\na 1 30")
    with pytest.raises(InvalidInput, match="looks forward or not at all"):
        lagged(s, "srs", by)


def test_what_has_one_value_in_a_course_has_no_lag():
    s = records("client session severity\na 1 0.5\na 2 0.5", level={"severity": "course"})
    with pytest.raises(Unanswerable, match="`severity` has one a course"):
        lagged(s, "severity")


def test_a_missing_column_is_named_with_the_nearest():
    s = records("client session srs\na 1 30")
    with pytest.raises(Unanswerable, match="needs `srrs`.*Did you mean 'srs'"):
        lagged(s, "srrs")
