"""Products with V⁻¹ of a mixed model with any number of grouping factors, no n × n matrix made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.engine.row_sums import Factor
from sessionwise.errors import Refused

SAME = 1e-10
"""A column of which less than this share is its own follows from the others."""


@dataclass(frozen=True, eq=False)
class RandomFactor(Factor):
    """A factor with what its levels are taken to differ by.

    All that varies between the same levels belongs in one factor, its mask saying what goes
    together: a second factor with the same levels is right, but slow.

    Attributes
    ----------
    covariance
        Covariance matrix of a level's deviations, shape (q, q), units of the outcome², over those
        of the columns. It may be singular, or zero; its parameters are the ``free`` entries of its
        lower triangle.

    Examples
    --------
    >>> level, free = np.array([0, 0, 1, 1, 2]), np.array([[True]])
    >>> factor = RandomFactor(level, np.ones((1, 5)), free, np.array([[2.0]]))
    >>> factor.levels, len(factor.units())
    (3, 1)
    """

    covariance: np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        q, n = self.columns.shape
        if self.covariance.shape != (q, q) or self.free.shape != (q, q):
            raise ValueError(f"{q} columns need a covariance and a mask of {q} by {q}")
        if len(self.level) != n:
            raise ValueError(f"{len(self.level)} levels beside {n} rows")
        if (self.covariance[~(self.free | self.free.T)] != 0).any():
            raise ValueError("a covariance is 0 wherever it is not free")

    def units(self) -> np.ndarray:
        """Give the derivative of the covariance for each parameter, shape (parameters, q, q)."""
        places = list(zip(*np.nonzero(np.tril(self.free)), strict=True))
        found = np.zeros((len(places), *self.free.shape))
        for each, (row, column) in zip(found, places, strict=True):
            each[row, column] = each[column, row] = 1.0
        return found


def at_right_angles(factor: RandomFactor) -> tuple[RandomFactor, np.ndarray]:
    """Write a factor in orthogonal columns, and its parameters as orthogonal directions.

    The covariances it may have are the same: with ``columns.T = basis @ turn``, G becomes
    ``turn @ G @ turn.T``. Sessions counted from a far-off zero point thus cost no digits. The
    second value are the directions, shape (parameters, q, q), orthonormal as vectors.

    Raises
    ------
    Refused
        One column follows from the others.

    Examples
    --------
    >>> sessions = np.array([np.ones(4), [100.0, 101.0, 102.0, 103.0]])
    >>> given = RandomFactor(np.array([0, 0, 1, 1]), sessions, np.eye(2, dtype=bool), np.eye(2))
    >>> turned, directions = at_right_angles(given)
    >>> (turned.columns @ turned.columns.T).round(9).tolist(), directions.shape
    ([[4.0, 0.0], [0.0, 4.0]], (2, 2, 2))
    """
    basis, turn = orthogonal(np.asarray(factor.columns.T, float))
    if (np.abs(np.diag(turn)) <= SAME * np.linalg.norm(turn, axis=0)).any():
        raise Refused(
            "A column with a random deviation follows from the others of its grouping factor "
            "(a slope of something constant, or the same slope twice). Leave it out."
        )
    covariance = turn @ factor.covariance @ turn.T
    everything = np.ones(factor.free.shape, bool)
    turned = RandomFactor(factor.level, basis.T, everything, (covariance + covariance.T) / 2)
    units = turn @ factor.units() @ turn.T
    flat = np.linalg.qr(units.reshape(len(units), turn.size).T)[0]
    return turned, flat.T.reshape(units.shape)


@dataclass(frozen=True, eq=False)
class MarginalProducts:
    """X′V⁻¹X, Z′V⁻¹X and Z′V⁻¹Z, the largest part of the last kept as what it is made of.

    The first factor, of which there are most columns, has Z′V⁻¹Z = blockdiag(D) − E H E′.

    Parameters
    ----------
    fixed
        X′V⁻¹X, shape (p, p).
    deviations
        Z′V⁻¹X of each factor, shape (groups, q, p).
    blocks
        D, shape (groups of the first factor, q, q).
    edge, inner
        E, shape (groups · q, m), and H, shape (m, m), for the m columns of the other factors.
    across, rest
        Z′V⁻¹Z between the first factor and the others (groups · q, m), and among them (m, m).
    """

    fixed: np.ndarray
    deviations: tuple[np.ndarray, ...]
    blocks: np.ndarray
    edge: np.ndarray
    inner: np.ndarray
    across: np.ndarray
    rest: np.ndarray

    def _columns(self, which: int) -> slice:
        """Where a factor but the first has its columns among the m."""
        sizes = [each.shape[0] * each.shape[1] for each in self.deviations[1:which]]
        size = self.deviations[which].shape[0] * self.deviations[which].shape[1]
        return slice(sum(sizes), sum(sizes) + size)

    def _between(self, one: int, other: int) -> np.ndarray:
        """Give Z′V⁻¹Z of two factors, not both the first, shape (groups, q, groups, q)."""
        if other == 0:
            return self._between(0, one).transpose(2, 3, 0, 1)
        whole = self.across if one == 0 else self.rest[self._columns(one)]
        shape = (*self.deviations[one].shape[:2], *self.deviations[other].shape[:2])
        return whole[:, self._columns(other)].reshape(shape)

    def _own_blocks(self, which: int) -> np.ndarray:
        """Give the blocks of Z′V⁻¹Z on the diagonal of one factor, shape (groups, q, q)."""
        if which == 0:
            return self.blocks - self._taken()
        return np.einsum("iaib->iab", self._between(which, which))

    def _taken(self) -> np.ndarray:
        """What E H E′ takes from each block of the first factor, shape (groups, q, q)."""
        edge = self.edge.reshape(*self.blocks.shape[:2], len(self.inner))
        turned = (self.edge @ self.inner).reshape(edge.shape)
        return turned @ edge.transpose(0, 2, 1)

    def own(self, which: int) -> np.ndarray:
        """Sum the blocks of Z′V⁻¹Z on the diagonal of one factor, shape (q, q)."""
        return self._own_blocks(which).sum(axis=0)

    def squares(self, one: int, other: int) -> np.ndarray:
        """Sum N[b, a] · N[c, d] over the blocks N of Z′V⁻¹Z between two factors: [b, a, c, d].

        With it tr(V⁻¹V_r V⁻¹V_s) = Σ e_r[b, c] e_s[d, a] · squares[b, a, c, d].
        """
        if one or other:
            blocks = self._between(one, other).transpose(0, 2, 1, 3)
            q, r = blocks.shape[2:]
            flat = blocks.reshape(-1, q * r)
            return (flat.T @ flat).reshape(q, r, q, r)
        taken, q, m = self._taken(), self.blocks.shape[1], len(self.inner)
        mixed = np.einsum("iba,icd->bacd", self.blocks, taken)
        edge = self.edge.reshape(len(self.blocks), q, m).transpose(1, 0, 2)
        pairs = self.inner @ (edge.transpose(0, 2, 1)[:, None] @ edge[None])
        flat = pairs.reshape(q * q, m * m)
        crossed = flat @ pairs.transpose(0, 1, 3, 2).reshape(q * q, m * m).T
        return (
            np.einsum("iba,icd->bacd", self.blocks, self.blocks)
            - mixed
            - mixed.transpose(2, 3, 0, 1)
            + crossed.reshape(q, q, q, q).transpose(3, 0, 2, 1)
        )

    def times(self, one: int, other: int, matrix: np.ndarray) -> np.ndarray:
        """Give Z′V⁻¹Z of two factors times a matrix (groups, q, p) of the other."""
        flat = matrix.reshape(-1, matrix.shape[2])
        shape = (*self.deviations[one].shape[:2], matrix.shape[2])
        if one or other:
            between = self._between(one, other)
            return (between.reshape(shape[0] * shape[1], -1) @ flat).reshape(shape)
        taken = self.edge @ (self.inner @ (self.edge.T @ flat))
        return self.blocks @ matrix - taken.reshape(shape)


def marginal_products(design: np.ndarray, factors: Sequence[RandomFactor]) -> MarginalProducts:
    """Give the products with V⁻¹, where V = I + Σ Z (I ⊗ G) Z′ (residual variance 1).

    The first factor is eliminated group by group, V₁⁻¹ = I − Z G (I + S G)⁻¹ Z′ with S = Z′Z of
    the group; the others by a Schur complement of as many columns as they have.

    Parameters
    ----------
    design
        Fixed part, shape (n, p).
    factors
        The one with most columns first; covariances in units of the residual variance.

    References
    ----------
    Harville (1977), JASA 72:320–338, section 5 (inverse of V without n × n matrices).

    Examples
    --------
    >>> ones, level = np.ones((6, 1)), np.array([0, 0, 1, 1, 2, 2])
    >>> factor = RandomFactor(level, ones.T, np.array([[True]]), np.array([[1.0]]))
    >>> marginal_products(ones, [factor]).fixed.round(12)
    array([[2.]])
    """
    first = factors[0]
    q, groups, p = first.size, first.levels, design.shape[1]
    others = [each.incidence() for each in factors[1:]]
    z, rest = first.incidence(), sparse.hstack(others, format="csr") if others else None
    m = rest.shape[1] if others else 0
    inside = np.zeros((m + p, m + p))
    inside[m:, m:] = design.T @ design
    beside = np.empty((groups * q, m + p))
    beside[:, m:] = z.T @ design
    if others:
        inside[:m, :m] = (rest.T @ rest).toarray()
        inside[:m, m:] = rest.T @ design
        inside[m:, :m] = inside[:m, m:].T
        beside[:, :m] = (z.T @ rest).toarray()
    left = _without_the_first(first, inside, beside)
    return _without_the_rest(factors, *left)


def _without_the_first(
    first: RandomFactor, inside: np.ndarray, beside: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give Z′V₁⁻¹Z (groups, q, q), Z′V₁⁻¹F and F′V₁⁻¹F of the other columns F."""
    groups, q = first.levels, first.size
    own = np.empty((groups, q, q))
    for a in range(q):
        for b in range(q):
            product = first.columns[a] * first.columns[b]
            own[:, a, b] = np.bincount(first.level, product, groups)
    shrink = np.linalg.inv(np.eye(q) + own @ first.covariance)
    blocks = shrink @ own
    before = beside.reshape(groups, q, -1)
    after = (shrink @ before).reshape(beside.shape)
    inside = inside - (first.covariance @ before).reshape(beside.shape).T @ after
    return (blocks + blocks.transpose(0, 2, 1)) / 2, after, (inside + inside.T) / 2


