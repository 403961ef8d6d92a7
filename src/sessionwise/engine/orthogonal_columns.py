"""Models in columns at right angles: no unit, and no far-off zero point, costs digits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import blas

from sessionwise.engine.profiled_likelihood import At
from sessionwise.errors import Refused

APART = 0.03
"""If more than this share of each column is its own, Cholesky's triangle of the cross-products
gives right angles to 13 digits; Householder's reflections do so always, and take several times as
long."""


def orthogonal(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Write a matrix of full rank as ``basis @ triangle``, the basis of mean square 1.

    Parameters
    ----------
    matrix
        Shape (n, p).

    Returns
    -------
    tuple of numpy.ndarray
        Basis (n, p), column after column in memory, with basis′basis = n·I, and triangle (p, p).
        Coefficients of the matrix are ``inv(triangle) @`` those of the basis.

    Examples
    --------
    >>> basis, triangle = orthogonal(np.array([[1.0, 1e6], [1.0, 1e6 + 1], [1.0, 1e6 + 2]]))
    >>> (basis.T @ basis).round(6) + 0
    array([[3., 0.],
           [0., 3.]])
    """
    triangle = _apart(matrix)
    if triangle is not None:
        return blas.dtrsm(1.0, triangle, matrix, side=1), triangle
    basis, triangle = np.linalg.qr(matrix)
    root = np.sqrt(len(matrix))
    return np.asfortranarray(basis * root), triangle / root


def _apart(matrix: np.ndarray) -> np.ndarray | None:
    """Give Cholesky's triangle of matrix′matrix / n, or nothing if columns are much alike."""
    squares = matrix.T @ matrix / len(matrix)
    try:
        triangle = np.linalg.cholesky(squares).T
    except np.linalg.LinAlgError:
        return None
    own = np.diag(triangle) > APART * np.sqrt(np.diag(squares))
    return np.asfortranarray(triangle) if own.all() and own.size else None


@dataclass(frozen=True, eq=False)
class ScaledModel:
    """A linear model in an orthogonal basis, its response of mean square 1 without plain trend.

    ``X = basis @ triangle`` and ``y = X @ trend + spread · response``. Ratios of variances are the
    same for both models, so a search for them sees the units of nothing.
    """

    basis: np.ndarray
    triangle: np.ndarray
    trend: np.ndarray
    response: np.ndarray
    spread: float

    def with_response(self, response: np.ndarray, outcome: str) -> ScaledModel:
        """Bring another response, shape (n,), into the same basis; refused as by `scaled_model`."""
        trend, rest, spread = _freed(self.basis, self.triangle, response, outcome)
        return replace(self, trend=trend, response=rest / spread, spread=spread)

    def unscaled(self, at: At, *, reml: bool) -> tuple[np.ndarray, np.ndarray, float]:
        """Give estimates (p,), covariance (p, p) and log-likelihood in the units of the data."""
        n, p = self.basis.shape
        back = np.linalg.inv(self.triangle)
        estimate = self.trend + self.spread * back @ at.estimate
        covariance = self.spread**2 * back @ at.covariance @ back.T
        loglik = at.loglik - (n - p if reml else n) * np.log(self.spread)
        if reml:
            loglik -= np.log(np.abs(np.diag(self.triangle))).sum()
        return estimate, (covariance + covariance.T) / 2, float(loglik)


def scaled_model(matrix: np.ndarray, response: np.ndarray, outcome: str) -> ScaledModel:
    """Bring a linear model into an orthogonal basis.

    Parameters
    ----------
    matrix, response
        Fixed part of full rank, shape (n, p), and response, shape (n,).
    outcome
        What a refusal calls the response.

    Raises
    ------
    Refused
        The fixed part gives the response exactly.
    """
    basis, triangle = orthogonal(matrix)
    trend, rest, spread = _freed(basis, triangle, response, outcome)
    return ScaledModel(basis, triangle, trend, rest / spread, spread)


def _freed(
    basis: np.ndarray, triangle: np.ndarray, response: np.ndarray, outcome: str
) -> tuple[np.ndarray, np.ndarray, float]:
    """Give the plain trend of a response (p,), what is left of it (n,), and that one's size."""
    fitted = basis.T @ response / len(response)
    trend = np.linalg.solve(triangle, fitted)
    rest = response - basis @ fitted
    spread = float(np.sqrt(np.mean(rest**2)))
    if spread <= 1e-10 * float(np.sqrt(np.mean(response**2))):
        raise Refused(
            f"The fixed terms give `{outcome}` exactly, so nothing is left to vary. "
            "Look for a term that is made from the outcome."
        )
    return trend, rest, spread
