"""Responses drawn from a linear mixed model: new deviations of every level, new residuals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sessionwise.engine.row_sums import Factor


def simulated_response(
    mean: np.ndarray,
    factors: Sequence[Factor],
    roots: Sequence[np.ndarray],
    residual_variance: float,
    random: np.random.Generator,
) -> np.ndarray:
    """Draw y = Xβ + Σ Z_f b_f + ε, with b_f ~ N(0, σ² T_f T_f′) for each level, ε ~ N(0, σ² I).

    Parameters
    ----------
    mean
        Xβ, shape (n,).
    factors, roots
        Each factor, and its T, shape (q, q).
    residual_variance
        σ², units of the response².
    random
        Where the numbers come from.

    Returns
    -------
    numpy.ndarray
        Shape (n,).

    Examples
    --------
    >>> ones, four = np.ones((1, 4)), np.zeros(4)
    >>> client = Factor(np.array([0, 0, 1, 1]), ones, np.eye(1, dtype=bool))
    >>> given = np.random.default_rng(1)
    >>> drawn = simulated_response(four, [client], [np.array([[1e6]])], 1.0, given)
    >>> bool(abs(drawn[0] - drawn[1]) < 10 < abs(drawn[0] - drawn[2]))
    True
    """
    drawn = random.standard_normal(mean.size)
    for factor, root in zip(factors, roots):
        deviations = root @ random.standard_normal((factor.size, factor.levels))
        for column, own in zip(factor.columns, deviations):
            drawn += column * own[factor.level]
    drawn *= np.sqrt(residual_variance)
    drawn += mean
    return drawn
