"""Gamma frailties: the likelihood maximised by hand over baseline, coefficients and variance."""

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from sessionwise.engine.at_event_times import event_times
from sessionwise.engine.frailty_penalties import correction_slope, gamma_correction, penalty_at
from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.frailty_search import Maxima
from sessionwise.engine.gamma_search import gamma_limits, gamma_variance, slope_at
from sessionwise.engine.shared_frailty import highest


def rows_of(seed, groups=6, n=60, theta=0.8):
    random = np.random.default_rng(seed)
    group = random.integers(0, groups, n)
    x = random.normal(size=(n, 2))
    w = random.gamma(1 / theta, theta, groups) if theta else np.ones(groups)
    rate = w[group] * np.exp(0.5 * x[:, 0])
    start = random.integers(0, 3, n).astype(float)
    stop = start + random.exponential(3 / rate).clip(0.01, 8)
    strata = random.integers(0, 2, n)
    return start, stop, (stop - start < 8).astype(float), strata, x - x.mean(axis=0), group


def model_of(seed, ties="breslow", curvature="full", groups=6, **how):
    start, stop, event, strata, x, group = rows_of(seed, groups, **how)
    times = event_times(start, stop, event, strata)
    return SharedFrailty(times, x, group, groups, ties, curvature, "gamma")


class ByHand:
    """The likelihood with a jump of the baseline at every event time, the frailties integrated.

    Parameters are the logarithms of the jumps, the coefficients, and log θ.
    """

    def __init__(self, model):
        times, self.x, self.event = model.times, model.x, model.event
        self.places, self.events = times.time.size, model.events
        when = np.arange(self.places)
        at_risk = (times.first[:, None] <= when) & (when < times.beyond[:, None])
        self.at_risk, self.deaths = at_risk.astype(float), times.deaths
        self.mine = (model.group[:, None] == np.arange(model.groups)).astype(float)

    def __call__(self, at):
        """Give the negative log likelihood and its slopes."""
        jumps, beta = np.exp(at[: self.places]), at[self.places : -1]
        theta, d = np.exp(at[-1]), self.events
        risk = np.exp(self.x @ beta)
        hazard = risk * (self.at_risk @ jumps)
        whole = self.mine.T @ hazard
        nu = 1 / theta
        value = self.deaths @ at[: self.places] + self.event @ (self.x @ beta) + d.sum()
        value += (special.gammaln(nu + d) - special.gammaln(nu) + nu * np.log(nu)).sum()
        value -= ((nu + d) * np.log(nu + whole)).sum()
        w = self.mine @ ((nu + d) / (nu + whole))
        slopes = [
            self.deaths - jumps * (self.at_risk.T @ (risk * w)),
            self.x.T @ (self.event - w * hazard),
            -nu * (special.digamma(nu + d) - special.digamma(nu) + np.log(nu) + 1
                   - np.log(nu + whole) - (nu + d) / (nu + whole)).sum(keepdims=True),
        ]  # fmt: skip
        return -value, -np.concatenate(slopes)

    def highest(self, held=None):
        """Climb over everything, or with some of the last parameters (β and log θ) held."""
        start = np.r_[np.full(self.places, -2.0), np.zeros(self.x.shape[1]), np.log(0.5)]
        free = np.ones(start.size, bool)
        for place, value in (held or {}).items():
            start[place], free[place] = value, False

        def of_free(some):
            at = start.copy()
            at[free] = some
            value, slopes = self(at)
            return value, slopes[free]

        done = optimize.minimize(
            of_free, start[free], jac=True, method="BFGS", options={"gtol": 1e-7, "maxiter": 5000}
        )
        start[free] = done.x
        return -done.fun, start


