"""Limits of all parameters of a mixed fit, and what must hold of them."""

import numpy as np
import pandas as pd
import pytest
from clinics_of_deviations import clinic
from scipy import stats

from sessionwise.engine.covariance_profile import CovarianceProfile
from sessionwise.engine.profile_limits import limit
from sessionwise.errors import InvalidInput
from sessionwise.models.mixed_intervals import profiled_bundles
from sessionwise.models.mixed_model import mixed
from sessionwise.models.mixed_parameters import spreads

FORMULA = "ors ~ session + srs + (1 + session | client) + (1 | therapist)"


@pytest.fixture(scope="module")
def rows():
    return clinic()


@pytest.fixture(scope="module")
def fit(rows):
    return mixed(FORMULA, rows)


@pytest.fixture(scope="module")
def limits(fit):
    return fit.intervals().set_index("term")


class TestProfile:
    def test_every_estimate_of_ml_lies_between_its_limits(self, rows):
        found = mixed(FORMULA, rows, reml=False).intervals()
        assert (found["low"] < found["estimate"]).all()
        assert (found["estimate"] < found["high"]).all()

    def test_restricted_and_full_likelihood_give_the_same_limits(self, rows, limits):
        full = mixed(FORMULA, rows, reml=False).intervals().set_index("term")
        np.testing.assert_allclose(
            full[["low", "high"]], limits[["low", "high"]], rtol=1e-5, atol=1e-7
        )

    def test_a_limit_of_a_fixed_effect_loses_what_it_should(self, rows, limits):
        """The model with the term's share taken off the response, fitted by `mixed` itself."""
        full = mixed(FORMULA, rows, reml=False)
        held = rows.assign(ors=rows["ors"] - limits.loc["srs", "high"] * rows["srs"])
        without = mixed(FORMULA.replace(" + srs", ""), held, reml=False)
        lost = 2 * (full.loglik - without.loglik)
        assert lost == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-6)

    def test_of_one_variance_it_is_the_curve_itself(self, rows):
        """Balanced clients: −2 log-likelihood in closed form, σ at its best by a fine search."""
        fit = mixed("ors ~ 1 + (1 | client)", rows, reml=False)
        y = rows["ors"].to_numpy().reshape(60, 6)
        within = np.sum((y - y.mean(axis=1, keepdims=True)) ** 2)
        between = np.sum((y.mean(axis=1) - y.mean()) ** 2) * 6

        def deviance(sd):
            sigma2 = np.linspace(0.3, 3, 200_001) * within / 300
            level = sigma2 + 6 * sd**2
            each = 300 * np.log(sigma2) + 60 * np.log(level) + within / sigma2 + between / level
            return each.min()

        low, high = fit.intervals().set_index("term").loc["sd(Intercept | client)", ["low", "high"]]
        least = deviance(fit.variances["sd"][0])
        for one in (low, high):
            assert deviance(one) - least == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-5)

    def test_units_only_scale_the_limits(self, rows, limits):
        other = mixed(FORMULA, rows.assign(ors=rows["ors"] * 100)).intervals().set_index("term")
        scale = np.where(limits.index.str.startswith("cor"), 1, 100)
        np.testing.assert_allclose(
            other[["low", "high"]] / scale[:, None], limits[["low", "high"]], rtol=1e-5, atol=1e-7
        )

    def test_from_where_sessions_count_does_not_matter_to_their_slope(self, rows, limits):
        later = mixed(FORMULA, rows.assign(session=rows["session"] - 40)).intervals()
        later = later.set_index("term")
        for term in ("session", "sd(session | client)", "sd(Intercept | therapist)"):
            np.testing.assert_allclose(
                later.loc[term, ["low", "high"]].astype(float),
                limits.loc[term, ["low", "high"]].astype(float),
                rtol=1e-4,
            )

    def test_a_variance_that_may_be_zero_has_the_limit_zero(self):
        rows = clinic(6, between_therapists=0.6)
        found = mixed(FORMULA, rows, zero="keep").intervals().set_index("term")
        assert found.loc["sd(Intercept | therapist)", "low"] == 0
        assert found.loc["sd(Intercept | therapist)", "high"] > 0

    def test_a_correlation_that_nothing_is_known_of_goes_to_one(self):
        rows = clinic(2, slope=0.02)
        found = mixed(FORMULA, rows, zero="keep").intervals().set_index("term")
        assert found.loc["sd(session | client)", "low"] == 0
        assert found.loc["cor(Intercept, session | client)", "high"] == 1


class TestOtherWays:
    def test_wald_is_what_the_table_has(self, fit):
        found = fit.intervals("wald")
        pd.testing.assert_frame_equal(found, fit.estimates[["term", "estimate", "low", "high"]])

    def test_bootstrap_limits_are_near_the_profile(self, fit, limits):
        found = fit.intervals("bootstrap", draws=200).set_index("term")
        width = limits["high"] - limits["low"]
        fixed = list(fit.estimates["term"])
        apart = ((found[["low", "high"]].sub(limits[["low", "high"]])).div(width, axis=0)).loc[
            fixed
        ]
        assert apart.abs().to_numpy().max() < 0.2

    @pytest.mark.parametrize("choice", [{"by": "profil"}, {"level": 0.0}])
    def test_what_is_none_is_refused(self, fit, choice):
        with pytest.raises(InvalidInput):
            fit.intervals(**choice)


@pytest.mark.parametrize("guess", [1.001, 1.5, 40.0])
def test_a_limit_is_found_from_any_guess(guess):
    found = limit(lambda x: 25 * np.log(x) ** 2, 1.0, guess, np.inf, 1.96)
    assert found == pytest.approx(np.exp(1.96 / 5), rel=1e-6)


@pytest.mark.parametrize("guess", [0.999, 0.5, -3.0])
def test_a_lower_limit_is_found_before_the_edge(guess):
    found = limit(lambda x: 25 * np.log(max(x, 1e-9)) ** 2, 1.0, guess, 0.0, 1.96)
    assert found == pytest.approx(np.exp(-1.96 / 5), rel=1e-6)


def test_on_the_boundary_no_other_start_falls_less():
    """A correlation of 1, and therapists at 0: twelve random starts at each limit."""
    rows = clinic(6, between_therapists=0.6, slope=0.1)
    full = mixed(FORMULA, rows, reml=False, zero="keep").solution
    assert full.singular
    bundles, sigma2 = profiled_bundles(full), full.summit.at.residual_variance
    draw, wanted = np.random.default_rng(1), np.sqrt(stats.chi2.ppf(0.95, 1))
    at_edge = 0
    for one in spreads(full.part):
        profile = CovarianceProfile(full.model, bundles, sigma2, one.bundle, one.places)
        begun = profile.x.copy()
        for value in profile.limits(wanted):
            if value in (-1, 0, 1):
                at_edge += 1
                continue
            held = np.log(value) if one.bundle < 0 else value
            found = []
            for _ in range(12):
                profile.x = begun * draw.uniform(0.3, 1.7, begun.size)
                profile.x[~profile.free], profile.x[-1] = begun[~profile.free], begun[-1]
                found.append(profile.fall(held))
            assert min(found) == pytest.approx(wanted**2, abs=1e-4), one.name
    assert at_edge >= 2
