"""What is said and drawn of a correlation: by its interval, beside published ones."""

import re
from dataclasses import replace

import numpy as np
import pytest
from show_values import hybrid

import sessionwise as sw
from sessionwise.models.early_alliance import early_alliance_and_outcome
from sessionwise.models.fit import Health, Unanswered
from sessionwise.show.display import Nothing
from sessionwise.show.figures.published import beside_published
from sessionwise.show.figures.variants import side_by_side, standardised
from sessionwise.show.fit_tables import health
from sessionwise.show.sentences.associations import early_alliance, relation
from sessionwise.show.sentences.methods_paragraph import methods
from sessionwise.show.sentences.outcomes import following_alliance, next_outcome
from sessionwise.show.sources import SOURCES
from sessionwise.show.tables import left_out
from sessionwise.study.result import results
from sessionwise.study.study import Study


@pytest.fixture(scope="module")
def real(clinic):
    return early_alliance_and_outcome(clinic)


@pytest.fixture(scope="module")
def fits(clinic):
    """Forward, forward with the previous outcome held, reverse, the same of the alliance."""
    return (
        sw.alliance_and_next_outcome(clinic),
        sw.alliance_and_next_outcome(clinic, given="previous outcome"),
        sw.outcome_and_alliance(clinic),
        sw.outcome_and_alliance(clinic, given="previous alliance"),
    )


def interval(real, middle, low, high):
    return replace(real, estimate=middle, low=low, high=high)


class TestTheSentence:
    def test_a_clear_correlation(self, real):
        said = early_alliance(interval(real, 0.31, 0.201, 0.412)).text
        assert "r = .310 (95 % CI .201 to .412, bootstrap by client;" in said
        assert "the better the early alliance, the better the last outcome" in said
        assert f"{real.rows.used} courses of {real.rows.clients} clients" in said

    def test_a_clear_one_the_other_way(self, real):
        said = early_alliance(interval(real, -0.31, -0.412, -0.201)).text
        assert "r = −.310" in said and "the worse the last outcome" in said

    def test_one_that_is_not_clear(self, real):
        said = early_alliance(interval(real, 0.05, -0.1, 0.2)).text
        assert "no clear correlation" in said and "the better the early" not in said

    @pytest.mark.parametrize(
        ("low", "high", "words"),
        [
            (0.10, 0.40, "lies wholly inside this interval"),
            (0.10, 0.28, "overlaps this one"),
            (0.27, 0.40, "overlaps this one"),
            (0.00, 0.25, "lies wholly above this interval"),
            (0.30, 0.50, "lies wholly below this interval"),
            (0.26, 0.29, "has an interval that holds this one"),
        ],
    )
    def test_it_is_compared_by_its_interval(self, real, low, high, words):
        """The published one is .256 to .299."""
        assert words in relation(interval(real, (low + high) / 2, low, high), real.published[0])

    def test_the_point_alone_changes_nothing_in_the_comparison(self, real):
        first = real.published[0]
        assert relation(interval(real, 0.11, 0.1, 0.4), first) == relation(
            interval(real, 0.39, 0.1, 0.4), first
        )

    def test_what_it_does_not_hold_and_whom_it_is_about(self, real):
        said = early_alliance(real)
        assert "does not hold its effect" in said.text
        assert "of those who came to session 4 at least" in said.text
        assert "Flückiger et al., 2018" in said.headline and "session 4" not in said.headline

    def test_without_an_answer(self):
        assert isinstance(early_alliance(Unanswered("Q?", "No column.")), Nothing)


class TestTheFigure:
    def test_it_holds_every_number_and_whose_it_is(self, real):
        figure = beside_published(interval(real, 0.31, 0.201, 0.412))
        for number in (
            ".310",
            ".201",
            ".412",
            ".278",
            ".256",
            ".299",
            ".275",
            ".19",
            "no interval",
        ):
            assert number in figure.alt
        assert "lies wholly inside" in figure.title and ".310" in figure.title
        assert "Flückiger et al., 2018; Karver et al., 2018" in figure.caption
        assert "5,000 resamples of clients" in figure.caption

    def test_the_same_bytes_twice_and_stamped(self, real):
        one, two = (beside_published(real, synthetic=True) for _ in range(2))
        assert one.png == two.png and one.svg == two.svg
        assert one.png != beside_published(real).png

    def test_without_an_answer(self):
        assert isinstance(beside_published(Unanswered("Q?", "No column.")), Nothing)


