"""The truth comes back in the plain regime: no bias, and intervals that hold what they promise."""

import io

import pandas as pd
import pytest
from draw import FIGURE, LIMITATIONS, draw, tables, with_quote
from matplotlib import image
from recover import FURTHER, GATED, RESULTS, SEED, recover, refused, summary
from regimes import HONEST, PLAIN

import sessionwise as sw

PROMISED = (0.93, 0.97)
"""Of 1,000 intervals of true coverage 95 %: one such share in 250 lies outside."""
TERMS = [(q, term) for q in GATED for term in sw.Truth().estimands()[q]]


@pytest.fixture(scope="module")
def twenty():
    return recover(PLAIN.truth, range(20), workers=1, questions=GATED)


def test_hardly_any_fit_is_refused(twenty):
    assert refused(twenty) <= 0.05


def test_no_estimate_is_biased(twenty):
    table = summary(twenty)
    off = (table["bias"].abs() / table["monte_carlo_error"]).set_axis(table["term"])
    assert off[off >= 3].empty  # nine terms; each passes by chance 99.7 times in 100


def test_intervals_hold_the_truth(twenty):
    """Of 20 intervals of true coverage 95 %, fewer than 16 hold it 3 times in 1,000."""
    table = summary(twenty)
    assert table.loc[table["coverage"] < 0.8, "term"].tolist() == []


def test_three_levels_and_swings_about_a_line_come_back():
    """Twelve clinics; nine terms, each passing by chance 99.7 times in 100. Of twelve intervals of
    coverage 95 % fewer than 9 hold the truth once in 500."""
    table = summary(recover(PLAIN.truth, range(12), workers=1, questions=tuple(FURTHER)))
    assert len(table) == 9 and (table["clinics"] == 12).all()
    off = (table["bias"].abs() / table["monte_carlo_error"]).set_axis(table["term"])
    assert off[off >= 3].empty
    assert table.loc[table["coverage"] < 0.75, "term"].tolist() == []


@pytest.mark.slow
def test_three_levels_of_forty_clinics_and_of_few_therapists():
    """Six therapists seem alike in one clinic of four. Were their variance then left out, the
    estimate between them would stand on their clients' degrees of freedom."""
    table = summary(recover(PLAIN.truth, range(40), questions=tuple(FURTHER)))
    assert (table["bias"].abs() < 3 * table["monte_carlo_error"]).all()
    assert table["coverage"].between(0.875, 1).all()
    few = sw.Truth(clinic={"therapists": 6, "clients": 120})
    table = summary(recover(few, range(60), questions=("alliance_at_three_levels",)))
    between = table.set_index("term").loc["srs_lag1_between_therapists"]
    assert between["coverage"] >= 0.9
    assert abs(between["bias"]) < 3 * between["monte_carlo_error"]


@pytest.mark.slow
def test_where_the_outcome_feeds_back_a_line_is_off_by_more_than_a_mean():
    """A line of one's own holds more of the scores still to come than a mean does."""
    questions = ("alliance_and_next_outcome", "alliance_and_next_outcome_detrended")
    table = summary(recover(HONEST["feedback"].truth, range(20), questions=questions))
    bias = table.set_index("term")["bias"]
    assert bias["srs_lag1_detrended"] < bias["srs_lag1_within"] - 0.01 < 0


@pytest.mark.slow
def test_where_clients_change_therapist_cells_keep_the_swings_right():
    """Between the cells of one client there are mostly swings: what is between clients is off."""
    truth = HONEST["handovers"].truth
    questions = ("alliance_and_next_outcome", "alliance_at_three_levels")
    by = summary(recover(truth, range(40), questions=questions)).set_index(["question", "term"])
    cells = by.loc["alliance_at_three_levels", "bias"]
    assert abs(cells["srs_lag1_within"]) < 0.011
    assert cells["srs_lag1_between_clients"] < -0.15
    assert by.loc[("alliance_and_next_outcome", "srs_lag1_within"), "bias"] > 0.005


@pytest.fixture(scope="module")
def plain():
    table = pd.read_csv(RESULTS / "plain.csv")
    return table[table["question"].isin(GATED)]


@pytest.fixture(scope="module")
def honest():
    return pd.read_csv(RESULTS / "honest.csv")


@pytest.mark.slow
def test_a_thousand_clinics_as_committed(plain):
    found = recover(PLAIN.truth, range(PLAIN.clinics), questions=GATED)
    table = summary(found)
    assert (plain["seed"] == SEED).all() and refused(found) <= 0.05
    assert (table["bias"].abs() < 3 * table["monte_carlo_error"]).all()
    assert table["coverage"].between(*PROMISED).all()
    assert table["coverage"].tolist() == pytest.approx(plain["coverage"].tolist(), abs=0.003)


def test_the_committed_recovery_keeps_the_promise(plain):
    assert list(zip(plain["question"], plain["term"])) == TERMS and (plain["seed"] == SEED).all()
    known = PLAIN.truth.estimands()
    assert plain["true"].tolist() == [known[q][term].value for q, term in TERMS]
    assert (plain["clinics"] >= 950).all() and (plain["refused"] <= 0.05).all()
    assert (plain["bias"].abs() < 3 * plain["monte_carlo_error"]).all()
    assert plain["coverage"].between(*PROMISED).all()


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_regime_is_committed_whole_with_the_truth_it_has_now(honest, name):
    """Bias and coverage are reported there and not gated; a changed truth needs a new recovery."""
    rows = honest[honest["regime"] == name]
    assert (rows["seed"] == SEED).all() and (rows["clinics"] >= 0.9 * HONEST[name].clinics).all()
    known = HONEST[name].truth.estimands()
    assert rows["true"].tolist() == pytest.approx(
        [known[q][term].value for q, term in zip(rows["question"], rows["term"])]
    )


@pytest.mark.parametrize("name", HONEST)
def test_the_first_clinics_of_an_honest_regime_are_those_that_were_committed(honest, name):
    """Two clinics drawn now lie where a hundred did: within six of their standard deviations."""
    quick = ("alliance_and_next_outcome", "outcome_over_time")
    table = summary(recover(HONEST[name].truth, range(2), workers=1, questions=quick))
    there = honest[honest["regime"] == name].set_index(["question", "term"])
    rows = there.loc[list(zip(table["question"], table["term"]))].reset_index()
    assert ((table["mean"] - rows["mean"]).abs() < 6 * rows["sd"] / 2**0.5).all()


def test_limitations_quote_what_was_recovered():
    text = LIMITATIONS.read_text("utf-8")
    assert with_quote(text, tables()) == text


def test_the_figure_is_drawn_of_what_was_recovered():
    """Pixel by pixel, but for the last shade of an edge on another machine."""
    drawn, kept = (image.imread(io.BytesIO(one)) for one in (draw(tables()), FIGURE.read_bytes()))
    assert drawn.shape == kept.shape
    assert abs(drawn - kept).mean() < 1e-3
