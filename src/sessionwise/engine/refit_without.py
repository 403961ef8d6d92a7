"""A mixed model fitted again without some of its rows, its variances estimated anew."""

from __future__ import annotations

import numpy as np

from sessionwise.engine.profiled_likelihood import LinearMixedModel, Roots
from sessionwise.engine.row_sums import Factor
from sessionwise.engine.variance_search import Summit, VarianceSearch, highest

FLAT = 1e-5
"""A search that ends where a slope exceeds this, per standard error, has found no summit."""

DETERMINED = 1e-9
"""A fixed term of which less than this share is its own cannot be estimated."""


def summit_without(
    model: LinearMixedModel,
    design: np.ndarray,
    response: np.ndarray,
    kept: np.ndarray,
    roots: Roots,
) -> Summit | None:
    """Find the best variances of the rows kept, starting from those of all.

    Parameters
    ----------
    model
        The model of all rows.
    design, response
        Its fixed part, shape (n, p), and response, shape (n,).
    kept
        Which rows are kept, shape (n,).
    roots
        T of each factor at the summit of all rows.

    Returns
    -------
    Summit or None
        Nothing where a term or a factor's variance cannot be estimated from the rows that are left,
        or the search finds no summit.

    Examples
    --------
    >>> level = np.repeat([0, 1, 2, 3], 2)
    >>> client = Factor(level, np.ones((1, 8)), np.eye(1, dtype=bool))
    >>> ones, y = np.ones((8, 1)), np.array([1.0, 2, 6, 7, 3, 5, 9, 4])
    >>> model = LinearMixedModel.of(ones, y, [client], reml=True)
    >>> found = summit_without(model, ones, y, level < 3, [np.eye(1)])
    >>> round(float(found.at.residual_variance * found.roots[0][0, 0] ** 2), 4)
    5.75
    """
    by_list = dict(zip(model.given.order, model.given.factors))
    factors = []
    for k in range(len(by_list)):
        _, level = np.unique(by_list[k].level[kept], return_inverse=True)
        factors.append(Factor(level, by_list[k].columns[:, kept], by_list[k].free))
        if not 1 < factors[-1].levels < level.size:
            return None
    left = design[kept]
    if len(left) <= left.shape[1] or _determined(left) < DETERMINED:
        return None
    shorter = LinearMixedModel.of(left, response[kept], factors, reml=model.reml)
    search = VarianceSearch(shorter)
    found = search.run(search.entries.vector(roots))
    if found.gradient > FLAT or any((np.diag(root) < 1e-4).any() for root in found.roots):
        found = max(found, highest(shorter), key=lambda one: one.loglik)
    return found if found.gradient <= FLAT else None


def _determined(matrix: np.ndarray) -> float:
    """The smallest share of a column that is not a combination of those before it."""
    lengths = np.linalg.norm(matrix, axis=0)
    if not (lengths > 0).all():
        return 0.0
    return float(np.abs(np.diag(np.linalg.qr(matrix / lengths, mode="r"))).min(initial=1.0))
