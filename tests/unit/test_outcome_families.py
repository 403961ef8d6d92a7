"""Log-likelihoods of outcomes are those of SciPy, and their derivatives those of differences."""

import numpy as np
import pytest
from outcome_rows import WORDS, family_of
from scipy import stats

from sessionwise.engine.outcome_families import (
    Cloglog,
    CumulativeLogit,
    Logit,
    NegativeBinomial,
    Poisson,
    Probit,
)

ETA = np.random.default_rng(5).normal(0, 2, 60)
STEP = 1e-5


def total(family, eta, phi):
    return float(family.at(eta, phi).loglik.sum()) + family.constant


@pytest.mark.parametrize("word", WORDS)
class TestDerivatives:
    def test_by_the_linear_predictor(self, word):
        family, phi = family_of(word, ETA / 2)
        here, up, down = (family.at(ETA + d, phi, bend=True) for d in (0, STEP, -STEP))
        for name, of, sign in (("loglik", "slope", 1), ("slope", "weight", -1)):
            change = (getattr(up, name) - getattr(down, name)) / (2 * STEP)
            np.testing.assert_allclose(sign * getattr(here, of), change, atol=1e-8, rtol=1e-7)
        change = (up.weight - down.weight) / (2 * STEP)
        np.testing.assert_allclose(here.bend, change, atol=1e-8, rtol=1e-7)
        assert (here.weight > 0).all()

    def test_by_further_parameters(self, word):
        family, phi = family_of(word, ETA / 2)
        share = np.random.default_rng(1).random(ETA.size)
        loglik, slope, weight = family.by_parameter(ETA, phi, share)
        assert loglik.shape == phi.shape == (family.further,)
        for k in range(phi.size):
            step = np.zeros(phi.size)
            step[k] = STEP
            up, down = family.at(ETA, phi + step), family.at(ETA, phi - step)
            change = share @ (up.loglik - down.loglik) / (2 * STEP)
            assert loglik[k] == pytest.approx(change, abs=1e-7)
            np.testing.assert_allclose(slope[k], (up.slope - down.slope) / (2 * STEP), atol=1e-8)
            np.testing.assert_allclose(weight[k], (up.weight - down.weight) / (2 * STEP), atol=1e-8)

    def test_far_out(self, word):
        family, phi = family_of(word, ETA / 2)
        for eta in (-30.0, 30.0):
            if word in ("cloglog", "poisson") and eta > 0:
                continue  # a mean of 1e13
            found = family.at(np.full(ETA.size, eta), phi, bend=True)
            for value in (found.loglik, found.slope, found.weight, found.bend):
                assert np.isfinite(value).all()

    def test_in_another_order(self, word):
        family, phi = family_of(word, ETA / 2)
        order = np.random.default_rng(0).permutation(ETA.size)
        moved = family.taken(order)
        assert total(moved, ETA[order], phi) == pytest.approx(total(family, ETA, phi), rel=1e-13)
        np.testing.assert_array_equal(
            moved.at(ETA[order], phi).slope, family.at(ETA, phi).slope[order]
        )


class TestAgainstScipy:
    @pytest.mark.parametrize(
        ("kind", "share"),
        [
            (Logit, lambda eta: 1 / (1 + np.exp(-eta))),
            (Cloglog, lambda eta: -np.expm1(-np.exp(eta))),
            (Probit, stats.norm.cdf),
        ],
    )
    def test_binomial(self, kind, share):
        rng = np.random.default_rng(2)
        of = rng.integers(1, 9, ETA.size)
        k = rng.binomial(of, 0.4)
        eta = ETA / 2
        said = stats.binom.logpmf(k, of, share(eta)).sum()
        assert total(kind(k.astype(float), of.astype(float)), eta, np.zeros(0)) == pytest.approx(
            said, rel=1e-12
        )

    def test_poisson(self):
        y = np.random.default_rng(2).poisson(2.0, ETA.size)
        said = stats.poisson.logpmf(y, np.exp(ETA)).sum()
        assert total(Poisson(y.astype(float)), ETA, np.zeros(0)) == pytest.approx(said, rel=1e-12)

    def test_negative_binomial_has_a_quadratic_variance(self):
        y = np.random.default_rng(2).poisson(2.0, ETA.size)
        theta, mean = 1.7, np.exp(ETA)
        law = stats.nbinom(theta, theta / (theta + mean))
        np.testing.assert_allclose(law.var(), mean + mean**2 / theta)
        family = NegativeBinomial(y.astype(float))
        said = law.logpmf(y).sum()
        assert total(family, ETA, np.array([np.log(theta)])) == pytest.approx(said, rel=1e-12)

    def test_categories_add_up_to_one(self):
        phi = np.array([-1.0, 0.2, 2.5])
        each = [CumulativeLogit(np.full(ETA.size, k), 3).at(ETA, phi).loglik for k in range(4)]
        np.testing.assert_allclose(np.exp(each).sum(axis=0), 1, rtol=1e-12)
        np.testing.assert_allclose(np.exp(each[0]), stats.logistic.cdf(phi[0] - ETA), rtol=1e-12)

    def test_thresholds_out_of_order_are_no_model(self):
        family = CumulativeLogit(np.array([0, 1, 2]), 2)
        with pytest.raises(np.linalg.LinAlgError):
            family.at(np.zeros(3), np.array([1.0, 0.5]))
