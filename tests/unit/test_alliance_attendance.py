"""Alliance and appointments missed: which rows, which model, and whether the truth comes back."""

import numpy as np
import pandas as pd
import pytest
from show_values import fit as fit_of
from tables import records

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused, Unanswerable
from sessionwise.features.attendance import attendance_flags, before_appointments
from sessionwise.models.alliance_attendance import alliance_and_attendance, chance_of_missing
from sessionwise.models.fit import Unanswered

CLINIC = {"clients": 150, "therapists": 10}


def clinic_of(seed: int = 5, clients: int = 150, **attendance: float) -> sw.Sessions:
    """A clinic in which nothing keeps the estimates from the truth."""
    truth = sw.Truth(
        clinic={**CLINIC, "clients": clients},
        missing={"alliance": 0.0},
        attendance={"on": True, "silent": 0.0, "motivation": 0.0, **attendance},
    )
    return sw.simulate(truth, seed=seed)


@pytest.fixture(scope="module")
def s() -> sw.Sessions:
    return clinic_of()


@pytest.fixture(scope="module")
def asked(s):
    return alliance_and_attendance(s, adjust=["severity"])


class TestItsRows:
    def test_every_appointment_is_used_or_left_out_once(self, s, asked):
        assert asked.rows.unit == "appointments"
        assert asked.rows.used + sum(n for _, n in asked.rows.left_out) == len(s.table)

    def test_each_reason_is_counted_by_hand(self, s, asked):
        table = s.table
        later = table["appointment"] > 1
        cancelled = later & (table["attendance"] == "cancelled")
        left = dict(asked.rows.left_out)
        assert left["first appointments"] == len(s.courses)
        assert left["appointments cancelled"] == cancelled.sum() > 0
        kept = later & ~cancelled & (table["sessions_so_far"] > 0)
        assert asked.rows.used == kept.sum()
        assert asked.rows.events == (table.loc[kept, "attendance"] == "no_show").sum()
        assert asked.rows.events_lost == 0

    def test_misses_without_an_earlier_score_are_counted_as_lost(self, s):
        """The first two forms of every tenth client are gone."""
        frame = s.frame
        gone = frame["client"].str.endswith("0") & frame["session"].le(2).fillna(False)
        fewer = s.with_columns(
            pd.DataFrame({"srs": frame["srs"].mask(gone.astype(bool))}), [s.columns["srs"]]
        )
        rows = alliance_and_attendance(fewer).rows
        assert dict(rows.left_out)["SRS, mean of earlier sessions: missing"] > 0
        whole = alliance_and_attendance(s).rows
        assert rows.events_lost == whole.events - rows.events > 0


class TestItsModel:
    def test_is_the_long_form(self, s, asked):
        made = attendance_flags(before_appointments(s, "srs")).frame
        rows = made[made["cancelled"].eq(0) & made["appointment"].gt(1)]
        fit = sw.mixed(
            "no_show ~ sessions_so_far + srs_so_far + srs_last_change + severity"
            " + (1 | client) + (1 | therapist)",
            rows,
            family="binomial",
        )
        pd.testing.assert_frame_equal(asked.estimates, fit.estimates)

    def test_no_score_of_the_appointment_or_of_a_later_one_is_used(self, s):
        """The last score of each course explains nothing: nothing comes after it."""
        frame = s.frame
        changed = frame["srs"].copy()
        at_the_end = ~frame["client"].duplicated(keep="last")
        changed[at_the_end & s.attended] -= 9
        other = s.with_columns(pd.DataFrame({"srs": changed}), [s.columns["srs"]])
        assert (changed != frame["srs"]).sum() > 50
        both = [alliance_and_attendance(one).estimates for one in (s, other)]
        pd.testing.assert_frame_equal(*both)

    def test_says_what_its_ratios_compare(self, asked):
        assert asked.recipe.caution.startswith("Ratios are those given the levels of")
        assert asked.labels["sessions_so_far"] == "sessions so far"
        assert asked.question.startswith("Does a better SRS precede coming")

    def test_few_appointments_a_client_make_a_caution_of_the_approximation(self, s):
        few = s.frame[s.frame["appointment"] <= 5]
        names = ["client", "therapist", "appointment", "session", "attendance", "srs"]
        caution = alliance_and_attendance(sw.Sessions.of(few[names])).recipe.caution
        assert "Laplace's approximation may be off in how much clients differ" in caution

    def test_what_was_not_known_at_intake_does_not_adjust_it(self, s):
        with pytest.raises(Unanswerable, match="takes what was known at intake, and `ors` was not"):
            alliance_and_attendance(s, adjust=["ors"])


