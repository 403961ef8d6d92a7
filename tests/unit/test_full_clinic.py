"""The simulated clinic with every feature: quantities published, within what is assumed."""

import numpy as np
import pandas as pd
import pytest
from simulated_clinics import full_clinic

from sessionwise.records.sessions import ENDINGS
from sessionwise.records.simulation import simulate, simulated_clinic
from sessionwise.records.truth import Truth


def test_every_feature_leaves_the_others_draws_as_they_were():
    """Switching on what only records more changes nothing that was recorded before."""
    plain = simulate(Truth(), seed=5)
    for name in ("forms", "interviews", "attendance"):
        more = simulate(Truth().switched_on(name), seed=5)
        both = plain.table.merge(more.table, on=["client", "session"], suffixes=("", "_more"))
        assert len(both) > 3000
        for score in ("ors", "srs"):
            assert both[score].equals(both[f"{score}_more"].rename(score))


def test_the_full_clinic_has_endings_of_every_kind():
    truth = full_clinic()
    ended = simulate(truth, 3).courses["ending"].astype("str")
    assert set(ended) == set(ENDINGS)


class TestTheFullClinic:
    """What its values were chosen for: quantities published, reached within what is assumed."""

    @pytest.fixture(scope="class")
    @staticmethod
    def clinic():
        c = simulated_clinic(full_clinic(clients=8_000, therapists=700), 6)
        frame = c.sessions.frame
        return c, frame[frame["team"] == "adults"]

    def test_under_24_percent_of_first_sessions_lie_below_36(self, clinic):
        _, frame = clinic
        first = frame.loc[frame["session"] == 1, "srs"].dropna()
        assert 0.14 < (first < 36).mean() < 0.24
        assert 0.15 < (first == 40).mean() < 0.40  # "ceiling is the rule"; its size is assumed

    def test_adults_begin_between_16_and_19_points_of_the_ors(self, clinic):
        _, frame = clinic
        assert 16 < frame.loc[frame["session"] == 1, "ors"].mean() < 19

    def test_the_reliability_of_the_first_score_is_what_the_study_says(self, clinic):
        _, frame = clinic
        truth = full_clinic()
        first = frame.loc[frame["session"] == 1, "ors"]
        assert 1 - truth.outcome.error_sd**2 / first.var() == pytest.approx(0.85, abs=0.02)

    def test_a_fifth_to_a_third_leave_unplanned(self, clinic):
        c, _ = clinic
        started = c.sessions.courses["ending"].astype("str")
        started = started[started != "never_started"]
        assert 0.20 < (started == "unplanned").mean() < 0.33

    def test_about_nine_percent_of_appointments_are_no_shows(self, clinic):
        _, frame = clinic
        assert 0.07 < (frame["attendance"] == "no_show").mean() < 0.12

    def test_four_of_ten_clients_or_more_have_a_rupture(self, clinic):
        c, _ = clinic
        torn = c.events.loc[c.events["event"] == "rupture", "client"].nunique()
        assert 0.35 < torn / len(c.sessions.courses) < 0.5

    def test_therapists_rate_the_alliance_half_a_standard_deviation_lower(self, clinic):
        _, frame = clinic
        lower = (frame["wai_therapist"] - frame["wai"]).mean() / frame["wai"].std()
        assert lower == pytest.approx(-0.46, abs=0.08)

    def test_early_alliance_explains_the_outcome_as_far_as_published(self, clinic):
        """Partial r of sessions 1–3 with the last outcome given the first: .2 to .3."""
        _, frame = clinic
        came = frame[frame["session"].notna()]
        by = came.groupby("client")
        early = came[came["session"] <= 3].groupby("client")["srs"].mean()
        first = came[came["session"] == 1].set_index("client")["ors"]
        last = came.dropna(subset=["ors"]).groupby("client")["ors"].last()
        both = pd.DataFrame({"early": early, "first": first, "last": last})
        both = both[by["session"].max() >= 4].dropna()
        r = both.corr().to_numpy()
        partial = (r[0, 2] - r[0, 1] * r[1, 2]) / np.sqrt((1 - r[0, 1] ** 2) * (1 - r[1, 2] ** 2))
        assert 0.17 < partial < 0.31
