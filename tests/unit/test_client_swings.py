"""A client's own swings: by hand, against brute force, and with nothing to find."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from moving_records import moving
from tables import records

import sessionwise as sw
from sessionwise.errors import Refused, Unanswerable
from sessionwise.models.client_swings import (
    FALLS,
    LARGE_FALLS,
    LASTING,
    SPREAD,
    alliance_swings,
)
from sessionwise.records.sessions import Sessions


def five_times(scores, sessions=None):
    """Five clients with the same scores: enough of them to be told of."""
    sessions = sessions or range(1, len(scores) + 1)
    lines = [f"{c} {t} {score}" for c in "abcde" for t, score in zip(sessions, scores)]
    return records("client session srs\n" + "\n".join(lines))


def found(s, measure, trend="left in", column="estimate"):
    table = alliance_swings(s).set_index(["measure", "trend"])
    return table.loc[(measure, trend), column]


class TestByHand:
    """20, 23, 20, 25: mean 22, deviations −2, 1, −2, 3, squares 18, products −2 − 2 − 6 = −10.

    The line has slope (−1.5·−2 − .5·1 + .5·−2 + 1.5·3) / 5 = 1.2; what is left of the deviations
    is −.2, 1.6, −2.6, 1.2: squares 10.8, products −.32 − 4.16 − 3.12 = −7.6.
    """

    S = five_times([20, 23, 20, 25])

    def test_spread(self):
        assert found(self.S, SPREAD) == pytest.approx(sqrt(18 / 3))
        assert found(self.S, SPREAD, "taken out") == pytest.approx(sqrt(10.8 / 2))

    def test_autocorrelation(self):
        assert found(self.S, LASTING) == pytest.approx(-10 / 18)
        assert found(self.S, LASTING, "taken out") == pytest.approx(-7.6 / 10.8)

    def test_what_it_would_be_if_nothing_lasted(self):
        """Of T independent scores about their mean it is −1/T, exactly."""
        assert found(self.S, LASTING, column="expected") == pytest.approx(-1 / 4)

    def test_falls_count_from_the_session_before(self):
        table = alliance_swings(self.S).set_index("measure")
        assert table.loc[FALLS, ["count", "n"]].tolist() == [5, 15]
        assert table.loc[FALLS, "estimate"] == pytest.approx(1 / 3)
        assert table.loc[LARGE_FALLS, "count"] == 0  # 3 points, and two SD are 4.9

    def test_clients_who_are_alike_leave_no_error(self):
        table = alliance_swings(self.S)
        np.testing.assert_allclose(table.loc[0, ["low", "high"]].to_numpy(float), sqrt(6))


class TestGapsAndEdges:
    def test_a_fall_of_exactly_a_point_counts_where_a_float_cannot_hold_it(self):
        table = alliance_swings(five_times([30.3, 29.3, 30.3, 29.3])).set_index("measure")
        assert table.loc[FALLS, "count"] == 10

    def test_nothing_is_taken_over_a_gap(self):
        """Sessions 1, 2, 5, 6: two pairs, and no product over the gap."""
        s = five_times([20, 23, 20, 25], [1, 2, 5, 6])
        assert found(s, LASTING) == pytest.approx((-2 - 6) / 18)
        assert found(s, LASTING, column="n") == 10
        assert found(s, FALLS, column="n") == 10

    def test_short_courses_are_in_the_falls_only(self):
        s = records(
            "client session srs\n"
            + "\n".join(f"{c} {t} {20 + (t * 7) % 4}" for c in "abcde" for t in range(1, 6))
            + "\n"
            + "\n".join(f"{c} {t} {30 - 5 * t}" for c in "xyz" for t in (1, 2, 3))
        )
        assert found(s, SPREAD, column="n") == 25
        assert found(s, FALLS, column="n") == 20 + 6

    def test_of_a_straight_line_nothing_is_left(self):
        table = alliance_swings(five_times([20, 22, 24, 26])).set_index(["measure", "trend"])
        assert table.loc[(SPREAD, "left in"), "estimate"] == pytest.approx(sqrt(20 / 3))
        assert table.loc[(SPREAD, "taken out"), "estimate"] == pytest.approx(0, abs=1e-9)

    def test_where_no_score_ever_differs_nothing_swings(self):
        with pytest.raises(Refused, match="nothing swings"):
            alliance_swings(five_times([30, 30, 30, 30]))

    def test_of_four_clients_nothing_is_told(self):
        s = five_times([20, 23, 20, 25])
        with pytest.raises(Refused, match="Fewer than 5 clients"):
            alliance_swings(Sessions.of(s.frame[["client", "session", "srs"]].iloc[:16]))

    def test_without_sessions_or_scores_it_says_why(self):
        with pytest.raises(Unanswerable, match="assessments, not sessions"):
            alliance_swings(records("client time srs\na 0 30\na 2 31", "time"))
        with pytest.raises(Unanswerable, match="A client's own swings needs `wai`"):
            alliance_swings(sw.example(), "wai")


class TestKnownTruth:
    @staticmethod
    def drawn(rho, clients=300, sessions=8, trend=0.0, seed=11):
        draw = np.random.default_rng(seed)
        swing = np.zeros((clients, sessions))
        swing[:, 0] = draw.normal(0, 1.5, clients)
        for t in range(1, sessions):
            swing[:, t] = rho * swing[:, t - 1] + draw.normal(0, 1.5 * sqrt(1 - rho**2), clients)
        score = 25 + swing + trend * np.arange(sessions)
        return Sessions.of(
            pd.DataFrame(
                {
                    "client": np.repeat(np.arange(clients), sessions).astype(str),
                    "session": np.tile(np.arange(1, sessions + 1), clients),
                    "srs": score.ravel(),
                }
            )
        )

    def test_independent_swings_are_as_expected_about_the_mean_and_the_line(self):
        """`expected` is a formula; here it is what 300 drawn clients give, within its limits."""
        table = alliance_swings(self.drawn(0.0)).set_index(["measure", "trend"])
        for trend in ("left in", "taken out"):
            row = table.loc[(LASTING, trend)]
            assert row["low"] < row["expected"] < row["high"]
            spread = table.loc[(SPREAD, trend)]
            assert spread["low"] < 1.5 < spread["high"]

    def test_lasting_swings_are_above_it(self):
        table = alliance_swings(self.drawn(0.5)).set_index(["measure", "trend"])
        for trend in ("left in", "taken out"):
            assert table.loc[(LASTING, trend), "low"] > table.loc[(LASTING, trend), "expected"]

    def test_a_trend_alone_looks_like_lasting_swings_until_it_is_taken_out(self):
        table = alliance_swings(self.drawn(0.0, trend=0.6)).set_index(["measure", "trend"])
        assert table.loc[(LASTING, "left in"), "low"] > 0
        row = table.loc[(LASTING, "taken out")]
        assert row["low"] < row["expected"] < row["high"]

    def test_independent_normal_swings_fall_by_two_sd_in_8_per_cent(self):
        row = alliance_swings(self.drawn(0.0, 2000)).set_index("measure").loc[LARGE_FALLS]
        # two of the *estimated* SD; P(difference ≤ −2 SD) = Φ(−√2) = 7.9 %
        assert row["low"] < 0.0786 < row["high"]


def test_it_runs_on_scores_with_a_ceiling_and_changes_of_therapist():
    table = alliance_swings(moving(), "srs")
    assert table["estimate"].notna().all() and len(table) == 6
