"""Which variances of a fit are zero, and which correlations are ±1, as far as the data can tell."""

from __future__ import annotations

import numpy as np
from scipy.linalg import block_diag

from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.variance_search import Summit

SMALLEST = 1e-6
"""A ratio, for a column of mean square 1, below which there is nothing to tell apart."""

DROP = 1e-8
"""What the log-likelihood loses, at most, by leaving out what it does not see."""


def vanishing(
    model: LinearMixedModel, summit: Summit, root: np.ndarray, triangle: np.ndarray
) -> np.ndarray:
    """Number the deviations whose variance is zero as far as the data can tell.

    Its ratio, for a column of mean square 1, is below SMALLEST, or taking it out altogether lowers
    the log-likelihood by less than DROP.
    """
    small = (root**2).sum(axis=1) * (triangle**2).sum(axis=0) < SMALLEST
    for k in np.flatnonzero(~small):
        without = root.copy()
        without[k] = 0.0
        small[k] = _unseen(model, summit, triangle @ without)
    return np.flatnonzero(small)


def degenerate(model: LinearMixedModel, summit: Summit, place: slice) -> bool:
    """Whether deviations that go together do so perfectly: some mixture of them does not vary."""
    root = block_diag(*summit.roots)
    own = root[place, place]
    values, vectors = np.linalg.eigh(own @ own.T)
    if values[0] < SMALLEST:
        return True
    without = root.copy()
    without[place] -= np.outer(vectors[:, 0], vectors[:, 0] @ root[place])
    return _unseen(model, summit, without)


def _unseen(model: LinearMixedModel, summit: Summit, root: np.ndarray) -> bool:
    ends = np.cumsum([len(one) for one in summit.roots])
    roots = [root[e - len(r) : e, e - len(r) : e] for e, r in zip(ends, summit.roots)]
    return model.at(roots).loglik > summit.loglik - DROP