class TestWhereItHasNoAnswer:
    def test_without_a_record_of_attendance(self):
        with pytest.raises(Unanswerable) as why:
            alliance_and_attendance(sw.example())
        assert str(why.value) == (
            "Whether appointments were missed is not in these records: every row is an attended "
            "session. If the export knows it, name the column that says so as "
            "[columns.attendance] in the codebook."
        )

    def test_where_all_that_was_not_attended_was_cancelled(self, s):
        frame = s.frame
        came = frame["attendance"].astype("str").replace("no_show", "cancelled")
        other = s.with_columns(pd.DataFrame({"attendance": came}), [s.columns["attendance"]])
        with pytest.raises(Unanswerable, match="of those not attended all were cancelled"):
            alliance_and_attendance(other)

    def test_assessments(self):
        lines = [f"{client} {time} {30 + time}" for client in range(6) for time in range(3)]
        s = records("\n".join(["client time srs", *lines]), clock="time")
        with pytest.raises(Unanswerable, match="these records hold assessments, not appointments"):
            alliance_and_attendance(s)

    def test_what_follows_hands_it_back(self):
        none = sw.answer(alliance_and_attendance, sw.example())
        assert isinstance(none, Unanswered) and chance_of_missing(none) is none


class TestTheChanceOfMissing:
    def test_is_the_mean_over_clients_and_therapists_by_simulation(self, asked):
        """Drawn deviations in place of the integral; 400,000 of them, so 3 in the fourth place."""
        found = chance_of_missing(asked).set_index("group")
        rows = asked.solution.used
        rng = np.random.default_rng(1)
        b = asked.estimates.set_index("term")["estimate"]
        spread = np.sqrt(asked.variances["variance"].sum())
        for group, level in found["alliance"].items():
            eta = b["Intercept"] + b["srs_so_far"] * level + b["severity"] * rows["severity"]
            eta += b["sessions_so_far"] * rows["sessions_so_far"].astype(float)
            drawn = rng.choice(eta.to_numpy(float), 400_000) + spread * rng.normal(size=400_000)
            mean = (1 / (1 + np.exp(-drawn))).mean()
            assert found.loc[group, "estimate"] == pytest.approx(mean, abs=8e-4)

    def test_another_fit_has_none(self):
        with pytest.raises(Refused, match="has no score so far"):
            chance_of_missing(fit_of({"Intercept": (0, -1, 1)}))


class TestTheSentence:
    def test_has_ratios_probabilities_and_shares_of_the_fit(self, asked):
        said = sw.show.missed(asked).text
        row = asked.term("srs_so_far")
        assert f"per point {np.exp(row['estimate']):.2f}, " in said
        low = chance_of_missing(asked).loc[0, "estimate"]
        assert f"the model expects {100 * low:.1f} % (95 % CI" in said
        share = asked.latent_shares().set_index("group")["share"]
        assert f"{100 * share['client']:.1f} % between clients" in said
        assert f"{asked.rows.events} missed appointments" in said

    def test_of_another_fit_is_refused(self):
        with pytest.raises(InvalidInput, match="no term X_so_far"):
            sw.show.missed(fit_of({"Intercept": (0, -1, 1)}))


class TestTheTruth:
    def test_is_told_where_appointments_are_simulated_only(self):
        assert sw.Truth().estimands()["alliance_and_attendance"] == {}
        on = sw.Truth(attendance={"on": True, "silent": 0.0}, missing={"alliance": 0.0})
        known = on.estimands()["alliance_and_attendance"]
        assert known["srs_so_far"].value == known["srs_last_change"].value == -0.06
        assert "given client and therapist" in known["srs_so_far"].scale
        assert known["srs_so_far"].moved_by == ()
        assert (
            sw.Truth(attendance={"on": True})
            .estimands()["alliance_and_attendance"]["srs_so_far"]
            .moved_by
        )

    def test_comes_back_where_it_is_strong(self):
        """−0.3 a point among 600 clients, and cancellations, which leave it as it is."""
        fit = alliance_and_attendance(clinic_of(seed=2, clients=600, alliance=-0.3))
        for term in ("srs_so_far", "srs_last_change"):
            row = fit.term(term)
            assert abs(row["estimate"] + 0.3) < 3.3 * row["std_error"]
            assert row["high"] < -0.1
        spread = fit.variances.set_index("group")["sd"]
        assert spread["client"] == pytest.approx(0.6, abs=0.2)
