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


def root_curvature(
    free: np.ndarray, root: np.ndarray, slope: np.ndarray, blocks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Say about how a deviance bends in the free entries of one T, and how G moves with each.

    Expected curvature in G by level, as if levels told nothing of one another, carried over to T,
    and 2 Ḡ for T T′ being curved itself: near a variance of zero that is all there is.

    Parameters
    ----------
    free, root
        Which entries of T are free, and T, shape (q, q).
    slope
        Ḡ = ∂(deviance)/∂G, shape (q, q).
    blocks
        Z′V⁻¹Z of each level, shape (q, q, levels).

    Returns
    -------
    tuple
        ∂G/∂entry, shape (entries, q, q), and the curvature, shape (entries, entries).

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> root_curvature(one.astype(bool), 0 * one, -3 * one, np.ones((1, 1, 4)))[1].tolist()
    [[-6.0]]
    """
    rows, columns = np.nonzero(free)
    ways = np.zeros((rows.size, *root.shape))
    for k, (i, j) in enumerate(zip(rows, columns)):
        ways[k, i] += root[:, j]
        ways[k, :, i] += root[:, j]
    flat = blocks.reshape(-1, blocks.shape[-1])
    pairs = (flat @ flat.T).reshape(blocks.shape[:2] * 2)
    own = np.einsum("abcd,kbc,mda->km", pairs, ways, ways)
    return ways, own + 2 * slope[np.ix_(rows, rows)] * (columns[:, None] == columns[None, :])
