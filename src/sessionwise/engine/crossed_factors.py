"""Factors that cross: what is left when the largest is eliminated, solved together.

Each component of the levels that remain is a dense matrix; see crossing_layout.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from sessionwise.engine.crossing_layout import Crossing, Stack
from sessionwise.engine.crossing_network import (
    Network,
    divisible,
    retrace_network,
    solve_network,
)
from sessionwise.engine.elimination import Remaining, over_levels, slope, times, weights
from sessionwise.engine.peeling import Factored

RUN = 256
"""Columns of a large matrix dealt with at once."""

NARROW = 40
"""Columns up to which all matrices of a stack are dealt with at once."""


@dataclass(frozen=True, eq=False)
class Solved:
    """What elimination of f and of the rest leaves for the way back.

    ``given`` are the matrices K of the stacks, flat; ``loaded`` S = I + Λ′KΛ, or where that is
    wide its Cholesky factor, until :func:`retrace` makes of it what it needs. ``pieces`` are
    by stack the columns [X y] and H of these, Λ(I + Λ′KΛ)⁻¹Λ′K_x; ``sparse`` the same of the
    components whose matrix is sparse, and its factor.
    """

    own: np.ndarray
    xy: np.ndarray
    entries: np.ndarray
    weight: np.ndarray
    given: np.ndarray
    loaded: np.ndarray
    pieces: tuple[tuple[np.ndarray, np.ndarray], ...]
    sparse: tuple[np.ndarray, np.ndarray, Factored] | None
    log_determinant: float


def solve(left: Remaining, plan: Crossing, roots: Mapping[int, np.ndarray]) -> Solved:
    """Take account of the factor and of all that cross it; ``left.total`` is what remains."""
    f = plan.f
    own, xy = left.own[f], left.xy[f]
    entries = np.concatenate([left.between[f, g].reshape(len(own), -1) for g in plan.rest], axis=1)
    weight, log_determinant = weights(own, roots[f])
    weighed = times(weight[..., plan.level], entries[:, None])[:, 0]
    flat, columns = _left_over(left, plan, weighed, entries)
    left.total = left.total - over_levels(xy, times(weight, xy))
    loaded, pieces = flat.copy(), []
    for stack in plan.stacks:
        s = loaded[stack.matrices].reshape(stack.count, stack.width, stack.width)
        _load(s, stack, roots)
        _load(s.swapaxes(1, 2), stack, roots)
        s[:, np.arange(stack.width), np.arange(stack.width)] += 1.0
        v = columns[:, stack.columns].reshape(-1, stack.count, stack.width)
        v = np.ascontiguousarray(v.transpose(1, 2, 0))
        hv = v.copy()
        _load(hv, stack, roots)
        hv, determinant = _solved(s, hv)
        log_determinant += determinant
        _load(hv, stack, {g: root.T for g, root in roots.items()})
        left.total = left.total - np.einsum("cwx,cwy->xy", v, hv)
        pieces.append((v, hv))
    net, apart = plan.sparse, None
    if net is not None:
        v = np.ascontiguousarray(columns[:, net.columns].T)
        known, hv = solve_network(net, flat[net.matrices], v, _divisible(roots))
        log_determinant += known.log_determinant
        left.total = left.total - v.T @ hv
        apart = v, hv, known
    return Solved(own, xy, entries, weight, flat, loaded, tuple(pieces), apart, log_determinant)


def _left_over(
    left: Remaining, plan: Crossing, weighed: np.ndarray, entries: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What elimination of f leaves of the rest: K, flat, and K_x, shape (p + 1, width)."""
    products = sum(one[plan.one] * two[plan.other] for one, two in zip(weighed, entries))
    flat = np.bincount(plan.place, products, plan.size)
    np.negative(flat, out=flat)
    for g in plan.rest:
        flat[plan.own[g]] += left.own[g]
    for key, (upper, lower) in plan.between.items():
        flat[upper] += left.between[key]
        flat[lower] += left.between[key]
    xy = left.xy[plan.f]
    columns = np.empty((xy.shape[1], plan.width))
    for x in range(xy.shape[1]):
        met = sum(one * xy[a, x][plan.level] for a, one in enumerate(weighed))
        columns[x] = -np.bincount(plan.entry_column, met, plan.width)
        for g in plan.rest:
            columns[x][plan.columns[g]] += left.xy[g][:, x]
    return flat, columns


