"""Whitened rows give the likelihood of the full matrices, and its slopes are its own."""

import numpy as np
import pytest

from sessionwise.engine.residual_search import MarkedModel, best_residuals
from sessionwise.engine.residual_uncertainty import residuals_known
from sessionwise.engine.row_sums import Factor
from sessionwise.engine.whitened_rows import ResidualRows

KINDS = ("ar1", "back", "car1", "sizes", "both", "both_car1")
ONE = np.ones((1, 1), bool)


def marked(kind, reml=True, crossed=False, clients=24):
    """Clients in therapists, therapists in or across clinics; uneven gaps; rows shuffled."""
    draw = np.random.default_rng(7)
    client = np.repeat(np.arange(clients), draw.integers(1, 7, clients))
    n = client.size
    gap = draw.integers(1, 4, n) if "car" not in kind else draw.uniform(0.2, 9, n)
    time = np.cumsum(gap.astype(float))
    shuffled = draw.permutation(n)
    client, time = client[shuffled], time[shuffled]
    order = np.lexsort((time, client))
    previous, gaps = np.arange(n), np.zeros(n)
    same = np.flatnonzero(client[order][1:] == client[order][:-1])
    previous[order[same + 1]] = order[same]
    gaps[order[same + 1]] = time[order[same + 1]] - time[order[same]]
    therapist = client // 4
    clinic = client % 2 if crossed else therapist // 3
    x = draw.normal(size=n)
    ones = np.ones((1, n))
    factors = (
        Factor(client, np.vstack([ones, x[None]]), np.tri(2, dtype=bool)),
        Factor(therapist, ones, ONE),
        Factor(clinic, ones, ONE),
    )
    stratum = draw.integers(0, 3, n) if "sizes" in kind or "both" in kind else None
    rows = ResidualRows(previous, gaps, stratum, "sizes" not in kind, "car" in kind)
    X = np.column_stack([np.ones(n), x, draw.normal(size=n)])
    y = draw.normal(size=n) + draw.normal(size=clients)[client]
    return MarkedModel(X, y, factors, rows, reml), client, time


def parameters(model, kind):
    draw = np.random.default_rng(3)
    omega = draw.normal(0, 0.4, model.residuals.size)
    omega[0] = {"ar1": 0.6, "back": -0.7, "car1": -0.5}.get(kind, omega[0])
    roots = [np.tril(draw.normal(size=(f.size, f.size))) / 2 for f in model.factors]
    return omega, roots


def in_full(model, client, time, omega, roots):
    """Give −2 log-likelihood from V as it stands: R from its definition, Z G Z′ beside it."""
    rows, n = model.residuals, client.size
    R = np.eye(n)
    if rows.correlated:
        apart = np.abs(time[:, None] - time)
        if rows.continuous:
            R = rows.phi(omega[0]) ** apart
        else:
            R = np.sign(np.tanh(omega[0])) ** apart * np.abs(np.tanh(omega[0])) ** apart
        R = np.where(client[:, None] == client, R, 0.0)
    if rows.stratum is not None:
        size = np.exp(np.array([0.0, *omega[int(rows.correlated) :]]))[rows.stratum]
        R = R * np.outer(size, size)
    V = R.copy()
    for factor, root in zip(model.factors, roots):
        Z = np.zeros((n, factor.levels * factor.size))
        for a, column in enumerate(factor.columns):
            Z[np.arange(n), factor.level * factor.size + a] = column
        V += Z @ np.kron(np.eye(factor.levels), root @ root.T) @ Z.T
    X, y = model.design, model.response
    information = X.T @ np.linalg.solve(V, X)
    estimate = np.linalg.solve(information, X.T @ np.linalg.solve(V, y))
    rest = y - X @ estimate
    df = n - X.shape[1] if model.reml else n
    logs = np.linalg.slogdet(V)[1]
    logs += np.linalg.slogdet(information)[1] if model.reml else 0
    variance = rest @ np.linalg.solve(V, rest) / df
    return df * (1 + np.log(2 * np.pi * variance)) + logs, estimate, R


