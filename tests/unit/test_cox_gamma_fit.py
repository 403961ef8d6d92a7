"""A Cox fit with a gamma frailty: what it says of therapists, in the words of a fit; refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.cox_fit import CoxFit
from sessionwise.models.cox_gamma import CoxGammaFit

FORMULA = "left ~ x + (1 | therapist)"


def frame_of(seed=3, therapists=12, each=25, theta=0.6):
    random = np.random.default_rng(seed)
    therapist = np.repeat(np.arange(therapists), each)
    w = random.gamma(1 / theta, theta, therapists) if theta else np.ones(therapists)
    x = random.normal(size=therapist.size)
    stop = np.ceil(4 * random.exponential(size=therapist.size) / (w[therapist] * np.exp(0.5 * x)))
    left = (stop <= 15).astype(int)
    frame = {"x": x, "stop": stop.clip(1, 15), "left": left, "therapist": therapist}
    return pd.DataFrame(frame)


@pytest.fixture(scope="module")
def fit():
    return sw.cox(FORMULA, frame_of(), stop="stop", frailty="gamma")


class TestTheFit:
    def test_it_says_what_it_is(self, fit):
        assert isinstance(fit, CoxGammaFit)
        assert fit.recipe.kind == "Cox model with a gamma frailty"
        assert "integrated out" in fit.recipe.estimation
        assert fit.health.converged
        assert abs(fit.health.gradient) < 1e-6
        assert any("fixed at its estimate" in note for note in fit.recipe.notes)
        logs = special.polygamma(1, 1 / fit.frailty.theta)
        assert any(f"logarithm is {logs:.3g}" in note for note in fit.recipe.notes)
        page = fit._repr_mimebundle_()["text/html"]
        assert "Klein, J. P. (1992)" in page
        assert "gamma" in page

    def test_variances_and_multipliers(self, fit):
        assert fit.variances["variance"].tolist() == [fit.frailty.theta]
        found = fit.multipliers("therapist")
        assert found["multiplier"].mean() == pytest.approx(1, abs=1e-12)
        assert ((found["low"] < found["multiplier"]) & (found["multiplier"] < found["high"])).all()
        modes = fit.modes("therapist")
        np.testing.assert_allclose(np.exp(modes["mode"]), found["multiplier"], rtol=1e-12)
        assert modes["level"].tolist() == found["level"].tolist()
        assert (fit.multipliers("therapist", 0.5)["high"] < found["high"]).all()

    def test_multipliers_are_shrunken_ratios(self, fit):
        """(1/θ + d)/(1/θ + Λ), Λ what would be expected of a therapist with multiplier 1."""
        left = fit.residuals("martingale", by="therapist")
        found, nu = fit.multipliers("therapist"), 1 / fit.frailty.theta
        expected = (left["event"] - left["martingale"]).to_numpy() / found["multiplier"]
        shrunken = (nu + found["events"]) / (nu + expected)
        np.testing.assert_allclose(shrunken, found["multiplier"], rtol=1e-9)

    def test_limits_are_quantiles_of_the_multiplier_given_the_data(self, fit):
        found = fit.multipliers("therapist").iloc[0]
        shape = 1 / fit.frailty.theta + found["events"]
        law = stats.gamma(shape, scale=found["multiplier"] / shape)
        assert law.cdf([found["low"], found["high"]]).tolist() == pytest.approx([0.025, 0.975])

    def test_how_much_they_differ(self, fit):
        found = fit.spread().set_index("measure")
        theta = found.loc["variance", "estimate"]
        assert theta == fit.frailty.theta
        assert found.loc["Kendall's tau", "estimate"] == pytest.approx(theta / (theta + 2))
        assert (found["low"] < found["estimate"]).all()
        assert (found["estimate"] < found["high"]).all()
        ratio = found.loc["median hazard ratio"]
        assert fit.median_ratios()["estimate"].tolist() == [ratio["estimate"]]
        w = np.random.default_rng(1).gamma(1 / theta, theta, (2, 200_000))
        drawn = np.median(np.exp(np.abs(np.log(w[0] / w[1]))))
        assert ratio["estimate"] == pytest.approx(drawn, rel=0.01)

    def test_kendalls_tau_is_that_of_two_times(self):
        random, theta = np.random.default_rng(2), 0.8
        w = random.gamma(1 / theta, theta, 4000)
        times = random.exponential(size=(2, 4000)) / w
        assert stats.kendalltau(*times).statistic == pytest.approx(theta / (theta + 2), abs=0.03)

    def test_whether_they_differ(self, fit):
        found = fit.test("(1 | therapist)")
        height = 2 * (fit.loglik - fit.frailty.without.loglik)
        assert found.statistic == pytest.approx(height, abs=1e-9)
        assert found.p == pytest.approx(stats.chi2.sf(height, 1) / 2)
        assert fit.test("x").p == pytest.approx(fit.term("x")["p"], rel=1e-9)
        plain = sw.cox("left ~ x", frame_of(), stop="stop")
        assert fit.frailty.without.loglik == pytest.approx(plain.loglik, abs=1e-9)

    def test_nobody_differs(self):
        frame = frame_of(theta=0.0)
        frame["therapist"] = frame["stop"].rank(method="first").astype(int) % 12
        found = sw.cox(FORMULA, frame, stop="stop", frailty="gamma")
        assert isinstance(found, CoxFit)
        assert found.health.dropped == ("(1 | therapist): its variance was estimated as zero",)
        assert found.recipe.formula == "left ~ x"

    def test_a_curve_is_of_a_multiplier_of_one(self, fit):
        curve = fit.curves(pd.DataFrame({"x": [0.0]}))
        assert any("deviation is 0" in note for note in curve.recipe.notes)
        hazard = fit.baseline_hazard()["hazard"]
        np.testing.assert_allclose(-np.log(curve.estimates["estimate"]), hazard, rtol=1e-9)


class TestRefusals:
    def test_no_random_term(self):
        with pytest.raises(InvalidInput, match=r"Put \(1 \| therapist\)"):
            sw.cox("left ~ x", frame_of(), stop="stop", frailty="gamma")

    def test_no_such_distribution(self):
        with pytest.raises(InvalidInput, match="'gama' is no distribution"):
            sw.cox(FORMULA, frame_of(), stop="stop", frailty="gama")

    @pytest.mark.parametrize("random", ["(x | therapist)", "(1 | therapist) + (1 | clinic)"])
    def test_one_term_only(self, random):
        frame = frame_of().assign(clinic=lambda f: f["therapist"] % 3)
        with pytest.raises(Refused, match=r"sw\.hazard"):
            sw.cox(f"left ~ x + {random}", frame, stop="stop", frailty="gamma")

    def test_events_that_happen_once(self):
        frame = frame_of().assign(client=range(300), start=0.0)
        first = frame.assign(stop=frame["stop"] / 2, left=0)
        both = pd.concat([first, frame.assign(start=frame["stop"] / 2)])
        with pytest.raises(Refused, match="ratio that changes over time"):
            sw.cox("left ~ x + (1 | client)", both, start="start", stop="stop", frailty="gamma")

    def test_clustered_errors_beside_it(self):
        with pytest.raises(InvalidInput, match="two answers"):
            sw.cox(FORMULA, frame_of(), stop="stop", frailty="gamma", cluster="therapist")

    def test_influence_and_a_coverage_that_is_none(self, fit):
        with pytest.raises(Refused, match="deviations"):
            fit.influence("therapist")
        with pytest.raises(InvalidInput, match="coverage"):
            fit.spread(95)
        with pytest.raises(KeyError, match="factors: therapist"):
            fit.multipliers("clinic")
