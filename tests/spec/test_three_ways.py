"""Three ways apart, and about one's own line: what a clinician would work out by hand."""

import pytest
from tables import agrees, halves, records

from sessionwise.errors import InvalidInput, Refused
from sessionwise.features.own_lines import detrended
from sessionwise.features.therapist_cells import three_way_split
from sessionwise.features.therapists import earlier_therapist
from sessionwise.records.sessions import Sessions


def test_swings_clients_of_a_therapist_and_therapists():
    """Kim's clients have means 31 and 37, so Kim's is 34, though most of Kim's sessions are a's."""
    given, expected = halves(
        """
        client session therapist srs | srs_within srs_between_clients srs_between_therapists
        a      1       kim       30  | -1         -3                  34
        a      2       kim       31  |  0         -3                  34
        a      3       kim       32  |  1         -3                  34
        b      1       kim       37  |  0          3                  34
        c      1       lee       24  | -1          0                  25
        c      2       lee       26  |  1          0                  25
        """
    )
    agrees(three_way_split(Sessions.of(given), "srs").table, expected)


def test_who_changes_therapist_has_two_cells_and_the_new_level_is_no_swing():
    """b rates Kim 30 and Lee 36: neither a swing. Kim is (34 + 30) / 2, Lee (36 + 40) / 2."""
    given, expected = halves(
        """
        client session therapist srs | srs_within srs_between_clients srs_between_therapists
        a      1       kim       33  | -1          2                  32
        a      2       kim       35  |  1          2                  32
        b      1       kim       30  |  0         -2                  32
        b      2       lee       35  | -1         -2                  38
        b      3       lee       37  |  1         -2                  38
        c      1       lee       40  |  0          2                  38
        """
    )
    agrees(three_way_split(Sessions.of(given), "srs").table, expected)


def test_with_this_client_left_out_of_the_therapists_mean():
    """a is compared with Kim's other clients, b and c; d is Lee's only client, so with nobody."""
    given, expected = halves(
        """
        client session therapist srs | srs_within srs_between_clients srs_between_therapists
        a      1       kim       30  | -1         -5                  36
        a      2       kim       32  |  1         -5                  36
        b      1       kim       37  |  0          4                  33
        c      1       kim       35  |  0          1                  34
        d      1       lee       24  | -1          .                  .
        d      2       lee       26  |  1          .                  .
        """
    )
    made = three_way_split(Sessions.of(given), "srs", therapist_mean="other clients")
    agrees(made.table, expected)


def test_a_second_course_of_the_client_is_not_another_client():
    given, expected = halves(
        """
        client course session therapist srs | srs_between_clients srs_between_therapists
        a      1      1       kim       30  | -6                  36
        a      2      1       kim       34  | -2                  36
        b      1      1       kim       36  |  4                  32
        """
    )
    made = three_way_split(Sessions.of(given), "srs", therapist_mean="other clients")
    agrees(made.table, expected)


def test_a_lagged_score_belongs_with_the_therapist_it_was_rated_of():
    """Lee takes over at session 3; the score beside it is that of session 2, with Kim."""
    given, expected = halves(
        """
        client session therapist srs | therapist_lag1
        a      1       kim       30  | .
        a      2       kim       32  | kim
        a      3       lee       36  | kim
        a      5       lee       37  | .
        """
    )
    agrees(earlier_therapist(Sessions.of(given)).table, expected)


def test_rows_the_model_does_not_use_are_in_no_mean():
    given, expected = halves(
        """
        client session therapist ors srs | srs_within srs_between_clients srs_between_therapists
        a      1       kim       20  30  | -1         -1                  32
        a      2       kim       21  32  |  1         -1                  32
        a      3       kim       .   39  |  .          .                   .
        b      1       kim       22  33  |  0          1                  32
        b      2       .         23  38  |  .          .                   .
        """
    )
    agrees(three_way_split(Sessions.of(given), "srs", complete=["ors"]).table, expected)


def test_what_cannot_be_split_is_refused():
    s = records("client session therapist srs ors\na 1 kim 30 .\na 2 kim . 20")
    with pytest.raises(Refused, match="No session has all of `srs`, `therapist`, `ors`"):
        three_way_split(s, "srs", complete=["ors"])
    with pytest.raises(InvalidInput, match="Did you mean 'other clients'"):
        three_way_split(s, "srs", therapist_mean="other client")


def test_about_the_clients_own_line():
    """a rises by 2 a session and swings about that; b's two sessions make a line and nothing else.

    By hand, a: means 34 and session 3; slope (−4·−2 + −1·−1 + 0·0 + 1·1 + 4·2) / 10 = 1.8.
    """
    given, expected = halves(
        """
        client session srs | srs_detrended
        a      1       30  | -0.4
        a      2       33  |  0.8
        a      3       34  |  0
        a      4       35  | -0.8
        a      5       38  |  0.4
        b      1       20  |  .
        b      2       29  |  .
        """
    )
    agrees(detrended(Sessions.of(given), "srs").table.round(12), expected)


def test_the_line_is_over_session_numbers_also_across_a_gap_and_on_the_rows_of_the_model():
    """Sessions 1, 2 and 4 lie on a line of 2 a session; session 5 has no outcome."""
    given, expected = halves(
        """
        client session ors srs | srs_detrended
        a      1       20  30  |  0
        a      2       21  32  |  0
        a      4       22  36  |  0
        a      5       .   20  |  .
        """
    )
    agrees(detrended(Sessions.of(given), "srs", complete=["ors"]).table.round(12), expected)


def test_where_nobody_has_three_sessions_a_line_is_refused():
    s = records("client session srs\na 1 30\na 2 31\nb 1 20")
    with pytest.raises(Refused, match="No course has 3 sessions"):
        detrended(s, "srs")
