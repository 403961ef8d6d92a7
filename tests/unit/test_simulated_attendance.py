"""Who comes to the simulated clinic, who changes therapist, and how courses end."""

import numpy as np
import pandas as pd
import pytest
from simulated_clinics import NOBODY, QUIET, STILL, N, clinic, share_near, wide

from sessionwise.records.simulation import simulate
from sessionwise.records.truth import Truth


class TestHandovers:
    def test_administrative_ones_are_as_frequent_as_said_and_do_not_depend_on_the_alliance(self):
        truth = clinic("handovers", handovers={"alliance": 0, "failing": -50})
        s = simulate(truth, 3)
        later = s.table[s.table["session"] > 1]
        share_near(later["handover"].notna().mean(), 0.008, len(later))
        changed = s.table.groupby("client")["therapist"].nunique()
        assert (changed > 1).sum() == later.loc[later["handover"].notna(), "client"].nunique()

    def test_those_of_a_failing_alliance_follow_a_low_mean_to_date(self):
        truth = clinic("handovers", handovers={"administrative": 0, "failing": -3.0})
        s = simulate(truth, 3)
        srs, why = wide(s, "srs"), wide(s, "handover")
        low = srs[1] < srs[1].median()
        assert why[2].notna()[low].mean() > 3 * why[2].notna()[~low].mean()
        assert set(why[2].dropna()) == {"alliance"}

    def test_the_effects_are_those_of_the_therapist_of_the_session(self):
        """Only therapists differ: with another one the alliance is that of the other's clients."""
        truth = clinic("handovers", alliance={**STILL, "therapist_sd": 2.0}, decimals=6,
                       handovers={"administrative": 0.1, "cost": 0})  # fmt: skip
        table = simulate(truth, 3).table
        assert table.groupby("therapist")["srs"].std().max() < 1e-5
        assert (table.groupby("client")["therapist"].nunique() > 1).mean() > 0.3

    def test_nobody_is_handed_to_a_therapist_of_the_other_team(self):
        s = simulate(clinic("handovers", "children", handovers={"administrative": 0.2}), 3)
        assert (s.frame.groupby("therapist")["team"].nunique() == 1).all()


class TestAttendance:
    PLAIN = {"therapist_sd": 0, "client_sd": 0, "motivation": 0, "alliance": 0, "never": -50}

    def test_appointments_are_missed_with_their_probability_and_at_most_three_in_a_row(self):
        truth = clinic("attendance", attendance={**self.PLAIN, "missed": -1.0, "waiting": 0})
        table = simulate(truth, 3).table
        p = 1 / (1 + np.exp(1.0))
        before = table[~table["attendance"].eq("attended")].groupby(["client", "sessions_so_far"])
        in_a_row = before.size()
        assert in_a_row.max() == 3
        share_near(len(in_a_row) / (N * 5), p, N * 5)
        share_near((in_a_row == 3).sum() / (N * 5), p**3, N * 5)

    def test_a_missed_appointment_has_no_session_no_scores_and_its_own_week(self):
        s = simulate(clinic("attendance", "forms", attendance=self.PLAIN), 3)
        missed = s.table[~s.attended]
        assert missed["session"].isna().all()
        assert missed[["ors", "srs", "wai", "care"]].isna().all(axis=None)
        gaps = s.table.groupby("client")["date"].diff().dropna().dt.days
        assert set(gaps) == {7}

    def test_who_never_started_has_waited_longer_and_has_no_session(self):
        truth = clinic("attendance", attendance={"never": -2.0, "waiting": 0.2})
        s = simulate(truth, 3)
        never = s.courses["ending"].astype("str") == "never_started"
        assert not s.frame.loc[s.attended, "ending"].eq("never_started").any()
        waited = s.courses.groupby(never)["waiting_days"].mean()
        assert waited[True] > 1.3 * waited[False]

    def test_who_leaves_is_known_to_have_left_only_after_four_weeks(self):
        truth = Truth().switched_on("attendance")
        s = simulate(truth, 3)
        last = s.frame[s.attended].drop_duplicates("client", keep="last")
        left = last["ending"].astype("str") == "unplanned"
        until = pd.Timestamp(truth.clinic.observed_until)
        assert (last.loc[left, "date"] + pd.Timedelta(days=28) <= until).all()

    def test_at_risk_are_those_whose_return_and_whose_leaving_would_both_be_known(self):
        """No open course is dropped that a leaver in its place would have been kept for."""
        s = simulate(Truth(clinic={"clients": 4000}).switched_on("attendance"), 3)
        frame = s.frame[s.attended]
        until = pd.Timestamp(Truth().clinic.observed_until)
        due = frame["date"] + pd.Timedelta(days=28) <= until
        open_last = (frame["ending"].astype("str") == "ongoing") & ~frame.duplicated(
            "client", "last"
        )
        assert not (due & open_last).any()


