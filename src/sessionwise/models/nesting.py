"""Who lies in whom: the random terms of a model, checked against the rows it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sessionwise.engine.gls import Term
from sessionwise.errors import Refused
from sessionwise.models.formula_terms import RandomTerm


@dataclass(frozen=True)
class Deviation:
    """One independent way in which the levels of a factor differ: in level, or in one slope.

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
class Nesting:
    """The random part of a model on its rows.

    Attributes
    ----------
    deviations
        In the order of the formula.
    codes
        Factor → number of the level of each row, shape (n,), outermost factor first.
    columns
        Slope column → its values, shape (n,).
    """

    deviations: tuple[Deviation, ...]
    codes: Mapping[str, np.ndarray]
    columns: Mapping[str, np.ndarray]

    @property
    def levels(self) -> list[np.ndarray]:
        """Level numbers of the factors, outermost first."""
        return list(self.codes.values())

    @property
    def innermost(self) -> str:
        """The factor that lies in all others, or nothing."""
        return next(reversed(self.codes), "")

    @property
    def sizes(self) -> np.ndarray:
        """Root mean square of the column of each deviation, shape (deviations,); 1 for a level."""
        return np.array(
            [
                np.sqrt(np.mean(self.columns[d.slope] ** 2)) if d.slope else 1.0
                for d in self.deviations
            ]
        )

    @property
    def scaled_terms(self) -> list[Term]:
        """The deviations with columns of mean square 1, for the engine."""
        return [
            Term(
                column=self.columns[d.slope] / size
                if d.slope
                else np.ones(self.codes[d.group].size),
                level=self.codes[d.group],
            )
            for d, size in zip(self.deviations, self.sizes)
        ]

    @property
    def terms(self) -> tuple[RandomTerm, ...]:
        """The random terms of the formula, one per factor."""
        groups = dict.fromkeys(d.group for d in self.deviations)
        return tuple(
            RandomTerm(
                group=group,
                intercept=Deviation(group) in self.deviations,
                slopes=tuple(d.slope for d in self.deviations if d.group == group and d.slope),
                correlated=False,
            )
            for group in groups
        )

    def without(self, number: int) -> tuple[RandomTerm, Nesting]:
        """Take one deviation out: how it would be written alone, and what is left."""
        gone = self.deviations[number]
        left = tuple(d for d in self.deviations if d != gone)
        groups = {d.group for d in left}
        slopes = (gone.slope,) if gone.slope else ()
        return (
            RandomTerm(gone.group, not gone.slope, slopes, correlated=False),
            replace(
                self,
                deviations=left,
                codes={name: code for name, code in self.codes.items() if name in groups},
            ),
        )


def nested(random: Sequence[RandomTerm], used: pd.DataFrame) -> Nesting:
    """Check the random terms against the rows of a model, and lay them out.

    Parameters
    ----------
    random
        The random terms of the formula.
    used
        The rows of the model, complete.

    Raises
    ------
    Refused
        A factor with one level, or with as many as rows; factors that cross; a slope in a column
        that varies within no level.
    """
    deviations = []
    for term in random:
        deviations += [Deviation(term.group)] * term.intercept
        deviations += [Deviation(term.group, slope) for slope in term.slopes]
    codes = {
        term.group: np.unique(pd.factorize(used[term.group])[0], return_inverse=True)[1]
        for term in random
    }
    codes = dict(sorted(codes.items(), key=lambda item: item[1].max()))
    for name, code in codes.items():
        _check_levels(name, code)
    for outer, inner in zip(list(codes), list(codes)[1:]):
        _check_nested(outer, codes[outer], inner, codes[inner])
    columns = {d.slope: used[d.slope].to_numpy(float) for d in deviations if d.slope}
    for deviation in deviations:
        if deviation.slope:
            _check_slope(deviation, columns[deviation.slope], codes[deviation.group])
    return Nesting(tuple(dict.fromkeys(deviations)), codes, columns)


def _check_levels(name: str, code: np.ndarray) -> None:
    levels = int(code.max()) + 1
    if levels == 1:
        raise Refused(
            f"There is one `{name}` only in the {code.size} rows of the model, so nothing can "
            f"differ between them. Take the random term of `{name}` out."
        )
    if levels == code.size:
        raise Refused(
            f"Every row of the model is a `{name}` of its own ({levels} of {levels}), so their "
            f"differences cannot be told from the residual. Take the random term of `{name}` out."
        )


def _check_nested(outer: str, of_outer: np.ndarray, inner: str, of_inner: np.ndarray) -> None:
    """Refuse an inner level that lies in two outer ones, or two factors that are the same."""
    pairs = pd.DataFrame({"outer": of_outer, "inner": of_inner}).drop_duplicates()
    crossing = int(pairs["inner"].duplicated(keep=False).groupby(pairs["inner"]).any().sum())
    if crossing:
        raise Refused(
            f"`{inner}` does not lie in `{outer}`: {crossing} of {int(of_inner.max()) + 1} have "
            f"rows in more than one `{outer}`, and this engine fits nested factors only. Use the "
            f"`{outer}` of each one's first session."
        )
    if of_outer.max() == of_inner.max():
        raise Refused(
            f"Each `{outer}` has one `{inner}` only, so the two cannot be told apart. "
            "Take one of the random terms out."
        )


def _check_slope(deviation: Deviation, column: np.ndarray, code: np.ndarray) -> None:
    values = pd.Series(column).groupby(code)
    if not np.isfinite(column).all():
        raise Refused(f"`{deviation.slope}` is infinite in some rows. Look at how it was computed.")
    if (values.max() == values.min()).all():
        raise Refused(
            f"No `{deviation.group}` has two different values of `{deviation.slope}`, so none has "
            f"a slope. Take `{deviation.slope}` out of the random term."
        )
