"""Mixed models of 200 small random designs, most of them singular, agree with the best fit of R.

Each design is fitted by REML and by ML. R's best is the highest log-likelihood among lme4's bobyqa
(stopped at 1e-9, from five or more starts), its nloptwrap and glmmTMB; ours may be higher. Where
R's fit is singular, or nearly, the maximum is flat and only the log-likelihood is compared, and
which fits are singular: those whose smallest deviation is under 1e-5 of the residual one, but not
those over 1e-2. Clients lie in therapists, change therapist once, or see any of them.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.models.mixed_model import mixed

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/random_designs.json").read_text(encoding="utf-8"))["designs"]
NAMES = [f"{said['design']}-{'reml' if said['reml'] else 'ml'}" for said in SAID]
LOGLIK = (1e-6, 1e-10)  # absolute, of its value
TERMS = 1e-6  # of a standard error
ERRORS = 1e-5
VARIANCES = (1e-4, 1e-6)  # of its value, of the residual variance
SINGULAR, APART = 1e-5, 1e-2  # the smallest relative deviation of R's fit
CLOSE = [said for said in SAID if said["smallest"] > APART]


@cache
def designs():
    return dict(list(pd.read_csv(HERE / "random_designs/rows.csv").groupby("design")))


@cache
def fit_of(number):
    said = SAID[number]
    rows = designs()[said["design"]]
    return mixed(said["formula"], rows, reml=said["reml"], zero="keep", df="satterthwaite")


def by_place(variances):
    places = zip(variances["group"], variances["term1"], variances["term2"], strict=True)
    return dict(zip(places, variances["variance"], strict=True))


def test_what_is_compared():
    assert len(SAID) == 400
    assert set(designs()) == {said["design"] for said in SAID}
    assert sum(said["singular"] for said in SAID) > 200
    assert len(CLOSE) > 100
    assert sum(said["reml"] for said in SAID) == 200


@pytest.mark.parametrize("number", range(len(SAID)), ids=NAMES)
class TestAgainstTheBestOfR:
    def test_the_likelihood_is_no_lower(self, number):
        said, fit = SAID[number], fit_of(number)
        assert fit.rows.used == said["rows"]
        assert fit.loglik >= said["loglik"] - max(LOGLIK[0], LOGLIK[1] * abs(said["loglik"]))

    def test_it_says_what_is_singular(self, number):
        said, fit = SAID[number], fit_of(number)
        assert fit.health.dropped == ()
        if not SINGULAR < said["smallest"] < APART:
            assert bool(fit.health.singular) == said["singular"]


@pytest.mark.parametrize(
    "number", [SAID.index(said) for said in CLOSE], ids=lambda number: NAMES[number]
)
class TestWhereNothingIsSingular:
    def test_estimates_and_errors(self, number):
        said, table = SAID[number], fit_of(number).estimates.set_index("term")
        estimate, error = pd.Series(said["estimate"]), pd.Series(said["se"])
        assert list(table.index) == list(estimate.index)
        np.testing.assert_allclose((table["estimate"] - estimate) / error, 0, atol=TERMS)
        np.testing.assert_allclose(table["std_error"], error, rtol=ERRORS)

    def test_variances(self, number):
        ours = by_place(fit_of(number).variances)
        theirs = by_place(pd.DataFrame(SAID[number]["variances"]))
        assert ours.keys() == theirs.keys()
        residual = theirs["Residual", "", ""]
        for place, variance in theirs.items():
            assert ours[place] == pytest.approx(
                variance, rel=VARIANCES[0], abs=VARIANCES[1] * residual
            )
