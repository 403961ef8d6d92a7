"""Lower triangles that stand for covariances, and which of their entries go together."""

from __future__ import annotations

import numpy as np


def bundles(free: np.ndarray) -> list[np.ndarray]:
    """Which deviations of a factor may go together."""
    together = free | free.T | np.eye(len(free), dtype=bool)
    return [np.flatnonzero(row) for row in np.unique(together, axis=0)]


def triangular(covariance: np.ndarray) -> np.ndarray:
    """Give the lower triangle T with T T′ a covariance, which may be singular.

    Cholesky's, except that a pivot that is no more than rounding is zero, and so is what stands
    below it.

    Examples
    --------
    >>> triangular(np.array([[0.0, 0.0], [0.0, 4.0]]))
    array([[0., 0.],
           [0., 2.]])
    """
    root = np.zeros_like(covariance)
    for j in range(len(covariance)):
        left = covariance[j:, j] - root[j:, :j] @ root[j, :j]
        if left[0] > 1e-13 * covariance[j, j] and left[0] > 0:
            root[j:, j] = left / np.sqrt(left[0])
    return root
