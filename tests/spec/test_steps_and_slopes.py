"""Level at a landmark, change since the session before, slope so far: by hand."""

import numpy as np
import pandas as pd
import pytest
from tables import agrees, halves

import sessionwise as sw
from sessionwise.errors import InvalidInput
from sessionwise.features.landmark_level import level_at_landmark
from sessionwise.features.steps_and_slopes import since_last, slope_to_date
from sessionwise.records.sessions import Sessions


def check(page: str) -> None:
    """Compare all three, the landmark at session 3."""
    given, expected = halves(page)
    s = level_at_landmark(Sessions.of(given), "srs", 3)
    agrees(slope_to_date(since_last(s, "srs"), "srs").table, expected)


def test_six_sessions_all_rated():
    """The slope at session 4: (−1.5 × 30 − .5 × 33 + .5 × 36 + 1.5 × 31) / 5 = 3 / 5."""
    check(
        """
        client session srs | srs_early srs_since_last srs_slope_to_date
        a      1       30  |  .         .              .
        a      2       33  |  .         3              .
        a      3       36  | 33         3              3
        a      4       31  | 33        -5              0.6
        a      5       30  | 33        -1             -0.2
        a      6       30  | 33         0             -0.4
        """
    )


def test_a_form_not_filled_in_is_no_step_and_no_point_of_the_line():
    """The early mean is of the two scores there are; a slope stays until the next score.

    At session 4, of sessions 1, 3 and 4: (−5/3 × 30 + 1/3 × 34 + 4/3 × 33) / (42/9) = 8/7; at 6
    (−2.5 × 30 − .5 × 34 + .5 × 33 + 2.5 × 36) / 13 = 14.5/13.
    """
    check(
        """
        client session srs | srs_early srs_since_last srs_slope_to_date
        a      1       30  |  .         .              .
        a      2        .  |  .         .              .
        a      3       34  | 32         .              .
        a      4       33  | 32        -1              1.142857142857143
        a      5        .  | 32         .              1.142857142857143
        a      6       36  | 32         .              1.115384615384615
        """
    )


def test_a_gap_in_the_numbers_is_no_step_and_moves_the_line():
    """Session 2 is not in the records: 3 has no session before it."""
    check(
        """
        client session srs | srs_early srs_since_last srs_slope_to_date
        a      1       30  |  .         .              .
        a      3       34  | 32         .              .
        a      4       36  | 32         2              2
        b      2       20  |  .         .              .
        b      3       26  | 23         6              .
        b      4       23  | 23        -3              1.5
        """
    )


def test_who_came_in_after_the_landmark_has_no_level_and_a_new_course_begins_anew():
    check(
        """
        client course session srs | srs_early srs_since_last srs_slope_to_date
        a      1      1       30  |  .         .              .
        a      1      2       34  |  .         4              .
        a      1      3       32  | 32        -2              1
        a      2      4       20  |  .         .              .
        a      2      5       21  |  .         1              .
        a      2      6       25  |  .         4              2.5
        """
    )


def test_no_score_by_the_landmark_is_no_level():
    check(
        """
        client session srs | srs_early srs_since_last srs_slope_to_date
        a      1        .  | .          .              .
        a      2        .  | .          .              .
        a      3        .  | .          .              .
        a      4       30  | .          .              .
        a      5       31  | .          1              .
        a      6       35  | .          4              2.5
        """
    )


def test_a_missed_appointment_has_none_of_them():
    given, expected = halves(
        """
        client appointment attendance session srs | srs_early srs_since_last srs_slope_to_date
        a      1           attended   1       30  |  .         .              .
        a      2           attended   2       31  |  .         1              .
        a      3           no_show    .       10  |  .         .              .
        a      4           attended   3       35  | 32         4              2.5
        a      5           cancelled  .       .   |  .         .              .
        a      6           attended   4       36  | 32         1              2.2
        """
    )
    s = level_at_landmark(Sessions.of(given), "srs", 3)
    agrees(slope_to_date(since_last(s, "srs"), "srs").table, expected)


def test_the_landmark_may_be_session_1_but_not_before():
    s = Sessions.of(pd.DataFrame({"client": 7, "session": [1, 2], "srs": [30.0, 36]}))
    assert level_at_landmark(s, "srs", 1).table["srs_early"].tolist() == [30, 30]
    with pytest.raises(InvalidInput, match="A landmark at session 0 lies before therapy"):
        level_at_landmark(s, "srs", 0)


def test_each_says_when_it_is_known():
    """The score is given after the session; so is all that uses it. One of the course stays one."""
    s = sw.example()
    made = slope_to_date(since_last(level_at_landmark(s, "srs"), "srs"), "srs")
    for name in ("srs_early", "srs_since_last", "srs_slope_to_date"):
        assert made.columns[name].known == "after"
    late = sw.within_between(s, ["srs"])
    assert since_last(late, "srs_within").columns["srs_within_since_last"].known == "course"


def test_the_slope_is_that_of_least_squares():
    """Over thirty courses of a simulated clinic, against numpy's own line."""
    table = slope_to_date(sw.example(), "srs").table
    kept = table["session"].notna() & table["client"].isin(table["client"].unique()[:30])
    rows = table[kept].reset_index(drop=True)
    for _, course in rows.groupby(["client", "course"], observed=True):
        scored = course["srs"].notna().to_numpy()
        for place, row in enumerate(course.itertuples()):
            upto = course[: place + 1][scored[: place + 1]]
            if len(upto) < 3:
                assert np.isnan(row.srs_slope_to_date)
            else:
                line = np.polyfit(upto["session"].astype(float), upto["srs"], 1)[0]
                assert row.srs_slope_to_date == pytest.approx(line, abs=1e-9)