def _divisible(roots: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
    return {g: divisible(root) for g, root in roots.items()}


def _load(matrix: np.ndarray, stack: Stack, roots: Mapping[int, np.ndarray]) -> None:
    """Λ′M in place of a stack M (components, width, …), Λ holding T of each level."""
    for g, part in stack.parts.items():
        root, piece = roots[g], matrix[:, part]
        q = len(root)
        if q == 1:
            piece *= root[0, 0]
        else:
            levels = [piece[:, b::q] for b in range(q)]
            loaded = [sum(root[b, a] * levels[b] for b in range(q)) for a in range(q)]
            for level, one in zip(levels, loaded):
                level[...] = one


def _solved(s: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, float]:
    """Give S⁻¹ of some columns and Σ log|S| for a stack; a wide S becomes its own factor."""
    if s.shape[1] <= NARROW:
        root = np.linalg.cholesky(s)
        determinant = 2 * float(np.log(np.diagonal(root, axis1=1, axis2=2)).sum())
        return np.linalg.solve(s, columns), determinant
    determinant, solved = 0.0, np.empty_like(columns)
    for one, its, into in zip(s, columns, solved):
        root, info = linalg.lapack.dpotrf(one.T, lower=0, clean=0, overwrite_a=1)
        if info:
            raise np.linalg.LinAlgError("not positive definite")
        into[...], _ = linalg.lapack.dpotrs(root, its, lower=0)
        determinant += 2 * float(np.log(np.diag(root)).sum())
    return solved, determinant


def _invert(s: np.ndarray) -> None:
    """Put S⁻¹ in the place of what :func:`_solved` has left."""
    if s.shape[1] <= NARROW:
        s[...] = np.linalg.inv(s)
        return
    for one in s:
        inverse, _ = linalg.lapack.dpotri(one.T, lower=0, overwrite_c=1)
        for begin in range(0, len(inverse), RUN):
            end = begin + RUN
            inverse[end:, begin:end] = inverse[begin:end, end:].T
            block = inverse[begin:end, begin:end]
            block[...] = np.triu(block) + np.triu(block, 1).T


def _diagonal(
    k: np.ndarray, inverse: np.ndarray, outer: tuple[np.ndarray, np.ndarray], stack: Stack, g: int,
    roots: Mapping[int, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Σ of the diagonal blocks of K − KHK − R K_fx K̄ K_xf R′, and those of K − KHK.

    KHKΛ = KΛ − KΛS⁻¹ saves a product of matrices as large as K where T can be inverted.
    """
    part, root = stack.parts[g], roots[g]
    q = len(root)
    left, right = (one[:, part].reshape(len(k), -1, q, one.shape[-1]) for one in outer)
    taken = np.einsum("nlax,nlbx->ab", left, right)
    if np.diag(root).min() > 1e-3:
        pieces, back = [], {h: r.T for h, r in roots.items()}
        for begin in range(part.start, part.stop, RUN * q):
            run = slice(begin, min(begin + RUN * q, part.stop))
            loaded = inverse[:, run].copy()
            _load(loaded.swapaxes(1, 2), stack, back)
            both = (one.reshape(len(k), -1, q, stack.width) for one in (k[:, run], loaded))
            pieces.append(np.einsum("nlak,nlbk->nlab", *both))
        block = np.concatenate(pieces, axis=1) @ np.linalg.inv(root)
    else:
        rows = k[:, part].copy()
        _load(rows.swapaxes(1, 2), stack, roots)
        weighed = (rows @ inverse).reshape(len(k), -1, q, stack.width)
        own = np.arange(weighed.shape[1])
        square = k[:, part, part].reshape(len(k), own.size, q, own.size, q)
        block = square[:, own, :, own].transpose(1, 0, 2, 3)
        block = block - np.einsum("nlak,nlbk->nlab", weighed, rows.reshape(weighed.shape))
    return block.sum(axis=(0, 1)) - taken, block.transpose(2, 3, 0, 1).reshape(q, q, -1)


def retrace(
    bar: Remaining, plan: Crossing, gone: Solved, roots: Mapping[int, np.ndarray], *, inner: bool
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Go back, once: by factor Ḡ (q, q), and K − KHK of each level (q, q, levels).

    ``bar`` is given the derivatives factors before need, if there are any (``inner``).
    """
    terms = bar.total.shape[0]
    columns = np.zeros((terms, plan.width))
    found = {}
    pieces = {g: [] for g in plan.rest}
    back = {g: root.T for g, root in roots.items()}
    flat = gone.loaded
    for stack, (v, hv) in zip(plan.stacks, gone.pieces):
        shape = (stack.count, stack.width, stack.width)
        k, s = gone.given[stack.matrices].reshape(shape), flat[stack.matrices].reshape(shape)
        half = hv @ bar.total
        columns[:, stack.columns] = -half.transpose(2, 0, 1).reshape(terms, -1)
        rest = v - k @ hv
        _invert(s)
        for g in stack.parts:
            pieces[g].append(_diagonal(k, s, (rest @ bar.total, rest), stack, g, roots))
        _load(s, stack, back)
        _load(s.swapaxes(1, 2), stack, back)
        for begin in range(0, stack.width, RUN):
            run = slice(begin, begin + RUN)
            s[:, run] += half[:, run] @ hv.swapaxes(1, 2)
    if plan.sparse is not None:
        _retrace_sparse(bar, plan.sparse, gone, roots, (flat, columns, pieces))
    for g in plan.rest:
        found[g] = (sum(one for one, _ in pieces[g]), np.concatenate([b for _, b in pieces[g]], -1))
    of_pair = flat[plan.place]
    moved = np.stack(
        [np.bincount(plan.one, of_pair * e[plan.other], plan.level.size) for e in gone.entries]
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
    found[f] = slope(gone.own, gone.weight, spread)
    if inner:
        bar.own[f] = gone.weight + times(times(gone.weight, spread), gone.weight)
        bar.xy[f] = -times(gone.weight, xy)
        crossed = -times(gone.weight[..., plan.level], moved[:, None])[:, 0]
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


def _retrace_sparse(
    bar: Remaining, net: Network, gone: Solved, roots: Mapping[int, np.ndarray],
    into: tuple[np.ndarray, np.ndarray, Mapping[int, list]],
) -> None:  # fmt: skip
    """Add what the sparse components give to the flat matrices, the columns and the slopes."""
    flat, columns, pieces = into
    v, hv, known = gone.sparse
    given = gone.given[net.matrices]
    entries, blocks = retrace_network(net, given, known, _divisible(roots))
    half, rest = hv @ bar.total, v - net.matrix(given) @ hv
    row, column = net.matrix_rows
    flat[net.matrices] = entries + np.einsum("ex,ex->e", half[row], hv[column])
    columns[:, net.columns] = -half.T
    for g, block in blocks.items():
        outer, own = (rest @ bar.total)[net.parts[g]], rest[net.parts[g]]
        pieces[g].append((block.sum(-1) - np.einsum("alx,blx->ab", outer, own), block))


def crossed_modes(plan: Crossing, gone: Solved, weight: np.ndarray) -> dict[int, np.ndarray]:
    """Conditional modes of the factor and of all that cross it, each of shape (q, levels).

    ``weight`` is (−β̂, 1): what makes residuals of [X y].
    """
    flat = np.zeros(plan.width)
    for stack, (_, hv) in zip(plan.stacks, gone.pieces):
        flat[stack.columns] = (hv @ weight).reshape(-1)
    if plan.sparse is not None:
        flat[plan.sparse.columns] = gone.sparse[1] @ weight
    found = {g: flat[columns] for g, columns in plan.columns.items()}
    rest = np.einsum("axl,x->al", gone.xy, weight)
    levels = rest.shape[-1]
    for line, entry in zip(rest, gone.entries):
        line -= np.bincount(plan.level, entry * flat[plan.entry_column], levels)
    found[plan.f] = np.einsum("abl,bl->al", gone.weight, rest)
    return found
