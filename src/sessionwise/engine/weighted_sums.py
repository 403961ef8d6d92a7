"""Rows to levels and back, with a weight per row: what generalised mixed models do all the time.

Levels of a factor in which each level of the finest one lies are reached through that: rows are
summed once, by level of the finest factor, and these sums then by level of the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sessionwise.engine.elimination import Remaining
from sessionwise.engine.row_sums import CrossProducts

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Place:
    """Where rows are summed: the place of each level of the finest factor, or of each row.

    ``index`` is nothing where each level of the finest factor is a place of its own.
    """

    index: np.ndarray | None
    lifted: bool
    places: int

    def down(self, values: np.ndarray) -> np.ndarray:
        """From places to levels of the finest factor, or to rows."""
        return values if self.index is None else values[self.index]

    def up(self, values: np.ndarray) -> np.ndarray:
        """Sum by place what is by level of the finest factor, or by row."""
        return values if self.index is None else np.bincount(self.index, values, self.places)


class WeightedSums:
    """Z′r, Zb, Z′WZ and z′Bz of a model's rows, which are sorted by level of the finest factor.

    Parameters
    ----------
    given
        Cross-products of the sorted rows: the factors, and where their levels meet.
    """

    def __init__(self, given: CrossProducts) -> None:
        self.factors, finest = given.factors, given.factors[0]
        self.level = finest.level
        self.levels = finest.levels
        first = np.searchsorted(self.level, np.arange(self.levels))
        lifted = [f == 0 or given.links[0, f].nested for f in range(len(self.factors))]
        self.own = {
            f: Place(None, True, self.levels)
            if f == 0
            else Place(one.level[first] if lifted[f] else one.level, lifted[f], one.levels)
            for f, one in enumerate(self.factors)
        }
        self.between: dict[Pair, Place] = {}
        for (f, g), link in given.links.items():
            both = lifted[f] and lifted[g]
            index = link.pair[first] if both else link.pair
            plain = both and f == 0
            self.between[f, g] = Place(None if plain else index, both, link.pairs)
        self.columns, self.number = _distinct([c for f in self.factors for c in f.columns])
        ends = np.cumsum([0, *(f.size for f in self.factors)])
        self.numbers = [self.number[a:b] for a, b in zip(ends, ends[1:])]

    def _times(self, values: np.ndarray, *columns: int) -> np.ndarray:
        for c in columns:
            if self.columns[c] is not None:
                values = values * self.columns[c]
        return values

    def gathered(self, values: np.ndarray) -> list[np.ndarray]:
        """Give Z′r, by factor of shape (q, levels), for r of shape (n,)."""
        by_column: dict[int, np.ndarray] = {}
        out = []
        for f, factor in enumerate(self.factors):
            found = np.empty((factor.size, factor.levels))
            for a, c in enumerate(self.numbers[f]):
                if not self.own[f].lifted:
                    found[a] = self.own[f].up(self._times(values, c))
                    continue
                if c not in by_column:
                    by_column[c] = np.bincount(self.level, self._times(values, c), self.levels)
                found[a] = self.own[f].up(by_column[c])
            out.append(found)
        return out

    def spread(self, deviations: list[np.ndarray]) -> np.ndarray:
        """Give Zb, shape (n,), for b by factor of shape (q, levels)."""
        of_finest: dict[int, np.ndarray] = {}
        out = 0.0
        for f, own in enumerate(deviations):
            for a, c in enumerate(self.numbers[f]):
                down = self.own[f].down(own[a])
                if self.own[f].lifted:
                    of_finest[c] = of_finest.get(c, 0.0) + down
                else:
                    out = out + self._times(down, c)
        for c, values in of_finest.items():
            out = out + self._times(values[self.level], c)
        return out

    def weighted(self, weight: np.ndarray) -> tuple[list[np.ndarray], dict[Pair, np.ndarray]]:
        """Give Z′WZ by level and by pair of levels, W of diagonal ``weight``, shape (n,)."""
        by_level: dict[Pair, np.ndarray] = {}

        def summed(place: Place, c: int, d: int) -> np.ndarray:
            c, d = min(c, d), max(c, d)
            if not place.lifted:
                return place.up(self._times(weight, c, d))
            if (c, d) not in by_level:
                rows = self._times(weight, c, d)
                by_level[c, d] = np.bincount(self.level, rows, self.levels)
            return place.up(by_level[c, d])

        own = []
        for f, factor in enumerate(self.factors):
            found = np.empty((factor.size, factor.size, factor.levels))
            for a, c in enumerate(self.numbers[f]):
                for b, d in enumerate(self.numbers[f][: a + 1]):
                    found[a, b] = found[b, a] = summed(self.own[f], c, d)
            own.append(found)
        between = {}
        for (f, g), place in self.between.items():
            found = np.empty((self.factors[f].size, self.factors[g].size, place.places))
            for a, c in enumerate(self.numbers[f]):
                for b, d in enumerate(self.numbers[g]):
                    found[a, b] = summed(place, c, d)
            between[f, g] = found
        return own, between

    def quadratic(self, blocks: Remaining) -> np.ndarray:
        """Give z′Bz of each row, shape (n,), from the blocks of B by level and pair of levels."""
        of_finest: dict[Pair, np.ndarray] = {}
        out = 0.0
        many = range(len(self.factors))
        parts = [(self.own[f], blocks.own[f], f, f) for f in many]
        parts += [(self.between[f, g], blocks.between[f, g], f, g) for f, g in self.between]
        for place, block, f, g in parts:
            for a, c in enumerate(self.numbers[f]):
                for b, d in enumerate(self.numbers[g]):
                    if f == g and b > a:
                        continue
                    values = place.down(block[a, b])
                    values = 2 * values if f != g or a != b else values
                    key = (min(c, d), max(c, d))
                    if place.lifted:
                        of_finest[key] = of_finest.get(key, 0.0) + values
                    else:
                        out = out + self._times(values, *key)
        for key, values in of_finest.items():
            out = out + self._times(values[self.level], *key)
        return out


def _distinct(columns: list[np.ndarray]) -> tuple[list[np.ndarray | None], list[int]]:
    """Number columns, equal ones alike; a column of ones is None."""
    found: list[np.ndarray | None] = []
    numbers = []
    for column in columns:
        plain = bool((column == 1).all())
        for k, other in enumerate(found):
            if (plain and other is None) or (
                not plain and other is not None and np.array_equal(column, other)
            ):
                numbers.append(k)
                break
        else:
            numbers.append(len(found))
            found.append(None if plain else column)
    return found, numbers
