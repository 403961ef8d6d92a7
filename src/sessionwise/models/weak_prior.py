"""A weak prior for fixed effects: what keeps them finite where terms separate an outcome."""

from __future__ import annotations

import numpy as np

EFFECT, LEVEL = 2.5, 10.0
"""Standard deviations of the prior, on the scale of the linear predictor."""

PRIORS = {
    "weak": (
        f"Fixed effects have a weak normal prior: a standard deviation of {EFFECT:g} for the "
        "difference of two standard deviations of a column (of the two values of a column that "
        f"has two), of {LEVEL:g} for the level at the mean of all; estimates are its mode."
    )
}
"""Priors, and what a methods section says of them."""


def prior_precision(matrix: np.ndarray, prior: str | None) -> np.ndarray:
    """Precision of the prior of the coefficients of a fixed part, shape (p, p).

    A column that is constant is the level; its prior is of the level where all others are at their
    mean. The effects are scaled as Gelman and others scale them; theirs is a Cauchy distribution
    of scale 2.5, which does not keep a search from wandering.

    Parameters
    ----------
    matrix
        Fixed part, shape (n, p).
    prior
        A word of `PRIORS`, or nothing.

    References
    ----------
    Gelman, Jakulin, Pittau & Su (2008), Ann Appl Stat 2:1360–1383.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 0, 1, 1]])
    >>> prior_precision(x, "weak").round(4).tolist()
    [[0.01, 0.005], [0.005, 0.1625]]
    """
    p = matrix.shape[1]
    made = np.zeros((p, p))
    if prior is None or not p:
        return made
    level = np.ptp(matrix, axis=0) == 0
    for j in np.flatnonzero(~level):
        column = matrix[:, j]
        two = np.unique(column).size == 2
        width = np.ptp(column) if two else 2 * np.std(column)
        made[j, j] = (width / EFFECT) ** 2
    if level.any():
        mean = matrix.mean(axis=0)
        made += np.outer(mean, mean) / LEVEL**2
    return made
