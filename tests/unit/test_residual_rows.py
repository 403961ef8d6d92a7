"""What a fit whose residuals go on says of its rows and levels, by matrices written out in full."""

import numpy as np
import pandas as pd
import pytest
from full_matrices import Full
from test_mixed_residuals import NESTED, going

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.mixed_model import mixed

ASKED = {
    "ar1": {"residual": "ar1"},
    "sizes": {"residual_by": "modality"},
    "both": {"residual": "ar1", "residual_by": "modality"},
}


def rows_of_clients():
    return going(clients=20, sessions=6, larger=1.6, seed=4)


def full(fit):
    """The matrices of a fit, with V = σ²R + ZGZ′."""
    made, rows = Full(fit), fit.solution.used
    table = fit.further.set_index("parameter")["estimate"]
    apart = np.abs(np.subtract.outer(rows["session"].to_numpy(), rows["session"].to_numpy()))
    together = np.equal.outer(rows["client"].to_numpy(), rows["client"].to_numpy())
    R = np.where(together, table.get("phi", 0.0) ** apart, 0.0)
    size = np.where(rows["modality"] == "video", table.get("sd_ratio", 1.0), 1.0)
    made.R = R * np.outer(size, size)
    made.size = size
    made.V = made.s2 * made.R + made.Z @ made.G @ made.Z.T
    made.inverse = inverse = np.linalg.inv(made.V)
    made.C = np.linalg.inv(made.X.T @ inverse @ made.X)
    made.P = inverse - inverse @ made.X @ made.C @ made.X.T @ inverse
    made.beta = made.C @ made.X.T @ inverse @ made.y
    made.b = made.G @ made.Z.T @ made.P @ made.y
    return made


@pytest.fixture(scope="module", params=ASKED)
def pair(request):
    fit = mixed(NESTED, rows_of_clients(), **ASKED[request.param])
    assert set(fit.variances["group"]) == {"client", "therapist", "Residual"}
    return fit, full(fit)


class TestPredictions:
    def test_of_levels_and_their_errors(self, pair):
        fit, made = pair
        found = fit.predict(of="levels")
        np.testing.assert_allclose(found["estimate"], made.X @ made.beta + made.Z @ made.b)
        A, C = np.hstack([made.X, made.Z]), made.joint()
        np.testing.assert_allclose(found["std_error"], np.sqrt(np.diag(A @ C @ A.T)), rtol=1e-6)

    def test_of_rows_that_are_given(self, pair):
        fit, made = pair
        given = fit.solution.used.iloc[::7].assign(session=9)
        X = np.column_stack([np.ones(len(given)), given["session"]])
        A = np.hstack([X, made.incidence(given)])
        found = fit.predict(given, of="levels")
        np.testing.assert_allclose(found["estimate"], A @ np.concatenate([made.beta, made.b]))
        expected = np.sqrt(np.diag(A @ made.joint() @ A.T))
        np.testing.assert_allclose(found["std_error"], expected, rtol=1e-6)

    def test_of_the_population_as_in_the_table_of_estimates(self, pair):
        fit, _ = pair
        intercept = fit.predict(pd.DataFrame({"session": [0]})).iloc[0]
        line = fit.term("Intercept")
        np.testing.assert_allclose(
            intercept[["estimate", "std_error", "df", "low", "high"]].astype(float),
            line[["estimate", "std_error", "df", "low", "high"]].astype(float), rtol=1e-5,
        )  # fmt: skip

    def test_an_observation_has_the_residual_of_its_own_group(self, pair):
        fit, made = pair
        given = pd.DataFrame({"session": [3, 3], "modality": ["in_person", "video"]})
        found = fit.predict(given, of="new levels", interval="observation")
        x = np.array([1.0, 3])
        levels = fit.variances.set_index("group")["variance"]
        apart = x @ made.C @ x + levels["client"] + levels["therapist"]
        ratio = made.size.max()
        expected = np.sqrt(apart + made.s2 * np.array([1, ratio**2]))
        np.testing.assert_allclose(found["std_error"], expected, rtol=1e-6)


