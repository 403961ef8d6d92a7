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


def weights(own: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, float]:
    """Give H = T (I + T′KT)⁻¹ T′ and Σ log|I + T′KT| for K of shape (q, q, levels), T (q, q)."""
    q = len(root)
    if q == 1:
        inner = 1.0 + root[0, 0] ** 2 * own
        return root[0, 0] ** 2 / inner, float(np.log(inner).sum())
    # levels last in memory too: what comes after runs along them, several times as fast
    half = np.einsum("ca,cdl->adl", root, own, order="C")
    inner = np.einsum("adl,db->abl", half, root, order="C")
    inner[np.arange(q), np.arange(q)] += 1.0
    low, log_determinant = np.zeros_like(inner), 0.0
    half = np.empty_like(inner)
    for j in range(q):
        for k in range(j):
            inner[j:, j] -= low[j:, k] * low[j, k]
        pivot = np.sqrt(inner[j, j])
        log_determinant += 2 * float(np.log(pivot).sum())
        low[j:, j] = inner[j:, j] / pivot
        half[j] = root[:, j, None]
        for k in range(j):
            half[j] -= low[j, k] * half[k]
        half[j] /= pivot
    return np.einsum("kal,kbl->abl", half, half), log_determinant


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
    weight, log_determinant = weights(own, root)
    weighed_xy = np.einsum("abl,bxl->axl", weight, xy)
    weighed = {g: np.einsum("abl,bcl->acl", weight, block) for g, block in blocks.items()}
    for g, link in meets.items():
        block, places = blocks[g], left.own[g].shape[-1]
        left.own[g] = left.own[g] - scattered(
            np.einsum("acl,adl->cdl", block, weighed[g]), link.second, places
        )
        left.xy[g] = left.xy[g] - scattered(
            np.einsum("acl,axl->cxl", block, weighed_xy), link.second, places
        )
    for (g, h), place in onto.items():
        left.between[g, h] = left.between[g, h] - scattered(
            np.einsum("acl,adl->cdl", blocks[g], weighed[h]), place, left.between[g, h].shape[-1]
        )
    left.total = left.total - over_levels(xy, weighed_xy)
    return Eliminated(own, xy, blocks, weight, log_determinant)


def restore(
    bar: Remaining, step: Step, gone: Eliminated, *, inner: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Go back over a factor: give Ḡ (q, q), and R K_ff of each level (q, q, levels).

    ``bar`` is given the derivatives by K_ff, K_fx and K_fg, if factors before need them
    (``inner``).
    """
    f, meets, onto = step.f, step.meets, step.onto
    moved: dict[int, np.ndarray] = {}
    xy = np.tensordot(bar.total, gone.xy, axes=(1, 1)).swapaxes(0, 1)  # (b, x, l)
    for g, link in meets.items():
        own, of_xy = bar.own[g][..., link.second], bar.xy[g][..., link.second]
        moved[g] = np.einsum("cdl,bdl->bcl", own, gone.blocks[g])
        moved[g] += np.einsum("cxl,bxl->bcl", of_xy, gone.xy)
        xy = xy + np.einsum("cxl,bcl->bxl", of_xy, gone.blocks[g], order="C")
    for (g, h), place in onto.items():
        both = bar.between[g, h][..., place]
        moved[g] += np.einsum("cdl,bdl->bcl", both, gone.blocks[h])
        moved[h] += np.einsum("cdl,bcl->bdl", both, gone.blocks[g])
    spread = np.einsum("axl,bxl->abl", gone.xy, xy)
    for g, one in moved.items():
        spread += np.einsum("acl,bcl->abl", gone.blocks[g], one)
    if inner:
        half = np.einsum("abl,bcl->acl", gone.weight, spread)
        bar.own[f] = gone.weight + np.einsum("abl,bcl->acl", half, gone.weight)
        bar.xy[f] = -np.einsum("abl,bxl->axl", gone.weight, xy)
        for g, one in moved.items():
            bar.between[f, g] = -np.einsum("abl,bcl->acl", gone.weight, one)
    rest = -np.einsum("abl,bcl->acl", gone.own, gone.weight)
    rest[np.arange(len(rest)), np.arange(len(rest))] += 1.0
    return slope(rest, gone.own, spread)


def slope(rest: np.ndarray, own: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Σ (R K − R Q R′), shape (q, q), and R K, shape (q, q, levels)."""
    block = np.einsum("abl,bcl->acl", rest, own)
    half = np.einsum("abl,bcl->acl", rest, spread)
    taken = np.array([[(one * other).sum() for other in rest] for one in half])
    return block.sum(axis=-1) - taken, block
