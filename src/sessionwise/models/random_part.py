"""The random part of a model: its terms, checked against the rows they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.engine.row_sums import Factor
from sessionwise.errors import Refused
from sessionwise.models.formula_terms import RandomTerm

RowsAlone = Literal["refused", "allowed"]


@dataclass(frozen=True)
class Deviation:
    """One way in which the levels of a factor differ: in level, or in one slope.

    Attributes
    ----------
    group
        The factor, e.g. ``"client"``.
    slope
        The column in whose slope they differ; empty for the level.
    """

    group: str
    slope: str = ""

    @property
    def term(self) -> str:
        """What it deviates from, as tables name it."""
        return self.slope or "Intercept"


@dataclass(frozen=True, eq=False)
class RandomPart:
    """The random part of a model on its rows.

    Attributes
    ----------
    bundles
        Deviations that may go together, factor by factor in the order of the formula; one that is
        independent of all others is a bundle of its own.
    codes
        Factor → number of the level of each row, shape (n,), the one with fewest levels first.
    columns
        Slope column → its values, shape (n,).
    names
        Factor → what its levels are called, in the order of their numbers.
    """

    bundles: tuple[tuple[Deviation, ...], ...]
    codes: Mapping[str, np.ndarray]
    columns: Mapping[str, np.ndarray]
    names: Mapping[str, np.ndarray]

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """All of them, bundle after bundle."""
        return tuple(deviation for bundle in self.bundles for deviation in bundle)

    @property
    def placed(self) -> list[tuple[tuple[Deviation, ...], slice]]:
        """Each bundle, and where it stands among all deviations."""
        ends = np.cumsum([len(bundle) for bundle in self.bundles], dtype=int).tolist()
        return [(b, slice(end - len(b), end)) for b, end in zip(self.bundles, ends)]

    @property
    def nested(self) -> bool:
        """Whether every level of a factor lies in one level of each factor with fewer levels."""
        codes = list(self.codes.values())
        return all(_lies_in(inner, outer) for outer, inner in zip(codes, codes[1:]))

    @property
    def innermost(self) -> str:
        """The factor with most levels, or nothing."""
        return next(reversed(self.codes), "")

    def factors(self) -> tuple[list[Factor], np.ndarray]:
        """Give the factors to the engine in columns of mean square 1, and the way back.

        In a bundle the columns are at right angles, so that it doesn't matter from where a slope
        is counted. The columns as written are those times the triangle, shape (deviations,
        deviations).
        """
        return self._laid_out

    @cached_property
    def _laid_out(self) -> tuple[list[Factor], np.ndarray]:
        factors, triangles = [], []
        for group, bundles in self.by_factor.items():
            columns, free = [], []
            for bundle in bundles:
                basis, triangle = orthogonal(self.matrix(bundle))
                columns.append(basis.T)
                triangles.append(triangle)
                free.append(np.tri(len(bundle), dtype=bool))
            allowed = block_diag(*free).astype(bool)
            factors.append(Factor(self.codes[group], np.vstack(columns), allowed))
        return factors, block_diag(*triangles) if triangles else np.empty((0, 0))

    @property
    def by_factor(self) -> dict[str, list[tuple[Deviation, ...]]]:
        """The bundles of each factor, in their order."""
        found: dict[str, list[tuple[Deviation, ...]]] = {}
        for bundle in self.bundles:
            found.setdefault(bundle[0].group, []).append(bundle)
        return found

    def matrix(self, bundle: Sequence[Deviation]) -> np.ndarray:
        """Give the columns of a bundle, shape (n, deviations)."""
        ones = np.ones(self.codes[bundle[0].group].size)
        return np.column_stack([self.columns[d.slope] if d.slope else ones for d in bundle])

    @property
    def terms(self) -> tuple[RandomTerm, ...]:
        """The random terms of the formula: one per bundle, or per factor if independent."""
        terms: list[RandomTerm] = []
        for group in dict.fromkeys(d.group for d in self.deviations):
            own = [bundle for bundle in self.bundles if bundle[0].group == group]
            terms += [written(bundle, correlated=True) for bundle in own if len(bundle) > 1]
            alone = [bundle[0] for bundle in own if len(bundle) == 1]
            terms += [written(alone, correlated=False)] if alone else []
        return tuple(terms)

    def without(self, number: int) -> tuple[RandomTerm, RandomPart]:
        """Take one deviation out: how it would be written alone, and what is left."""
        gone = self.deviations[number]
        left = [tuple(d for d in bundle if d != gone) for bundle in self.bundles]
        bundles = tuple(bundle for bundle in left if bundle)
        groups = {bundle[0].group for bundle in bundles}
        codes = {name: code for name, code in self.codes.items() if name in groups}
        return (
            written((gone,), correlated=False),
            replace(self, bundles=bundles, codes=codes),
        )


def written(bundle: Sequence[Deviation], *, correlated: bool) -> RandomTerm:
    """Write deviations of one factor as a term of a formula."""
    return RandomTerm(
        group=bundle[0].group,
        intercept=any(not d.slope for d in bundle),
        slopes=tuple(d.slope for d in bundle if d.slope),
        correlated=correlated,
    )


def random_part_of(
    random: Sequence[RandomTerm], used: pd.DataFrame, rows_alone: RowsAlone = "refused"
) -> RandomPart:
    """Check the random terms against the rows of a model, and lay them out.

    Parameters
    ----------
    random
        The random terms of the formula.
    used
        The rows of the model, complete.
    rows_alone
        Whether each row may be a level of its own: counts tell such levels from chance.

    Raises
    ------
    Refused
        A factor with one level, or with as many as rows; two factors that are the same; a slope in
        a column that varies within no level; a deviation that stands in two terms; deviations that
        go together in columns of which one is made of the others, or as many as rows.
    """
    bundles = _bundled(random)
    numbered = {term.group: _codes(used, term.group) for term in random}
    codes = {group: code for group, (code, _) in numbered.items()}
    names = {group: own for group, (_, own) in numbered.items()}
    codes = dict(sorted(codes.items(), key=lambda item: item[1].max()))
    for name, code in codes.items():
        _check_levels(name, code, rows_alone)
    for outer, inner in zip(list(codes), list(codes)[1:]):
        _check_apart(outer, codes[outer], inner, codes[inner])
    slopes = [d for bundle in bundles for d in bundle if d.slope]
    columns = {d.slope: used[d.slope].to_numpy(float) for d in slopes}
    for deviation in slopes:
        _check_slope(deviation, columns[deviation.slope], codes[deviation.group])
    part = RandomPart(bundles, codes, columns, names)
    for bundle in bundles:
        _check_bundle(bundle, part)
    return part


def _bundled(random: Sequence[RandomTerm]) -> tuple[tuple[Deviation, ...], ...]:
    """Part the random terms into deviations that may go together; a repeated one counts once."""
    bundles: list[tuple[Deviation, ...]] = []
    groups = list(dict.fromkeys(term.group for term in random))
    for term in sorted(random, key=lambda term: groups.index(term.group)):
        own = [Deviation(term.group)] * term.intercept
        own += [Deviation(term.group, slope) for slope in term.slopes]
        bundles += [tuple(own)] if term.correlated else [(deviation,) for deviation in own]
    bundles = list(dict.fromkeys(bundles))
    found = [deviation for bundle in bundles for deviation in bundle]
    for twice in (deviation for deviation in found if found.count(deviation) > 1):
        raise Refused(
            f"`{twice.term}` of `{twice.group}` stands in two random terms, so its variance "
            "cannot be told from itself. Leave it in one."
        )
    return tuple(bundles)


def _check_levels(name: str, code: np.ndarray, rows_alone: RowsAlone) -> None:
    levels = int(code.max()) + 1
    if levels == 1:
        raise Refused(
            f"There is one `{name}` only in the {code.size} rows of the model, so nothing can "
            f"differ between them. Take the random term of `{name}` out."
        )
    if levels == code.size and rows_alone == "refused":
        raise Refused(
            f"Every row of the model is a `{name}` of its own ({levels} of {levels}), so their "
            f"differences cannot be told from the residual. Take the random term of `{name}` out."
        )


def _check_bundle(bundle: tuple[Deviation, ...], part: RandomPart) -> None:
    """Refuse deviations that go together and could not be told apart, or from the residual."""
    if len(bundle) == 1:
        return
    term, code = written(bundle, correlated=True), part.codes[bundle[0].group]
    levels = int(code.max()) + 1
    if levels * len(bundle) >= code.size:
        raise Refused(
            f"`{term}` has {levels * len(bundle)} deviations and the model {code.size} rows, so "
            "they cannot be told from the residual. Take simpler random terms."
        )
    matrix = part.matrix(bundle)
    matrix /= np.sqrt(np.mean(matrix**2, axis=0))
    if np.linalg.eigvalsh(matrix.T @ matrix)[0] > 1e-6 * code.size:
        return  # far from it; only what is doubtful needs the exact answer
    if np.linalg.svd(matrix, compute_uv=False)[-1] < 1e-8 * np.sqrt(code.size):
        raise Refused(
            f"The columns of `{term}` are made of one another, so their deviations cannot be told "
            "apart. Leave one out."
        )


def _codes(used: pd.DataFrame, group: str) -> tuple[np.ndarray, np.ndarray]:
    """Number the levels of a factor, or the combinations that occur of several (``"a:b"``)."""
    first, *others = group.split(":")
    code, names = pd.factorize(used[first])
    names = np.asarray(names)
    for name in others:
        own, found = pd.factorize(used[name])
        code, pairs = pd.factorize(code.astype(np.int64) * max(len(found), 1) + own)
        both = zip(names[pairs // max(len(found), 1)], np.asarray(found)[pairs % len(found)])
        names = np.array([f"{one}:{other}" for one, other in both], dtype=object)
    return code.astype(np.intp), names


def _lies_in(inner: np.ndarray, outer: np.ndarray) -> bool:
    """Whether each level of a factor meets one level of the other, or one value of a column."""
    only = np.empty(int(inner.max()) + 1, outer.dtype)
    only[inner] = outer
    return bool(np.array_equal(only[inner], outer))


def _check_apart(outer: str, of_outer: np.ndarray, inner: str, of_inner: np.ndarray) -> None:
    """Refuse two factors that are the same."""
    if of_outer.max() == of_inner.max() and _lies_in(of_inner, of_outer):
        raise Refused(
            f"Each `{outer}` has one `{inner}` only, so the two cannot be told apart. "
            "Take one of the random terms out."
        )


def _check_slope(deviation: Deviation, column: np.ndarray, code: np.ndarray) -> None:
    if not np.isfinite(column).all():
        raise Refused(f"`{deviation.slope}` is infinite in some rows. Look at how it was computed.")
    if _lies_in(code, column):
        raise Refused(
            f"No `{deviation.group}` has two different values of `{deviation.slope}`, so none has "
            f"a slope. Take `{deviation.slope}` out of the random term."
        )
