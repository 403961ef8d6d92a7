"""From rows to cross-products: one pass, and all a mixed model needs afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Factor:
    """One grouping factor and the ways in which its levels differ.

    Attributes
    ----------
    level
        Number of the level of each row, shape (n,), whole, from 0 without gaps.
    columns
        What each deviation is multiplied by, shape (q, n): ones for a difference in level.
    free
        Which entries of the lower triangle T may differ from zero, shape (q, q); T T′ is the
        covariance of the deviations over the residual variance.
    """

    level: np.ndarray
    columns: np.ndarray
    free: np.ndarray
    levels: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", int(self.level.max()) + 1)

    @property
    def size(self) -> int:
        """Deviations of one level, q."""
        return len(self.columns)

    def incidence(self) -> sparse.csr_array:
        """Give Z, shape (n, levels · q), the columns of one level side by side."""
        q, n = self.columns.shape
        place = self.level[:, None] * q + np.arange(q)
        ends, shape = np.arange(n + 1) * q, (n, self.levels * q)
        return sparse.csr_array((self.columns.T.ravel(), place.ravel(), ends), shape=shape)


@dataclass(frozen=True, eq=False)
class Link:
    """Which levels of two factors meet in a row.

    Attributes
    ----------
    first, second
        The levels of the pair, shape (pairs,), sorted by ``first``.
    nested
        Each level of the first factor meets one level of the second, pair i being level i.
    pair
        Number of the pair of each row, shape (n,).
    """

    first: np.ndarray
    second: np.ndarray
    nested: bool
    pair: np.ndarray

    @property
    def pairs(self) -> int:
        """How many pairs of levels meet."""
        return self.first.size


@dataclass(frozen=True, eq=False)
class CrossProducts:
    """Z′Z, Z′[X y] and [X y]′[X y] of a model, by level and by pair of levels.

    Factors are numbered from the one with most levels. The last axis runs over levels or pairs,
    so that arithmetic on small matrices runs over all of them at once.

    Attributes
    ----------
    rows
        n.
    factors
        The factors, the one with most levels first.
    order
        Number of each in the list the model was given.
    own
        By factor: Z′Z of one level, shape (q, q, levels).
    xy
        By factor: Z′[X y], shape (q, p + 1, levels).
    links, between
        By two factors f < g: where they meet, and Z_f′Z_g, shape (q_f, q_g, pairs).
    total
        [X y]′[X y], shape (p + 1, p + 1).
    """

    rows: int
    factors: tuple[Factor, ...]
    order: tuple[int, ...]
    own: tuple[np.ndarray, ...]
    xy: tuple[np.ndarray, ...]
    links: dict[tuple[int, int], Link]
    between: dict[tuple[int, int], np.ndarray]
    total: np.ndarray

    @property
    def terms(self) -> int:
        """Fixed effects, p."""
        return len(self.total) - 1

    def with_response(self, design: np.ndarray, response: np.ndarray) -> CrossProducts:
        """Give the cross-products with another response, shape (n,); nothing else is computed."""
        xy = []
        for factor, old in zip(self.factors, self.xy):
            new = old.copy()
            for a, column in enumerate(factor.columns):
                new[a, -1] = np.bincount(factor.level, column * response, factor.levels)
            xy.append(new)
        total = self.total.copy()
        total[-1, :-1] = total[:-1, -1] = response @ design
        total[-1, -1] = response @ response
        return replace(self, xy=tuple(xy), total=total)

    def recombined(self, weights: np.ndarray) -> CrossProducts:
        """Give the cross-products of [X y] times weights, shape (p + 1, columns)."""
        xy = tuple(np.einsum("axl,xk->akl", old, weights, optimize=True) for old in self.xy)
        return replace(self, xy=xy, total=weights.T @ self.total @ weights)


def cross_products(
    design: np.ndarray, response: np.ndarray, factors: Sequence[Factor]
) -> CrossProducts:
    """Form the cross-products of a model.

    Parameters
    ----------
    design, response
        Fixed part, shape (n, p), and response, shape (n,).
    factors
        The grouping factors, one entry each, in any order.

    Examples
    --------
    >>> ones = np.ones((1, 4))
    >>> client = Factor(np.array([0, 0, 1, 1]), ones, np.eye(1, dtype=bool))
    >>> made = cross_products(np.ones((4, 1)), np.array([1.0, 2, 4, 5]), [client])
    >>> made.xy[0].tolist()
    [[[2.0, 2.0], [3.0, 9.0]]]
    """
    order = sorted(range(len(factors)), key=lambda k: -factors[k].levels)
    placed = tuple(factors[k] for k in order)
    of_rows = [*np.asfortranarray(design).T, response]
    links, between = {}, {}
    for f, factor in enumerate(placed):
        for g in range(f + 1, len(placed)):
            links[f, g] = link = _met(factor, placed[g])
            between[f, g] = _summed(factor.columns, placed[g].columns, link.pair, link.pairs)
    return CrossProducts(
        rows=response.size,
        factors=placed,
        order=tuple(order),
        own=tuple(_squares(f.columns, f.level, f.levels) for f in placed),
        xy=tuple(_summed(f.columns, of_rows, f.level, f.levels) for f in placed),
        links=links,
        between=between,
        total=_total(design, response),
    )


def _total(design: np.ndarray, response: np.ndarray) -> np.ndarray:
    terms = design.shape[1]
    total = np.empty((terms + 1, terms + 1))
    total[:terms, :terms] = design.T @ design
    total[terms, :terms] = total[:terms, terms] = response @ design
    total[terms, terms] = response @ response
    return total


def _met(one: Factor, other: Factor) -> Link:
    """Find which levels of two factors meet."""
    only = np.empty(one.levels, np.intp)
    only[one.level] = other.level
    if np.array_equal(only[one.level], other.level):
        return Link(np.arange(one.levels), only, nested=True, pair=one.level)
    key = one.level.astype(np.int64) * other.levels + other.level
    met, pair = np.unique(key, return_inverse=True)
    return Link(met // other.levels, met % other.levels, nested=False, pair=pair)


def _summed(
    left: np.ndarray, right: Sequence[np.ndarray], place: np.ndarray, places: int
) -> np.ndarray:
    """Sum left_a · right_b over the rows of each place, shape (a, b, places)."""
    out = np.empty((len(left), len(right), places))
    for a, one in enumerate(left):
        plain = bool((one == 1).all())
        for b, other in enumerate(right):
            out[a, b] = np.bincount(place, other if plain else one * other, places)
    return out


def _squares(columns: np.ndarray, place: np.ndarray, places: int) -> np.ndarray:
    out = np.empty((len(columns), len(columns), places))
    for a, one in enumerate(columns):
        for b in range(a + 1):
            out[a, b] = out[b, a] = np.bincount(place, one * columns[b], places)
    return out
