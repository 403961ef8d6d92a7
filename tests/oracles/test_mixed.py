"""Mixed models agree with lme4 (estimates, errors, variances, likelihood) and nlme (df).

lme4's bobyqa stops within about 1e-6 of the maximum in a variance; its log-likelihood there is
within 1e-9 of ours. A variance moves by 1e-6, an error by half of that times its share, and an
estimate by less: hence the bounds.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.models.mixed_model import mixed

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/mixed_model.json").read_text(encoding="utf-8"))
TERMS = 1e-6
VARIANCES = 5e-6
LOGLIK = 1e-7  # absolute

HYBRID = "ors ~ session + srs_lag1_within + srs_lag1_between + base"
SPLIT = "ors ~ session_within + session_between + srs_lag1_within + srs_lag1_between + base"
CASES = {
    "slope_reml": (f"{HYBRID} + (1 + session || client) + (1 | th1)", True),
    "slope_ml": (f"{HYBRID} + (1 + session || client) + (1 | th1)", False),
    "null": ("ors ~ 1 + (1 | client) + (1 | th1)", True),
    "split": (f"{SPLIT} + (1 | client)", True),
    "six_therapists": (f"{HYBRID} + (1 | client) + (1 | th1)", True),
}


@pytest.fixture(scope="session")
def fits(clinic, split):
    data = dict.fromkeys(CASES, split)
    data |= {"null": clinic, "six_therapists": split[split["th1"] <= 6]}
    return {
        name: mixed(formula, data[name], reml, df="containment")
        for name, (formula, reml) in CASES.items()
    }


@pytest.mark.parametrize("name", CASES)
class TestAgainstLme4:
    def test_rows_and_loglik(self, fits, name):
        assert fits[name].rows.used == SAID[name]["rows"]
        assert fits[name].loglik == pytest.approx(SAID[name]["loglik"], abs=LOGLIK)

    def test_estimates(self, fits, name):
        said = list(SAID[name]["estimate"].values())
        np.testing.assert_allclose(fits[name].estimates["estimate"], said, rtol=TERMS)

    def test_errors(self, fits, name):
        said = list(SAID[name]["se"].values())
        np.testing.assert_allclose(fits[name].estimates["std_error"], said, rtol=TERMS)

    def test_variances(self, fits, name):
        said = [row["variance"] for row in SAID[name]["variances"]]
        np.testing.assert_allclose(fits[name].variances["variance"], said, rtol=VARIANCES)

    def test_the_gradient_is_flat(self, fits, name):
        assert fits[name].health.sound
        assert fits[name].health.gradient < 1e-5
        assert fits[name].health.dropped == ()


class TestAgainstTheClinicsOwnValues:
    def test_null_model(self, fits, expected):
        said, fit = expected["lmm_null"], fits["null"]
        assert fit.loglik == pytest.approx(said["loglik"], abs=LOGLIK)
        np.testing.assert_allclose(fit.estimates["estimate"], said["estimate"], rtol=TERMS)
        np.testing.assert_allclose(fit.estimates["std_error"], said["se"], rtol=TERMS)

    def test_split_model(self, fits, expected):
        said, fit = expected["lmm_hybrid_split"], fits["split"]
        assert fit.loglik == pytest.approx(said["loglik"], abs=LOGLIK)
        np.testing.assert_allclose(
            fit.estimates["estimate"], list(said["estimate"].values()), rtol=TERMS
        )
        np.testing.assert_allclose(
            fit.estimates["std_error"], list(said["se"].values()), rtol=TERMS
        )
        # these were written by a looser optimiser (rhoend 1e-9): 3e-7 off the tight one
        values = [row["value"] for row in said["varcomp"]]
        np.testing.assert_allclose(fit.variances["variance"], values, rtol=VARIANCES)

    def test_within_coefficients_are_those_of_client_dummies(self, fits, expected):
        for name, value in expected["client_dummies"]["estimate"].items():
            assert fits["split"].term(f"{name}_within")["estimate"] == pytest.approx(
                value, rel=1e-9
            )


class TestDegreesOfFreedom:
    @pytest.mark.parametrize("name", [name for name in CASES if SAID[name]["df"]])
    def test_as_nlme(self, fits, name):
        assert fits[name].estimates["df"].tolist() == list(SAID[name]["df"].values())

    def test_a_term_at_every_level(self, split):
        rows = split.assign(th_mean=split.groupby("th1")["base"].transform("mean"))
        fit = mixed(f"{HYBRID} + th_mean + (1 | client) + (1 | th1)", rows, df="containment")
        assert fit.estimates["df"].tolist() == list(SAID["levels_df"].values())

    def test_without_an_intercept(self, split):
        fit = mixed("ors ~ 0 + session + base + (1 | client) + (1 | th1)", split, df="containment")
        assert fit.estimates["df"].tolist() == list(SAID["no_intercept_df"].values())


@pytest.fixture(scope="module")
def fit():
    path = HERE.parents[1] / "data/beat-the-blues/beat_the_blues.csv"
    if not path.exists():
        pytest.skip("the trial's data are not shipped with the source distribution")
    wide = pd.read_csv(path).rename(columns={"bdi.pre": "bdi_pre"})
    months = {"bdi.2m": 2, "bdi.3m": 3, "bdi.5m": 5, "bdi.8m": 8}
    rows = wide.melt([c for c in wide if c not in months], list(months), "month", "bdi")
    rows["time"] = rows["month"].map(months)
    rows["treatment"] = pd.Categorical(rows["treatment"], ["TAU", "BtheB"])
    formula = "bdi ~ bdi_pre + time + treatment + drug + length + (1 | subject)"
    return mixed(formula, rows, reml=False, df="containment")


class TestBeatTheBlues:
    """Proudfoot et al. (2003), the public subset; 280 assessments of 97 clients after intake."""

    def test_rows(self, fit):
        assert (fit.rows.used, fit.rows.clients) == (280, 97)
        assert fit.rows.left_out == (("bdi missing", 120),)

    def test_published_figures(self, fit):
        time, treatment = fit.term("time"), fit.term("treatment[BtheB]")
        given = [time["estimate"], time["std_error"], treatment["estimate"], treatment["std_error"]]
        np.testing.assert_allclose(given, [-0.704765, 0.146392, -2.329083, 1.670356], atol=6e-7)
        assert fit.loglik == pytest.approx(-935.746, abs=5e-4)

    def test_all_that_lme4_says(self, fit):
        said = SAID["blues"]
        for ours, theirs in (("estimate", "estimate"), ("std_error", "se")):
            np.testing.assert_allclose(fit.estimates[ours], list(said[theirs].values()), rtol=TERMS)
        values = [row["variance"] for row in said["variances"]]
        np.testing.assert_allclose(fit.variances["variance"], values, rtol=VARIANCES)
        assert fit.loglik == pytest.approx(said["loglik"], abs=LOGLIK)
        assert fit.estimates["df"].tolist() == list(said["df"].values())