def _without_the_rest(
    factors: Sequence[RandomFactor], blocks: np.ndarray, beside: np.ndarray, inside: np.ndarray
) -> MarginalProducts:
    """Eliminate the other factors, m columns in all, by their Schur complement."""
    groups, q = blocks.shape[:2]
    widths = [each.levels * each.size for each in factors[1:]]
    m = sum(widths)
    covariance = np.zeros((m, m))
    at = 0
    for each, width in zip(factors[1:], widths, strict=True):
        here = slice(at, at := at + width)
        covariance[here, here] = np.kron(np.eye(each.levels), each.covariance)
    edge, fixed_beside = beside[:, :m], beside[:, m:]
    own, fixed_own = inside[:m, :m], inside[:m, m:]
    shrink = np.linalg.inv(np.eye(m) + own @ covariance)
    inner, rest, shrunk = covariance @ shrink, shrink @ own, shrink @ fixed_own
    inner, rest = (inner + inner.T) / 2, (rest + rest.T) / 2
    deviations = [(fixed_beside - edge @ (inner @ fixed_own)).reshape(groups, q, -1)]
    at = 0
    for each, width in zip(factors[1:], widths, strict=True):
        deviations.append(shrunk[at : at + width].reshape(each.levels, -1, shrunk.shape[1]))
        at += width
    fixed = inside[m:, m:] - fixed_own.T @ inner @ fixed_own
    return MarginalProducts(
        (fixed + fixed.T) / 2, tuple(deviations), blocks, edge, inner, edge @ shrink.T, rest
    )
