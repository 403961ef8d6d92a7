"""Clients who change therapist, several slopes, singular fits: the engine beside lme4 and lmerTest.

``expected.json`` was written by bobyqa at rhoend 1e-9. Its log-likelihoods lie 1e-10 to 3e-10 below
ours, so its variances may be off by 2e-5 of an error, estimates by a tenth of that (2e-6 of an
error), errors by 1e-5, variances by 1e-4 of themselves; a singular fit is compared by
log-likelihood and fixed effects. Degrees of freedom rest on lmerTest's numerical second
derivatives: 1e-3.
"""

import numpy as np
import pandas as pd
import pytest

from sessionwise.models.mixed_model import mixed

FIXED = "ors ~ session + srs_wholecourse_lag1 + b34 + base"
CASES = {
    "lmm_crossed_reml": (f"{FIXED} + (1 + session | client) + (1 | therapist)", True),
    "lmm_crossed_ml": (f"{FIXED} + (1 + session | client) + (1 | therapist)", False),
    "lmm_nested_reml": (f"{FIXED} + (1 + session | client) + (1 + session | th1)", True),
    "lmm_hybrid_reml": (
        "ors ~ session + srs_lag1_within + srs_lag1_between + base "
        "+ (1 + session | client) + (1 | therapist)",
        True,
    ),
}


@pytest.fixture(scope="module")
def fits(clinic, split):
    whole = clinic.groupby("client")["srs"].transform("mean")
    beside = pd.DataFrame(
        {
            "srs_wholecourse_lag1": (clinic["srs"] - whole).groupby(clinic["client"]).shift(),
            "b34": whole - 34,
        }
    )
    data = split.join(beside)
    return {
        name: mixed(formula, data, reml, df="satterthwaite")
        for name, (formula, reml) in CASES.items()
    }


@pytest.mark.parametrize("name", CASES)
class TestAgainstLme4:
    def test_the_log_likelihood(self, fits, expected, name):
        assert fits[name].rows.used == expected[name]["nobs"]
        assert fits[name].loglik == pytest.approx(expected[name]["loglik"], abs=1e-6)

    def test_estimates_and_errors(self, fits, expected, name):
        said = expected[name]
        errors = np.array(list(said["se"].values()))
        apart = fits[name].estimates["estimate"] - np.array(list(said["estimate"].values()))
        np.testing.assert_allclose(apart / errors, 0, atol=2e-6)
        np.testing.assert_allclose(fits[name].estimates["std_error"], errors, rtol=1e-5)

    def test_variances_where_the_fit_is_not_singular(self, fits, expected, name):
        said = [row["value"] for row in expected[name]["varcomp"] if row["group"] != "th1"]
        ours = fits[name].variances
        ours = ours.loc[ours["group"] != "th1", "variance"]
        if name == "lmm_nested_reml":
            assert fits[name].health.singular == ("the correlation of (1 + session | th1)",)
        else:
            assert fits[name].health.sound
            np.testing.assert_allclose(ours, said, rtol=1e-4)

    def test_the_slope_is_flat(self, fits, name):
        assert fits[name].health.converged
        assert fits[name].health.gradient < 1e-5


def test_kenward_roger_is_the_rule_where_none_is_named(split, expected):
    """By first therapist, therapists 1–6; R's values rest on bobyqa's variances: 1e-3 and 1e-5."""
    said = expected["kenward_roger_6_therapists"]
    fit = mixed(
        "ors ~ session + srs_lag1_within + srs_lag1_between + base + (1 | client) + (1 | th1)",
        split[split["th1"] <= 6],
    )
    assert fit.recipe.reference == "t with Kenward–Roger degrees of freedom"
    np.testing.assert_allclose(fit.estimates["df"], list(said["df_kr"].values()), rtol=1e-3)
    np.testing.assert_allclose(fit.estimates["std_error"], list(said["se_kr"].values()), rtol=1e-5)


def test_satterthwaite_as_lmertest(fits, expected):
    said = expected["lmm_crossed_reml"]["satterthwaite_df"]
    np.testing.assert_allclose(
        fits["lmm_crossed_reml"].estimates["df"], list(said.values()), rtol=1e-3
    )


def test_conditional_modes_of_therapists_and_their_errors(fits, expected):
    """Modes of 0.03 to 2.6; the variances they rest on are R's to 1e-4: 1e-5 of the outcome's unit
    times that of bobyqa's stop, 2e-5."""
    said = expected["lmm_crossed_reml"]["therapist_blup"]
    ours = fits["lmm_crossed_reml"].modes("therapist")
    ours = (
        ours.assign(level=ours["level"].astype(int))
        .set_index("level")
        .loc[[int(level) for level in said["level"]]]
    )
    np.testing.assert_allclose(ours["mode"], said["mean"], atol=2e-5)
    np.testing.assert_allclose(ours["std_error"], said["sd"], rtol=2e-5)
