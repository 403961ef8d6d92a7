"""Degrees of freedom with 4 to 8 therapists agree with lmerTest and pbkrtest.

Twelve unbalanced designs, by REML; in some clients change therapist, in some a variance is zero.
Satterthwaite's df as lmerTest has them: at a variance of zero nothing depends on it, and they are
those of the model without it. Kenward and Roger's df and errors as pbkrtest has them; there a
variance of zero counts as estimated, and changes both. lmerTest's derivatives are differences:
starts that differ moved its df by up to 7e-7 of their value.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.models.mixed_model import mixed

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/few_therapists.json").read_text(encoding="utf-8"))["designs"]
LOGLIK = 1e-6  # absolute
TERMS = 1e-6  # of a standard error
ERRORS = 1e-5
DF = 1e-3
SINGULAR_TERMS, SINGULAR_ERRORS = 1e-3, 1e-3  # where the maximum is flat


@cache
def designs():
    return dict(list(pd.read_csv(HERE / "few_therapists/rows.csv").groupby("design")))


@cache
def fit_of(number, df):
    said = SAID[number]
    return mixed(said["formula"], designs()[said["design"]], zero="keep", df=df)


def test_what_is_compared():
    assert len(SAID) == 12
    assert sum(said["singular"] for said in SAID) >= 4
    therapists = [rows["therapist"].nunique() for rows in designs().values()]
    assert (min(therapists), max(therapists)) == (4, 8)
    apart = [
        said["kenward_roger"]["df"][term] / df
        for said in SAID
        for term, df in said["satterthwaite"].items()
    ]
    assert sum(abs(np.log(apart)) > 10 * DF) > 18  # the two methods are told apart


@pytest.mark.parametrize("number", range(len(SAID)), ids=[said["design"] for said in SAID])
class TestFewTherapists:
    def test_satterthwaite(self, number):
        said, fit = SAID[number], fit_of(number, "satterthwaite")
        table = fit.estimates.set_index("term")
        estimate, error = pd.Series(said["estimate"]), pd.Series(said["se"])
        terms, errors = (SINGULAR_TERMS, SINGULAR_ERRORS) if said["singular"] else (TERMS, ERRORS)
        assert fit.loglik == pytest.approx(said["loglik"], abs=LOGLIK)
        assert bool(fit.health.singular) == said["singular"]
        np.testing.assert_allclose((table["estimate"] - estimate) / error, 0, atol=terms)
        np.testing.assert_allclose(table["std_error"], error, rtol=errors)
        np.testing.assert_allclose(table["df"], pd.Series(said["satterthwaite"]), rtol=DF)

    def test_kenward_roger(self, number):
        said, fit = SAID[number]["kenward_roger"], fit_of(number, "kenward-roger")
        table = fit.estimates.set_index("term")
        errors = SINGULAR_ERRORS if SAID[number]["singular"] else ERRORS
        np.testing.assert_allclose(table["std_error"], pd.Series(said["se"]), rtol=errors)
        np.testing.assert_allclose(table["df"], pd.Series(said["df"]), rtol=DF)
