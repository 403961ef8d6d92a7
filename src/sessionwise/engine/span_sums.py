"""Sums over spans of event times in which nothing is taken away again, so that nothing cancels."""

from __future__ import annotations

import numpy as np
from scipy import sparse


class SpanSums:
    """Rows that each cover a span of places, and sums to and fro.

    A span is put together of a few blocks of 1, 2, 4, … places. The difference of two running sums
    is quicker, but leaves nothing of a small sum that stands beside a large one: a row whose hazard
    is e⁴⁰ times that of others would wipe them out long before it is at risk.

    Parameters
    ----------
    first, beyond
        Each row covers the places from ``first`` up to ``beyond − 1``, shape (n,).
    places
        How many there are.

    Examples
    --------
    >>> spans = SpanSums(np.array([0, 1, 1]), np.array([3, 3, 2]), 3)
    >>> spans.to_places(np.array([1.0, 1e20, 10.0])).tolist()
    [1.0, 1e+20, 1e+20]
    >>> spans.to_rows(np.array([1e20, 1.0, 2.0])).tolist()
    [1e+20, 3.0, 1.0]
    """

    def __init__(self, first: np.ndarray, beyond: np.ndarray, places: int) -> None:
        self.places, self.width = places, 1 << max(places - 1, 0).bit_length()
        left, right = np.asarray(first) + self.width, np.asarray(beyond) + self.width
        rows, blocks = [], []
        active = np.flatnonzero(left < right)
        left, right = left[active], right[active]
        while active.size:
            opens, closes = (left & 1) == 1, (right & 1) == 1
            rows += [active[opens], active[closes]]
            blocks += [left[opens], right[closes] - 1]
            left, right = (left + opens) >> 1, (right - closes) >> 1
            still = left < right
            active, left, right = active[still], left[still], right[still]
        row, block = (np.concatenate([np.zeros(0, int), *parts]) for parts in (rows, blocks))
        shape = (2 * self.width, len(first))
        self.blocks = sparse.csr_array((np.ones(row.size), (block, row)), shape=shape)

    def to_places(self, values: np.ndarray) -> np.ndarray:
        """Sum over the rows that cover each place: (n,) or (n, k) to (places,) or (places, k)."""
        tree, wide = self.blocks @ values, 1
        while wide < self.width:
            tree[2 * wide : 4 * wide] += np.repeat(tree[wide : 2 * wide], 2, axis=0)
            wide *= 2
        return tree[self.width : self.width + self.places]

    def to_rows(self, values: np.ndarray) -> np.ndarray:
        """Sum over the places each row covers: (places,) or (places, k) to (n,) or (n, k)."""
        tree, wide = np.zeros((2 * self.width, *values.shape[1:])), self.width
        tree[wide : wide + self.places] = values
        while wide > 1:
            below = tree[wide : 2 * wide]
            tree[wide // 2 : wide] = below[0::2] + below[1::2]
            wide //= 2
        return self.blocks.T @ tree
