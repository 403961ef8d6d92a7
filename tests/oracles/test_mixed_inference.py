"""Limits and tests of a mixed fit agree with R: lme4's profiles, lmerTest's and pbkrtest's F.

- Limits: lme4 interpolates its profile by splines, at steps a quarter of its default in these
  values. Measured: within 6e-6 of the width where a variance is zero, 3e-7 elsewhere. Limits at 0
  are 0 on both sides.
- F: lmerTest takes derivatives by differences, and both packages take F where lme4's optimiser
  stopped. Measured: 2e-8, degrees of freedom 6e-8.
- A likelihood ratio is a difference of log-likelihoods. Measured: 2e-12.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.models.mixed_model import mixed

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/mixed_inference.json").read_text(encoding="utf-8"))["fits"]
NAMES = [f"{said['rows']}-{said['name']}" for said in SAID]
LIMITS = 2e-5  # of the width
F, DF = 1e-6, 1e-6
RATIO = 1e-8  # absolute


def rows_of(said):
    rows = pd.read_csv(HERE / said["rows"] / "rows.csv")
    name = "case" if said["rows"] == "correlated" else "design"
    return rows[rows[name].astype(str) == said["name"]]


def fitted(said, **choices):
    return mixed(said["formula"], rows_of(said), zero="keep", **choices)


@pytest.fixture(params=SAID, ids=NAMES, scope="module")
def said(request):
    return request.param


def test_profile_limits_against_lme4(said):
    found = fitted(said).intervals().set_index("term")
    assert set(found.index) == set(said["limits"])
    for term, (low, high) in said["limits"].items():
        apart = found.loc[term, ["low", "high"]].to_numpy(float) - [low, high]
        assert np.abs(apart).max() < LIMITS * (high - low), term
        if low == 0:
            assert found.loc[term, "low"] == 0


@pytest.mark.parametrize("rule", ["satterthwaite", "kenward-roger"])
def test_several_terms_at_once_against_lmertest_and_pbkrtest(said, rule):
    expected = said[rule.replace("-", "_")]
    found = fitted(said, df=rule).test(*said["tested"])
    assert found.df == len(said["tested"])
    assert found.statistic == pytest.approx(expected["statistic"], rel=F)
    assert found.df_denominator == pytest.approx(expected["df"], rel=DF)
    assert found.p == pytest.approx(expected["p"], rel=1e-5)


@pytest.mark.parametrize("reml", [True, False])
def test_likelihood_ratio_of_a_random_term_against_lme4(said, reml):
    fit = fitted(said, reml=reml, df="satterthwaite")
    for term, expected in said["ratios"].items():
        ratio = expected["reml" if reml else "ml"]
        assert fit.test(term).statistic == pytest.approx(max(ratio, 0), abs=RATIO)


@pytest.mark.parametrize("design", [64, 84])
def test_limits_where_crossed_factors_have_slopes_on_the_boundary(design):
    """T of a held correlation is no lower triangle by itself, and near to singular here."""
    rows = pd.read_csv(HERE / "random_designs/rows.csv").query(f"design == {design}")
    formula = "y ~ time + x + (1 + time | client) + (1 + time | therapist)"
    found = mixed(formula, rows, zero="keep", df="satterthwaite").intervals()
    known = found.dropna()
    assert np.isfinite(known["high"]).all()
    assert (known["low"] <= known["high"]).all()
    assert (known.loc[known["term"].str.startswith("sd"), "low"] >= 0).all()
