"""What only a large model asks for changes how long it takes, and nothing it says."""

import numpy as np
import pandas as pd
import pytest
from mixed_designs import DESIGNS, design

import sessionwise as sw
from sessionwise.engine import (
    crossed_factors,
    crossing_layout,
    elimination,
    peeling,
    satterthwaite_df,
    search_start,
)
from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.search_start import first_look
from sessionwise.errors import Refused

FORMULA = "ors ~ session + srs + (1 + session | client) + (1 | therapist)"


def rows(crossed, clients=400, therapists=40):
    """Clients of six to ten sessions; some sessions are held by another therapist."""
    draw = np.random.default_rng(7)
    client = np.repeat(np.arange(clients), draw.integers(6, 11, clients))
    session = np.concatenate([np.arange(1, n + 1) for n in np.bincount(client)])
    therapist = client % therapists
    if crossed:
        moved = draw.random(client.size) < 0.1
        therapist = np.where(moved, draw.integers(0, therapists, client.size), therapist)
    srs = draw.normal(30, 4, client.size)
    own = draw.normal(0, [4, 0.3], (clients, 2))[client]
    ors = 20 + own[:, 0] + (0.4 + own[:, 1]) * session + 0.3 * srs
    ors += draw.normal(0, 2, therapists)[therapist] + draw.normal(0, 4, client.size)
    return pd.DataFrame(
        {"client": client, "therapist": therapist, "session": session, "srs": srs, "ors": ors}
    )