class TestAgainstTheWholeLikelihood:
    @pytest.mark.parametrize("seed", [1, 4])
    def test_it_is_highest_at_the_same_place(self, seed):
        model = model_of(seed)
        value, at = ByHand(model).highest()
        found = gamma_variance(model)
        assert found.theta > 0.05
        assert found.theta == pytest.approx(np.exp(at[-1]), rel=1e-5)
        np.testing.assert_allclose(found.at.coefficients, at[-3:-1], rtol=1e-5, atol=1e-7)
        assert (model.times.deaths == 1).all()  # with ties heights differ by a constant
        assert found.at.integrated == pytest.approx(value, abs=1e-8)

    def test_errors_are_those_of_its_profile(self):
        """With the baseline at its highest for every β, and θ held."""
        model = model_of(1)
        found, by_hand = gamma_variance(model), ByHand(model)
        log, beta, h = np.log(found.theta), found.at.coefficients, 0.02

        def profile(move):
            held = {-1: log, -3: beta[0] + move[0], -2: beta[1] + move[1]}
            return by_hand.highest(held)[0]

        unit = h * np.eye(2)
        curved = [
            [profile(a + c) - profile(a - c) - profile(c - a) + profile(-a - c) for c in unit]
            for a in unit
        ]
        inverse = np.linalg.inv(-np.array(curved) / (4 * h * h))
        np.testing.assert_allclose(found.at.covariance, inverse, rtol=2e-3, atol=1e-5)

    def test_the_closed_form_is_the_integral(self):
        theta, d, hazard = 0.7, 3, 1.9
        density = stats.gamma(1 / theta, scale=theta)
        whole = integrate.quad(lambda w: w**d * np.exp(-w * hazard) * density.pdf(w), 0, 60)[0]
        b = np.log((1 / theta + d) / (1 / theta + hazard))
        ours = d * b - np.exp(b) * hazard + d  # of the group, given b, and what R adds for events
        ours += gamma_correction(theta, np.array([d])) - d
        ours -= penalty_at("gamma", np.array([b]), theta).value
        assert ours == pytest.approx(np.log(whole), abs=1e-9)


class TestTheVariance:
    @pytest.mark.parametrize("ties", ["efron", "breslow"])
    @pytest.mark.parametrize("log", [-9.0, -3.0, 0.0, 2.0])
    def test_the_slope(self, ties, log):
        search = Maxima(model_of(2, ties), highest(model_of(2, ties), 0.0))
        differences = (search.integrated(log + 1e-3) - search.integrated(log - 1e-3)) / 2e-3
        assert slope_at(search, log) == pytest.approx(differences, rel=2e-5, abs=2e-8)

    def test_the_slope_of_what_is_added(self):
        events = np.array([0, 1, 5, 12])
        both = [gamma_correction(0.3 * np.exp(h), events) for h in (1e-4, -1e-4)]
        assert correction_slope(0.3, events) == pytest.approx((both[0] - both[1]) / 2e-4, rel=1e-7)

    def test_it_begins_at_the_cox_model(self):
        model = model_of(2)
        search = Maxima(model, highest(model, 0.0))
        rise = search.without.score @ search.without.score - model.events.sum()
        risen = search.integrated(np.log(1e-5)) - search.without.loglik
        assert risen == pytest.approx(1e-5 * rise / 2, rel=1e-3)

    def test_no_variance_is_better(self):
        for seed in range(6):
            model = model_of(seed, "efron", n=50)
            found, search = gamma_variance(model), Maxima(model, highest(model, 0.0))
            heights = [search.integrated(log) for log in np.linspace(-9, 4, 60)]
            assert max(heights) <= found.at.integrated + 1e-10

    def test_zero_about_half_the_time_where_nobody_differs(self):
        models = [model_of(seed, "efron", groups=20, n=200, theta=0) for seed in range(24)]
        found = list(map(gamma_variance, models))
        zero = sum(one.theta == 0 for one in found)
        assert 6 <= zero <= 20
        assert all((one.at is one.without) == (one.theta == 0) for one in found)

    def test_limits_are_where_the_likelihood_has_fallen(self):
        model = model_of(5, groups=20, n=400)
        found = gamma_variance(model)
        low, high = gamma_limits(model, found)
        assert 0 < low < found.theta < high
        fallen = [found.at.integrated - highest(model, theta).integrated for theta in (low, high)]
        np.testing.assert_allclose(fallen, stats.chi2.ppf(0.95, 1) / 2, rtol=1e-6)

    def test_the_mean_multiplier_is_one(self):
        found = gamma_variance(model_of(4, "efron"))
        w = np.exp(found.at.deviations)
        assert w.mean() == pytest.approx(1, abs=1e-12)
        np.testing.assert_allclose(found.at.score, (w - 1) / found.theta, atol=1e-8)
