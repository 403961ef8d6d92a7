"""Residuals that go on, or differ in size, agree with nlme, with its constants.

nlme stops where its profiled likelihood no longer rises by 1e-14 of itself; one of the eleven fits
(a correlation and sizes together) ends 4e-8 below the summit in the log-likelihood, so that its φ
is some 2e-6 from there. Its limits are from a curvature by differences with wide steps, and in
continuous time symmetrical in logit φ, ours in log(−log φ).
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.models.left_correlation import semivariogram
from sessionwise.models.mixed_model import mixed
from sessionwise.models.residual_tests import residuals_needed

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/residuals.json").read_text(encoding="utf-8"))
NESTED = "y ~ session + x + (1 | client) + (1 | therapist)"
CLIENTS = "y ~ session + x + (1 | client)"
AR1, CAR1 = {"residual": "ar1"}, {"residual": "car1", "order": "day"}
SIZES, ML = {"residual_by": "modality"}, {"reml": False}
CASES = {
    "ar1_reml": ("going", NESTED, AR1),
    "ar1_ml": ("going", NESTED, AR1 | ML),
    "ar1_back": ("back", NESTED, AR1),
    "ar1_slope": ("going", "y ~ session + x + (session | client)", AR1),
    "ar1_walk": ("walk", CLIENTS, AR1),
    "car1_reml": ("going", NESTED, CAR1),
    "car1_ml": ("going", CLIENTS, CAR1 | ML),
    "sizes_reml": ("going", NESTED, SIZES),
    "sizes_ml": ("going", NESTED, SIZES | ML),
    "both_reml": ("going", NESTED, AR1 | SIZES),
    "both_car1": ("going", CLIENTS, CAR1 | SIZES),
}
LOGLIK, ESTIMATES, ERRORS, PHI = 1e-6, 1e-5, 1e-4, 1e-5
LIMITS = 1e-3  # absolute; 0.5 % of the interval


@pytest.fixture(scope="module")
def fits():
    rows = pd.read_csv(HERE / "residuals/rows.csv")
    return {
        name: mixed(formula, rows[rows["case"] == case], df="containment", **asked)
        for name, (case, formula, asked) in CASES.items()
    }


def parameter(fit, name):
    table = fit.further
    return table[table["parameter"] == name].set_index("of")


@pytest.mark.parametrize("case", CASES)
class TestAgainstNlme:
    def test_log_likelihood_with_all_constants(self, fits, case):
        assert fits[case].loglik == pytest.approx(SAID[case]["loglik"], abs=LOGLIK)

    def test_estimates_errors_and_degrees_of_freedom(self, fits, case):
        said, found = SAID[case], fits[case].estimates
        off = (found["estimate"] - said["estimate"]) / said["se"]
        np.testing.assert_allclose(off, 0, atol=ESTIMATES)
        np.testing.assert_allclose(found["std_error"], said["se"], rtol=ERRORS)
        assert found["df"].tolist() == said["df"]

    def test_variances(self, fits, case):
        found = fits[case].variances
        found = found[found["term2"] == ""]
        residual = found["sd"].iloc[-1]
        random = found.groupby("group", sort=False)["sd"].apply(list)
        order = [name for name in ("therapist", "client") if name in random]
        said = np.ravel(SAID[case]["random"])
        assert residual == pytest.approx(SAID[case]["sigma"], rel=1e-5)
        np.testing.assert_allclose(
            np.concatenate([random[name] for name in order]), said, rtol=1e-4
        )

    def test_phi_and_its_limits(self, fits, case):
        if SAID[case]["phi"] is None:
            assert parameter(fits[case], "phi").empty
            return
        found = parameter(fits[case], "phi").iloc[0]
        assert found["estimate"] == pytest.approx(SAID[case]["phi"], abs=PHI)
        np.testing.assert_allclose(found[["low", "high"]].tolist(), SAID[case]["phi_limits"],
                                   atol=LIMITS)  # fmt: skip

    def test_ratios_and_their_limits(self, fits, case):
        found, said = parameter(fits[case], "sd_ratio"), SAID[case]["ratio"]
        if said is None:
            assert found.empty
            return
        for group in ("phone", "video"):
            row = found.loc[f"modality[{group}]"]
            assert row["estimate"] == pytest.approx(said[group], abs=PHI)
            limits = SAID[case]["ratio_limits"][group]
            np.testing.assert_allclose(row[["low", "high"]].tolist(), limits, atol=2 * LIMITS)

    def test_conditional_modes(self, fits, case):
        found = fits[case].modes("client")
        found = found[found["term"] == "Intercept"].set_index("level")["mode"]
        np.testing.assert_allclose(found.loc[[1, 2, 3, 4, 5]], SAID[case]["modes"], atol=1e-4)


@pytest.mark.parametrize(("case", "kind", "df"), [("ar1_reml", "reml", 1), ("sizes_ml", "ml", 2)])
def test_whether_it_is_needed(fits, case, kind, df):
    found = residuals_needed(fits[case]).iloc[0]
    said = 2 * (SAID[case]["loglik"] - SAID["independent"][kind])
    assert found["loglik"] == pytest.approx(SAID["independent"][kind], abs=LOGLIK)
    assert (found["statistic"], found["df"]) == (pytest.approx(said, abs=1e-5), df)


def test_each_of_two_is_tested_beside_the_other(fits):
    found = residuals_needed(fits["both_reml"])
    simpler = [SAID[name]["loglik"] for name in ("sizes_reml", "ar1_reml")]
    simpler.append(SAID["independent"]["reml"])
    np.testing.assert_allclose(found["loglik"], simpler, atol=LOGLIK)
    assert found["df"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("scale", "said"), [("standardised", "pearson"), ("normalised", "normalized")]
)
def test_the_semivariogram(fits, scale, said):
    found, said = semivariogram(fits["ar1_reml"], scale).estimates, SAID["variogram"][said]
    assert found["lag"].tolist() == said["dist"]
    assert found["pairs"].tolist() == said["pairs"]
    np.testing.assert_allclose(found["semivariance"], said["variog"], rtol=1e-6)


def test_the_clinic(clinic, expected):
    said = expected["lme_ar1"]
    whole = clinic.groupby("client")["srs"].transform("mean")
    earlier = (clinic["srs"] - whole).groupby(clinic["client"]).shift()
    rows = clinic.assign(srs_wholecourse_lag1=earlier, b34=whole - 34)
    fit = mixed("ors ~ session + srs_wholecourse_lag1 + b34 + base + (1 | client)", rows, **AR1)
    assert fit.rows.used == said["nobs"]
    assert fit.loglik == pytest.approx(said["loglik"], abs=1e-5)
    assert parameter(fit, "phi")["estimate"].item() == pytest.approx(said["phi"], abs=1e-5)
    errors = np.array(list(said["se"].values()))
    off = (fit.estimates["estimate"] - list(said["estimate"].values())) / errors
    np.testing.assert_allclose(off, 0, atol=ESTIMATES)
    np.testing.assert_allclose(fit.estimates["std_error"], errors, rtol=ERRORS)
    sd = fit.variances.set_index("group")["sd"]
    assert sd["client"] == pytest.approx(said["sd_client"], rel=1e-5)
    assert sd["Residual"] == pytest.approx(said["sigma"], rel=1e-5)
