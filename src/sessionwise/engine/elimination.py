"""Eliminating one factor from a mixed model by small matrices, level by level.

Write K for the cross-products [Z_r X y]′V⁻¹[Z_r X y] that are left when the factors before have
been taken account of, V = I + Σ Z_e G_e Z_e′ over those factors. Taking account of factor f, with
G = T T′ for each of its levels, leaves

    K′ = K_rr − K_rf H K_fr,   H = T (I + T′ K_ff T)⁻¹ T′,

and adds log|I + T′ K_ff T| to log|V|. With a bar for the derivative of the deviance by a
symmetric matrix, the way back is

    K̄_rr = K̄′,   K̄_fr = −H K_fr K̄′,   K̄_ff = H + H Q H,   Ḡ = Σ (R K_ff − R Q R′),

where Q = K_fr K̄′ K_rf and R = I − K_ff H (Harville 1977, J Am Stat Assoc 72:320–338, by the
Woodbury identity; the symbols are those of docs/mixed-models.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sessionwise.engine.row_sums import Link

CHUNK = 8192
"""Levels whose small matrices are dealt with before the next: they fit into a core's cache."""


@dataclass(eq=False)
class Remaining:
    """Cross-products of the factors not yet eliminated, or the derivatives by them.

    Shapes as in :class:`~sessionwise.engine.row_sums.CrossProducts`, by number of factor.
    """

    own: dict[int, np.ndarray]
    xy: dict[int, np.ndarray]
    between: dict[tuple[int, int], np.ndarray]
    total: np.ndarray


@dataclass(frozen=True, eq=False)
class Step:
    """Elimination of one factor nested in all that remain.

    Attributes
    ----------
    f
        Its number.
    meets
        For each remaining factor g, where f meets it.
    onto
        For two remaining factors g < h, the pair of (g, h) each level of f lies in.
    """

    f: int
    meets: Mapping[int, Link]
    onto: Mapping[tuple[int, int], np.ndarray]


@dataclass(frozen=True, eq=False)
class Eliminated:
    """What elimination of one factor leaves for the way back.

    ``own, xy, blocks`` are K_ff, K_fx and K_fg at the time; ``weight`` is H, shape (q, q, levels).
    """

    own: np.ndarray
    xy: np.ndarray
    blocks: dict[int, np.ndarray]
    weight: np.ndarray
    log_determinant: float


def times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Multiply small matrices level by level: (a, b, levels) by (b, c, levels).

    A last axis of 1 stands for a matrix that all levels share. On a chunk of levels this is many
    times faster than ``einsum``, which goes back to main memory for each product.

    Examples
    --------
    >>> times(np.ones((1, 2, 3)), np.array([[[1.0, 2, 3]], [[4.0, 5, 6]]])).tolist()
    [[[5.0, 7.0, 9.0]]]
    """
    out = left[:, 0, None] * right[0]
    for b in range(1, len(right)):
        out += left[:, b, None] * right[b]
    return out


def chunks(levels: int) -> list[slice]:
    """Part levels into runs whose matrices fit into a core's own memory."""
    return [slice(begin, min(begin + CHUNK, levels)) for begin in range(0, levels, CHUNK)]


def weights(own: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, float]:
    """Give H = T (I + T′KT)⁻¹ T′ and Σ log|I + T′KT| for K of shape (q, q, levels), T (q, q)."""
    q = len(root)
    if q == 1:
        inner = root[0, 0] ** 2 * own
        inner += 1.0
        return root[0, 0] ** 2 / inner, float(np.log(inner).sum())
    wide = root[..., None]
    inner = times(wide.swapaxes(0, 1), times(own, wide))
    inner[np.arange(q), np.arange(q)] += 1.0
    determinant = np.ones(inner.shape[-1])
    half = np.empty_like(inner)
    for j in range(q):
        for k in range(j):
            inner[j:, j] -= inner[j:, k] * inner[j, k]
        determinant *= inner[j, j]
        inner[j:, j] /= np.sqrt(inner[j, j])
        half[j] = wide[:, j]
        for k in range(j):
            half[j] -= inner[j, k] * half[k]
        half[j] /= inner[j, j]
    return times(half.swapaxes(0, 1), half), float(np.log(determinant).sum())


def scattered(values: np.ndarray, place: np.ndarray, places: int) -> np.ndarray:
    """Sum the last axis by place, shape (…, places)."""
    flat = values.reshape(-1, values.shape[-1])
    out = np.empty((len(flat), places))
    for line, row in zip(out, flat):
        line[:] = np.bincount(place, row, places)
    return out.reshape(*values.shape[:-1], places)


