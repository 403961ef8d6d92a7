"""The next outcome with the previous one held, the reverse, and records as they come."""

import re

import numpy as np
import pandas as pd
import pytest
from question_records import again, left_out
from tables import records

import sessionwise as sw
from sessionwise.errors import InvalidInput
from sessionwise.models.next_outcome import alliance_and_next_outcome, outcome_and_alliance


@pytest.fixture(scope="module")
def held(clinic):
    return alliance_and_next_outcome(clinic, given="previous outcome")


class TestThePreviousOutcomeHeld:
    def test_it_is_a_term_by_its_deviation_alone(self, held):
        terms = held.estimates["term"].tolist()
        assert terms[1:] == ["session", "srs_lag1_within", "srs_lag1_between", "ors_lag1_within"]
        assert held.question.startswith("Does a higher SRS precede a different ORS at the next")
        assert ", given the previous one?" in held.question

    def test_the_long_form_gives_the_same_numbers(self, clinic, held):
        s = sw.lagged(sw.lagged(sw.first_therapist(clinic), "srs"), "ors")
        complete = ["ors", "session", "first_therapist"]
        s = sw.within_between(s, ["srs_lag1", "ors_lag1"], complete=complete)
        fit = sw.mixed(
            "ors ~ session + srs_lag1_within + srs_lag1_between + ors_lag1_within"
            " + (1 + session || client) + (1 | first_therapist)",
            s.frame[s.frame["srs_lag1_within"].notna()],
        )
        np.testing.assert_allclose(held.estimates["estimate"], fit.estimates["estimate"], rtol=1e-9)

    def test_within_estimates_are_those_of_a_dummy_for_every_client(self, clinic):
        """Exact where clients differ in level only and every column is split: ordinary least
        squares on deviations from the clients' means."""
        s = sw.lagged(sw.lagged(clinic, "srs"), "ors")
        s = sw.within_between(s, ["srs_lag1", "ors_lag1", "session"], complete=["ors"])
        rows = s.frame[s.frame["srs_lag1_within"].notna()]
        terms = ["session_within", "srs_lag1_within", "ors_lag1_within"]
        beside = "session_between + srs_lag1_between"
        fit = sw.mixed(f"ors ~ {' + '.join(terms)} + {beside} + (1 | client)", rows)
        own = rows["ors"] - rows.groupby("client")["ors"].transform("mean")
        expected = np.linalg.lstsq(rows[terms].to_numpy(float), own.to_numpy(float), rcond=None)[0]
        found = fit.estimates.set_index("term").loc[terms, "estimate"]
        np.testing.assert_allclose(found, expected, rtol=1e-7)  # X'X is solved another way

    def test_what_was_left_out_is_named_for_both_earlier_scores(self):
        """The outcome of session 2 is lost: it is neither explained nor held at session 3."""
        scores = [(30, 20), (32, 22), (31, 21), (33, 24), (30, 22)]
        page = ["client session srs ors"]
        for c in range(5):
            for t, (srs, ors) in enumerate(scores, 1):
                swing = (c * t * 7) % 5
                page.append(f"{c} {t} {srs - c + swing} {ors + c - (c + 2 * t) % 4}")
        page[2] = "0 2 32 ."
        fit = alliance_and_next_outcome(records("\n".join(page)), given="previous outcome")
        assert fit.rows.left_out == (
            ("srs: first session", 5),
            ("ors: earlier score missing", 1),
            ("ors: missing", 1),
        )
        assert fit.rows.used == 18

    def test_it_says_that_it_is_biased_with_the_sessions_and_the_size(self, clinic, held):
        """T is the mean number of rows of a course; the size is about (1 + ρ) / (T − 1)."""
        rows = held.rows.used / held.rows.clients
        weight = held.term("ors_lag1_within")["estimate"]
        caution = held.recipe.caution
        assert caution.startswith("Biased in short courses")
        assert f"with {rows:.1f} sessions a course on average" in caution
        size = float(re.search(r"too low, other things being equal by about (\S+) ", caution)[1])
        assert size == pytest.approx((1 + weight) / (rows - 1), rel=0.15)
        assert alliance_and_next_outcome(clinic).recipe.caution == ""
        assert "nickell" in held.recipe.sources

    @pytest.mark.slow
    def test_where_nothing_is_carried_over_the_weight_is_as_much_too_low_as_it_says(self):
        """In the plain clinic an outcome does nothing to the next. The mean of six clinics of 300
        clients has a standard error of .008; three of them, and .01 for the clients' own slopes.
        """
        weights, told = [], []
        for seed in range(6):
            s = sw.simulate(sw.Truth(clinic={"therapists": 10, "clients": 300}), seed=seed)
            fit = alliance_and_next_outcome(s, given="previous outcome")
            weights.append(fit.term("ors_lag1_within")["estimate"])
            told.append(float(re.search(r"by about (\S+) ", fit.recipe.caution)[1]))
        assert np.mean(weights) == pytest.approx(-np.mean(told), abs=0.034)
        assert np.mean(weights) < -0.04

    def test_a_word_that_is_none_is_refused(self, clinic):
        with pytest.raises(InvalidInput, match="given = 'previous alliance'"):
            alliance_and_next_outcome(clinic, given="previous alliance")
        with pytest.raises(InvalidInput, match="previous alliance"):
            outcome_and_alliance(clinic, given="previous outcome")


