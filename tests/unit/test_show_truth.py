"""Estimates beside the truth of a simulated clinic: what is inside, what is said of it."""

import pytest
from show_values import fit, hybrid, leaving_fit

import sessionwise as sw
from sessionwise.models.early_alliance import early_alliance_and_outcome
from sessionwise.models.fit import Health, Unanswered
from sessionwise.records.known_effects import KnownEffect
from sessionwise.show.display import Nothing
from sessionwise.show.truth_tables import against_truth

UNIT = "ORS points per SRS point"
NEXT = "after session t−1 → before session t"


def known(**values):
    return {term: KnownEffect(value, UNIT, clock=NEXT) for term, value in values.items()}


def test_a_truth_inside_and_one_outside():
    """The intervals of the hybrid are .25 to .34 and .25 to .55."""
    table = against_truth(hybrid(), known(srs_lag1_within=0.3, srs_lag1_between=0.1))
    assert table.frame["inside"].tolist() == ["yes", "no"]
    assert table.frame["truth"].tolist() == [0.3, 0.1]
    assert table.title == "Estimates beside the truth of the simulation: 1 of 2 intervals holds it"
    assert "0.25 to 0.34" in table.html and "0.30" in table.html


@pytest.mark.parametrize(("truth", "inside"), [(0.25, "yes"), (0.34, "yes"), (0.3401, "no")])
def test_limits_belong_to_the_interval(truth, inside):
    table = against_truth(hybrid(), known(srs_lag1_within=truth))
    assert table.frame["inside"].tolist() == [inside]


def test_a_truth_is_printed_with_all_its_decimals():
    """.3401 beside an interval that ends at .34 must not read as .34, outside of it."""
    assert "0.3401" in against_truth(hybrid(), known(srs_lag1_within=0.3401)).html


def test_in_the_order_of_the_fit_and_only_what_is_known():
    table = against_truth(hybrid(), known(srs_lag1_within=0.3, session_within=0.3, other=1.0))
    assert table.frame["term"].tolist() == ["session_within", "srs_lag1_within"]


class TestWhatTheNoteSpellsOut:
    def test_the_clock_once_for_all_terms_that_share_it(self):
        note = against_truth(hybrid(), known(srs_lag1_within=0.3, srs_lag1_between=0.3)).note
        assert note.count(NEXT) == 1 and "One interval of twenty" in note

    def test_the_unit_stands_in_the_row(self):
        assert against_truth(hybrid(), known(srs_lag1_within=0.3)).frame["unit"].tolist() == [UNIT]

    def test_a_latent_truth(self):
        latent = {"srs_lag1_within": KnownEffect(0.3, UNIT, variable="latent")}
        note = against_truth(hybrid(), latent).note
        assert "of the state behind the score" in note and "error of measurement" in note
        assert "state behind" not in against_truth(hybrid(), known(srs_lag1_within=0.3)).note

    def test_what_moves_an_estimate_here(self):
        why = ("a ceiling at 40", "forms lost after bad sessions")
        moved = {
            "srs_lag1_within": KnownEffect(0.3, UNIT, moved_by=why),
            "session_within": KnownEffect(0.3, "ORS points per session"),
        }
        table = against_truth(hybrid(), moved)
        assert "(a) a ceiling at 40; (b) forms lost after bad sessions." in table.note
        off = dict(zip(table.frame["term"], table.frame["moved"]))
        assert off == {"srs_lag1_within": "a b", "session_within": "–"}


class TestWhereThereIsNothingToShow:
    @pytest.mark.parametrize("truth", [{}, known(other=1.0)])
    def test_no_truth_or_none_of_these_terms(self, truth):
        assert isinstance(against_truth(hybrid(), truth), Nothing)

    def test_no_answer(self):
        assert isinstance(against_truth(Unanswered("Q?", "No column."), known(a=1)), Nothing)

    def test_no_finding(self):
        stuck = fit({"session": (0.3, 0.2, 0.4)}, health=Health(converged=False))
        assert isinstance(against_truth(stuck, known(session=0.3)), Nothing)


def test_of_a_hazard_on_the_scale_of_its_logarithm():
    truth = {"srs_to_date": KnownEffect(-0.14, "log hazard per SRS point")}
    table = against_truth(leaving_fit(), truth)
    assert table.frame["inside"].tolist() == ["yes"]
    assert "−0.14" in table.html and "log hazard per SRS point" in table.html


def test_of_a_correlation():
    found = early_alliance_and_outcome(sw.example())
    table = against_truth(found, {"partial_r": KnownEffect(0.9, "correlation")})
    assert table.frame["term"].tolist() == ["partial correlation"]
    assert table.frame["inside"].tolist() == ["no"]


def test_of_the_studies_own_truth():
    """What the packaged clinic was made of is found by the names of its questions and terms."""
    truth = sw.Truth().estimands()
    forward = against_truth(
        sw.alliance_and_next_outcome(sw.example()), truth["alliance_and_next_outcome"]
    )
    assert len(forward.frame) == 3
    leaving = against_truth(sw.alliance_and_leaving(sw.example()), truth["alliance_and_leaving"])
    assert {"SRS, mean to date"} <= set(leaving.frame["term"])
