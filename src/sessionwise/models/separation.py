"""Whether fixed terms give an outcome away, so that no finite estimate is the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import optimize

from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.models.generalized_outcome import Outcome


def separating_terms(matrix: np.ndarray, terms: Sequence[str], outcome: Outcome) -> list[str]:
    """Name the terms of a combination along which the likelihood rises for ever.

    Such a combination, if there is one, solves a linear programme: it makes no row less likely, and
    some of them ever likelier.

    Parameters
    ----------
    matrix
        Fixed part, shape (n, p).
    terms
        Names of its columns.
    outcome
        Of its rows.

    References
    ----------
    Konis (2007), Linear programming algorithms for detecting separated data in binary logistic
    regression models, DPhil thesis, University of Oxford; Correia, Guimarães & Zylkin
    (2019), arXiv:1903.01633, for counts.
    """
    if not matrix.shape[1]:
        return []
    basis, triangle = orthogonal(matrix)
    sides = _sides(basis, outcome)
    sides = np.unique(sides.round(12), axis=0)
    found = optimize.linprog(
        -sides.mean(axis=0), A_ub=-sides, b_ub=np.zeros(len(sides)), bounds=(-1, 1)
    )
    if found.status != 0 or -found.fun <= 1e-6:
        return []
    p = matrix.shape[1]
    along = np.linalg.solve(triangle, found.x[:p])
    shares = np.abs(along) * np.maximum(np.ptp(matrix, axis=0), 1e-12)
    if np.ptp(matrix, axis=0).max() == 0:
        return list(terms)
    return [term for term, share in zip(terms, shares) if share > 1e-6 * shares.max()]


def _sides(basis: np.ndarray, outcome: Outcome) -> np.ndarray:
    """Give what must not be negative for no row to become less likely, a line per condition."""
    y = outcome.values
    if outcome.kind == "binomial":
        return np.vstack([basis[y > 0], -basis[y < outcome.trials]])
    if outcome.kind == "ordinal":
        many = len(outcome.categories) - 1
        thresholds = np.eye(many)
        y = y.astype(int)
        upper, lower = y < many, y > 0
        return np.vstack(
            [
                np.column_stack([-basis[upper], thresholds[y[upper]]]),
                np.column_stack([basis[lower], -thresholds[y[lower] - 1]]),
            ]
        )
    return np.vstack([-basis, basis[y > 0]])