class TestTheReverse:
    def test_it_is_the_same_machine_with_the_scores_exchanged(self, clinic):
        one = outcome_and_alliance(clinic)
        two = alliance_and_next_outcome(clinic, alliance="ors", outcome="srs")
        pd.testing.assert_frame_equal(one.estimates, two.estimates)
        assert one.recipe.notes[0] == (
            "The outcome and the alliance were given at one session, the outcome first."
        )
        assert (one.outcome, one.better) == ("srs", "higher")

    def test_the_previous_alliance_held(self, clinic):
        fit = outcome_and_alliance(clinic, given="previous alliance")
        terms = fit.estimates["term"].tolist()
        assert terms[2:] == ["ors_within", "ors_between", "srs_lag1_within"]
        assert "weight of the previous alliance comes out too low" in fit.recipe.caution
        assert "SRS: first session" in dict(fit.rows.left_out)

    @pytest.mark.slow
    def test_an_alliance_that_carries_over_looks_like_an_effect_of_the_outcome(self):
        """In the plain clinic the outcome does nothing to the alliance. Six clinics of 300 clients:
        without the previous alliance the mean estimate is several of its standard errors (.004)
        above 0, with it within three of them."""
        bare, held = [], []
        for seed in range(6):
            s = sw.simulate(sw.Truth(clinic={"therapists": 10, "clients": 300}), seed=seed)
            bare.append(outcome_and_alliance(s).term("ors_within")["estimate"])
            fit = outcome_and_alliance(s, given="previous alliance")
            held.append(fit.term("ors_within")["estimate"])
        assert np.mean(bare) > 0.012
        assert abs(np.mean(held)) < 0.012

    def test_without_it_what_it_does_to_both_is_said_to_be_in_the_estimates(self, clinic):
        said = "The alliance of the session before is not held"
        assert any(note.startswith(said) for note in outcome_and_alliance(clinic).recipe.notes)


class TestRecordsAsTheyCome:
    """Ceilings, changed therapists and several courses: every variant answers or says why not."""

    @pytest.mark.parametrize("asked", ["forward", "held", "reverse", "reverse held"])
    @pytest.mark.parametrize("kind", ["ceiling", "changed therapists", "courses", "gaps"])
    def test_every_variant_runs(self, clinic, paired, asked, kind):
        rng = np.random.default_rng(8)
        table = clinic.table
        s = {
            "ceiling": lambda: again(clinic, srs=(table["srs"] + 9).clip(upper=40)),
            "changed therapists": lambda: again(
                clinic, therapist=table["therapist"].mask(rng.random(len(table)) < 0.2, "X")
            ),
            "courses": lambda: paired,
            "gaps": lambda: again(clinic, ors=table["ors"].mask(rng.random(len(table)) < 0.3)),
        }[kind]()
        fit = {
            "forward": lambda: alliance_and_next_outcome(s),
            "held": lambda: alliance_and_next_outcome(s, given="previous outcome"),
            "reverse": lambda: outcome_and_alliance(s),
            "reverse held": lambda: outcome_and_alliance(s, given="previous alliance"),
        }[asked]()
        assert fit.health.sound
        assert fit.rows.used + left_out(fit) == s.counts()["sessions"]