def over_levels(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Σ_a,l one[a, x, l] other[a, y, l], shape (x, y)."""
    return sum(a @ b.T for a, b in zip(one, other))


def eliminate(left: Remaining, step: Step, root: np.ndarray) -> Eliminated:
    """Take account of a factor nested in all that remain; ``left`` is changed.

    Parameters
    ----------
    left
        What remains, the factor included.
    step, root
        Which factor, and its T, shape (q, q).
    """
    f, meets, onto = step.f, step.meets, step.onto
    own, xy = left.own.pop(f), left.xy.pop(f)
    blocks = {g: left.between.pop((f, g)) for g in meets}
    weight, log_determinant, total = np.empty_like(own), 0.0, 0.0
    levels, terms = own.shape[-1], xy.shape[1]
    of_own = {g: np.empty((block.shape[1], block.shape[1], levels)) for g, block in blocks.items()}
    of_xy = {g: np.empty((block.shape[1], terms, levels)) for g, block in blocks.items()}
    crossed = {(g, h): np.empty((blocks[g].shape[1], blocks[h].shape[1], levels)) for g, h in onto}
    for c in chunks(levels):
        weight[..., c], determinant = weights(own[..., c], root)
        log_determinant += determinant
        weighed = times(weight[..., c], xy[..., c])
        total = total + over_levels(xy[..., c], weighed)
        for g, block in blocks.items():
            across = block[..., c].swapaxes(0, 1)
            of_xy[g][..., c] = times(across, weighed)
            weighed_block = times(weight[..., c], block[..., c])
            of_own[g][..., c] = times(across, weighed_block)
            for e, h in onto:
                if h == g:
                    crossed[e, g][..., c] = times(blocks[e][..., c].swapaxes(0, 1), weighed_block)
    for g, link in meets.items():
        places = left.own[g].shape[-1]
        left.own[g] = left.own[g] - scattered(of_own[g], link.second, places)
        left.xy[g] = left.xy[g] - scattered(of_xy[g], link.second, places)
    for pair, place in onto.items():
        left.between[pair] = left.between[pair] - scattered(
            crossed[pair], place, left.between[pair].shape[-1]
        )
    left.total = left.total - total
    return Eliminated(own, xy, blocks, weight, log_determinant)


def restore(
    bar: Remaining, step: Step, gone: Eliminated, *, inner: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Go back over a factor: give Ḡ (q, q), and R K_ff of each level (q, q, levels).

    ``bar`` is given the derivatives by K_ff, K_fx and K_fg, if factors before need them
    (``inner``).
    """
    f = step.f
    if inner:
        bar.own[f], bar.xy[f] = np.empty_like(gone.own), np.empty_like(gone.xy)
        for g, block in gone.blocks.items():
            bar.between[f, g] = np.empty_like(block)
    found, block = 0.0, np.empty_like(gone.own)
    for c in chunks(gone.own.shape[-1]):
        xy, moved = _carried(bar, step, gone, c)
        weight = gone.weight[..., c]
        spread = times(gone.xy[..., c], xy.swapaxes(0, 1))
        for g, one in moved.items():
            spread += times(gone.blocks[g][..., c], one.swapaxes(0, 1))
        if inner:
            bar.own[f][..., c] = weight + times(times(weight, spread), weight)
            bar.xy[f][..., c] = -times(weight, xy)
            for g, one in moved.items():
                bar.between[f, g][..., c] = -times(weight, one)
        own, block[..., c] = slope(gone.own[..., c], weight, spread)
        found = found + own
    return found, block


def _carried(
    bar: Remaining, step: Step, gone: Eliminated, c: slice
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """K_fr K̄′ of a chunk of levels: its columns [X y], and those of each factor that remains."""
    xy = bar.total @ gone.xy[..., c]  # (b, x, l)
    blocks = {g: block[..., c] for g, block in gone.blocks.items()}
    moved: dict[int, np.ndarray] = {}
    for g, link in step.meets.items():
        place = link.second[c]
        of_xy = bar.xy[g][..., place]
        moved[g] = times(blocks[g], bar.own[g][..., place])
        moved[g] += times(gone.xy[..., c], of_xy.swapaxes(0, 1))
        xy += times(blocks[g], of_xy)
    for (g, h), place in step.onto.items():
        both = bar.between[g, h][..., place[c]]
        moved[g] += times(blocks[h], both.swapaxes(0, 1))
        moved[h] += times(blocks[g], both)
    return xy, moved


def slope(own: np.ndarray, weight: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Σ (R K − R Q R′), shape (q, q), and R K, shape (q, q, levels), R = I − K H."""
    rest = -times(own, weight)
    rest[np.arange(len(rest)), np.arange(len(rest))] += 1.0
    block = times(rest, own)
    taken = times(times(rest, spread), rest.swapaxes(0, 1))
    return (block - taken).sum(axis=-1), block
