"""Levels that cross in one large, loosely knit component: their matrix is sparse.

Therapists who took over from one another, thousands of them, each sharing clients with a few: a
dense matrix of all would be out of reach, and nearly all of it zero. The symbols are those of
crossed_factors.py; peeling.py factors the matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sessionwise.engine.peeling import Factored, Peeling, factored, inverse_entries, peeled
from sessionwise.engine.triangles import triangular

NEAR = 1e-3
"""A smaller root cannot be divided by; see :func:`divisible`."""


@dataclass(frozen=True, eq=False)
class Network:
    """Where the numbers of a sparse component stand.

    Attributes
    ----------
    matrices, columns
        Places in the flat matrices and in the flat columns.
    keys
        Entries of the matrix, both triangles: row · width + column, sorted.
    parts
        By factor: columns of its deviations, counted from the first here, shape (q, levels).
    peeling
        How it is factored.
    """

    matrices: slice
    columns: slice
    keys: np.ndarray
    parts: Mapping[int, np.ndarray]
    peeling: Peeling

    @property
    def width(self) -> int:
        """Columns."""
        return self.columns.stop - self.columns.start

    def place(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Places of entries, given by flat columns, in the flat matrices."""
        begin = self.columns.start
        wanted = (left - begin) * self.width + right - begin
        return self.matrices.start + np.searchsorted(self.keys, wanted)

    @property
    def matrix_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of each entry."""
        return self.keys // self.width, self.keys % self.width

    def matrix(self, values: np.ndarray) -> sparse.csr_array:
        """Give the matrix whose entries are these."""
        return sparse.csr_array((values, self.matrix_rows), shape=(self.width, self.width))

    def entries(self, matrix: sparse.csr_array) -> np.ndarray:
        """Give the entries of a matrix that has the same ones, or fewer."""
        return np.asarray(matrix[self.matrix_rows]).ravel()


def network(
    asked: Sequence[tuple[np.ndarray, np.ndarray]],
    parts: Mapping[int, np.ndarray],
    begin: int,
    size: int,
) -> Network:
    """Lay out a component whose columns are numbered from ``begin``, its entries from ``size``.

    ``asked`` are the entries there are, by flat columns.
    """
    width = sum(part.size for part in parts.values())
    near = [(left.ravel() - begin, right.ravel() - begin) for left, right in asked]
    keys = np.unique(np.concatenate([left * width + right for left, right in near]))
    above = keys[keys // width < keys % width]
    return Network(
        slice(size, size + keys.size),
        slice(begin, begin + width),
        keys,
        parts,
        peeled(above // width, above % width, width),
    )


def divisible(root: np.ndarray) -> np.ndarray:
    """T, or where it is next to singular that of G and a little: T is divided by on the way back.

    What is added is as small as a change of G can be and be seen in T; it changes the likelihood by
    less than its rounding.
    """
    if np.abs(np.diag(root)).min() > NEAR:
        return root
    covariance = root @ root.T
    return triangular(covariance + 1e-12 * (1 + np.trace(covariance)) * np.eye(len(root)))


def _loading(net: Network, roots: Mapping[int, np.ndarray]) -> sparse.csr_array:
    """Λ, which holds T of each level."""
    rows, columns, values = [], [], []
    for g, part in net.parts.items():
        for b, a in zip(*np.nonzero(np.tri(len(part)))):
            rows.append(part[b])
            columns.append(part[a])
            values.append(np.full(part.shape[1], roots[g][b, a]))
    where = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(values), where), shape=(net.width, net.width))


def solve_network(
    net: Network, values: np.ndarray, columns: np.ndarray, roots: Mapping[int, np.ndarray]
) -> tuple[Factored, np.ndarray]:
    """Factor S = I + Λ′KΛ, and give H of some columns, Λ S⁻¹ Λ′, shape (width, x)."""
    load = _loading(net, roots)
    s = net.entries(load.T @ net.matrix(values) @ load)
    row, column = net.matrix_rows
    above = np.zeros(net.peeling.keys.size)
    above[np.searchsorted(net.peeling.keys, net.keys[row < column])] = s[row < column]
    known, solved = factored(net.peeling, s[row == column] + 1.0, above, load.T @ columns)
    return known, load @ solved


def retrace_network(
    net: Network, values: np.ndarray, known: Factored, roots: Mapping[int, np.ndarray]
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Give the entries of H, and by factor the diagonal blocks of K − KHK, (q, q, levels)."""
    load = _loading(net, roots)
    row, column = net.matrix_rows
    diagonal, above = inverse_entries(net.peeling, known)
    low = np.minimum(row, column) * net.width + np.maximum(row, column)
    inverse = above[np.minimum(np.searchsorted(net.peeling.keys, low), above.size - 1)]
    inverse[row == column] = diagonal
    loaded = net.entries(net.matrix(values) @ load)
    first = np.searchsorted(row, np.arange(net.width + 1))
    blocks = {}
    for g, part in net.parts.items():
        many = np.diff(first)[part[0]]
        starts = np.cumsum(many) - many
        run = np.arange(many.sum()) - np.repeat(starts, many)
        of = [np.repeat(first[line], many) + run for line in part]
        block = [[np.add.reduceat(loaded[a] * inverse[b], starts) for b in of] for a in of]
        blocks[g] = np.einsum("acl,cb->abl", np.array(block), np.linalg.inv(roots[g]))
    return net.entries(load @ net.matrix(inverse) @ load.T), blocks
