"""Factors that cross: what is left when the largest is eliminated, solved together.

Each component of the levels that remain is a dense matrix; see crossing_layout.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from sessionwise.engine.crossing_layout import Crossing, Stack
from sessionwise.engine.elimination import Remaining, over_levels, slope, weights


@dataclass(frozen=True, eq=False)
class Solved:
    """What elimination of f and of the rest leaves for the way back."""

    own: np.ndarray
    xy: np.ndarray
    entries: np.ndarray
    weight: np.ndarray
    matrices: tuple[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], ...]
    log_determinant: float


def solve(left: Remaining, plan: Crossing, roots: Mapping[int, np.ndarray]) -> Solved:
    """Take account of the factor and of all that cross it; ``left.total`` is what remains."""
    f = plan.f
    own, xy = left.own[f], left.xy[f]
    entries = np.concatenate([left.between[f, g].reshape(len(own), -1) for g in plan.rest], axis=1)
    weight, log_determinant = weights(own, roots[f])
    weighed = np.einsum("abe,be->ae", weight[..., plan.level], entries, order="C")
    values = sum(one[plan.one] * two[plan.other] for one, two in zip(weighed, entries))
    flat = -np.bincount(plan.place, values, plan.size)
    for g in plan.rest:
        flat[plan.own[g]] += left.own[g]
    for key, (upper, lower) in plan.between.items():
        flat[upper] += left.between[key]
        flat[lower] += left.between[key]
    terms = left.total.shape[0]
    columns = np.empty((terms, plan.width))
    for x in range(terms):
        met = sum(one * xy[a, x][plan.level] for a, one in enumerate(weighed))
        columns[x] = -np.bincount(plan.entry_column, met, plan.width)
        for g in plan.rest:
            columns[x][plan.columns[g]] += left.xy[g][:, x]
    left.total = left.total - over_levels(xy, np.einsum("abl,bxl->axl", weight, xy))
    matrices = []
    for stack in plan.stacks:
        k = flat[stack.matrices].reshape(stack.count, stack.width, stack.width)
        inverse, determinant = _inverse(_both(k, stack, roots))
        log_determinant += determinant
        big = _both(inverse, stack, {g: root.T for g, root in roots.items()})
        v = columns[:, stack.columns].reshape(terms, stack.count, stack.width)
        v = np.ascontiguousarray(v.transpose(1, 2, 0))
        left.total = left.total - np.einsum("cwx,cwy->xy", v, big @ v)
        matrices.append((k, inverse, big, v))
    return Solved(own, xy, entries, weight, tuple(matrices), log_determinant)


def _times(matrix: np.ndarray, stack: Stack, roots: Mapping[int, np.ndarray]) -> np.ndarray:
    """Λ′M for a stack M (components, width, …), Λ holding T of each level."""
    out = np.empty_like(matrix)
    for g, part in stack.parts.items():
        root, piece = roots[g], matrix[:, part]
        q = len(root)
        if q == 1:
            out[:, part] = root[0, 0] * piece
        else:
            by_level = piece.reshape(len(piece), -1, q, piece.shape[-1])
            out[:, part] = np.einsum("ba,nlbw->nlaw", root, by_level).reshape(piece.shape)
    return out


def _both(matrix: np.ndarray, stack: Stack, roots: Mapping[int, np.ndarray]) -> np.ndarray:
    """Λ′MΛ for a stack of symmetric matrices."""
    return _times(_times(matrix, stack, roots).swapaxes(1, 2), stack, roots)


def _inverse(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Give (I + M)⁻¹ and Σ log|I + M| for a stack of symmetric M; M is overwritten."""
    width = matrix.shape[-1]
    matrix[:, np.arange(width), np.arange(width)] += 1.0
    if len(matrix) > 1:
        root = np.linalg.cholesky(matrix)
        determinant = 2 * float(np.log(np.diagonal(root, axis1=1, axis2=2)).sum())
        return np.linalg.inv(matrix), determinant
    root, info = linalg.lapack.dpotrf(matrix[0].T, lower=0, clean=0, overwrite_a=1)
    if info:
        raise np.linalg.LinAlgError("not positive definite")
    determinant = 2 * float(np.log(np.diag(root)).sum())
    inverse, _ = linalg.lapack.dpotri(root, lower=0, overwrite_c=1)
    lower = np.tril_indices(width, -1)
    if width <= 64:
        inverse[lower] = inverse.T[lower]
    else:
        for begin in range(0, width, 256):
            end = min(begin + 256, width)
            inverse[end:, begin:end] = inverse[begin:end, end:].T
            block = inverse[begin:end, begin:end]
            block[...] = np.triu(block) + np.triu(block, 1).T
    return inverse[None], determinant


