"""The truth comes back in the plain regime: no bias, and intervals that hold what they promise."""

import pandas as pd
import pytest
from recover import RESULTS, SEED, recover, refused, summary

import sessionwise as sw


@pytest.fixture(scope="module")
def twenty():
    return recover(20, workers=1)


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


@pytest.mark.slow
def test_two_hundred_clinics_as_committed():
    found = recover(200)
    table = summary(found)
    committed = pd.read_csv(RESULTS)
    assert (committed["seed"] == SEED).all() and refused(found) <= 0.05
    assert (table["bias"].abs() < 3 * table["monte_carlo_error"]).all()
    assert table["coverage"].between(0.905, 0.99).all()
    assert table["coverage"].tolist() == pytest.approx(committed["coverage"].tolist(), abs=0.011)


def test_the_committed_recovery_keeps_the_promise():
    table = pd.read_csv(RESULTS)
    terms = [term for terms in sw.Truth().estimands().values() for term in terms]
    assert table["term"].tolist() == terms and (table["seed"] == SEED).all()
    true = [e.value for terms in sw.Truth().estimands().values() for e in terms.values()]
    assert table["true"].tolist() == true  # a changed truth needs a new recovery
    assert (table["clinics"] >= 190).all() and (table["refused"] <= 0.05).all()
    assert (table["bias"].abs() < 3 * table["monte_carlo_error"]).all()
    assert table["coverage"].between(0.905, 0.99).all()
