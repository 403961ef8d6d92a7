"""What therapists are in the question about leaving: a random term, clusters, or the bootstrap."""

import pandas as pd
import pytest
from question_records import again
from scipy import stats

import sessionwise as sw
from sessionwise.models.alliance_leaving import alliance_and_leaving, scored_decisions
from sessionwise.show.sentences.endings import leaving


def clinic(therapists, sd=0.0, clients=400, seed=5):
    frailty = {"on": sd > 0, "therapist_sd": sd or 0.5, "client_sd": 0.0}
    truth = sw.Truth(clinic={"clients": clients, "therapists": therapists}, frailty=frailty)
    return sw.simulate(truth, seed=seed)


@pytest.fixture(scope="module")
def ten():
    return clinic(10, 0.7)


class TestTenTherapistsOrMore:
    def test_they_have_a_random_term_and_limits_by_t_on_eight(self, ten):
        fit = alliance_and_leaving(ten)
        assert fit.variances["group"].tolist() == ["therapist"]
        assert fit.recipe.reference == "t with therapists−2 = 8 df"
        row = fit.term("srs_to_date")
        assert (fit.estimates["df"] == 8).all()
        assert row["high"] - row["estimate"] == pytest.approx(
            stats.t.ppf(0.975, 8) * row["std_error"]
        )
        assert any("Therapists differ by a random term" in note for note in fit.recipe.notes)

    def test_all_but_the_limits_is_the_mixed_model_of_the_hazard(self, ten):
        fit = alliance_and_leaving(ten, adjust=["severity"])
        assert fit.recipe.formula.endswith("+ severity + (1 | therapist)")
        assert fit.recipe.errors == "Hessian"
        assert "and a random therapist" in leaving(fit).text

    def test_where_they_do_not_differ_errors_are_clustered_and_it_is_said(self):
        fit = alliance_and_leaving(sw.example())
        assert fit.health.dropped == ("(1 | therapist): its variance was estimated as zero",)
        assert fit.variances.empty
        assert (fit.recipe.errors, fit.recipe.reference) == ("CR2", "t with G−1 = 11 df")
        few = "There are 12 therapists, fewer than 20: clustered errors rest on few"
        assert any(note.startswith(few) for note in fit.recipe.notes)
        assert "These data show no difference between therapists" in leaving(fit).text


class TestFewerThanTen:
    def test_nine_are_clusters_of_few(self):
        fit = alliance_and_leaving(clinic(9, 0.7))
        assert (fit.recipe.errors, fit.recipe.reference) == ("CR2", "t with G−1 = 8 df")
        assert any(note.startswith("There are 9 therapists, fewer") for note in fit.recipe.notes)
        assert fit.health.dropped == ()

    def test_eight_are_not_yet_for_the_bootstrap_and_seven_are(self):
        assert alliance_and_leaving(clinic(8, 0.7, 200)).recipe.errors == "CR2"
        fit = alliance_and_leaving(clinic(7, 0.7, 200))
        assert fit.recipe.errors == "wild"
        said = "There are 7 therapists, fewer than 8: p-values and limits are those of the wild"
        assert any(note.startswith(said) for note in fit.recipe.notes)
        assert "limits by the wild cluster bootstrap, clustered by therapist" in leaving(fit).text

    @pytest.mark.parametrize("therapist", ["T1", None])
    def test_one_or_none_leaves_the_errors_of_the_model(self, therapist):
        fit = alliance_and_leaving(again(sw.example(), therapist=therapist))
        assert fit.recipe.errors == "model"
        assert not any("fewer than" in note and "cluster" in note for note in fit.recipe.notes)

    def test_many_without_a_difference_are_no_few(self):
        s = clinic(30, clients=330)
        fit = alliance_and_leaving(s)
        plain = sw.hazard(
            fit.recipe.formula.replace(" + (1 | therapist)", ""), scored_decisions(s, "srs")
        )
        if fit.recipe.errors == "CR2":
            assert not any("fewer than 20" in note for note in fit.recipe.notes)
            pd.testing.assert_frame_equal(fit.estimates, plain.estimates)
        assert plain.recipe.reference == "t with G−1 = 29 df"
