"""A smooth line through points: least squares on a natural cubic spline with few pieces."""

from __future__ import annotations

import numpy as np


def natural_basis(at: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Give a natural cubic spline's columns, straight beyond its outer knots.

    Parameters
    ----------
    at
        Where, shape (n,).
    knots
        At least two, ascending; the first and the last are the outer ones.

    Returns
    -------
    ndarray
        Shape (n, knots): 1, the place itself, and a cubic column for each inner knot.

    References
    ----------
    Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, 2nd ed., eqs. 5.4
    and 5.5.

    Examples
    --------
    >>> natural_basis(np.array([0.0, 2.0]), np.array([0.0, 1.0, 2.0]))[:, 1].tolist()
    [0.0, 1.0]
    """
    low, span = knots[0], knots[-1] - knots[0]
    t, k = (at - low) / span, (knots - low) / span

    def piece(j: int) -> np.ndarray:
        above = np.clip(t - k[j], 0, None) ** 3 - np.clip(t - k[-1], 0, None) ** 3
        return above / (k[-1] - k[j])

    last = len(k) - 2
    return np.column_stack([np.ones_like(t), t, *(piece(j) - piece(last) for j in range(last))])


def smooth(
    x: np.ndarray, y: np.ndarray, at: np.ndarray, columns: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Smooth points, with knots at quantiles of where they lie.

    Parameters
    ----------
    x, y
        The points, each of shape (n,).
    at
        Where the line is wanted, shape (m,).
    columns
        Of the spline, the constant included; fewer where the points lie at fewer places. 2 is a
        straight line.

    Returns
    -------
    line, leverage
        Each of shape (m,); the variance of the line is the leverage times that of one point.

    Examples
    --------
    >>> x = np.arange(9.0)
    >>> smooth(x, 2 * x + 1, np.array([2.5]))[0].round(6).tolist()
    [6.0]
    """
    knots = np.unique(np.quantile(x, np.linspace(0, 1, columns)))
    if len(knots) < 2:
        return np.full(len(at), y.mean()), np.full(len(at), 1 / len(y))
    q, r = np.linalg.qr(natural_basis(x, knots))
    here = np.linalg.lstsq(r.T, natural_basis(at, knots).T, rcond=None)[0]
    return here.T @ (q.T @ y), np.einsum("km,km->m", here, here)