def test_endings_others_decide_come_with_their_probabilities():
    s = simulate(clinic("other_endings", other_endings={"transferred": 0.05, "external": 0.02}), 3)
    ended = s.courses["ending"].astype("str").value_counts()
    ever = {"transferred": 0.05, "service_ended": 0.003, "external": 0.02}
    any_ = sum(ever.values())
    for kind, p in ever.items():
        share_near(ended[kind] / N, p / any_ * (1 - (1 - any_) ** 5), N)


class TestLeaving:
    LOUD = {**NOBODY, "baseline": -2.0, "severity": 0}

    def test_a_frail_therapist_loses_more_clients(self):
        frail = {"therapist_sd": 1.0}
        off = simulate(clinic(leaving=self.LOUD), 3)
        on = simulate(clinic("frailty", leaving=self.LOUD, frailty=frail), 3)
        spread = {}
        for word, s in (("off", off), ("on", on)):
            first = s.frame[s.frame["session"] == 1]
            left = (s.frame.groupby("client")["session"].max() == 1).reindex(first["client"])
            spread[word] = left.groupby(first["therapist"].to_numpy()).mean().var()
        assert spread["on"] > 1.5 * spread["off"]

    def test_informative_leaving_takes_those_with_the_worse_slopes(self):
        truth = clinic("informative_leaving", limit=8, leaving=self.LOUD,
                       outcome={**QUIET, "slope_sd": 0.5, "within": 0, "between": 0})  # fmt: skip
        s = simulate(truth, 3)
        ors = wide(s, "ors")
        rise = (ors[2] - ors[1]).dropna()
        left = s.courses.set_index("client")["ending"].astype("str").eq("unplanned")
        left = left.reindex(rise.index)
        assert rise[left].mean() < rise[~left].mean() - 0.1

    def test_a_planned_end_comes_sooner_to_those_who_progress(self):
        planned = {"baseline": -4.0, "session": 0, "severity": 0, "progress": 0.3}
        s = simulate(clinic(planned=planned, outcome={"slope_sd": 1.0}), 3)
        ors = wide(s, "ors")
        gained = ors[2] - ors[1]
        ended = s.table.groupby("client")["session"].max() == 2
        assert gained[ended].mean() > gained[~ended].mean() + 1


def test_some_meet_by_video_some_by_phone_and_some_switch():
    s = simulate(clinic("modality", alliance=STILL), 3)
    first = s.table[s.table["session"] == 1]["modality"]
    share_near((first == "video").mean(), 0.3, N)
    share_near((first == "phone").mean(), 0.08, N)
    modality = wide(s, "modality")
    share_near((modality[2].astype("str") != modality[1].astype("str")).mean(), 0.03, N)
    by = s.table[s.table["session"] == 1].groupby("modality", observed=True)["srs"].mean()
    assert (by["in_person"], by["video"], by["phone"]) == pytest.approx((28.5, 28.5, 28.1))
