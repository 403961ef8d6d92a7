"""What is shown of therapists whose clients leave, of both endings, and of baselines."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from show_values import HAZARD, fit

import sessionwise as sw
from sessionwise.models.alliance_endings import EndingHazards
from sessionwise.models.fit import Health, Unanswered
from sessionwise.models.therapists_leaving import TherapistDifferences
from sessionwise.show.display import Figure, Note, Nothing
from sessionwise.show.figures.both_endings import ending_effects
from sessionwise.show.figures.caterpillar import therapists_apart
from sessionwise.show.leaving_tables import baselines, ending_hazards, therapist_hazards
from sessionwise.show.sentences.therapists_and_both import both_endings, therapists_leaving


def shown_therapists(many=20, low=0.03):
    """Twenty therapists by hand: modes from −.5 to .5, a chance of 20 % in the middle."""
    modes = np.linspace(-0.5, 0.5, many)
    frame = pd.DataFrame({"rank": range(1, many + 1), "clients": 12, "mode": modes})
    frame = frame.assign(std_error=0.2, low=modes - 0.4, high=modes + 0.4)
    for name, of in (("estimate", "mode"), ("estimate_low", "low"), ("estimate_high", "high")):
        frame[name] = 1 - 0.8 ** np.exp(frame[of])
    spread = pd.DataFrame(
        [
            ("lowest tenth", 2, 0.13, 0.1, 0.17),
            ("middle", 0, 0.2, np.nan, np.nan),
            ("highest tenth", 2, 0.3, 0.24, 0.37),
            ("10th percentile", 0, 0.11, np.nan, np.nan),
            ("90th percentile", 0, 0.34, np.nan, np.nan),
        ],
        columns=["group", "therapists", "estimate", "low", "high"],
    )
    made = fit({"Intercept": (0, -1, 1), "session": (0, -1, 1), "severity": (0.1, 0, 0.2)}, HAZARD)
    shares = (0.081, low, 0.2, 1.44, 1.2, 1.9)
    return TherapistDifferences(made, *shares, 0.004, 10, frame, spread, 3)


def shown_endings(unplanned=(-0.1, -0.18, -0.02), planned=(0.05, -0.02, 0.12)):
    terms = {"Intercept": (0, -1, 1), "session": (0.02, 0, 0.04)}
    swing = {"srs_last_change": (-0.05, -0.1, 0.0)}
    fits = [
        fit({**terms, "srs_so_far": one, **swing}, HAZARD, labels={"srs": "SRS"})
        for one in (unplanned, planned)
    ]
    differences = pd.DataFrame(
        {"term": ["srs_so_far", "srs_last_change"], "estimate": [-0.15, 0.0],
         "low": [-0.25, -0.1], "high": [-0.05, 0.1], "p": [0.004, 0.9]}
    )  # fmt: skip
    fits = [replace(one, rows=replace(one.rows, events=60)) for one in fits]
    return EndingHazards(*fits, fits[0], differences)


class TestTherapists:
    def test_the_sentence_gives_share_link_published_and_range(self):
        said = therapists_leaving(shown_therapists()).text
        assert said.startswith(
            "Given the case-mix, therapists accounted for 8.1 % (95 % CI 3.0 to 20.0) of the "
            "variance in leaving unplanned, on the complementary log-log latent scale, which is "
            "clearly more than none (p = .004, on the boundary). The 5.7 % of Zimmermann et al. "
            "(2017) lies within that interval; it is of whole courses on the logistic scale, so "
            "the two compare only roughly."
        )
        assert "the median hazard ratio was 1.44 (95 % CI 1.20 to 1.90)" in said
        assert (
            "Of clients of average make-up 13.0 % (95 % CI 10.0 to 17.0) would leave unplanned "
            "within 10 sessions with the tenth of therapists who lose fewest, and 30.0 % "
            "(95 % CI 24.0 to 37.0) with the tenth who lose most, no other ending coming first."
        ) in said

    def test_a_share_above_the_published_one_is_said_to_be(self):
        found = replace(shown_therapists(), share_low=0.06)
        assert "lies outside that interval" in therapists_leaving(found).text

    def test_without_covariates_there_is_no_case_mix(self):
        found = shown_therapists()
        bare = found.fit.replace(estimates=found.fit.estimates.head(2))
        said = therapists_leaving(replace(found, fit=bare)).text
        assert said.startswith("Therapists accounted for")

    def test_where_they_are_alike_nothing_is_drawn_and_it_is_said(self):
        found = sw.therapists_and_leaving(sw.example())
        assert isinstance(therapists_apart(found), Nothing)
        assert "These data show no difference between therapists." in therapists_leaving(found).text
        assert "not clearly more than none (p > .999" in therapists_leaving(found).text

    def test_the_table_keeps_proportions_and_names_no_one(self):
        table = therapist_hazards(shown_therapists())
        frame = table.frame.set_index("measure")
        assert frame.loc["Share of the latent variance"].tolist() == [0.081, 0.03, 0.2]
        assert frame.loc["Median hazard ratio"].tolist() == [1.44, 1.2, 1.9]
        chance = "Chance of an unplanned ending: lowest tenth (2 therapists)"
        assert frame.loc[chance].tolist() == [0.13, 0.1, 0.17]
        assert table.title == "Therapists' share of leaving: 8.1 % (3.0 to 20.0)"
        assert "residual variance π²/6" in table.note

    def test_the_figure_says_what_it_draws(self):
        figure = therapists_apart(shown_therapists(), synthetic=True)
        assert isinstance(figure, Figure)
        assert figure.title == (
            "The chance of leaving within 10 sessions was 13 % with the tenth of therapists who "
            "lose fewest and 30 % with the tenth who lose most"
        )
        assert "20 therapists with at least five clients, nobody named" in figure.caption
        assert "3 therapists with fewer than five clients are in the model and not drawn." in (
            figure.caption
        )
        assert "T0" not in figure.svg

    def test_a_share_that_may_be_nought_is_no_finding_of_the_title(self):
        figure = therapists_apart(shown_therapists(low=0.0))
        assert figure.title.startswith("Therapists cannot be told apart for sure: ")


class TestBothEndings:
    def test_the_sentence_says_each_effect_and_whether_they_differ(self):
        said = both_endings(shown_endings()).text
        assert said.startswith(
            "An average alliance (SRS) one standard deviation (3.0 points) higher before the "
            "session preceded a lower hazard of an unplanned ending (hazard ratio 0.74, 95 % CI "
            "0.58 to 0.94) and no clear difference in the hazard of a planned ending (hazard ratio "
            "1.16, 95 % CI 0.94 to 1.43); the two differ (p = .004)."
        )
        assert "the two do not clearly differ (p = .900)" in said
        assert "60 unplanned endings and 60 planned endings" in said

    def test_the_table_sets_them_side_by_side(self):
        table = ending_hazards(shown_endings())
        row = table.frame.set_index("term").loc["srs_so_far"]
        assert (row["unplanned"], row["planned"]) == (0.9, 1.05)
        assert row["ratio"] == pytest.approx(0.86)
        assert "60 endings unplanned" in table.note

    def test_the_figure_draws_two_rows_for_each_term(self):
        figure = ending_effects(shown_endings())
        assert figure.title == (
            "A higher alliance (SRS) so far preceded fewer unplanned endings (0.74) and no clear "
            "difference in planned endings (1.16)"
        )
        assert figure.alt.count("unplanned ending") == 2

    def test_a_fit_that_did_not_converge_is_no_finding(self):
        both = shown_endings()
        poor = both.unplanned.replace(health=Health(converged=False))
        both = replace(both, unplanned=poor)
        assert "No finding on both endings is reported" in both_endings(both).text
        assert isinstance(ending_effects(both), Nothing)


class TestBaselines:
    def test_the_best_comes_first_and_is_named(self):
        frame = sw.leaving_baselines(sw.example())
        table = baselines(frame)
        assert table.title == (
            "From session to session the hazard is best described by a straight line"
        )
        assert table.frame["baseline"].iloc[0] == "A straight line"
        assert table.frame["aic"].is_monotonic_increasing

    def test_a_curve_that_is_better_is_said_to_be_clearly_or_not(self):
        frame = sw.leaving_baselines(sw.example())
        bent = frame.assign(aic=frame["aic"].where(frame["baseline"] != "spline", 0.0))
        bent = bent.sort_values("aic")
        by_aic = baselines(bent).title
        assert by_aic.endswith("a natural spline of 3 columns than by a line, by AIC alone")
        clear = bent.assign(p=bent["p"].where(bent["baseline"] != "spline", 0.001))
        assert baselines(clear).title.endswith("than by a line, clearly")

    def test_one_that_could_not_be_fitted_says_why(self):
        frame = sw.leaving_baselines(sw.example())
        broken = frame["baseline"] == "steps"
        frame.loc[broken, ["loglik", "aic", "alliance", "change"]] = np.nan
        frame.loc[broken, "reason"] = "Steps need more."
        table = baselines(frame)
        assert table.note.endswith("Steps need more.")
        assert pd.isna(table.frame.set_index("baseline").loc["Steps", "aic"])


@pytest.mark.parametrize(
    "show",
    [baselines, ending_effects, both_endings, therapist_hazards,
     therapists_apart, therapists_leaving],
)  # fmt: skip
def test_a_question_without_an_answer_shows_nothing(show):
    assert isinstance(show(Unanswered("Q?", "No column.")), Nothing)


def test_a_table_that_opens_a_section_says_why_it_has_no_answer():
    assert isinstance(ending_hazards(Unanswered("Q?", "No column.")), Note)
