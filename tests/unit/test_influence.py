"""Residuals, leverage and deletion of a mixed model are those of the full matrices."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from full_matrices import FORMULAS, Full, clinic_rows

from sessionwise.engine.deletion import joint_inverse
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models import influence
from sessionwise.models.mixed_model import mixed


@cache
def full(name):
    return Full(mixed(FORMULAS[name], clinic_rows(), zero="keep", df="satterthwaite"))


def deleted(said, gone):
    """β̂ and its covariance without some rows, the variances held; nothing if they cannot be had."""
    kept = ~gone
    X, inverse = said.X[kept], np.linalg.inv(said.V[np.ix_(kept, kept)])
    if np.linalg.matrix_rank(X) < X.shape[1]:
        return None
    covariance = np.linalg.inv(X.T @ inverse @ X)
    return covariance @ X.T @ inverse @ said.y[kept], covariance


@pytest.mark.parametrize("name", FORMULAS)
class TestResiduals:
    def test_leverage_is_the_diagonal_of_what_fits(self, name):
        said = full(name)
        found = said.fit.residuals()
        hat = np.eye(len(said.y)) - said.s2 * said.P  # y − e, e = σ²Py
        np.testing.assert_allclose(found["leverage"], np.diag(hat), rtol=1e-7)
        np.testing.assert_allclose(found["conditional"], said.s2 * said.P @ said.y, atol=1e-7)
        assert found["leverage"].between(0, 1).all()

    def test_a_residual_over_its_own_error(self, name):
        said = full(name)
        found = said.fit.residuals()
        error = np.sqrt(np.diag(said.s2 * said.P @ said.V @ said.P * said.s2))
        np.testing.assert_allclose(found["standardised"], found["conditional"] / error, rtol=1e-6)
        np.testing.assert_allclose(found["marginal"], said.y - said.X @ said.beta, atol=1e-7)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("by", ["client", "therapist", "clinic", "kind", "each"])
def test_deletion_with_the_variances_held(name, by):
    rows = clinic_rows()
    rows["each"] = np.arange(len(rows))
    said = Full(mixed(FORMULAS[name], rows, zero="keep", df="satterthwaite"))
    used = said.fit.solution.used
    table = said.fit.influence(by)
    assert table["rows"].sum() == len(used)
    changes = table.filter(like="change[")
    size = np.sqrt(np.diag(said.C))
    for line, change in zip(table.itertuples(), changes.to_numpy()):
        expected = deleted(said, (used[by] == line.level).to_numpy())
        if expected is None:
            assert np.isnan([line.cook_distance, line.covratio, *change]).all()
            continue
        apart = said.beta - expected[0]
        np.testing.assert_allclose(change / size, apart / size, atol=1e-8)
        distance = apart @ np.linalg.solve(said.C, apart) / len(apart)
        assert line.cook_distance == pytest.approx(distance, rel=1e-6, abs=1e-12)
        ratio = np.linalg.det(expected[1]) / np.linalg.det(said.C)
        assert line.covratio == pytest.approx(ratio, rel=1e-6)


def test_some_level_cannot_be_had_without():
    """The rows of one kind tell what that kind is: without them nothing does."""
    table = full("crossed").fit.influence("kind")
    assert table["covratio"].isna().tolist() == [True, True, True]


@pytest.mark.parametrize("name", FORMULAS)
def test_the_joint_inverse_is_hendersons(name):
    """The one built factor by factor, in all its places, and not only where levels meet."""
    said = full(name)
    solution = said.fit.solution
    made = joint_inverse(solution.model, solution.summit.roots, solution.scaled.basis)
    q = made.own.shape[1]
    levels = np.arange(made.first.shape[1] // q)
    whole = made.of_columns(levels, np.arange(made.rest.shape[1]))
    A = np.hstack([made.first.toarray(), made.rest.toarray()])
    variance = said.s2 * A @ whole @ A.T
    full_A = np.hstack([said.X, said.Z])
    expected = full_A @ said.joint() @ full_A.T
    np.testing.assert_allclose(variance, expected, atol=1e-7 * np.abs(expected).max())


class TestAgain:
    def test_is_the_fit_without_the_level(self):
        rows = clinic_rows(clients=40)
        formula = "y ~ time + x + (1 + time | client) + (1 | therapist)"
        fit = mixed(formula, rows, df="satterthwaite")
        table = fit.influence("therapist", variances="re-estimated")
        for line in table.itertuples():
            other = mixed(
                formula, rows[rows["therapist"] != line.level], df="satterthwaite", zero="keep"
            )
            change = table.loc[line.Index].filter(like="change[").to_numpy(float)
            apart = fit.estimates["estimate"] - other.estimates["estimate"]
            np.testing.assert_allclose(change, apart, atol=1e-6)
            ratio = np.linalg.det(other.covariance) / np.linalg.det(fit.covariance)
            assert line.covratio == pytest.approx(ratio, rel=1e-4)
            distance = apart @ np.linalg.solve(fit.covariance, apart) / len(apart)
            assert line.cook_distance == pytest.approx(distance, rel=1e-4)
        held = fit.influence("therapist").filter(like="change[")
        apart = np.abs(table.filter(like="change[") - held).to_numpy().max()
        assert 1e-4 < apart < 1  # near, and not the same

    def test_nothing_where_a_factor_is_left_with_one_level(self):
        rows = clinic_rows(clients=40)
        rows = rows[rows["therapist"].isin(["t0", "t1"])]
        fit = mixed("y ~ time + (1 | client) + (1 | therapist)", rows, zero="keep")
        table = fit.influence("therapist", variances="re-estimated")
        assert table.iloc[:, 2:].isna().all(axis=None)

    def test_nothing_where_a_term_is_gone(self):
        rows = clinic_rows(clients=40).assign(special=lambda r: (r["client"] == "c3") * r["time"])
        fit = mixed("y ~ time + special + (1 | client)", rows, df="satterthwaite")
        table = fit.influence(variances="re-estimated", only=["c3", "c4"])
        assert table["covratio"].isna().tolist() == [True, False]


class TestWhatMustNotMatter:
    def test_units_order_and_names(self):
        rows = clinic_rows()
        formula = FORMULAS["crossed slopes"]
        one = mixed(formula, rows, zero="keep").influence("therapist").set_index("level")
        moved = rows.assign(
            y=100 * rows["y"], time=rows["time"] + 500, therapist="x" + rows["therapist"]
        ).sample(frac=1, random_state=2)
        other = mixed(formula, moved, zero="keep").influence("therapist").set_index("level")
        other = other.loc["x" + one.index]
        for name in ("cook_distance", "covratio", "rows"):
            np.testing.assert_allclose(other[name], one[name], rtol=1e-4)
        np.testing.assert_allclose(
            other["change[time]"] / 100, one["change[time]"], rtol=1e-3, atol=1e-6
        )

    def test_only_some_levels(self):
        fit = full("nested").fit
        every = fit.influence().set_index("level")
        some = fit.influence(only=["c7", "c2"]).set_index("level")
        pd.testing.assert_frame_equal(some, every.loc[["c7", "c2"]])

    def test_a_factor_of_two_columns(self):
        fit = full("three nested").fit
        by_pair = fit.influence("clinic:therapist")
        assert by_pair["level"].str.fullmatch("s.:t.").all()
        assert len(fit.influence("clinic:therapist:client")) >= 24

    def test_without_random_terms_it_is_that_of_least_squares(self):
        rows = clinic_rows()
        rows["y"] = rows["x"] + np.random.default_rng(2).normal(0, 1, len(rows))
        rows["y"] -= rows.groupby("client")["y"].transform("mean")
        fit = mixed("y ~ x + (1 | client)", rows)
        assert not fit.solution.part.by_factor
        X = np.column_stack([np.ones(len(rows)), rows["x"]])
        beta = np.linalg.lstsq(X, rows["y"], rcond=None)[0]
        for line in fit.influence("client").itertuples():
            kept = (rows["client"] != line.level).to_numpy()
            other = np.linalg.lstsq(X[kept], rows["y"][kept], rcond=None)[0]
            np.testing.assert_allclose(line[-2:], beta - other, atol=1e-10)
        hat = np.diag(X @ np.linalg.inv(X.T @ X) @ X.T)
        np.testing.assert_allclose(fit.residuals()["leverage"], hat)


class TestRefusals:
    def test_words_and_columns(self):
        fit = full("nested").fit
        with pytest.raises(InvalidInput, match="no column `therapits`.*Did you mean 'therapist'"):
            fit.influence("therapits")
        with pytest.raises(InvalidInput, match="Did you mean 'held'"):
            fit.influence(variances="hold")
        with pytest.raises(InvalidInput, match="1 of 2 levels are no `client`") as refused:
            fit.influence(only=["c1", "secret"])
        assert "secret" not in str(refused.value)

    def test_missing_levels(self):
        rows = clinic_rows()
        rows.loc[rows.index[:7], "kind"] = None
        fit = mixed("y ~ time + (1 | client)", rows)
        with pytest.raises(InvalidInput, match="`kind` is missing in 7 rows"):
            fit.influence("kind")

    def test_limits(self, monkeypatch):
        fit = full("crossed slopes").fit
        monkeypatch.setattr(influence, "MOST_REFITS", 5)
        with pytest.raises(Refused, match="There are 24 `client`s, .* at most 5"):
            fit.influence(variances="re-estimated")
        assert len(fit.influence(variances="re-estimated", only=["c1"])) == 1
        monkeypatch.setattr(influence, "MOST_TOUCHED", 5)
        with pytest.raises(Refused, match="One `kind` touches .* deviations of `client`"):
            fit.influence("kind")
        monkeypatch.setattr(influence, "MOST_INNER", 3)
        with pytest.raises(Refused, match="have 15 deviations together"):
            fit.influence()
