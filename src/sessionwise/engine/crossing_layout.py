"""Where everything goes when a factor is eliminated that crosses others.

The levels that remain fall into components that no row and no level of the eliminated factor
connects (clinics, where clients change therapist within theirs; one, where everybody may meet
everybody). Components of like width are stacked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from sessionwise.engine.crossing_network import Network, network
from sessionwise.engine.row_sums import CrossProducts
from sessionwise.errors import Refused

WIDE = 1_000
"""Columns of a component from which on it is asked whether its matrix is sparse."""

LARGEST = 30_000**2
"""Entries of dense matrices beyond which there is no use in trying: 7 GB, twice, and hours."""

LEFT = 0.25
"""Share of these columns that may be left when the sparse ones are peeled off, or all is dense."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Components of like width: where their numbers stand among those of all.

    Attributes
    ----------
    matrices, columns
        Places in the flat matrices and in the flat columns.
    count, width
        Components, and columns of each (padded with zeros).
    parts
        By factor: columns of its levels.
    """

    matrices: slice
    columns: slice
    count: int
    width: int
    parts: Mapping[int, slice]


@dataclass(frozen=True, eq=False)
class Crossing:
    """Where everything goes when factor ``f`` is eliminated and crosses others.

    Attributes
    ----------
    f, rest
        The factor, and the numbers of those solved together.
    entry_pair, entry_level
        By rest factor: entries are deviations of rest levels a level of f meets; the pair and the
        level of f of each pair.
    entry_column
        Flat column of each entry, factor after factor, deviation after deviation.
    one, other, place
        Pairs of entries in one level of f, and where their product goes in the flat matrices.
    columns
        By rest factor: flat column of each of its deviations, shape (q, levels).
    own, between
        Flat places of the cross-products of the rest factors themselves, both triangles.
    stacks, sparse
        The stacks, and the components whose matrix is sparse, if there are any; ``size`` flat
        matrix numbers and ``width`` flat columns in all.
    """

    f: int
    rest: tuple[int, ...]
    level: np.ndarray
    entry_column: np.ndarray
    one: np.ndarray
    other: np.ndarray
    place: np.ndarray
    columns: Mapping[int, np.ndarray]
    own: Mapping[int, np.ndarray]
    between: Mapping[tuple[int, int], tuple[np.ndarray, np.ndarray]]
    stacks: tuple[Stack, ...]
    sparse: Network | None
    pairs: Mapping[int, int]
    size: int
    width: int


def crossing(given: CrossProducts, f: int) -> Crossing:
    """Lay out the elimination of factor f, and the components of all factors after it.

    Raises
    ------
    Refused
        A dense matrix would be too large.
    """
    rest = tuple(range(f + 1, len(given.factors)))
    sizes = {g: given.factors[g].size for g in rest}
    levels = {g: given.factors[g].levels for g in rest}
    start = dict(zip(rest, np.cumsum([0, *levels.values()]).tolist()))
    component = _components(given, f, rest, start, sum(levels.values()))
    own = {g: component[start[g] : start[g] + levels[g]] for g in rest}
    wide = sum(np.bincount(own[g], minlength=component.max() + 1) * sizes[g] for g in rest)
    for loose in (wide > WIDE, np.zeros(wide.size, bool)):
        made = _laid_out(given, f, own, loose)
        net = made.sparse
        if net is None or net.peeling.core.size <= LEFT * net.width:
            break
    if made.size > LARGEST:
        raise Refused(
            f"Levels that cross, {wide.max():,} deviations of them, are linked too closely for a "
            f"sparse matrix, and a dense one would take {made.size * 8e-9:,.0f} GB, twice. Count "
            "each client with one therapist, or fit parts of the data."
        )
    return made


def _laid_out(
    given: CrossProducts, f: int, component: Mapping[int, np.ndarray], loose: np.ndarray
) -> Crossing:
    """Lay out all components, those that are ``loose`` as one sparse matrix."""
    rest = tuple(component)
    sizes = {g: given.factors[g].size for g in rest}
    columns, of_column, stacks, size, dense = _stacked(component, sizes, ~loose)
    width = dense
    for g in rest:
        own = np.flatnonzero(loose[component[g]])
        columns[g][:, own] = width + np.arange(own.size * sizes[g]).reshape(-1, sizes[g]).T
        width += own.size * sizes[g]
    level, column = _entries(given, f, columns)
    one, other = _pairs(level, given.factors[f].levels)
    asked = {"entries": (column[one], column[other]), **_among_rest(given, columns)}
    net = None
    if loose.any():
        parts = {g: c[:, c[0] >= dense] - dense for g, c in columns.items()}
        near = [(left[left >= dense], right[left >= dense]) for left, right in asked.values()]
        net = network(near, {g: part for g, part in parts.items() if part.size}, dense, size)
        size = net.matrices.stop
    base, step, within = of_column

    def at(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        place, far = np.empty(left.shape, np.intp), left >= dense
        near, beside = left[~far], right[~far]
        place[~far] = base[near] + within[near] * step[near] + within[beside]
        if net is not None:
            place[far] = net.place(left[far], right[far])
        return place

    place = {key: at(*pair) for key, pair in asked.items()}
    return Crossing(
        f, rest, level, column, one, other, place["entries"], columns, {g: place[g] for g in rest},
        {(g, h): (place[g, h], place[h, g]) for g in rest for h in rest if g < h}, stacks, net,
        {g: given.links[f, g].pairs for g in rest}, size, width,
    )  # fmt: skip


def _entries(
    given: CrossProducts, f: int, columns: Mapping[int, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Give the level of f and the flat column of each entry."""
    level, column = [], []
    for g, own in columns.items():
        link = given.links[f, g]
        for line in own:
            level.append(link.first)
            column.append(line[link.second])
    return np.concatenate(level), np.concatenate(column)


