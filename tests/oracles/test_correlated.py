"""Random terms that go together agree with lme4, and with what was printed of real trials.

lme4's bobyqa, started six times and stopped at 1e-12 in its parameters, is within 1e-9 of the
maximum in the log-likelihood. The maximum is flat there, so that a variance may be off by the
square root of that, some 1e-5 of its value where few clients tell of it; estimates and errors by
less.

- Riesby et al. (1977), 66 inpatients: Hedeker & Gibbons (2006), Longitudinal Data Analysis,
  chapter 4, printed to three or two decimals.
- ENRICHD (Berkman et al. 2003), 557 clients in the cognitive-behaviour-therapy arm.

The trials' data are not ours to ship: their folder is named by SESSIONWISE_EXTRA_DATA.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from extra_rows import extra_rows

from sessionwise.models.mixed_model import mixed

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/correlated.json").read_text(encoding="utf-8"))
LOGLIK = 1e-6  # absolute
TERMS = 1e-6  # of a standard error
ERRORS = 1e-5
VARIANCES = 1e-4

CASES = {
    "balanced_reml": "y ~ time + (time | client)",
    "balanced_ml": "y ~ time + (1 + time | client)",
    "unbalanced_reml": "y ~ time + x + (time | client)",
    "three_reml": "y ~ time + x + (time + x | client)",
    "three_ml": "y ~ time + x + (time + x | client)",
    "partly": "y ~ time + x + (time | client) + (0 + x | client)",
    "steep": "y ~ time + (time | client)",
    "nested": "y ~ time + (time | client) + (time | therapist)",
    "nested_partly": "y ~ time + (time | client) + (1 | therapist)",
    "perfect": "y ~ time + (time | client)",
    "lifted": "y ~ time + x + (time + x | client)",
    "crossing": "y ~ time + x + (time | client) + (time | therapist)",
}
ROWS = {"three": "unbalanced", "partly": "unbalanced"}
REAL = {
    "enrichd": ("enrichd_cbt_bdi.csv", "bdi ~ month + (month | id)"),
    "enrichd_null": ("enrichd_cbt_bdi.csv", "bdi ~ 1 + (1 | id)"),
    "riesby": ("riesby_hamd_long375.csv", "hamdep ~ week + (week | id)"),
}
BETWEEN_CLIENTS = "the correlation of (1 + time | client)"
SINGULAR = {
    "perfect": (BETWEEN_CLIENTS,),
    "crossing": (BETWEEN_CLIENTS, "the correlation of (1 + time | therapist)"),
}


@pytest.fixture(scope="module")
def fits():
    rows = pd.read_csv(HERE / "correlated/rows.csv")
    made = {}
    for name, formula in CASES.items():
        case = name.split("_")[0]
        of_case = rows[rows["case"] == ROWS.get(case, case)]
        made[name] = mixed(formula, of_case, reml=SAID[name]["reml"], df="satterthwaite")
    return made


def real(name):
    file, formula = REAL[name]
    rows = extra_rows(file)
    rows["month"] = rows.get("day", 0) / 30
    return mixed(formula, rows, reml=SAID[name]["reml"], df="satterthwaite")


def agree(fit, said):
    """Compare everything a fit says with what lme4 says."""
    assert fit.rows.used == said["rows"]
    assert fit.loglik == pytest.approx(said["loglik"], abs=LOGLIK)
    apart = fit.estimates["estimate"] - np.array(said["estimate"])
    np.testing.assert_allclose(apart / np.array(said["se"]), 0, atol=TERMS)
    np.testing.assert_allclose(fit.estimates["std_error"], said["se"], rtol=ERRORS)
    ours, theirs = fit.variances, pd.DataFrame(said["variances"])
    assert ours[["term1", "term2"]].to_numpy().tolist() == (
        theirs[["term1", "term2"]].to_numpy().tolist()
    )
    np.testing.assert_allclose(ours["variance"], theirs["variance"], rtol=VARIANCES)
    correlations = [row.get("correlation") for row in said["variances"]]
    np.testing.assert_allclose(ours["correlation"], np.array(correlations, float), rtol=VARIANCES)


@pytest.mark.parametrize("name", CASES)
class TestAgainstLme4:
    def test_all_that_it_says(self, fits, name):
        agree(fits[name], SAID[name])

    def test_what_is_singular(self, fits, name):
        health = fits[name].health
        assert bool(health.singular) == SAID[name]["singular"]
        assert health.singular == SINGULAR.get(name, ())
        assert health.sound is (name not in SINGULAR)

    def test_the_gradient_is_flat(self, fits, name):
        # a tenth of the slope that is still accepted; fits of this size end near 1e-8
        assert fits[name].health.gradient < 1e-6


@pytest.mark.parametrize("name", REAL)
def test_real_trials_against_lme4(name):
    agree(real(name), SAID[name])


def test_riesby_as_published():
    fit = real("riesby")
    week, start = fit.term("week"), fit.term("Intercept")
    printed = [start["estimate"], start["std_error"], week["estimate"], week["std_error"]]
    np.testing.assert_allclose(printed, [23.577, 0.546, -2.377, 0.209], atol=5e-4)
    np.testing.assert_allclose(fit.variances["variance"], [12.63, 2.08, -1.42, 12.22], atol=5e-3)
    assert -2 * fit.loglik == pytest.approx(2219.04, abs=5e-3)
