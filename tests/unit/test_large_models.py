"""What only a large model asks for changes how long it takes, and nothing it says."""

import numpy as np
import pandas as pd
import pytest
from unit.test_profiled_likelihood import DESIGNS, design

import sessionwise as sw
from sessionwise.engine import crossed_factors, elimination, satterthwaite_df, search_start
from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.search_start import first_look

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
