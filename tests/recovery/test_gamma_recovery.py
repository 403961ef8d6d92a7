"""Does the truth come back of gamma frailties, or of normal ones taken for gamma: kept and anew."""

import numpy as np
import pandas as pd
import pytest
from gamma_clinics import CLINICS, FIRST, HERE, REGIMES, line
from scipy import special

CHANCE = 3 * np.sqrt(0.95 * 0.05 / CLINICS)
"""Three Monte Carlo errors of a share of 95 %, or of 5 %."""
MANY = [name for name in REGIMES if REGIMES[name]["therapists"] >= 30]
OURS = [name for name in MANY if REGIMES[name]["shape"] == "gamma" and REGIMES[name]["variance"]]


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(HERE).set_index("regime")


def test_the_table_is_whole(table):
    assert list(table.index) == list(REGIMES)
    assert (table["clinics"] == CLINICS).all()
    assert table["theta"].tolist() == [one["variance"] for one in REGIMES.values()]


@pytest.mark.parametrize("regime", list(REGIMES))
def test_the_hazard_ratio_comes_back_whichever_is_true(table, regime):
    found = table.loc[regime]
    assert abs(found["bias"]) < 3 * found["monte_carlo_error"]
    assert abs(found["coverage"] - 0.95) < CHANCE
    assert abs(found["bias"] - found["bias_by_normal"]) < 0.005


@pytest.mark.parametrize("regime", OURS)
def test_the_variance_comes_back_a_little_small(table, regime):
    found = table.loc[regime]
    assert -0.1 < found["mean_theta"] / found["theta"] - 1 < 0.05
    assert abs(found["theta_coverage"] - 0.95) < CHANCE
    assert found["therapists_differ"] > 0.95


def test_of_few_therapists_it_is_too_small(table):
    found = table.loc["gamma, few therapists"]
    assert found["mean_theta"] + 3 * found["theta_error"] < found["theta"]


def test_of_normal_deviations_the_logarithm_varies_about_as_much(table):
    known = table["mean_theta"]
    logs = pd.Series(special.polygamma(1, 1 / known.to_numpy()), known.index)
    assert logs["normal"] == pytest.approx(0.3, rel=0.1)
    assert logs["normal, large"] == pytest.approx(1.0, rel=0.25)


def test_without_a_difference_therapists_are_said_to_differ_rarely(table):
    assert table.loc["no difference", "therapists_differ"] < 0.05 + CHANCE
    assert table.loc["no difference", "share_zero"] > 0.4


@pytest.mark.slow
@pytest.mark.parametrize("regime", list(REGIMES))
def test_the_first_clinics_drawn_anew_are_those_that_were_committed(table, regime):
    again = line(regime, FIRST)
    for name in ("first_estimate", "first_theta"):
        assert again[name] == pytest.approx(table.loc[regime, name], abs=1e-4)