def test_residuals_and_leverage_are_those_of_whitened_rows(pair):
    fit, made = pair
    found = fit.residuals()
    marginal = made.y - made.X @ made.beta
    conditional = marginal - made.Z @ made.b
    np.testing.assert_allclose(found["marginal"], marginal, atol=1e-8)
    np.testing.assert_allclose(found["conditional"], conditional, atol=1e-8)
    order = np.lexsort((fit.solution.used["session"], fit.solution.used["client"]))
    R = made.R[np.ix_(order, order)]
    W = np.empty_like(R)
    W[np.ix_(order, order)] = np.linalg.inv(np.linalg.cholesky(R))
    rest = made.s2 * made.R @ made.P  # y − Xβ̂ − Zb̂ = σ²R P y
    H = np.eye(len(R)) - W @ rest @ np.linalg.inv(W)
    np.testing.assert_allclose(found["leverage"], np.diag(H), atol=1e-7)
    expected = W @ conditional / np.sqrt(made.s2 * (1 - np.diag(H)))
    np.testing.assert_allclose(found["standardised"], expected, rtol=1e-5, atol=1e-7)


def test_influence_is_that_of_the_rows_left_out(pair):
    fit, made = pair
    for by in ("client", "therapist"):
        found = fit.influence(by).set_index("level")
        for level in found.index[:4]:
            kept = (fit.solution.used[by] != level).to_numpy()
            inverse = np.linalg.inv(made.V[np.ix_(kept, kept)])
            X, y = made.X[kept], made.y[kept]
            without = np.linalg.solve(X.T @ inverse @ X, X.T @ inverse @ y)
            moved = found.loc[level, ["change[Intercept]", "change[session]"]].astype(float)
            np.testing.assert_allclose(moved, made.beta - without, rtol=1e-5, atol=1e-9)


def test_shares_are_of_the_mean_residual_variance(pair):
    fit, made = pair
    found = fit.shares().set_index("group")
    residual = made.s2 * np.mean(made.size**2)
    assert found.loc["Residual", "variance"] == pytest.approx(residual, rel=1e-6)
    assert found["share"].sum() == pytest.approx(1)
    assert found["low"].isna().all()
    explained = fit.r_squared()
    fixed = np.var(made.X @ made.beta, ddof=1)
    total = fixed + found["variance"].sum()
    assert explained["marginal"] == pytest.approx(fixed / total, rel=1e-6)
    assert found.loc["client", "design_effect"] > 1 or "phi" in set(fit.further["parameter"])


class TestRefusals:
    def test_the_next_session_of_a_known_client(self):
        fit = mixed(NESTED, rows_of_clients(), residual="ar1")
        with pytest.raises(Refused, match="goes on from the last one"):
            fit.predict(of="levels", interval="observation")

    def test_a_group_the_model_has_not_seen(self):
        fit = mixed(NESTED, rows_of_clients(), residual_by="modality")
        given = pd.DataFrame({"session": [3], "modality": ["letter"]})
        with pytest.raises(InvalidInput, match="no group of the model in 1 rows"):
            fit.predict(given, interval="observation")
        with pytest.raises(InvalidInput, match="by which residuals differ"):
            fit.predict(given[["session"]], interval="observation")

    def test_a_part_of_a_course(self):
        rows = rows_of_clients()
        rows["phase"] = np.where(rows["session"] > 3, "late", "early")
        with pytest.raises(Refused, match="cannot be deleted alone"):
            mixed(NESTED, rows, residual="ar1").influence("phase")
        assert len(mixed(NESTED, rows, residual_by="modality").influence("phase")) == 2

    def test_re_estimated_variances(self):
        fit = mixed(NESTED, rows_of_clients(), residual="ar1")
        with pytest.raises(Refused, match="not estimated again"):
            fit.influence(variances="re-estimated")
