"""About how large the variances are, from some of the rows: where a large search begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.row_sums import Factor
from sessionwise.engine.variance_search import NEAR, VarianceSearch

LARGE = 100_000
"""From this many rows on, a look at some saves more than it costs."""

ROWS, LEVELS = 20_000, 100
"""How many rows, and levels of the factor they are chosen by, a look takes at least."""

FAR = 100.0
"""A root above this is no place to begin."""


def first_look(
    design: np.ndarray, response: np.ndarray, factors: Sequence[Factor], *, reml: bool
) -> list[np.ndarray] | None:
    """Give T of each factor to begin with: those that fit every so-many-th level best.

    Whole levels are taken (all sessions of a therapist, all of a client), so that what is left is
    the same model of fewer rows; with crossing factors it is far cheaper than its share. Where the
    search of the whole model ends does not depend on it.

    Parameters
    ----------
    design, response, factors
        As :func:`~sessionwise.engine.row_sums.cross_products` is given them.
    reml
        Restricted maximum likelihood, or full.

    Returns
    -------
    list of numpy.ndarray, or None
        T of each factor, in their order; none for fewer than LARGE rows, or where so few cannot be
        fitted.
    """
    every = _every(response.size, [factor.levels for factor in factors])
    if every is None:
        return None
    which, step = every
    rows = np.flatnonzero(factors[which].level % step == 0)
    some = [
        Factor(np.unique(f.level[rows], return_inverse=True)[1], f.columns[:, rows], f.free)
        for f in factors
    ]
    try:
        search = VarianceSearch(LinearMixedModel.of(design[rows], response[rows], some, reml=reml))
        found = search.entries.vector(search.run(search.start()).roots)
    except (np.linalg.LinAlgError, ValueError):  # a column that is constant in so few rows
        return None
    if not (np.abs(found) < FAR).all():
        return None
    return search.entries.roots(np.where(search.bounded, np.maximum(found, NEAR), found))


def _every(rows: int, levels: Sequence[int]) -> tuple[int, int] | None:
    """By which factor to choose, the coarsest that has enough levels, and every which of them."""
    many = [(count, which) for which, count in enumerate(levels) if count >= 2 * LEVELS]
    if rows < LARGE or not many:
        return None
    count, which = min(many)
    return which, min(count // LEVELS, rows // ROWS)