def _among_rest(
    given: CrossProducts, columns: Mapping[int, np.ndarray]
) -> dict[object, tuple[np.ndarray, np.ndarray]]:
    """Give the flat columns of all entries in cross-products of the rest factors themselves."""
    found: dict[object, tuple[np.ndarray, np.ndarray]] = {}
    for g, own in columns.items():
        found[g] = tuple(np.broadcast_arrays(own[:, None, :], own[None, :, :]))
        for h in (h for h in columns if h > g):
            link = given.links[g, h]
            pair = own[:, None, link.first], columns[h][None, :, link.second]
            found[g, h] = left, right = tuple(np.broadcast_arrays(*pair))
            found[h, g] = right, left
    return found


def _components(
    given: CrossProducts, f: int, rest: tuple[int, ...], start: dict, nodes: int
) -> np.ndarray:
    """Number the component of each rest level."""
    hub = np.full(given.factors[f].levels, -1)
    pairs = []
    for g in rest:
        link = given.links[f, g]
        hub[link.first] = start[g] + link.second
    for g in rest:
        link = given.links[f, g]
        pairs.append((hub[link.first], start[g] + link.second))
        for h in rest:
            if g < h:
                met = given.links[g, h]
                pairs.append((start[g] + met.first, start[h] + met.second))
    left = np.concatenate([a for a, _ in pairs])
    right = np.concatenate([b for _, b in pairs])
    graph = sparse.coo_matrix((np.ones(left.size, bool), (left, right)), shape=(nodes, nodes))
    return csgraph.connected_components(graph, directed=False)[1]


def _stacked(own: Mapping[int, np.ndarray], sizes: Mapping[int, int], dense: np.ndarray):
    """Give each deviation its column, and each component that is ``dense`` its place."""
    count, rest = dense.size, tuple(own)
    many = {g: np.bincount(own[g], minlength=count) for g in rest}
    wide = sum(many[g] * sizes[g] for g in rest)
    bucket = np.frompyfunc(lambda x: int(x).bit_length(), 1, 1)(wide).astype(int)
    order = {g: _rank(own[g], count) for g in rest}
    offset = np.zeros(count, np.intp)  # flat column of a component's first
    base, step = np.zeros(count, np.intp), np.zeros(count, np.intp)
    part_at = {g: np.zeros(count, np.intp) for g in rest}
    stacks, size, width = [], 0, 0
    for kind in np.unique(bucket[dense]):
        members = np.flatnonzero((bucket == kind) & dense)
        parts, w = {}, 0
        for g in rest:
            own_width = int(many[g][members].max()) * sizes[g]
            parts[g] = slice(w, w + own_width)
            part_at[g][members] = w
            w += own_width
        offset[members] = width + w * np.arange(members.size)
        base[members], step[members] = size + w * w * np.arange(members.size), w
        stacks.append(
            Stack(
                slice(size, size + w * w * members.size),
                slice(width, width + w * members.size),
                members.size,
                w,
                parts,
            )  # fmt: skip
        )
        size, width = size + w * w * members.size, width + w * members.size
    columns = {}
    of_base, of_step, of_within = (np.zeros(width, np.intp) for _ in range(3))
    for g in rest:
        q = sizes[g]
        inside = part_at[g][own[g]] + order[g] * q + np.arange(q)[:, None]
        columns[g] = offset[own[g]] + inside
        here = dense[own[g]]
        of_base[columns[g][:, here]] = base[own[g][here]]
        of_step[columns[g][:, here]] = step[own[g][here]]
        of_within[columns[g][:, here]] = inside[:, here]
    return columns, (of_base, of_step, of_within), tuple(stacks), size, width


def _rank(group: np.ndarray, count: int) -> np.ndarray:
    """Number the members of each group from 0."""
    order = np.argsort(group, kind="stable")
    first = np.cumsum(np.bincount(group, minlength=count)) - np.bincount(group, minlength=count)
    rank = np.empty_like(order)
    rank[order] = np.arange(group.size) - first[group[order]]
    return rank


def _pairs(level: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """List all ordered pairs of entries of one level."""
    order = np.argsort(level, kind="stable")
    many = np.bincount(level, minlength=levels)
    first = np.cumsum(many) - many
    one = np.repeat(order, many[level[order]])
    begin = np.repeat(first[level[order]], many[level[order]])
    run = np.arange(one.size) - np.repeat(
        np.cumsum(many[level[order]]) - many[level[order]], many[level[order]]
    )
    return one, order[begin + run]
