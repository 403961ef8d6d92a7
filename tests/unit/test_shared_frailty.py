"""Therapists' frailty: slopes and curvature by differences, the integral by quadrature."""

import dataclasses

import numpy as np
import pytest
from scipy import integrate, stats

from sessionwise.engine import frailty_curvature
from sessionwise.engine.at_event_times import event_times
from sessionwise.engine.efron_steps import tied_steps
from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.frailty_search import frailty_variance
from sessionwise.engine.shared_frailty import highest
from sessionwise.errors import Refused


def model_of(seed, groups=4, n=120, spread=0.8, ties="efron", curvature="full"):
    random = np.random.default_rng(seed)
    group = random.integers(0, groups, n)
    x = random.normal(size=(n, 2))
    rate = np.exp(0.5 * x[:, 0] + spread * random.normal(size=groups)[group])
    start = random.integers(0, 3, n)
    stop = start + np.ceil(random.exponential(3 / rate)).clip(1, 8)
    event = stop - start < 8
    times = event_times(start, stop, event, random.integers(0, 2, n))
    return SharedFrailty(times, x - x.mean(axis=0), group, groups, ties, curvature)


def loglik(model, b, beta):
    linear = model.x @ beta + b[model.group]
    steps = tied_steps(model.times, model.x, np.exp(linear), model.ties)
    return linear @ model.event - np.log(steps.total).sum()


def curvature(function, at, h=1e-4):
    unit = h * np.eye(len(at))
    four = [
        [function(at + a + c) - function(at + a - c) - function(at - a + c) + function(at - a - c)
         for c in unit]
        for a in unit
    ]  # fmt: skip
    return -np.array(four) / (4 * h * h)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_errors_are_those_of_the_curvature(ties):
    model, theta = model_of(3, ties=ties), 0.5
    found = highest(model, theta)
    at = np.r_[found.deviations, found.coefficients]

    def penalised(both):
        return loglik(model, both[:4], both[4:]) - both[:4] @ both[:4] / (2 * theta)

    slopes = [(penalised(at + d) - penalised(at - d)) / 2e-4 for d in 1e-4 * np.eye(6)]
    np.testing.assert_allclose(slopes, 0, atol=1e-5)
    curved = curvature(penalised, at)
    inverse = np.linalg.inv(curved)
    np.testing.assert_allclose(found.covariance, inverse[4:, 4:], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found.deviation_variance, np.diag(inverse)[:4], rtol=1e-4)
    volume = np.linalg.slogdet(theta * curved[:4, :4])[1]
    assert found.volume == pytest.approx(volume, abs=1e-4)
    assert found.deviations.sum() == pytest.approx(0, abs=1e-10)


def test_laplace_is_near_the_integral():
    """Of two groups only the difference counts, normal with twice the variance: one integral."""
    model, theta = model_of(5, groups=2, n=80), 0.4
    found = highest(model, theta)

    def height(apart):
        b = apart * np.array([0.5, -0.5])
        risen = loglik(model, b, found.coefficients) - found.loglik
        return np.exp(risen) * stats.norm.pdf(apart, scale=np.sqrt(2 * theta))

    total = integrate.quad(height, -6, 6, points=[float(-np.diff(found.deviations)[0])])[0]
    assert found.integrated == pytest.approx(found.loglik + np.log(total), abs=0.01)
    assert found.volume > 0.5  # what Laplace adds is no trifle


@pytest.mark.parametrize("curved", ["full", "diagonal"])
def test_blocks_of_times_add_up(monkeypatch, curved):
    whole = highest(model_of(7, curvature=curved), 0.6)
    monkeypatch.setattr(frailty_curvature, "MOST_CELLS", 9)
    parts = highest(model_of(7, curvature=curved), 0.6)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-10)
    np.testing.assert_allclose(parts.deviations, whole.deviations, rtol=1e-8)


def test_many_groups_at_few_times(monkeypatch):
    """With few times the curvature is a product of few rows, and the same."""
    model = model_of(9, groups=60, n=600)
    assert 2 * model.times.time.size < 60
    narrow = highest(model, 0.6)
    with monkeypatch.context() as patched:
        patched.setattr(frailty_curvature, "MOST_CELLS", 500)
        whole = highest(model, 0.6)
    for name in ("covariance", "deviations", "deviation_variance", "volume"):
        np.testing.assert_allclose(getattr(narrow, name), getattr(whole, name), rtol=1e-8)


def test_the_diagonal_has_the_same_maximum():
    full, diagonal = (highest(model_of(8, curvature=how), 0.6) for how in ("full", "diagonal"))
    np.testing.assert_allclose(diagonal.coefficients, full.coefficients, rtol=1e-6)
    np.testing.assert_allclose(diagonal.deviations, full.deviations, rtol=1e-5)
    assert not np.allclose(diagonal.deviation_variance, full.deviation_variance, rtol=1e-2)


class TestTheVariance:
    def test_reml_solves_its_equation(self):
        found = frailty_variance(model_of(11, groups=12, n=400))
        at = found.at
        squares = at.deviations @ at.deviations + at.deviation_variance.sum()
        assert found.theta == pytest.approx(squares / 12, rel=1e-8)
        assert found.theta > 0.1

    def test_laplace_is_highest(self):
        model = model_of(11, groups=12, n=400)
        found = frailty_variance(model, "laplace")
        near = [highest(model, found.theta * ratio).integrated for ratio in (0.97, 1.03)]
        assert max(near) < found.at.integrated
        assert found.at.integrated > found.without.loglik

    @pytest.mark.parametrize("estimation", ["reml", "laplace"])
    def test_without_differences_about_half_are_zero(self, estimation):
        zero = 0
        for seed in range(24):
            model = model_of(seed, groups=20, n=200, spread=0.0)
            found = frailty_variance(model, estimation)
            zero += found.theta == 0
            assert found.theta < 0.6
            assert (found.at is found.without) == (found.theta == 0)
        assert 6 <= zero <= 20  # a binomial share of a half or a little more

    def test_zero_where_therapists_are_more_alike_than_chance(self):
        start, stop = np.zeros(40), np.tile([1.0, 2, 3, 4], 10)
        times = event_times(start, stop, np.ones(40), np.zeros(40, int))
        alike = SharedFrailty(times, np.zeros((40, 0)), np.repeat(np.arange(10), 4), 10)
        found = frailty_variance(alike)
        assert found.theta == 0
        assert not found.at.deviations.any()

    def test_columns_that_say_the_same(self):
        model = model_of(2)
        twice = dataclasses.replace(model, x=model.x[:, [0, 0]])
        with pytest.raises(Refused, match="say the same|told apart"):
            frailty_variance(twice)