def _diagonal(
    solved: tuple[np.ndarray, ...], outer: tuple[np.ndarray, np.ndarray], stack: Stack, g: int,
    roots: Mapping[int, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Σ of the diagonal blocks of K − KHK − R K_fx K̄ K_xf R′, and those of K − KHK.

    KHKΛ = KΛ − KΛS⁻¹ saves a product of matrices as large as K where T can be inverted.
    """
    k, inverse, big = solved
    part, root = stack.parts[g], roots[g]
    q = len(root)
    rows = k[:, part].reshape(len(k), -1, q, stack.width)
    left, right = (one[:, part].reshape(len(k), -1, q, one.shape[-1]) for one in outer)
    taken = np.einsum("nlax,nlbx->ab", left, right)
    if np.diag(root).min() > 1e-3:
        loaded = _times(inverse[:, :, part], stack, {h: r.T for h, r in roots.items()})
        loaded = loaded.reshape(len(k), stack.width, -1, q)
        block = np.einsum("nlak,nklb->nlab", rows, loaded) @ np.linalg.inv(root)
    else:
        weighed = (k[:, part] @ big).reshape(rows.shape)
        own = np.arange(rows.shape[1])
        square = rows.reshape(*rows.shape[:3], stack.width)[:, :, :, part].reshape(
            len(k), -1, q, rows.shape[1], q
        )
        block = square[:, own, :, own].transpose(1, 0, 2, 3)
        block = block - np.einsum("nlak,nlbk->nlab", weighed, rows)
    return block.sum(axis=(0, 1)) - taken, block.transpose(2, 3, 0, 1).reshape(q, q, -1)


def retrace(
    bar: Remaining, plan: Crossing, gone: Solved, roots: Mapping[int, np.ndarray], *, inner: bool
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Go back: by factor Ḡ (q, q), and K − KHK of each level (q, q, levels).

    ``bar`` is given the derivatives factors before need, if there are any (``inner``).
    """
    flat = np.zeros(plan.size)
    terms = bar.total.shape[0]
    columns = np.zeros((terms, plan.width))
    found = {}
    pieces = {g: [] for g in plan.rest}
    for stack, (k, inverse, big, v) in zip(plan.stacks, gone.matrices):
        hv = big @ v
        half = hv @ bar.total
        flat[stack.matrices] = (big + half @ hv.swapaxes(1, 2)).reshape(-1)
        columns[:, stack.columns] = -half.transpose(2, 0, 1).reshape(terms, -1)
        rest = v - k @ hv
        outer = rest @ bar.total
        for g in stack.parts:
            pieces[g].append(_diagonal((k, inverse, big), (outer, rest), stack, g, roots))
    for g in plan.rest:
        found[g] = (sum(one for one, _ in pieces[g]), np.concatenate([b for _, b in pieces[g]], -1))
    of_pair = flat[plan.place]
    moved = np.stack(
        [
            np.bincount(plan.one, of_pair * line[plan.other], plan.level.size)
            for line in gone.entries
        ]
    )
    of_column = columns[:, plan.entry_column]  # (x, e)
    f = plan.f
    levels = gone.own.shape[-1]
    moved += np.einsum("xe,axe->ae", of_column, gone.xy[..., plan.level])
    xy = np.tensordot(bar.total, gone.xy, axes=(1, 1)).swapaxes(0, 1).copy()
    for a, line in enumerate(gone.entries):
        for x in range(terms):
            xy[a, x] += np.bincount(plan.level, of_column[x] * line, levels)
    spread = np.einsum("axl,bxl->abl", gone.xy, xy)
    for a, line in enumerate(gone.entries):
        for b, other in enumerate(moved):
            spread[a, b] += np.bincount(plan.level, line * other, levels)
    rest = -np.einsum("abl,bcl->acl", gone.own, gone.weight)
    rest[np.arange(len(rest)), np.arange(len(rest))] += 1.0
    found[f] = slope(rest, gone.own, spread)
    if inner:
        half = np.einsum("abl,bcl->acl", gone.weight, spread)
        bar.own[f] = gone.weight + np.einsum("abl,bcl->acl", half, gone.weight)
        bar.xy[f] = -np.einsum("abl,bxl->axl", gone.weight, xy)
        crossed = -np.einsum("abe,be->ae", gone.weight[..., plan.level], moved)
        end = 0
        for g in plan.rest:
            bar.own[g] = flat[plan.own[g]]
            bar.xy[g] = columns[:, plan.columns[g]].swapaxes(0, 1)
            begin, end = end, end + len(plan.columns[g]) * plan.pairs[g]
            bar.between[f, g] = crossed[:, begin:end].reshape(
                len(crossed), len(plan.columns[g]), -1
            )
        for key, (upper, _) in plan.between.items():
            bar.between[key] = flat[upper]
    return found


def crossed_modes(plan: Crossing, gone: Solved, weight: np.ndarray) -> dict[int, np.ndarray]:
    """Conditional modes of the factor and of all that cross it, each of shape (q, levels).

    ``weight`` is (−β̂, 1): what makes residuals of [X y].
    """
    flat = np.zeros(plan.width)
    for stack, (_, _, big, v) in zip(plan.stacks, gone.matrices):
        flat[stack.columns] = (big @ (v @ weight)[..., None]).reshape(-1)
    found = {g: flat[columns] for g, columns in plan.columns.items()}
    rest = np.einsum("axl,x->al", gone.xy, weight)
    levels = rest.shape[-1]
    for line, entry in zip(rest, gone.entries):
        line -= np.bincount(plan.level, entry * flat[plan.entry_column], levels)
    found[plan.f] = np.einsum("abl,bl->al", gone.weight, rest)
    return found
