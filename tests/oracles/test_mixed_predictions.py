"""Predictions, leverage, deletion and shares of mixed models agree with lme4's.

Six unbalanced designs, nested and crossed, with polynomials and splines; rows that were fitted and
rows that never were. lme4 1.1-31 has no errors of conditional means: those are held against full
matrices in tests/unit/test_predictions.py. Splines span the same curves as R's in other columns, so
there only what does not depend on the columns is compared.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from extra_rows import extra_rows

from sessionwise.models.mixed_model import mixed

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/mixed_predictions.json").read_text(encoding="utf-8"))["fits"]
MEANS = 1e-6  # of the outcome's standard deviation
ERRORS = 1e-5
LEVERAGE = 1e-6  # absolute
CHANGE = 2e-6  # of a standard error, variances held
CHANGE_ANEW, SPREAD_ANEW = 1e-5, 1e-4
SHARES = 1e-5
SAME_COLUMNS = [k for k, said in enumerate(SAID) if "ns(" not in said["formula"]]


@cache
def rows_of(number):
    rows = pd.read_csv(HERE / "few_therapists/rows.csv")
    return rows[rows["design"] == SAID[number]["design"]].reset_index(drop=True)


@cache
def fit_of(number):
    return mixed(SAID[number]["formula"], rows_of(number), df="satterthwaite")


def numbers(said, name):
    return np.array(said["predictions"][name], float)


@pytest.mark.parametrize("number", range(len(SAID)), ids=[said["formula"] for said in SAID])
class TestAgainstR:
    def test_the_fit(self, number):
        if number in SAME_COLUMNS:  # the restricted likelihood depends on the columns
            assert fit_of(number).loglik == pytest.approx(SAID[number]["loglik"], abs=1e-6)
        assert len(rows_of(number)) == SAID[number]["rows"]

    def test_means(self, number):
        said, fit = SAID[number], fit_of(number)
        new = pd.DataFrame(said["predictions"]["new"])
        strangers = new.assign(client=new["client"] + 1000, therapist=new["therapist"] + 1000)
        pairs = {
            "population": fit.predict(),
            "levels": fit.predict(of="levels"),
            "new_population": fit.predict(new),
            "new_levels": fit.predict(new, of="levels"),
            "strangers": fit.predict(strangers, of="new levels"),
        }
        for name, found in pairs.items():
            apart = (found["estimate"].to_numpy() - numbers(said, name)) / rows_of(number)[
                "y"
            ].std()
            np.testing.assert_allclose(apart, 0, atol=MEANS, err_msg=name)

    def test_errors_of_the_population(self, number):
        found = fit_of(number).predict()["std_error"]
        np.testing.assert_allclose(found, numbers(SAID[number], "population_error"), rtol=ERRORS)

    def test_residuals_and_leverage(self, number):
        said, found = SAID[number], fit_of(number).residuals()
        y = rows_of(number)["y"]
        np.testing.assert_allclose(
            found["conditional"], numbers(said, "pearson"), atol=MEANS * y.std()
        )
        np.testing.assert_allclose(
            found["marginal"], y - numbers(said, "population"), atol=MEANS * y.std()
        )
        np.testing.assert_allclose(found["leverage"], numbers(said, "leverage"), atol=LEVERAGE)

    def test_shares(self, number):
        said, fit = SAID[number]["shares"], fit_of(number)
        table = fit.shares().set_index("group")
        assert set(table.index) == set(said["share"])
        for name in ("variance", "share"):
            np.testing.assert_allclose(
                table[name], [said[name][group] for group in table.index], rtol=10 * SHARES
            )
        for name in ("marginal", "conditional"):
            assert fit.r_squared()[name] == pytest.approx(said[name], rel=SHARES)


@pytest.mark.parametrize("number", SAME_COLUMNS, ids=[SAID[k]["formula"] for k in SAME_COLUMNS])
class TestDeletionAgainstR:
    def compared(self, number, **how):
        said, fit = SAID[number]["without"], fit_of(number)
        table = fit.influence(said[0]["by"], only=[one["level"] for one in said], **how)
        assert table["rows"].tolist() == [one["rows"] for one in said]
        change = table.filter(like="change[").to_numpy() / fit.estimates["std_error"].to_numpy()
        return said, fit, table, change

    def apart(self, fit, said, which):
        without = np.array([one[which] for one in said])
        estimates = fit.estimates["estimate"].to_numpy()
        return (estimates - without) / fit.estimates["std_error"].to_numpy()

    def test_variances_held(self, number):
        said, fit, table, change = self.compared(number)
        np.testing.assert_allclose(change, self.apart(fit, said, "held"), atol=CHANGE)
        expected = [one["covratio"] for one in said]
        np.testing.assert_allclose(table["covratio"], expected, rtol=ERRORS)
        assert np.abs(change).max() > 0.05  # somebody moves something

    def test_variances_estimated_anew(self, number):
        said, fit, table, change = self.compared(number, variances="re-estimated")
        clear = np.array([not one["anew_singular"] for one in said])
        expected = self.apart(fit, said, "anew")
        np.testing.assert_allclose(change[clear], expected[clear], atol=CHANGE_ANEW)
        np.testing.assert_allclose(change, expected, atol=1e-3)  # flat at a correlation of one
        spread = np.array([one["anew_covratio"] for one in said])
        np.testing.assert_allclose(table["covratio"][clear], spread[clear], rtol=SPREAD_ANEW)


def test_sleepstudy_as_published():
    """R² and intraclass correlation as R's performance prints them of (Days | Subject)."""
    fit = mixed("Reaction ~ Days + (Days | Subject)", extra_rows("classics_sleepstudy.csv"))
    assert fit.r_squared().round(3).tolist() == [0.279, 0.799]
    assert fit.shares()["share"].round(3)[0] == 0.722
