"""What each rater records in the simulated clinic: forms, interviews, forms that are missing."""

import numpy as np
import pytest
from simulated_clinics import clinic, full_clinic, near, share_near, slope

from sessionwise.records.simulation import simulate, simulated_clinic
from sessionwise.records.truth import Truth


def test_forms_are_missing_where_things_go_badly():
    truth = clinic("missing_badly", missing={"alliance": 0.2, "outcome": 0.2})
    hidden = clinic(missing={"alliance": 0, "outcome": 0})
    seen, whole = simulate(truth, 3).table, simulate(hidden, 3).table
    for score, per_point in (("srs", -0.2), ("ors", -0.04)):
        lost = seen[score].isna().to_numpy()
        b, error = slope(whole[score], lost)
        expected = per_point * (lost * (1 - lost.mean())).mean()
        assert b < -4 * error and 0.5 < b / expected < 1.5


class TestForms:
    def test_the_parts_of_the_alliance_add_up_and_record_its_state(self):
        s = simulate(clinic("forms"), 3)
        t = s.table
        assert (t["wai"] == t[["wai_bond", "wai_goal", "wai_task"]].sum(axis=1)).all()
        b, error = slope(t["srs"], t["wai_bond"])
        near(b, 0.55, 3 * error)  # rows of one client go together

    def test_the_therapist_rates_lower_and_follows_the_client_in_part(self):
        s = simulate(clinic("forms", alliance={"growth": 0}), 3)
        t = s.table
        lower = (t["wai_therapist"] - t["wai"]).mean()
        assert lower == pytest.approx(-1.9, abs=0.3)
        assert 0.3 < np.corrcoef(t["wai"], t["wai_therapist"])[0, 1] < 0.8

    def test_three_forms_come_every_third_session(self):
        s = simulate(clinic("forms", "therapist_factors"), 3)
        for name in ("care", "rri", "countertransference"):
            given = s.table.loc[s.table[name].notna(), "session"]
            assert set(given) == {1, 4}

    def test_no_form_lies_outside_its_scale(self):
        truth = full_clinic()
        table = simulate(truth, 4).table  # every rule of the codebook was checked in reading it
        assert table["disclosure"].between(0, 10).eq(table["disclosure"].notna()).all()


class TestChildren:
    def test_they_have_forms_of_their_own_and_no_others(self):
        s = simulate(clinic("children", "forms", children={"clients": 2000, "therapists": 200}), 3)
        frame = s.frame
        child = frame["team"] == "children"
        adult_forms = ["ors", "srs", "wai", "wai_therapist", "care"]
        assert frame.loc[child, adult_forms].isna().all(axis=None)
        assert frame.loc[~child, ["cors", "csrs", "tasc_r"]].isna().all(axis=None)
        assert frame.loc[child, ["cors", "csrs", "tasc_r"]].notna().all(axis=None)
        assert child.groupby(frame["client"]).first().sum() == 2000

    def test_child_and_caregiver_disagree_by_the_amount_known(self):
        size = {"clients": 4000, "therapists": 400, "tasc_mean": 30, "error_sd": 1}
        s = simulate(clinic("children", alliance={"trait_sd": 1.0}, children=size), 3)
        apart = s.table["tasc_r_caregiver"] - s.table["tasc_r"]
        of_client = apart.groupby(s.table["client"]).mean().dropna()
        near(of_client.mean(), 2.5, 3.05 / np.sqrt(len(of_client)))
        assert of_client.std() == pytest.approx(np.sqrt(9 + 2 / 6), abs=0.2)


@pytest.fixture(scope="module")
def drawn():
    truth = Truth(clinic={"clients": 2000}, interviews={"clients": 600, "untrue": 0})
    return simulated_clinic(truth.switched_on("ruptures", "interviews"), 3)


class TestInterviews:
    def test_segments_on_ruptures_and_repairs_are_tied_to_true_ones(self, drawn):
        spoken = drawn.interviews[drawn.interviews["about"] != "neither"]
        happened = drawn.events.set_index(["client", "session", "event"]).index
        assert spoken.set_index(["client", "session", "about"]).index.isin(happened).all()

    def test_as_many_are_spoken_of_as_said(self, drawn):
        theirs = drawn.events[drawn.events["client"].isin(drawn.interviews["client"])]
        spoken = drawn.interviews[drawn.interviews["about"] != "neither"]
        share_near(len(spoken) / len(theirs), 0.8, len(theirs))

    def test_everybody_interviewed_has_attended_the_sessions_spoken_of(self, drawn):
        last = drawn.sessions.table.groupby("client")["session"].max()
        spoken = drawn.interviews
        assert spoken["client"].nunique() == 600
        assert (spoken["session"].to_numpy() <= last[spoken["client"]].to_numpy()).all()