@pytest.mark.parametrize("kind", KINDS)
class TestAgainstTheFullMatrices:
    @pytest.mark.parametrize("reml", [True, False])
    def test_likelihood_and_estimates(self, kind, reml):
        model, client, time = marked(kind, reml)
        omega, roots = parameters(model, kind)
        deviance, estimate, _ = in_full(model, client, time, omega, roots)
        whitened = model.at(omega)
        at = whitened.model.at(roots)
        assert -2 * at.loglik == pytest.approx(deviance, abs=1e-8)
        np.testing.assert_allclose(at.estimate, estimate, atol=1e-10)

    def test_whitened_rows_are_independent(self, kind):
        model, client, time = marked(kind)
        omega, roots = parameters(model, kind)
        R = in_full(model, client, time, omega, roots)[2]
        whitening = model.residuals.at(omega)
        root = whitening.whiten(np.eye(client.size)).T
        np.testing.assert_allclose(root @ R @ root.T, np.eye(client.size), atol=1e-10)
        assert whitening.log_determinant == pytest.approx(np.linalg.slogdet(R)[1], abs=1e-9)

    @pytest.mark.parametrize("crossed", [False, True])
    def test_slopes_are_those_of_finite_differences(self, kind, crossed):
        model = marked(kind, crossed=crossed)[0]
        omega, roots = parameters(model, kind)
        slopes, step = model.at(omega).slopes(roots), 1e-5
        for k in range(omega.size):
            ends = []
            for sign in (1, -1):
                moved = omega.copy()
                moved[k] += sign * step
                whitened = model.at(moved)
                ends.append(-2 * whitened.model.at(roots).loglik)
            assert slopes[k] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-6)


def test_a_positive_and_a_negative_correlation_are_told_apart_by_odd_gaps():
    rows = ResidualRows(np.array([0, 0, 1]), np.array([0.0, 1, 2]), None, correlated=True)
    assert rows.correlations(np.array([np.arctanh(-0.5)]))[0].tolist() == [0, -0.5, 0.25]


def test_the_correlation_of_continuous_time_does_not_depend_on_the_unit():
    model = marked("car1")[0]
    rows = model.residuals
    weeks = ResidualRows(rows.previous, rows.gap / 7, None, correlated=True, continuous=True)
    in_weeks = MarkedModel(model.design, model.response, model.factors, weeks, reml=True)
    one, other = best_residuals(model), best_residuals(in_weeks)
    assert other.loglik == pytest.approx(one.loglik, abs=1e-9)
    assert weeks.phi(other.omega[0]) == pytest.approx(rows.phi(one.omega[0]) ** 7, rel=1e-5)


def test_a_search_ends_where_nothing_nearby_is_likelier():
    model = marked("both", clients=60)[0]
    best = best_residuals(model)
    assert best.summit.gradient < 1e-5
    for k in range(best.omega.size):
        for step in (-0.01, 0.01):
            moved = best.omega.copy()
            moved[k] += step
            whitened = model.at(moved)
            assert whitened.model.at(best.summit.roots).loglik < best.loglik


def test_degrees_of_freedom_are_satterthwaites_definition():
    """2 v²/Var(v̂), all of σ², T and ω uncertain, by differences of the full likelihood."""
    model, client, time = marked("sizes", clients=40)
    best = best_residuals(model)
    known = residuals_known(best)
    entries = [(f, i, j) for f, root in enumerate(best.summit.roots)
               for i, j in zip(*np.nonzero(root))]  # fmt: skip
    eta = np.array([*(best.summit.roots[f][i, j] for f, i, j in entries), *best.omega,
                    np.log(best.summit.at.residual_variance)])  # fmt: skip
    X = model.design

    def at(eta):
        roots = [np.zeros_like(root) for root in best.summit.roots]
        for (f, i, j), value in zip(entries, eta):
            roots[f][i, j] = value
        whitened = model.at(eta[len(entries) : -1])
        found = whitened.model.at(roots)
        df = client.size - X.shape[1]
        logs = -2 * found.loglik - df * (1 + np.log(2 * np.pi * found.residual_variance))
        sigma2 = np.exp(eta[-1])
        rest = df * found.residual_variance / sigma2
        deviance = df * np.log(2 * np.pi * sigma2) + rest + logs
        return deviance, sigma2 * found.unscaled

    step, steps = 1e-3, np.eye(eta.size) * 1e-3
    hessian = np.array(
        [[(at(eta + a + b)[0] - at(eta + a - b)[0] - at(eta - a + b)[0] + at(eta - a - b)[0])
          / (4 * step**2) for b in steps] for a in steps]
    )  # fmt: skip
    moves = np.array([(at(eta + a)[1] - at(eta - a)[1]) / (2 * step) for a in steps])
    uncertainty = 2 * np.linalg.inv(hessian)
    covariance = at(eta)[1]
    for contrast in np.eye(3):
        v = contrast @ covariance @ contrast
        slope = np.array([contrast @ move @ contrast for move in moves])
        expected = 2 * v**2 / (slope @ uncertainty @ slope)
        assert known.effects.df(contrast) == pytest.approx(expected, rel=1e-3)
    np.testing.assert_allclose(
        known.covariance, uncertainty[len(entries) : -1, len(entries) : -1], rtol=1e-3
    )
