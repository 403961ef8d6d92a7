"""Within and between: lag first, then split, on the rows of the model."""

import pytest
from tables import agrees, halves, records

from sessionwise.errors import Refused
from sessionwise.features.lags import lagged
from sessionwise.features.splits import refuse_lost_rows, within_between
from sessionwise.records.sessions import Sessions


def test_between_is_the_clients_mean_and_within_the_distance_from_it():
    given, expected = halves(
        """
        client session srs | srs_between srs_within
        a      1       30  | 33          -3
        a      2       33  | 33           0
        a      3       36  | 33           3
        b      1       20  | 22          -2
        b      2       24  | 22           2
        """
    )
    agrees(within_between(Sessions.of(given), ["srs"]).table, expected)


def test_the_mean_is_that_of_the_lagged_score_over_the_rows_of_the_model():
    """By hand: a's rows of the model are sessions 2, 3 and 5, whose lags are 30, 33 and 27.

    Session 1 has no lag, session 4 no outcome. The mean over the course, (30+33+36+27+39)/5 = 33,
    would be the mean of something the model does not see. b has one row; its mean is that row.
    """
    given, expected = halves(
        """
        client session ors srs | srs_lag1_between srs_lag1_within
        a      1       18  30  |  .                .
        a      2       19  33  | 30                0
        a      3       21  36  | 30                3
        a      4        .  27  |  .                .
        a      5       22  39  | 30               -3
        b      1       15  20  |  .                .
        b      2       16  24  | 20                0
        """
    )
    s = lagged(Sessions.of(given), "srs")
    agrees(within_between(s, ["srs_lag1"], complete=["ors"]).table, expected)


def test_all_columns_are_split_over_the_same_rows():
    given, expected = halves(
        """
        client session srs wai | srs_between srs_within session_between session_within
        a      1       30   .  |  .          .           .               .
        a      2       32  50  | 34          -2          2.5            -0.5
        a      3       36  52  | 34           2          2.5             0.5
        """
    )
    agrees(within_between(Sessions.of(given), ["srs", "session"], ["wai"]).table, expected)


def test_each_course_of_a_client_has_its_own_mean():
    given, expected = halves(
        """
        client course session srs | srs_between srs_within
        a      1      1       30  | 32          -2
        a      1      2       34  | 32           2
        a      2      1       20  | 20           0
        """
    )
    agrees(within_between(Sessions.of(given), ["srs"]).table, expected)


def test_a_covariate_of_the_course_may_be_asked_to_be_complete():
    given, expected = halves(
        """
        client session severity srs | srs_between srs_within
        a      1        .       30  |  .          .
        a      2        .       34  |  .          .
        b      1       0.5      20  | 22         -2
        b      2       0.5      24  | 22          2
        """
    )
    s = Sessions.of(given, level={"severity": "course"})
    agrees(within_between(s, ["srs"], complete=["severity"]).table, expected)


def test_a_split_over_no_rows_is_refused():
    s = records("client session srs wai\na 1 30 .\na 2 . 50")
    with pytest.raises(Refused, match="No session has all of `srs`, `wai`"):
        within_between(s, ["srs"], complete=["wai"])


def test_a_model_that_loses_further_rows_is_refused_with_the_column():
    s = records(
        """
        client session srs wai
        a      1       30  50
        a      2       34   .
        """
    )
    split = within_between(s, ["srs"]).frame
    with pytest.raises(Refused, match=r"`wai` is missing on 1 row\(s\)"):
        refuse_lost_rows(split, ["srs_within", "srs_between", "wai"])


def test_a_model_on_the_rows_of_the_split_goes_on():
    s = records("client session srs wai\na 1 30 50\na 2 34 .\na 3 32 40")
    split = within_between(s, ["srs"], complete=["wai"]).frame
    refuse_lost_rows(split, ["srs_within", "srs_between", "wai"])  # raises nothing
    refuse_lost_rows(split, ["wai"])  # no split in the model, no rows of a split to lose
