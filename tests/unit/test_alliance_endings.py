"""Alliance and both kinds of ending: whose rows, whose columns, and how they differ."""

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.attendance import before_appointments
from sessionwise.models.alliance_endings import alliance_and_endings
from sessionwise.models.alliance_leaving import (
    alliance_and_leaving,
    alliance_and_leaving_from_landmark,
)


@pytest.fixture(scope="module")
def both(clinic):
    return alliance_and_endings(clinic, "srs", ["severity"])


class TestBothEndings:
    def test_both_are_on_the_same_decisions_from_the_second_session_on(self, clinic, both):
        at_risk = sw.episodes(before_appointments(clinic, "srs")).frame
        rows = at_risk[(at_risk["session"] > 1) & at_risk["srs_so_far"].notna()]
        for kind in ("unplanned", "planned"):
            counted = getattr(both, kind).rows
            assert counted.used == len(rows)
            assert counted.events == rows[f"left_{kind}"].sum()
            lost = at_risk.loc[at_risk["session"] > 1, f"left_{kind}"].sum() - counted.events
            assert counted.events_lost == lost
        reasons = dict(both.planned.rows.left_out)
        first = (at_risk["session"] == 1).sum()
        assert reasons["first sessions, before which no alliance was rated"] == first

    def test_all_that_explains_them_was_known_before_the_session(self, clinic, both):
        made = before_appointments(clinic, "srs")
        for fit in (both.unplanned, both.planned):
            terms = [t for t in fit.estimates["term"] if t in made.columns]
            assert terms == ["session", "srs_so_far", "srs_last_change", "severity"]
            assert all(made.columns[term].known == "before" for term in terms)

    def test_each_is_the_hazard_of_its_kind(self, clinic, both):
        at_risk = sw.episodes(before_appointments(clinic, "srs"))
        later = at_risk.frame[at_risk.frame["session"] > 1]
        plain = sw.glm(
            "left_planned ~ session + srs_so_far + srs_last_change + severity",
            later[later["srs_so_far"].notna()],
            "binomial",
            "cloglog",
        )
        np.testing.assert_allclose(both.planned.estimates["estimate"], plain.estimates["estimate"])

    def test_the_difference_takes_them_for_independent(self, both):
        for _, row in both.differences.iterrows():
            one, other = both.unplanned.term(row["term"]), both.planned.term(row["term"])
            assert row["estimate"] == pytest.approx(one["estimate"] - other["estimate"])
            error = np.hypot(one["std_error"], other["std_error"])
            assert row["std_error"] == pytest.approx(error)

    def test_beside_them_stands_what_was_known_at_the_decision(self, clinic, both):
        same = alliance_and_leaving(clinic, "srs", ["severity"])
        pd.testing.assert_frame_equal(both.at_decision.estimates, same.estimates)

    def test_the_question_names_the_ending(self, both):
        said = "Does the SRS before a session go with {} ending after it?"
        assert both.planned.question == said.format("a planned")
        assert both.unplanned.question == said.format("an unplanned")

    @pytest.mark.parametrize("kind", ["planned", "unplanned"])
    def test_without_one_of_the_kinds_there_is_nothing_side_by_side(self, clinic, kind):
        other = ~clinic.courses["ending"].eq(kind).to_numpy()
        s = clinic.keep_courses(other, "one kind only")
        with pytest.raises(Unanswerable, match=f"No {kind} ending from the second session on"):
            alliance_and_endings(s)


class TestFromALandmark:
    def test_rows_are_decisions_from_the_landmark_on(self, clinic):
        fit = alliance_and_leaving_from_landmark(clinic, landmark=4)
        at_risk = sw.episodes(clinic).frame
        early = at_risk["session"] < 4
        assert dict(fit.rows.left_out)["decisions before session 4"] == early.sum()
        events = at_risk.loc[~early, "left_unplanned"].sum()
        assert fit.rows.events + fit.rows.events_lost == events

    def test_the_level_is_the_early_mean_whatever_comes_later(self, clinic):
        """Scores after the landmark move the swing alone."""
        fit = alliance_and_leaving_from_landmark(clinic, "srs", ["severity"], 3, "since_last")
        made = sw.since_last(sw.level_at_landmark(clinic, "srs", 3), "srs")
        by_hand = sw.hazard(
            "left_unplanned ~ session + srs_early + srs_since_last + severity", made
        )
        np.testing.assert_allclose(fit.estimates["estimate"], by_hand.estimates["estimate"])
        assert fit.scales["alliance_between"] > 0 and fit.scales["alliance_within"] > 0

    def test_from_session_1_on_the_first_session_has_its_step(self, clinic):
        fit = alliance_and_leaving_from_landmark(clinic, landmark=1)
        assert "first_session" in set(fit.estimates["term"])
        rows = sw.episodes(sw.level_at_landmark(sw.running(clinic, "srs"), "srs", 1)).frame
        known = rows["srs_early"].notna() & (rows["srs_change"].notna() | rows["session"].eq(1))
        assert fit.rows.used == known.sum()

    @pytest.mark.parametrize("swing", ["change", "since_last", "slope_to_date"])
    def test_each_swing_is_told_in_its_own_words(self, clinic, swing):
        fit = alliance_and_leaving_from_landmark(clinic, swing=swing)
        said = sw.show.leaving(fit).text
        words = {
            "change": "A session one standard deviation",
            "since_last": "than the one before it preceded",
            "slope_to_date": "A line through alliance (SRS) so far steeper by one standard",
        }
        assert said.startswith("An average alliance (SRS) up to the landmark one between-client")
        assert words[swing] in said

    def test_a_swing_that_is_none_is_refused(self, clinic):
        with pytest.raises(Refused, match="no swing 'slope'"):
            alliance_and_leaving_from_landmark(clinic, swing="slope")