class TestWhatItRestsOn:
    def test_counts_and_resamples(self, real):
        table = health(real)
        rows = dict(zip(table.frame["check"], table.frame["result"]))
        assert rows["Courses used"] == real.rows.used
        assert rows["Resamples of clients"] == 5000
        assert table.title == "What the correlation rests on"

    def test_what_was_left_out(self, real):
        table = left_out(real)
        assert table.title == f"What the correlation used: {real.rows.used} courses"

    def test_the_methods_paragraph(self, real):
        text = str(methods([real]))
        assert "Partial correlation of 97 clients, 97 courses" in text
        assert "5,000 resamples of clients (seed 1)" in text
        assert "Yule, G. U. (1907)" in text and "Karver" in text

    def test_every_benchmark_has_its_reference(self, real):
        assert {one.source for one in real.published} <= set(SOURCES)

    def test_the_result_holds_it_all(self, real, clinic):
        study = Study.of(
            {"name": "a", "title": "A", "data": "a.csv", "codebook": "a.toml", "outcome": "ors"}
        )
        made = results("03", "Q?", study, clinic, early=(real, early_alliance(real)))
        part = made.model_dump(mode="json")["parts"][0]
        (row,) = part["estimates"]
        assert row["term"] == "partial_r"
        assert (row["estimate"], row["low"]) == pytest.approx((real.estimate, real.low), abs=1e-11)
        assert part["numbers"] == {"draws": 5000, "seed": 1, "early": 3}
        assert part["rows"]["left_out"] == [
            ["fewer than 4 sessions", 16],
            ["ORS: missing at session 1", 7],
        ]
        assert part["table"][0]["estimate"] == 0.278 and part["table"][1]["low"] is None
        assert "flueckiger" in made.sources and part["headline"] in part["sentence"]


class TestTheModelsSideBySide:
    def test_an_effect_per_standard_deviation_does_not_depend_on_the_units(self, clinic, fits):
        """The outcome in tenths, the alliance halved."""
        frame = clinic.table[["client", "therapist", "session", "srs", "ors"]]
        other = frame.assign(a=frame["srs"] / 2, o=frame["ors"] * 10).drop(columns=["srs", "ors"])
        s = sw.Sessions.of(other)
        columns = {**s.columns, "a": replace(s.columns["a"], known="after"),
                   "o": replace(s.columns["o"], known="before")}  # fmt: skip
        scaled = sw.alliance_and_next_outcome(replace(s, columns=columns), "a", "o")
        assert standardised(scaled) == pytest.approx(standardised(fits[0]), rel=1e-5)

    def test_one_by_hand(self):
        """.29 ORS points per SRS point, 2.9 points of SRS and 4 of ORS: .29 × 2.9 / 4."""
        assert standardised(hybrid())[0] == pytest.approx(0.29 * 2.9 / 4)

    def test_every_model_has_its_row_and_the_biased_are_said_to_be(self, fits):
        figure = side_by_side(*fits)
        for words in ("SRS → next ORS", "previous ORS held", "ORS → same session's SRS"):
            assert words in figure.alt
        assert "An open dot is biased in short courses" in figure.caption
        assert "open dot" not in side_by_side(fits[0]).caption
        assert re.match(
            r"Within clients, one SD more SRS preceded 0\.\d+ SD of ORS, ", figure.title
        )

    def test_models_without_an_answer_leave_no_row(self, fits):
        gap = Unanswered("Q?", "No column.")
        stuck = fits[1].replace(health=Health(converged=False))
        assert side_by_side(fits[0], gap, stuck).alt.count("→") == 1
        assert str(side_by_side(gap, stuck)) == "Q? — not answered: No column."
        assert isinstance(side_by_side(stuck), Nothing)

    def test_the_sentences_carry_the_caution(self, fits):
        said = next_outcome(fits[1])
        assert said.text.startswith("With the outcome (ORS) of the session before held, a session")
        assert fits[1].recipe.caution in said.text
        assert said.headline.endswith("Biased in short courses.")
        assert "Between clients" not in said.text
        assert "Biased" not in next_outcome(fits[0]).text

    def test_the_reverse_says_which_came_first(self, fits):
        bare, held = following_alliance(fits[2]), following_alliance(fits[3])
        assert bare.text.startswith("A session to which a client came with an outcome (ORS)")
        assert "was afterwards rated" in bare.text and "preceded" not in bare.text
        assert held.text.startswith(
            "With the alliance (SRS) of the session before held, a session to"
        )
        assert held.headline.endswith("Biased in short courses.")

    def test_a_reverse_that_is_no_finding(self, fits):
        stuck = fits[2].replace(health=Health(converged=False))
        assert "No finding" in following_alliance(stuck).text

    def test_a_scale_that_is_not_there_draws_nothing(self, fits):
        assert isinstance(side_by_side(fits[0].replace(scales={})), Nothing)
        assert np.isfinite(standardised(fits[0])).all()
