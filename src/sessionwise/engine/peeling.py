"""A sparse symmetric matrix, factored by peeling off many columns at a time.

Columns that have few neighbours, and are not neighbours of each other, are eliminated together:
arithmetic on whole arrays, round after round, until what is left is small and dense. With p for a
column that goes, r and s for its neighbours, and l_r = S_rp / S_pp,

    S_rs ← S_rs − l_r S_sp,   Z_rp = −Σ_s Z_rs l_s,   Z_pp = 1/S_pp − Σ_r l_r Z_rp

for the inverse Z wherever the factor has an entry, going back (Takahashi, Fagan & Chin 1973, Proc
8th PICA Conf:63–69; Erisman & Tinney 1975, Commun ACM 18:177–179). Whom to take: those of least
degree, as in George & Liu (1989, SIAM Rev 31:1–19), that have no neighbour before them in line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

MOST = 48
"""Neighbours of a column that is still peeled off."""

CORE = 200
"""Columns that are few enough to be solved as one dense matrix."""

SHARE = 0.01
"""A round that takes no more than this share of what is left is not worth it."""

PAIRS = 20_000_000
"""Pairs of neighbours that are kept in mind, in all rounds together."""


@dataclass(frozen=True, eq=False)
class Round:
    """Columns that go together, their edges to others, and where these meet.

    ``gone`` are the columns; by edge ``p`` and ``r`` its two columns, and ``edge`` its place among
    the entries; ``one`` and ``other`` number pairs of edges of one column, ``target`` the entry of
    their far ends.
    """

    gone: np.ndarray
    p: np.ndarray
    r: np.ndarray
    edge: np.ndarray
    one: np.ndarray
    other: np.ndarray
    target: np.ndarray


@dataclass(frozen=True, eq=False)
class Peeling:
    """The order of elimination.

    Attributes
    ----------
    width
        Columns.
    keys
        Entries above the diagonal, those that fill in included: row · width + column, sorted.
    rounds
        What goes when.
    core
        Columns left at the end; ``first, second, place`` say where its entries stand.
    """

    width: int
    keys: np.ndarray
    rounds: tuple[Round, ...]
    core: np.ndarray
    first: np.ndarray
    second: np.ndarray
    place: np.ndarray


def peeled(left: np.ndarray, right: np.ndarray, width: int) -> Peeling:
    """Plan the elimination of a matrix with entries at (left, right), left < right.

    Examples
    --------
    >>> chain = np.arange(999)
    >>> plan = peeled(chain, chain + 1, 1000)
    >>> plan.core.size <= CORE, plan.keys.size < 3 * 1000
    (True, True)
    """
    shuffled = np.random.default_rng(0).permutation(width)
    alive, taken, known = np.ones(width, bool), [], [left * width + right]
    pairs = 0
    while alive.sum() > CORE:
        near, far = np.concatenate([left, right]), np.concatenate([right, left])
        degree = np.bincount(near, minlength=width)
        line = degree * width + shuffled
        before = np.full(width, width * (width + 1))
        np.minimum.at(before, near, line[far])
        going = alive & (degree <= MOST) & (line < before)
        pairs += int((degree[going] ** 2).sum())
        if going.sum() <= SHARE * alive.sum() or pairs > PAIRS:
            break
        edges = np.flatnonzero(going[near])
        edges = edges[np.argsort(near[edges], kind="stable")]
        p, r = near[edges], far[edges]
        one, other = _pairs(p, degree[p], r)
        fill = r[one] * width + r[other]
        kept = ~(going[left] | going[right])
        keys = np.unique(np.concatenate([left[kept] * width + right[kept], fill]))
        taken.append((np.flatnonzero(going), p, r, one, other, fill))
        known.append(fill)
        left, right = keys // width, keys % width
        alive &= ~going
    keys = np.unique(np.concatenate(known))
    rounds = tuple(
        Round(gone, p, r, np.searchsorted(keys, np.minimum(p, r) * width + np.maximum(p, r)), one,
              other, np.searchsorted(keys, fill))
        for gone, p, r, one, other, fill in taken
    )  # fmt: skip
    core = np.flatnonzero(alive)
    first, second = np.searchsorted(core, left), np.searchsorted(core, right)
    place = np.searchsorted(keys, left * width + right)
    return Peeling(width, keys, rounds, core, first, second, place)


def _pairs(p: np.ndarray, many: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List pairs of edges of one column, r rising; edges are sorted by p, which has ``many``."""
    first = np.searchsorted(p, p)
    one = np.repeat(np.arange(p.size), many)
    run = np.arange(one.size) - np.repeat(np.cumsum(many) - many, many)
    other = first[one] + run
    rising = r[one] < r[other]
    return one[rising], other[rising]


@dataclass(frozen=True, eq=False)
class Factored:
    """A factored matrix: pivots, by round l of each edge, and Cholesky's factor of the core."""

    pivots: np.ndarray
    ratios: tuple[np.ndarray, ...]
    core: np.ndarray
    log_determinant: float


def factored(
    plan: Peeling, diagonal: np.ndarray, entries: np.ndarray, columns: np.ndarray
) -> tuple[Factored, np.ndarray]:
    """Factor S, and solve it for some columns, shape (width, x)."""
    d, off, u, ratios = diagonal.copy(), entries.copy(), columns.copy(), []
    for step in plan.rounds:
        e = off[step.edge]
        ratios.append(e / d[step.p])
        d -= np.bincount(step.r, ratios[-1] * e, plan.width)
        off -= np.bincount(step.target, ratios[-1][step.one] * e[step.other], off.size)
        u -= _gathered(step.r, ratios[-1], u[step.p], plan.width)
    core = np.diag(d[plan.core])
    core[plan.first, plan.second] = core[plan.second, plan.first] = off[plan.place]
    root = linalg.cholesky(core, lower=True)
    u[plan.core] = linalg.cho_solve((root, True), u[plan.core])
    for step, ratio in zip(reversed(plan.rounds), reversed(ratios)):
        back = _gathered(step.p, ratio, u[step.r], plan.width)
        u[step.gone] = u[step.gone] / d[step.gone, None] - back[step.gone]
    pivots = np.delete(d, plan.core)
    if (pivots <= 0).any():
        raise np.linalg.LinAlgError("not positive definite")
    logs = float(np.log(pivots).sum()) + 2 * float(np.log(np.diag(root)).sum())
    return Factored(d, tuple(ratios), root, logs), u


def _gathered(place: np.ndarray, ratio: np.ndarray, rows: np.ndarray, places: int) -> np.ndarray:
    return np.column_stack([np.bincount(place, ratio * row, places) for row in rows.T])


def inverse_entries(plan: Peeling, known: Factored) -> tuple[np.ndarray, np.ndarray]:
    """Give the diagonal of S⁻¹, and its entries where the factor has any."""
    diagonal, off = np.empty(plan.width), np.empty(plan.keys.size)
    inverse, _ = linalg.lapack.dpotri(known.core, lower=1)
    diagonal[plan.core] = np.diag(inverse)
    off[plan.place] = inverse[plan.second, plan.first]
    for step, ratio in zip(reversed(plan.rounds), reversed(known.ratios)):
        z = off[step.target]
        met = diagonal[step.r] * ratio
        met += np.bincount(step.one, z * ratio[step.other], ratio.size)
        met += np.bincount(step.other, z * ratio[step.one], ratio.size)
        off[step.edge] = -met
        more = np.bincount(step.p, ratio * met, plan.width)[step.gone]
        diagonal[step.gone] = 1 / known.pivots[step.gone] + more
    return diagonal, off
