"""Generalised estimating equations agree with geepack, and with statsmodels where it can do them.

Given geepack's α everything agrees to ten digits. α itself is Liang and Zeger's moment estimate,
divided by pairs less terms and by n − p, as statsmodels' is; geepack's is not, so that estimates
lie within .002 of a standard error of its own and errors within .001 of theirs. Kauermann–Carroll
errors are held against full matrices in tests/unit/test_clustered_equations.py.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from sessionwise.engine.estimating_equations import Clusters, solved_equations
from sessionwise.models.clustered_equations import gee
from sessionwise.models.formulas import design, parse
from sessionwise.models.likelihood_maximum import FAMILIES, LINKS
from sessionwise.models.residual_structure import ResidualWish, series_steps

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/gee.json").read_text(encoding="utf-8"))
OUTCOMES = {"gaussian": "y", "binomial": "high", "poisson": "count"}
TERMS = ["Intercept", "session", "x", "modality[T.phone]", "modality[T.video]"]
CORRELATIONS = ("independence", "exchangeable", "ar1")


@pytest.fixture(scope="module")
def rows():
    rows = pd.read_csv(HERE / "residuals/rows.csv")
    rows = rows[rows["case"] == "going"]
    count = (rows["y"].round() - 12).clip(lower=0)
    return rows.assign(high=(rows["y"] > 24).astype(int), count=count)


def formula(family):
    return f"{OUTCOMES[family]} ~ session + x + modality"


def by_hand(rows, family, correlation, alpha):
    """Solve the equations at a given α, in the columns as they are."""
    made = design(parse(formula(family), rows.columns), rows)
    number = pd.factorize(rows["client"])[0]
    steps = series_steps(rows, number, ("client",), ResidualWish("ar1", "session"))
    of = FAMILIES[family](next(iter(LINKS[family].values()))())

    def mean(linear):
        fitted = of.link.inverse(linear)
        return fitted, of.link.inverse_deriv(linear), of.variance(fitted)

    start = sm.GLM(made.response, made.matrix, family=of).fit().params
    clusters = Clusters(number, correlation, steps)
    return solved_equations(made.matrix, made.response, mean, clusters, start, alpha)


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("family", OUTCOMES)
class TestAgainstGeepack:
    def test_at_its_own_working_correlation(self, rows, family, correlation):
        said = SAID[f"{family}_{correlation}"]
        found = by_hand(rows, family, correlation, said["alpha"])
        off = (found.estimate - said["estimate"]) / np.array(said["se"])
        np.testing.assert_allclose(off, 0, atol=1e-8)
        errors = np.sqrt(np.diag(found.covariance("robust")))
        np.testing.assert_allclose(errors, said["se"], rtol=1e-9)

    def test_as_it_is_asked(self, rows, family, correlation):
        said = SAID[f"{family}_{correlation}"]
        fit = gee(formula(family), rows, "client", family, correlation=correlation, errors="robust")
        off = (fit.estimates["estimate"] - said["estimate"]) / said["se"]
        np.testing.assert_allclose(off, 0, atol=0.002)
        np.testing.assert_allclose(fit.estimates["std_error"], said["se"], rtol=0.001)
        alpha = fit.further["estimate"].sum()
        assert alpha == pytest.approx(said["alpha"], abs=0.003)


@pytest.fixture(scope="module")
def of_statsmodels(rows):
    """Its exchangeable fits; its AR(1) takes no account of missed sessions."""

    def fitted(family):
        of = FAMILIES[family]()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return sm.GEE.from_formula(
                f"{OUTCOMES[family]} ~ session + x + modality", "client", rows, family=of,
                cov_struct=sm.cov_struct.Exchangeable(),
            ).fit(maxiter=500, ctol=1e-9, cov_type="bias_reduced")  # fmt: skip

    return {family: fitted(family) for family in OUTCOMES}


@pytest.mark.parametrize("family", OUTCOMES)
class TestAgainstStatsmodels:
    def test_estimates_and_alpha(self, rows, family, of_statsmodels):
        said = of_statsmodels[family]
        fit = gee(formula(family), rows, "client", family)
        np.testing.assert_allclose(fit.estimates["estimate"], said.params[TERMS], rtol=1e-7)
        alpha = fit.further["estimate"].item()
        assert alpha == pytest.approx(said.cov_struct.dep_params, rel=1e-8)

    @pytest.mark.parametrize(
        ("errors", "matrix"), [("robust", "cov_robust"), ("mancl-derouen", "cov_robust_bc")]
    )
    def test_errors(self, rows, family, of_statsmodels, errors, matrix):
        said = of_statsmodels[family]
        fit = gee(formula(family), rows, "client", family, errors=errors)
        order = [said.model.exog_names.index(name) for name in TERMS]
        expected = np.sqrt(np.diag(getattr(said, matrix)))[order]
        np.testing.assert_allclose(fit.estimates["std_error"], expected, rtol=1e-7)


def test_the_clinic(clinic, expected):
    said = expected["gee_exchangeable"]
    whole = clinic.groupby("client")["srs"].transform("mean")
    rows = clinic.assign(srs_within=clinic["srs"] - whole, b34=whole - 34)
    fit = gee("ors ~ session + srs_within + b34 + base", rows, "client", errors="robust")
    errors = np.array(list(said["se"].values()))
    assert fit.rows.used == said["nobs"]
    off = (fit.estimates["estimate"] - list(said["estimate"].values())) / errors
    np.testing.assert_allclose(off, 0, atol=0.001)
    np.testing.assert_allclose(fit.estimates["std_error"], errors, rtol=1e-4)
