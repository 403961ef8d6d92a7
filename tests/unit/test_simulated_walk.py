"""Session by session, each feature of the simulated clinic does what its equation says."""

import numpy as np
import pytest
from simulated_clinics import QUIET, STILL, J, N, clinic, near, share_near, slope, wide

from sessionwise.records.simulation import simulate, simulated_clinic


class TestCeiling:
    def test_scores_are_cut_and_only_those_beyond_the_ends(self):
        truth = clinic(alliance={"start": 38.5})
        free, cut = simulate(truth, 3), simulate(truth.switched_on("ceiling"), 3)
        assert cut.table["srs"].max() == 40 < free.table["srs"].max()
        assert cut.table["srs"].equals(free.table["srs"].clip(0, 40))

    def test_the_outcome_follows_the_state_above_the_ceiling(self):
        truth = clinic(alliance={"start": 38.5})
        free, cut = simulate(truth, 3), simulate(truth.switched_on("ceiling"), 3)
        assert cut.table["ors"].equals(free.table["ors"].clip(0, 40))


def test_phases_rise_by_their_own_slopes():
    """With nothing random the mean is the equation: up to session 3, then after it."""
    truth = clinic("phases", alliance=STILL)
    path = wide(simulate(truth, 3), "srs").iloc[0].to_numpy()
    rises = [0.5, 0.5, 0.05, 0.05, 0.05]
    assert np.diff(path) == pytest.approx(rises)


def test_the_ending_phase_begins_when_an_end_is_agreed_on_and_lasts_for_the_notice():
    sections = {"planned": {"baseline": -1.0, "session": 0, "severity": 0, "notice": 2}}
    s = simulate(clinic("phases", limit=10, **sections), 3)
    frame = s.frame
    planned = frame[frame["ending"].astype("str") == "planned"]
    phases = planned.groupby("client")["phase"].agg(lambda one: (one == "ending").sum())
    assert set(phases) == {2}
    assert (planned.groupby("client")["phase"].last() == "ending").all()


class TestTherapists:
    def test_empathy_raises_the_alliance_and_the_slope_of_the_outcome(self):
        truth = clinic("therapist_factors", "forms", limit=4,
                       alliance=STILL, outcome={**QUIET, "within": 0, "between": 0})  # fmt: skip
        c = simulated_clinic(truth, 3)
        s, true = c.sessions, c.therapists.set_index("therapist")["empathy"]
        srs, ors = wide(s, "srs"), wide(s, "ors")
        of = s.table.groupby("client")["therapist"].first()
        rise = (ors[4] - ors[1]) / 3 - truth.outcome.session  # empathy_slope · E_j, exactly
        empathy = rise / truth.therapist_factors.empathy_slope
        each = empathy.groupby(of).first()
        assert each.to_numpy() == pytest.approx(true[each.index].to_numpy(), abs=0.006)
        near(each.mean(), 0, 1 / np.sqrt(len(each)))
        near(each.std(), 1, 1 / np.sqrt(2 * len(each)))
        b, error = slope(empathy, srs[2])
        near(b, truth.therapist_factors.empathy, error * np.sqrt(N / J))
        care = wide(s, "care")[1]
        assert 0.4 < np.corrcoef(care, empathy)[0, 1] < 0.95

    def test_countertransference_as_the_supervisor_rates_it_goes_with_a_worse_alliance(self):
        s = simulate(clinic("therapist_factors", "forms", alliance=STILL), 3)
        first = s.table[s.table["session"] == 1]
        b, error = slope(first["countertransference"], first["srs"])
        assert b < -4 * error

    def test_clients_are_dealt_out_by_caseload(self):
        s = simulate(clinic("therapist_factors"), 3)
        by = (
            s.table[s.table["session"] == 1].groupby("therapist")["caseload"].agg(["first", "size"])
        )
        b, error = slope(by["first"], by["size"])
        near(b, N / J / by["first"].mean(), error)


def test_motivation_and_match_raise_the_level_of_the_alliance():
    truth = clinic("client_factors", alliance={**STILL, "session_sd": 1.0})
    s = simulate(truth, 3)
    frame = s.frame[s.frame["session"] == 2]
    x = np.column_stack([np.ones(N), frame["motivation"], frame["match"]])
    got, *_ = np.linalg.lstsq(x, frame["srs"].to_numpy(), rcond=None)
    near(got[1:], [0.4, 0.5], 1 / np.sqrt(N))


class TestRuptures:
    def test_they_begin_drop_and_are_repaired_as_said(self):
        c = simulated_clinic(clinic("ruptures", limit=12, alliance=STILL), 3)
        falls = np.diff(wide(c.sessions, "srs").to_numpy(), axis=1)
        assert falls.min() == pytest.approx(-5)
        share_near((falls[:, 0] < -4.9).mean(), 0.065, N)
        events = c.events.groupby("event").size()
        open_ends = c.events[(c.events["event"] == "rupture") & (c.events["session"] > 10)]
        share_near(events["repair"] / (events["rupture"] - len(open_ends)), 0.7, events["repair"])

    def test_each_fall_of_a_quiet_alliance_is_a_rupture_of_the_truth(self):
        c = simulated_clinic(clinic("ruptures", limit=12, alliance=STILL), 3)
        srs = wide(c.sessions, "srs")
        fell = srs.diff(axis=1).stack() < -4.999
        listed = c.events[c.events["event"] == "rupture"].set_index(["client", "session"]).index
        assert set(fell[fell].index) == set(listed)

    def test_a_repaired_rupture_ends_above_where_it_began(self):
        c = simulated_clinic(clinic("ruptures", limit=4, alliance=STILL), 3)
        srs = wide(c.sessions, "srs")
        repaired = c.events[c.events["event"] == "repair"]
        rows = srs.loc[repaired["client"].unique()]
        assert (rows[4] - rows[1]).round(6).isin([0.6, -4.4]).all()  # −4.4: torn again at once


def test_feedback_moves_the_alliance_by_the_swing_of_the_week():
    truth = clinic("feedback", alliance=STILL, outcome={**QUIET, "session_sd": 2.0})
    s = simulate(truth, 3)
    first = s.table[s.table["session"] == 1]
    b, _ = slope(first["ors"], first["srs"])
    assert b == pytest.approx(0.15, abs=1e-6)  # nothing else is random at session 1


def test_sudden_gains_come_to_their_share_once_and_stay():
    truth = clinic("sudden_gains", limit=9, alliance=STILL,
                   outcome={**QUIET, "session": 0, "within": 0, "between": 0})  # fmt: skip
    c = simulated_clinic(truth, 3)
    ors = wide(c.sessions, "ors")
    gained = (ors[9] - ors[1]).round(6).eq(6)
    share_near(gained.mean(), 0.25, N)
    jumps = ors.diff(axis=1).stack().round(6).eq(6)
    listed = c.events.set_index(["client", "session"]).index
    assert set(jumps[jumps].index) == set(listed)
    assert c.events["session"].between(3, 8).all()


def test_homework_is_set_and_done_as_said_and_brings_its_points():
    truth = clinic("homework", "client_factors", alliance=STILL,
                   outcome={**QUIET, "session": 0, "within": 0, "between": 0})  # fmt: skip
    s = simulate(truth, 3)
    frame = s.frame[s.frame["session"] > 1]
    share_near(frame["homework"].notna().mean(), 0.7, len(frame))
    given = frame.dropna(subset=["homework"])
    assert (given["ors"] - 18).to_numpy() == pytest.approx(given["homework"].to_numpy(), abs=1e-6)
    assert slope(given["motivation"], given["homework"])[0] > 0.05
