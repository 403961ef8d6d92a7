"""What becomes of the fixed effects when groups of rows are deleted, without fitting again.

With A = [Z X], C = (A′A + diag(G⁻¹, 0))⁻¹ (Henderson's inverse), e = y − Xβ̂ − Zb̂, and for the
rows D of a group S = A_D′A_D and r = A_D′e_D, deleting them takes S from the equations, hence

    β̂ − β̂₍D₎ = C_β (I − S C)⁻¹ r,    C₍D₎ = C + C (I − S C)⁻¹ S C,

in the columns of A that the rows of D have entries in, and no others. It is δ = P_DD⁻¹(Py)_D of
a shift in each of the rows, by the Woodbury identity; the variance ratios are held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from sessionwise.engine.elimination import weights
from sessionwise.engine.profiled_likelihood import LinearMixedModel, Roots

NO_INFORMATION = 1e9
"""If a variance grows by this factor, the rows that are left say nothing of something."""

MOST_TOUCHED = 4_000
"""Deviations one group may touch: matrices of that size are inverted for each."""


@dataclass(frozen=True, eq=False)
class Deletions:
    """What deleting each group does, in the order of their numbers.

    Attributes
    ----------
    change
        β̂ − β̂ without the group, shape (groups, p); nothing where that cannot be estimated.
    distance
        Cook's distance, change′ (X′V⁻¹X) change / (p σ²), shape (groups,).
    covariance_ratio
        |Cov β̂ without the group| over |Cov β̂|, shape (groups,): above 1 the group adds precision.
    """

    change: np.ndarray
    distance: np.ndarray
    covariance_ratio: np.ndarray


@dataclass(frozen=True, eq=False)
class JointInverse:
    """Henderson's inverse as what it is made of: the factor with most levels kept apart.

    Attributes
    ----------
    first, rest
        Z of that factor, (n, q · levels), a level's columns side by side, and [Z X] of all others.
    own
        Its H of each level, shape (levels, q, q).
    through
        H of each level times Z′[Z X], shape (q · levels, m + p): what of the rest it goes with.
    inner
        C of the others, shape (m + p, m + p), the fixed effects last.
    terms
        p.
    """

    first: sparse.csr_array
    rest: sparse.csr_array
    own: np.ndarray
    through: sparse.csr_array
    inner: np.ndarray
    terms: int

    def of_columns(self, levels: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Give C of levels of the first factor and of columns of the rest, in that order."""
        q = self.own.shape[1]
        inner = self.inner[np.ix_(columns, columns)]
        if not levels.size:
            return inner
        through = _dense(self.through, _flat(levels, q), columns)
        beside = -through @ inner
        own = -beside @ through.T
        for i, level in enumerate(levels):
            own[i * q : (i + 1) * q, i * q : (i + 1) * q] += self.own[level]
        return np.block([[own, beside], [beside.T, inner]])


def joint_inverse(model: LinearMixedModel, roots: Roots, design: np.ndarray) -> JointInverse:
    """Build Henderson's inverse at T of each factor, for the fixed part (n, p) of the model."""
    factors = model.given.factors
    in_order = [roots[k] for k in model.given.order]
    n, p = design.shape
    if factors:
        first = factors[0].incidence()
        own = weights(model.given.own[0], in_order[0])[0].transpose(2, 0, 1)
    else:
        first, own = sparse.csr_array((n, 0)), np.empty((0, 1, 1))
    others = [factor.incidence() for factor in factors[1:]]
    rest = sparse.csr_array(sparse.hstack([*others, sparse.csr_array(design)], format="csr"))
    across = first.T @ rest
    through = sparse.csr_array(_block_diagonal(own) @ across)
    left = np.asarray((rest.T @ rest - across.T @ through).todense())
    root = linalg.block_diag(
        *(np.kron(np.eye(f.levels), t) for f, t in zip(factors[1:], in_order[1:]))
    )
    m = rest.shape[1] - p
    root = root if m else np.empty((0, 0))
    among, beside, fixed = left[:m, :m], left[:m, m:], left[m:, m:]
    weight = root @ linalg.solve(np.eye(m) + root.T @ among @ root, root.T, assume_a="pos")
    taken = weight @ beside
    known = np.linalg.inv(fixed - beside.T @ taken)
    inner = np.block(
        [[weight + taken @ known @ taken.T, -taken @ known], [-known @ taken.T, known]]
    )
    return JointInverse(first, rest, own, through, (inner + inner.T) / 2, p)


