"""The inverse root of a diagonal less a low rank, and CR2 of large clusters that rests on it."""

import time

import numpy as np
import pytest

from sessionwise.engine import sandwich
from sessionwise.engine.inverse_root import inverse_root_of
from sessionwise.engine.sandwich import cluster_covariance


def cluster(rows, terms, decades, seed=1):
    """Variances that lie so many powers of ten apart, and a third of the information."""
    rng = np.random.default_rng(seed)
    variance = 10 ** (-rng.random(rows) * decades)
    derivative = rng.normal(size=(rows, terms)) * variance[:, None]
    bread = np.linalg.inv(3 * (derivative / variance[:, None]).T @ derivative)
    factor = np.sqrt(variance)[:, None] * derivative
    ends = (2 / 3 * variance.min() ** 2, variance.max() ** 2)
    return variance**2, factor, bread, rng.normal(size=rows), ends


@pytest.mark.parametrize(("rows", "terms", "decades"), [(40, 1, 0), (200, 5, 1), (300, 8, 2)])
def test_it_is_that_of_the_matrix_written_out(rows, terms, decades):
    diagonal, factor, bread, vector, ends = cluster(rows, terms, decades)
    values, vectors = np.linalg.eigh(np.diag(diagonal) - factor @ bread @ factor.T)
    exact = vectors @ ((vectors.T @ vector) / np.sqrt(values))
    found = inverse_root_of(diagonal, factor, bread, vector, ends)
    np.testing.assert_allclose(found, exact, atol=1e-10 * np.linalg.norm(exact))


@pytest.mark.parametrize("decades", [1, 3, 5])
def test_twice_it_is_the_inverse(decades):
    """Also where eigenvalues lie ten powers of ten apart, and a decomposition loses digits."""
    diagonal, factor, bread, vector, ends = cluster(250, 4, decades)
    once = inverse_root_of(diagonal, factor, bread, vector, ends)
    twice = inverse_root_of(diagonal, factor, bread, once, ends)
    back = diagonal * twice - factor @ (bread @ (factor.T @ twice))
    np.testing.assert_allclose(back, vector, atol=1e-7 * np.linalg.norm(vector))


def regression(each, clusters, seed=3):
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(clusters), each)
    design = np.column_stack([np.ones(code.size), rng.normal(size=(code.size, 2))])
    mean = 1 / (1 + np.exp(2 - 0.5 * design[:, 1] - rng.normal(0, 0.5, clusters)[code]))
    variance = mean * (1 - mean)
    return design * variance[:, None], variance, (rng.random(code.size) < mean) - mean, code


class TestErrorsOfLargeClusters:
    def test_they_are_those_of_the_matrices_written_out(self, monkeypatch):
        given = regression(400, 5)
        found = cluster_covariance(*given)
        monkeypatch.setattr(sandwich, "DENSE", 10_000)
        np.testing.assert_allclose(found, cluster_covariance(*given), rtol=1e-9)

    def test_a_term_that_lives_in_one_cluster_is_left_to_the_decomposition(self, monkeypatch):
        """Nothing is left of its direction there, so the matrix has no inverse."""
        derivative, variance, residual, code = regression(300, 4)
        own = np.column_stack([derivative, (code == 0) * variance])
        found = cluster_covariance(own, variance, residual, code)
        monkeypatch.setattr(sandwich, "DENSE", 10_000)
        again = cluster_covariance(own, variance, residual, code)
        np.testing.assert_allclose(found, again, rtol=1e-8, atol=1e-14)

    def test_twenty_thousand_rows_of_one_therapist_take_a_moment(self):
        begin = time.perf_counter()
        cluster_covariance(*regression(20_000, 3))
        assert time.perf_counter() - begin < 20
