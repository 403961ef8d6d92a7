"""Quadrature gives the integral; with one node it is Laplace's; its slopes are exact."""

import numpy as np
import pytest
from outcome_rows import WORDS, factors_of, family_of
from scipy import integrate

from sessionwise.engine.adaptive_quadrature import QuadratureLikelihood
from sessionwise.engine.laplace_likelihood import LaplaceLikelihood
from sessionwise.engine.row_sums import Factor

EFFECT, ROOT, STEP = np.array([0.3, 0.4]), 0.9, 1e-5


def made(word, nodes, *, slope=False):
    factors, x = factors_of(crossed=False, clients=12)
    design = np.column_stack([np.ones(x.size), x])
    family, phi = family_of(word, design @ [0.2, 0.5] + np.sin(factors[1].level))
    column = x + 0.3 if slope else np.ones(x.size)
    factor = Factor(factors[1].level, column[None], np.eye(1, dtype=bool))
    if nodes == "laplace":
        return LaplaceLikelihood(design, family, [factor]), phi
    return QuadratureLikelihood(design, family, [factor], nodes), phi


def at(model, phi, effect=EFFECT, root=ROOT):
    return model.at(effect, [np.array([[root]])], phi, model.nothing())


@pytest.mark.parametrize("word", WORDS)
class TestEveryFamily:
    def test_is_the_integral(self, word):
        model, phi = made(word, 40)
        linear, total = model.design @ EFFECT, 0.0
        factor = model.modes.factors[0]
        for level in range(factor.levels):
            own = np.flatnonzero(factor.level == level)
            part = model.family.taken(own)

            def density(u, part=part, own=own):
                ell = part.at(linear[own] + ROOT * u, phi).loglik.sum()
                return np.exp(ell - u**2 / 2) / np.sqrt(2 * np.pi)

            total += np.log(integrate.quad(density, -9, 9, epsabs=0, epsrel=1e-11)[0])
        assert at(model, phi).loglik == pytest.approx(total + model.family.constant, abs=1e-6)

    def test_with_one_node_is_laplace(self, word):
        (one, phi), (other, _) = made(word, 1, slope=True), made(word, "laplace", slope=True)
        one, other = at(one, phi), at(other, phi)
        assert one.loglik == pytest.approx(other.loglik, abs=1e-10)
        np.testing.assert_allclose(one.by_effect, other.by_effect, atol=1e-8)
        np.testing.assert_allclose(one.by_covariance[0], other.by_covariance[0], atol=1e-8)
        np.testing.assert_allclose(one.by_further, other.by_further, atol=1e-8)
        np.testing.assert_allclose(one.blocks[0], other.blocks[0])

    @pytest.mark.parametrize("slope", [False, True], ids=["level", "slope"])
    def test_slopes(self, word, slope):
        model, phi = made(word, 7, slope=slope)
        here = at(model, phi)
        up, down = at(model, phi, root=ROOT + STEP), at(model, phi, root=ROOT - STEP)
        change = (up.loglik - down.loglik) / (2 * STEP)
        assert here.by_covariance[0][0, 0] * ROOT == pytest.approx(change, abs=1e-6)
        for k, unit in enumerate(STEP * np.eye(2)):
            change = at(model, phi, EFFECT + unit).loglik - at(model, phi, EFFECT - unit).loglik
            assert here.by_effect[k] == pytest.approx(change / (2 * STEP), abs=1e-6)
        for k, unit in enumerate(STEP * np.eye(phi.size)):
            change = at(model, phi + unit).loglik - at(model, phi - unit).loglik
            assert here.by_further[k] == pytest.approx(change / (2 * STEP), abs=1e-6)
