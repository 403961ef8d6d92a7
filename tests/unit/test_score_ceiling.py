"""Scores at the maximum of their scale: by hand, in pools, and none at all."""

import numpy as np
import pytest
from moving_records import moving, with_cards
from statsmodels.stats.proportion import proportion_confint
from tables import records

import sessionwise as sw
from sessionwise.errors import Refused, Unanswerable
from sessionwise.models.scale_limits import score_range
from sessionwise.models.score_ceiling import ALWAYS, AT, NEAR, at_ceiling, ceiling_by_session


def clinic(*courses):
    """One client for each list of SRS scores."""
    lines = [
        f"c{place} {t} {score}"
        for place, scores in enumerate(courses)
        for t, score in enumerate(scores, 1)
    ]
    return records("client session srs\n" + "\n".join(lines))


ALL_AT_TOP = [[40, 40]] * 6
MIXED = [[40, 38], [36, 34], [30, 32], [40, 40], [20, 22]]


class TestByHand:
    """Of 10 scores 3 are at 40. Swings: 1, 1, 1, 0, 1 about the means: √(8/5) = 1.26 points."""

    def test_scores_at_the_maximum_and_near_it(self):
        table = at_ceiling(clinic(*MIXED)).set_index("measure")
        assert table.loc[AT, ["count", "n", "share"]].tolist() == [3, 10, 0.3]
        assert table.loc[NEAR, "count"] == 3  # 38 is two points away

    def test_clients_who_are_always_there(self):
        table = at_ceiling(clinic(*MIXED)).set_index("measure")
        low, high = proportion_confint(1, 5, method="wilson")
        row = table.loc[ALWAYS]
        assert (row["count"], row["n"]) == (1, 5)
        assert (row["low"], row["high"]) == pytest.approx((low, high))

    def test_near_is_within_one_swing(self):
        table = at_ceiling(clinic(*MIXED[:-1], [39, 37], [28, 24])).set_index("measure")
        assert table.loc[NEAR, "count"] == 4

    def test_a_client_seen_once_is_not_always_there(self):
        assert at_ceiling(clinic(*MIXED, [40])).set_index("measure").loc[ALWAYS, "n"] == 5

    def test_all_at_the_maximum(self):
        table = at_ceiling(clinic(*ALL_AT_TOP))
        assert table["share"].tolist() == [1, 1, 1]
        np.testing.assert_allclose(table["high"], 1)
        assert (table["low"] < 0.9).all()


class TestBySession:
    def test_none_is_zero_at_every_session(self):
        curve = ceiling_by_session(sw.example())
        assert curve.estimates["estimate"].eq(0).all()
        assert len(curve.estimates) == sw.example().table["session"].max()
        assert curve.recipe.notes == ()

    def test_no_time_shows_one_to_four(self):
        curve = ceiling_by_session(moving(), "srs").estimates
        many = (curve["estimate"] * curve["at_risk"]).round()
        assert (many >= 5).all()

    def test_sessions_put_together_hold_all_the_scores(self):
        """Leaving sessions of few out would leave those of none; together nothing is lost."""
        s = moving()
        curve = ceiling_by_session(s, "srs")
        top = (s.table["srs"] >= 40).sum()
        assert (curve.estimates["estimate"] * curve.estimates["at_risk"]).sum() == pytest.approx(
            top
        )
        assert curve.estimates["at_risk"].sum() == s.table["srs"].notna().sum()
        assert "put together" in curve.recipe.notes[0]

    def test_a_session_of_its_own_keeps_its_number(self):
        curve = ceiling_by_session(clinic(*ALL_AT_TOP)).estimates
        assert curve["time"].tolist() == [1, 2] and curve["at_risk"].tolist() == [6, 6]

    def test_fewer_than_five_in_all_are_not_told(self):
        curve = ceiling_by_session(clinic(*MIXED))
        assert curve.estimates.empty
        assert curve.rows.left_out[-1] == ("fewer than five scores at the maximum", 10)


class TestWhatIsMissing:
    def test_the_score(self):
        with pytest.raises(Unanswerable, match="The ceiling of the alliance score"):
            at_ceiling(sw.example(), "")

    def test_the_instrument(self):
        s = records("client session mine\n" + "\n".join(f"{c} 1 5" for c in range(6)))
        with pytest.raises(Unanswerable, match="highest score there is"):
            at_ceiling(s, "mine")

    def test_clients(self):
        with pytest.raises(Refused, match="Fewer than 5 clients"):
            at_ceiling(clinic([40, 40], [30, 31]))


class TestRange:
    def test_of_a_total_a_part_and_a_score_nobody_described(self):
        page = "client session wai wai_bond mine\na 1 50 17 3\na 2 48 18 4"
        s = with_cards(records(page), {"wai": "WAI", "wai_bond": "bond"})
        assert score_range(s, "wai") == (12, 60)
        assert score_range(s, "wai_bond") == (4, 20)
        assert score_range(s, "mine") is None

    def test_of_a_part_scored_from_items(self):
        """Its column names the instrument; only the total is among the instruments."""
        page = "client session wai wai_goal\na 1 50 17\na 2 48 18"
        s = with_cards(records(page), {"wai": "WAI", "wai_goal": "goal"})
        s = s.__class__(**{**s.__dict__, "instruments": {"wai": s.instruments["wai"]}})
        assert score_range(s, "wai_goal") == (4, 20)


def test_limits_take_clients_as_independent():
    """The same scores of twice the sessions a client tell no more than half of them."""
    short = at_ceiling(clinic(*[[40, 40]] * 5, *[[30, 31]] * 5)).set_index("measure").loc[AT]
    long = at_ceiling(clinic(*[[40] * 4] * 5, *[[30, 31] * 2] * 5)).set_index("measure").loc[AT]
    np.testing.assert_allclose(
        short[["low", "high"]].astype(float), long[["low", "high"]].astype(float)
    )