def deletions(
    joint: JointInverse, residuals: np.ndarray, group: np.ndarray, residual_variance: float
) -> Deletions:
    """Delete each group of rows in turn.

    Parameters
    ----------
    joint
        Henderson's inverse.
    residuals
        e, the conditional residuals, shape (n,).
    group
        Number of the group of each row, from 0 without gaps, shape (n,).
    residual_variance
        σ².

    References
    ----------
    Christensen, Pearson & Johnson (1992), Technometrics 34:38–45; Haslett & Dillane
    (2004), J R Stat Soc B 66:131–143; Demidenko & Stukel (2005), Stat Med 24:893–909.

    Examples
    --------
    Three clients who differ as much as sessions do; without the last the mean is 2, not 3.

    >>> from sessionwise.engine.row_sums import Factor
    >>> level, ones = np.array([0, 0, 1, 1, 2, 2]), np.ones((6, 1))
    >>> client = Factor(level, ones.T, np.eye(1, dtype=bool))
    >>> model = LinearMixedModel.of(ones, np.array([1.0, 1, 3, 3, 5, 5]), [client], reml=True)
    >>> joint = joint_inverse(model, [np.eye(1)], ones)
    >>> left = np.array([-2, -2, 0, 0, 2, 2]) / 3
    >>> deletions(joint, left, level, 1.0).change.round(9).ravel().tolist()
    [-1.0, 0.0, 1.0]
    """
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(group))[:-1])
    p = joint.terms
    full = joint.inner[-p:, -p:]
    back = np.linalg.inv(np.linalg.cholesky(full))
    change = np.full((len(parts), p), np.nan)
    spread = np.full(len(parts), np.nan)
    for number, rows in enumerate(parts):
        covariance, square, pull = _of_group(joint, rows, residuals)
        shift = np.column_stack([pull, square @ covariance[:, -p:]])
        try:
            solved = np.linalg.solve(np.eye(len(square)) - square @ covariance, shift)
        except np.linalg.LinAlgError:
            continue
        moved = covariance[-p:] @ solved
        without = back @ (full + moved[:, 1:]) @ back.T
        size = np.linalg.eigvalsh((without + without.T) / 2)
        if size[0] > 0 and size[-1] < NO_INFORMATION:
            change[number], spread[number] = moved[:, 0], np.prod(size)
    distance = ((change @ back.T) ** 2).sum(axis=1) / (p * residual_variance)
    return Deletions(change, distance, spread)


def most_touched(joint: JointInverse, group: np.ndarray) -> int:
    """How many deviations of the first factor the rows of one group touch at most."""
    q = joint.own.shape[1]
    level = joint.first.indices[joint.first.indptr[:-1]] // q if len(joint.own) else group * 0
    met = np.unique(np.column_stack([group, level]), axis=0)
    return int(np.bincount(met[:, 0]).max()) * q


def _of_group(
    joint: JointInverse, rows: np.ndarray, residuals: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give C, S and r of a group, in the columns its rows and their levels touch; X last."""
    q = joint.own.shape[1]
    levels = np.unique(joint.first.indices[_entries(joint.first, rows)[0]] // q)
    flat, width = _flat(levels, q), joint.rest.shape[1]
    columns = np.unique(
        np.concatenate(
            [
                joint.rest.indices[_entries(joint.rest, rows)[0]],
                joint.through.indices[_entries(joint.through, flat)[0]],
                np.arange(width - joint.terms, width),
            ]
        )
    )
    a = np.hstack([_dense(joint.first, rows, flat), _dense(joint.rest, rows, columns)])
    return joint.of_columns(levels, columns), a.T @ a, a.T @ residuals[rows]


def _flat(levels: np.ndarray, q: int) -> np.ndarray:
    """Number the columns of levels."""
    return (levels[:, None] * q + np.arange(q)).ravel()


def _entries(matrix: sparse.csr_array, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the entries of some rows stand, and in which of these rows each is."""
    begin = matrix.indptr[rows]
    many = matrix.indptr[rows + 1] - begin
    ends = np.cumsum(many)
    place = np.repeat(begin - ends + many, many) + np.arange(int(many.sum()))
    return place, np.repeat(np.arange(rows.size), many)


def _dense(matrix: sparse.csr_array, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Give some rows in some columns, sorted, outside which they have no entries."""
    place, row = _entries(matrix, rows)
    out = np.zeros((rows.size, columns.size))
    out[row, np.searchsorted(columns, matrix.indices[place])] = matrix.data[place]
    return out


def _block_diagonal(blocks: np.ndarray) -> sparse.bsr_array:
    count, q = blocks.shape[:2]
    return sparse.bsr_array(
        (blocks, np.arange(count), np.arange(count + 1)), shape=(count * q, count * q)
    )
