"""Does the truth come back of clinics whose therapists share a frailty: as committed, and anew."""

import numpy as np
import pandas as pd
import pytest
from cox_clinics import CLINICS, FIRST, HERE, REGIMES, line

CHANCE = 3 * np.sqrt(0.95 * 0.05 / CLINICS)
"""Three Monte Carlo errors of a share of 95 %, or of 5 %."""
TOLD = ("plain", "no difference")


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(HERE).set_index("regime")


def test_the_table_is_whole(table):
    assert list(table.index) == list(REGIMES)
    assert (table["clinics"] == CLINICS).all()
    assert table["theta"].tolist() == [one["variance"] for one in REGIMES.values()]


@pytest.mark.parametrize("regime", TOLD)
def test_the_truth_comes_back(table, regime):
    found = table.loc[regime]
    assert abs(found["bias"]) < 3 * found["monte_carlo_error"]
    assert abs(found["coverage"] - 0.95) < CHANCE
    assert found["mean_std_error"] == pytest.approx(found["sd_of_estimates"], rel=0.12)
    assert abs(found["not_proportional_shared"] - 0.05) < CHANCE


def test_without_a_difference_therapists_are_said_to_differ_rarely(table):
    assert table.loc["no difference", "therapists_differ"] < 0.05 + CHANCE
    assert table.loc["plain", "therapists_differ"] > 0.95


def test_an_effect_that_fades_is_found(table):
    assert table.loc["effect that fades", "not_proportional"] > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("regime", list(REGIMES))
def test_the_first_clinics_drawn_anew_are_those_that_were_committed(table, regime):
    again = line(regime, FIRST)
    for name in ("first_estimate", "first_theta"):
        assert again[name] == pytest.approx(table.loc[regime, name], abs=1e-4)