@pytest.mark.parametrize("name", DESIGNS)
def test_runs_of_levels_and_of_columns_make_no_difference(name, monkeypatch):
    X, y, factors, roots = design(name)
    model = LinearMixedModel.of(X, y, factors, reml=True)
    at, slopes, blocks = model.slopes(roots)
    monkeypatch.setattr(elimination, "CHUNK", 4)
    monkeypatch.setattr(crossed_factors, "RUN", 3)
    again, same, also = model.slopes(roots)
    assert again.loglik == pytest.approx(at.loglik, rel=1e-13)
    for before, after in zip([*slopes, *blocks], [*same, *also]):
        np.testing.assert_allclose(after, before, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("crossed", [False, True])
class TestWhereASearchBegins:
    def test_it_ends_at_the_same_summit_in_fewer_steps(self, crossed, monkeypatch):
        plain = sw.mixed(FORMULA, rows(crossed), df="satterthwaite")
        for name, value in {"LARGE": 1_000, "ROWS": 1_000, "LEVELS": 10}.items():
            monkeypatch.setattr(search_start, name, value)
        looked = sw.mixed(FORMULA, rows(crossed), df="satterthwaite")
        assert looked.loglik == pytest.approx(plain.loglik, rel=1e-12)
        assert looked.health.evaluations < plain.health.evaluations
        pd.testing.assert_frame_equal(looked.variances, plain.variances, rtol=1e-5)
        pd.testing.assert_frame_equal(looked.estimates, plain.estimates, rtol=1e-5)

    def test_a_short_step_to_one_side_gives_the_same_degrees_of_freedom(self, crossed, monkeypatch):
        both = sw.mixed(FORMULA, rows(crossed), df="satterthwaite").estimates["df"]
        monkeypatch.setattr(satterthwaite_df, "LARGE", 1_000)
        one = sw.mixed(FORMULA, rows(crossed), df="satterthwaite").estimates["df"]
        np.testing.assert_allclose(one, both, rtol=1e-4)


def handed_over(therapists):
    """Each therapist takes over two of the five clients of the one before: a ring of all."""
    draw = np.random.default_rng(3)
    clients = 5 * therapists
    client = np.repeat(np.arange(clients), 6)
    session = np.tile(np.arange(1, 7), clients)
    over = (client // therapists < 2) & (session > 3)
    therapist = (client % therapists + over) % therapists
    ors = 20 + draw.normal(0, 4, clients)[client] + draw.normal(0, 2, therapists)[therapist]
    ors += 0.4 * session + draw.normal(0, 5, client.size)
    return pd.DataFrame({"client": client, "therapist": therapist, "session": session, "ors": ors})


def sparse_only(monkeypatch, core):
    monkeypatch.setattr(crossing_layout, "WIDE", 0)
    monkeypatch.setattr(crossing_layout, "LEFT", 1.0)
    monkeypatch.setattr(peeling, "CORE", core)
    monkeypatch.setattr(peeling, "SHARE", -1.0)


class TestSparseComponents:
    @pytest.mark.parametrize("core", [0, 3])
    @pytest.mark.parametrize("zero", ["none", "first", "slopes"])
    @pytest.mark.parametrize("name", ["crossed", "components", "cells"])
    def test_as_dense_ones(self, name, zero, core, monkeypatch):
        X, y, factors, roots = design(name)
        for root in roots[:1] if zero == "first" else roots if zero == "slopes" else []:
            root[-1 if zero == "slopes" else slice(None)] = 0
        dense = LinearMixedModel.of(X, y, factors, reml=True)
        at, slopes, blocks = dense.slopes(roots)
        modes = dense.modes(roots)
        sparse_only(monkeypatch, core)
        model = LinearMixedModel.of(X, y, factors, reml=True)
        assert model.last.sparse is not None and len(model.last.sparse.peeling.rounds) > 2
        again, same, also = model.slopes(roots)
        assert again.loglik == pytest.approx(at.loglik, rel=1e-11)
        assert model.at(roots).loglik == pytest.approx(at.loglik, rel=1e-11)
        np.testing.assert_allclose(again.covariance, at.covariance, rtol=1e-9, atol=1e-13)
        for before, after in zip(slopes, same):
            np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9 * abs(before).max())
        for before, after in zip(blocks, also):  # levels may stand in another order
            np.testing.assert_allclose(after.sum(-1), before.sum(-1), rtol=1e-9, atol=1e-8)
        for before, after in zip(modes, model.modes(roots)):
            np.testing.assert_allclose(after[0], before[0], atol=1e-9)
            np.testing.assert_allclose(after[1], before[1], atol=1e-9)

    def test_a_whole_fit(self, monkeypatch):
        formula = "ors ~ session + (1 | client) + (1 | therapist)"
        sparse = sw.mixed(formula, handed_over(1_100), df="satterthwaite")
        monkeypatch.setattr(crossing_layout, "WIDE", 10_000)
        dense = sw.mixed(formula, handed_over(1_100), df="satterthwaite")
        assert sparse.loglik == pytest.approx(dense.loglik, rel=1e-12)
        pd.testing.assert_frame_equal(sparse.estimates, dense.estimates, rtol=1e-7)

    def test_everybody_with_everybody_stays_dense(self, monkeypatch):
        monkeypatch.setattr(crossing_layout, "WIDE", 10)
        monkeypatch.setattr(peeling, "CORE", 0)
        X, y, factors, _ = design("crossed")
        monkeypatch.setattr(peeling, "MOST", 2)
        assert LinearMixedModel.of(X, y, factors, reml=True).last.sparse is None
        monkeypatch.setattr(crossing_layout, "LARGEST", 100)
        with pytest.raises(Refused, match="12 deviations of them, .* one therapist"):
            LinearMixedModel.of(X, y, factors, reml=True)


@pytest.mark.parametrize("links", [1, 3])
def test_peeling_solves_and_inverts(links, monkeypatch):
    monkeypatch.setattr(peeling, "CORE", 5)
    draw, width = np.random.default_rng(links), 120
    matrix = np.zeros((width, width))
    ends = draw.integers(0, width, (2, links * 60))
    matrix[ends[0], ends[1]] = draw.normal(size=ends.shape[1])
    matrix = np.triu(matrix, 1)
    matrix = matrix + matrix.T + np.diag(1 + np.abs(matrix + matrix.T).sum(0))
    left, right = np.nonzero(np.triu(matrix, 1))
    plan = peeling.peeled(left, right, width)
    entries = matrix[plan.keys // width, plan.keys % width]
    columns = draw.normal(size=(width, 2))
    known, solved = peeling.factored(plan, np.diag(matrix), entries, columns)
    diagonal, above = peeling.inverse_entries(plan, known)
    whole = np.linalg.inv(matrix)
    assert known.log_determinant == pytest.approx(np.linalg.slogdet(matrix)[1], abs=1e-10)
    np.testing.assert_allclose(solved, whole @ columns, atol=1e-12)
    np.testing.assert_allclose(diagonal, np.diag(whole), atol=1e-13)
    np.testing.assert_allclose(above, whole[plan.keys // width, plan.keys % width], atol=1e-13)


def test_no_look_is_taken_at_few_rows_or_at_few_levels(monkeypatch):
    X, y, factors, _ = design("nested")
    assert first_look(X, y, factors, reml=True) is None
    monkeypatch.setattr(search_start, "LARGE", 10)
    assert first_look(X, y, factors, reml=True) is None  # 30 clients are too few to choose from


@pytest.mark.parametrize("apart", [1.0, 1e-3, 1e-7])
def test_columns_at_right_angles_however_much_alike_they_are(apart):
    draw = np.random.default_rng(1)
    first, second = draw.normal(size=(2, 300))
    matrix = np.column_stack([first, 1e4 * (first + apart * second)])
    basis, triangle = orthogonal(matrix)
    np.testing.assert_allclose(basis.T @ basis / 300, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(basis @ triangle, matrix, rtol=1e-9, atol=1e-9)
