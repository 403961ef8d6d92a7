"""The Laplace likelihood is what full matrices give, and its slopes are those of differences."""

import numpy as np
import pytest
from outcome_rows import ROOTS, WORDS, factors_of, family_of

from sessionwise.engine.laplace_likelihood import LaplaceLikelihood
from sessionwise.engine.penalised_modes import PenalisedModes, Weights

EFFECT = np.array([0.3, 0.4])
STEP = 1e-5


def made(word, crossed):
    factors, x = factors_of(crossed)
    design = np.column_stack([np.ones(x.size), x])
    family, phi = family_of(word, design @ [0.2, 0.5] + np.sin(factors[1].level))
    return LaplaceLikelihood(design, family, factors), factors, design, family, phi


def full_matrix(factors, roots):
    """Z T for all levels of all factors, shape (n, all deviations)."""
    blocks = []
    for factor, root in zip(factors, roots):
        loaded = (factor.columns.T @ root).T  # (q, n)
        for column in loaded:
            block = np.zeros((factor.level.size, factor.levels))
            block[np.arange(factor.level.size), factor.level] = column
            blocks.append(block)
    return np.hstack(blocks)


def written_out(design, family, factors, roots, effect, phi):
    """ℓ(û) − ½ log|I + (ZT)′W(ZT)| with full matrices, û by Newton's method until nothing moves."""
    zt, linear = full_matrix(factors, roots), design @ effect
    u = np.zeros(zt.shape[1])
    for _ in range(100):
        rows = family.at(linear + zt @ u, phi)
        whole = np.eye(zt.shape[1]) + zt.T @ (zt * rows.weight[:, None])
        step = np.linalg.solve(whole, zt.T @ rows.slope - u)
        u = u + step / max(1.0, np.abs(step).max())
    assert np.abs(step).max() < 1e-12
    value = rows.loglik.sum() + family.constant - 0.5 * u @ u
    return value - 0.5 * np.linalg.slogdet(whole)[1]


@pytest.mark.parametrize("crossed", [False, True], ids=["nested", "crossed"])
@pytest.mark.parametrize("word", WORDS)
class TestEveryFamily:
    def test_is_what_full_matrices_give(self, word, crossed):
        model, factors, design, family, phi = made(word, crossed)
        ours = model.at(EFFECT, ROOTS, phi, model.nothing()).loglik
        said = written_out(design, family, factors, ROOTS, EFFECT, phi)
        assert ours == pytest.approx(said, abs=1e-8)

    @pytest.mark.parametrize("flat", [False, True], ids=["regular", "singular"])
    def test_slopes(self, word, crossed, flat):
        model, factors, _, _, phi = made(word, crossed)
        roots = [root.copy() for root in ROOTS]
        if flat:
            roots[0][:] = 0.0
            roots[1][1, 1] = 0.0
        here = model.at(EFFECT, roots, phi, model.nothing())

        def loglik(effect, roots, phi):
            return model.at(effect, roots, phi, here.settled.u).loglik

        for k in range(EFFECT.size):
            step = STEP * np.eye(EFFECT.size)[k]
            change = loglik(EFFECT + step, roots, phi) - loglik(EFFECT - step, roots, phi)
            assert here.by_effect[k] == pytest.approx(change / (2 * STEP), abs=2e-6)
        for k in range(phi.size):
            step = STEP * np.eye(phi.size)[k]
            change = loglik(EFFECT, roots, phi + step) - loglik(EFFECT, roots, phi - step)
            assert here.by_further[k] == pytest.approx(change / (2 * STEP), abs=2e-6)
        for f, factor in enumerate(factors):
            slope = here.by_covariance[f] @ roots[f]
            for i, j in zip(*np.nonzero(factor.free)):
                both = []
                for sign in (1, -1):
                    moved = [root.copy() for root in roots]
                    moved[f][i, j] += sign * STEP
                    both.append(loglik(EFFECT, moved, phi))
                assert slope[i, j] == pytest.approx((both[0] - both[1]) / (2 * STEP), abs=2e-6)


@pytest.mark.parametrize("crossed", [False, True], ids=["nested", "crossed"])
class TestTheSums:
    def test_are_those_of_full_matrices(self, crossed):
        factors, x = factors_of(crossed)
        family, _ = family_of("poisson", np.zeros(x.size))
        modes = PenalisedModes(family, factors)
        rng = np.random.default_rng(7)
        values = rng.random(x.size)
        own, between = modes.sums.weighted(values)
        full = {}
        for f, factor in enumerate(modes.factors):
            full[f] = full_matrix([factor], [np.eye(factor.size)])
            gathered = modes.sums.gathered(values)[f]
            np.testing.assert_allclose(gathered.ravel(), full[f].T @ values)
            whole = full[f].T @ (full[f] * values[:, None])
            for a in range(factor.size):
                for b in range(factor.size):
                    block = whole[a * factor.levels :][: factor.levels]
                    block = block[:, b * factor.levels :][:, : factor.levels]
                    np.testing.assert_allclose(own[f][a, b], np.diag(block), atol=1e-12)
        for (f, g), found in between.items():
            whole = full[f].T @ (full[g] * values[:, None])
            assert found.sum() == pytest.approx(whole.sum())
        deviations = [rng.normal(size=(f.size, f.levels)) for f in modes.factors]
        spread = sum(full[f] @ one.ravel() for f, one in enumerate(deviations))
        np.testing.assert_allclose(modes.sums.spread(deviations), spread)

    def test_leverages_are_those_of_the_full_inverse(self, crossed):
        factors, x = factors_of(crossed)
        family, _ = family_of("poisson", np.zeros(x.size))
        modes = PenalisedModes(family, factors)
        weight = np.random.default_rng(7).random(x.size)
        roots = modes.placed(ROOTS)
        right = [np.zeros((f.size, 1, f.levels)) for f in modes.factors]
        _, determinant, done = modes.forward(Weights(*modes.sums.weighted(weight)), right, roots)
        back, _, _ = modes.inverse_blocks(done, roots)
        zt = full_matrix(modes.factors, roots)
        whole = np.eye(zt.shape[1]) + zt.T @ (zt * weight[:, None])
        assert determinant == pytest.approx(np.linalg.slogdet(whole)[1])
        np.testing.assert_allclose(
            modes.sums.quadratic(back), np.einsum("ia,ab,ib->i", zt, np.linalg.inv(whole), zt)
        )


def test_a_random_effect_of_nothing_is_a_model_without():
    model, _, design, family, phi = made("0/1", crossed=False)
    nothing = [np.zeros_like(root) for root in ROOTS]
    found = model.at(EFFECT, nothing, phi, model.nothing())
    assert found.loglik == pytest.approx(family.at(design @ EFFECT, phi).loglik.sum(), abs=1e-10)
