"""Kenward–Roger agrees with R's pbkrtest, at lme4's variances and at those of our own fit.

pbkrtest is given lme4's fit and we its variances to 15 digits, so what is left is rounding in two
inversions (measured: 4e-11). The clinic's values were made where lme4's optimiser stopped, ours at
our own summit (measured: 4e-8).
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.engine.kenward_roger import kenward_roger_adjustment
from sessionwise.engine.random_factors import RandomFactor
from sessionwise.models.mixed_model import mixed

SAID = json.loads((Path(__file__).parent / "r/kenward_roger.json").read_text(encoding="utf-8"))
CASES = {name: said for name, said in SAID.items() if name != "packages"}
EXACT = 1e-8
SUMMIT = 1e-6


def intercept(codes, variance):
    ones = np.ones((1, len(codes)))
    level = pd.factorize(codes)[0]
    return RandomFactor(level, ones, np.array([[True]]), np.array([[variance]]))


def ours(said):
    rows = pd.DataFrame(said["rows"])
    design = np.column_stack([np.ones(len(rows)), *(rows[name] for name in said["terms"][1:])])
    factors = []
    for name, covariance in said["covariances"].items():
        matrix = np.atleast_2d(covariance)
        columns = np.vstack([np.ones(len(rows)), rows["session"]])[: len(matrix)]
        mask = np.ones(matrix.shape, bool)
        factors.append(RandomFactor(pd.factorize(rows[name])[0], columns, mask, matrix))
    return kenward_roger_adjustment(design, factors, said["residual"])


@pytest.mark.parametrize("name", CASES)
class TestAgainstPbkrtest:
    def test_covariances(self, name):
        said, found = CASES[name], ours(CASES[name])
        size = np.sqrt(np.diag(said["model"]))
        for one, other in (("model", "covariance_model"), ("adjusted", "covariance")):
            difference = (getattr(found, other) - said[one]) / np.outer(size, size)
            assert np.abs(difference).max() < EXACT

    def test_df_of_each_coefficient(self, name):
        np.testing.assert_allclose(ours(CASES[name]).coefficient_df, CASES[name]["df"], rtol=EXACT)

    def test_df_of_two_at_once(self, name):
        said = CASES[name]
        both = np.eye(len(said["terms"]))[
            [said["terms"].index(t) for t in ("severity", "training")]
        ]
        df, scaling = ours(said).df(both)
        assert df == pytest.approx(said["joint_df"], rel=EXACT)
        assert scaling == pytest.approx(said["joint_scaling"], rel=EXACT)


def test_one_case_is_singular_and_the_others_are_not():
    assert {name: said["singular"] for name, said in CASES.items()} == {
        "crossed": False,
        "slopes": False,
        "singular": True,
    }


def test_six_therapists_of_the_clinic(split, expected):
    said = expected["kenward_roger_6_therapists"]
    rows = split[split["th1"] <= 6]
    terms = ["session", "srs_lag1_within", "srs_lag1_between", "base"]
    fit = mixed(f"ors ~ {' + '.join(terms)} + (1 | client) + (1 | th1)", rows)
    variance = fit.variances.set_index("group")["variance"]
    factors = [intercept(rows[name], variance[name]) for name in ("client", "th1")]
    residual = float(variance.drop(["client", "th1"]).iloc[0])
    design = np.column_stack([np.ones(len(rows)), rows[terms]])
    found = kenward_roger_adjustment(design, factors, residual)
    order = ["(Intercept)", *terms]
    np.testing.assert_allclose(
        found.coefficient_df, [said["df_kr"][term] for term in order], rtol=SUMMIT
    )
    np.testing.assert_allclose(
        np.sqrt(np.diag(found.covariance)), [said["se_kr"][term] for term in order], rtol=SUMMIT
    )
