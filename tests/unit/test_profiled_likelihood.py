"""The likelihood by elimination is that of the full matrices, and its slopes are its own."""

import numpy as np
import pytest
from mixed_designs import DESIGNS, ROWS, design

from sessionwise.engine.profiled_likelihood import LinearMixedModel


def in_full(X, y, factors, roots, reml):
    """Give the log-likelihood and the estimates from V as it stands."""
    V = np.eye(ROWS)
    for factor, root in zip(factors, roots):
        Z = np.zeros((ROWS, factor.levels * factor.size))
        for a, column in enumerate(factor.columns):
            Z[np.arange(ROWS), factor.level * factor.size + a] = column
        V += Z @ np.kron(np.eye(factor.levels), root @ root.T) @ Z.T
    information = X.T @ np.linalg.solve(V, X)
    estimate = np.linalg.solve(information, X.T @ np.linalg.solve(V, y))
    rest = y - X @ estimate
    df = ROWS - X.shape[1] if reml else ROWS
    logs = np.linalg.slogdet(V)[1] + (np.linalg.slogdet(information)[1] if reml else 0)
    variance = rest @ np.linalg.solve(V, rest) / df
    return -0.5 * (df * (1 + np.log(2 * np.pi * variance)) + logs), estimate


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", DESIGNS)
class TestAgainstTheFullMatrices:
    def test_likelihood_and_estimates(self, name, reml):
        X, y, factors, roots = design(name)
        at = LinearMixedModel.of(X, y, factors, reml=reml).at(roots)
        loglik, estimate = in_full(X, y, factors, roots, reml)
        assert at.loglik == pytest.approx(loglik, abs=1e-9)
        np.testing.assert_allclose(at.estimate, estimate, atol=1e-10)

    def test_slopes_are_those_of_finite_differences(self, name, reml):
        X, y, factors, roots = design(name)
        model, step = LinearMixedModel.of(X, y, factors, reml=reml), 1e-5
        slopes = model.slopes(roots)[1]
        for k, root in enumerate(roots):
            for i, j in zip(*np.tril_indices(len(root))):
                heights = []
                for sign in (1, -1):
                    moved = [one.copy() for one in roots]
                    moved[k][i, j] += sign * step
                    heights.append(-2 * model.at(moved).loglik)
                said = (heights[0] - heights[1]) / (2 * step)
                # rounding of some hundreds over 1e-5, and the square of the step
                assert (2 * slopes[k] @ root)[i, j] == pytest.approx(said, abs=2e-6, rel=1e-6)

    def test_another_response_needs_no_other_model(self, name, reml):
        X, y, factors, roots = design(name)
        again = LinearMixedModel.of(X, y[::-1], factors, reml=reml).with_response(X, y)
        fresh = LinearMixedModel.of(X, y, factors, reml=reml)
        assert again.at(roots).loglik == pytest.approx(fresh.at(roots).loglik, abs=1e-10)


@pytest.mark.parametrize("name", DESIGNS)
def test_slopes_where_a_factor_does_not_vary(name):
    """The slope inwards at zero, by lifting the variances by a millionth."""
    X, y, factors, roots = design(name)
    model = LinearMixedModel.of(X, y, factors, reml=True)
    roots[0][...] = 0
    at, slopes, _ = model.slopes(roots)
    roots[0][...] = 1e-3 * np.eye(len(roots[0]))
    assert np.trace(slopes[0]) == pytest.approx(
        -2 * (model.at(roots).loglik - at.loglik) / 1e-6, rel=1e-3, abs=1e-3
    )
