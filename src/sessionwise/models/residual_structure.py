"""Residuals that go on from session to session, or are larger in some groups: what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from sessionwise.engine.whitened_rows import ResidualRows
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.design_matrix import is_numeric
from sessionwise.models.random_part import RandomPart

Residual = Literal["independent", "ar1", "car1"]

STEPS = {"ar1": "AR(1)", "car1": "continuous-time AR(1)"}
NAMES = ("client", "course")
"""Columns that part series, besides the innermost factor, where the rows have them."""


@dataclass(frozen=True)
class ResidualWish:
    """What was asked of the residuals.

    Attributes
    ----------
    kind
        How they go on: ``"independent"``, ``"ar1"``, ``"car1"``.
    order
        The column that says when, for those that go on.
    by
        The column in whose groups they differ in size, or nothing.
    """

    kind: Residual
    order: str = ""
    by: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that must be known."""
        return tuple(name for name in (self.order, self.by) if name)


@dataclass(frozen=True, eq=False)
class ResidualStructure:
    """It, on the rows of a model.

    Attributes
    ----------
    wish
        What was asked.
    rows
        The same for the engine.
    series
        The columns that say which rows are one series.
    groups
        What the groups of ``wish.by`` are called, the reference first.
    unit
        What the gap between two rows is counted in, e.g. ``"session"``.
    """

    wish: ResidualWish
    rows: ResidualRows
    series: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    unit: str = ""

    def without_correlation(self) -> ResidualStructure | None:
        """Give what is left where residuals do not go on; nothing if nothing is."""
        if not self.wish.by:
            return None
        return replace(
            self,
            wish=replace(self.wish, kind="independent", order=""),
            rows=replace(self.rows, correlated=False),
        )

    def of_one_size(self) -> ResidualStructure | None:
        """Give what is left where residuals are of one size; nothing if nothing is."""
        if not self.rows.correlated:
            return None
        return replace(
            self, wish=replace(self.wish, by=""), rows=replace(self.rows, stratum=None), groups=()
        )

    @property
    def note(self) -> str:
        """Say in a sentence what is assumed."""
        said = []
        if self.rows.correlated:
            said.append(
                f"residuals of one {' and '.join(self.series)} correlate by φ to the power of the "
                f"gap in `{self.wish.order}` ({STEPS[self.wish.kind]})"
            )
        if self.wish.by:
            said.append(
                f"their standard deviation is one of its own in each `{self.wish.by}`, the "
                f"residual variance that of [{self.groups[0]}]"
            )
        sentence = ", and ".join(said)
        return f"{sentence[:1].upper()}{sentence[1:]}." if said else ""


def residual_wish(kind: str, by: str, order: str, data: Any, frame: pd.DataFrame) -> ResidualWish:
    """Check the words that say what residuals do.

    Parameters
    ----------
    kind, by, order
        As `mixed` was given them; an empty ``order`` is ``session``, in continuous time the clock
        of the data.
    data, frame
        What `mixed` was given, and its rows.

    Raises
    ------
    InvalidInput
        A word or a column there is not; a column that is not used.
    """
    problems = []
    if kind not in get_args(Residual):
        problems.append(
            Problem(f"residuals cannot be '{kind}'", "", nearest(str(kind), get_args(Residual)))
        )
    clock = getattr(data, "clock", "")
    if kind == "ar1":
        order = order or "session"
    elif kind == "car1" and not order:
        order = clock if clock in ("date", "time") else ""
        if not order:
            remedy = 'Name it: order="date", or another column of dates or numbers.'
            problems.append(Problem("residual='car1' needs a column of time", "", remedy))
    elif kind == "independent" and order:
        remedy = 'Write residual="ar1" or "car1", or leave the order out.'
        problems.append(Problem("independent residuals have no order", "", remedy))
    known = [str(name) for name in frame.columns]
    for name in (order, by):
        if name and name not in known:
            problems.append(Problem(f"there is no column `{name}`", "", nearest(name, known)))
    if problems:
        raise InvalidInput(problems, "what the residuals should be")
    return ResidualWish(kind, order, by)


def residual_structure_of(
    wish: ResidualWish, used: pd.DataFrame, part: RandomPart
) -> ResidualStructure | None:
    """Lay out on the rows of a model what was asked of its residuals; nothing if nothing was.

    A series is what belongs to one level of the innermost factor, one client and one course.

    Raises
    ------
    InvalidInput
        An order that is no time.
    Refused
        A series that lies in several levels of a factor; two rows of one time; nobody with two
        rows; a group of one row.
    """
    correlated = wish.kind != "independent"
    if not correlated and not wish.by:
        return None
    still = np.arange(len(used)), np.zeros(len(used))
    rows = ResidualRows(*still, None, correlated=False)
    structure = ResidualStructure(wish, rows)
    if correlated:
        series, names = series_of(used, part)
        _check_lies_in(series, names, part.codes)
        rows = series_steps(used, series, names, wish)
        structure = ResidualStructure(wish, rows, names, unit=unit_of(used, wish.order))
    if wish.by:
        stratum, groups = _strata(used[wish.by], wish.by)
        structure = replace(structure, rows=replace(rows, stratum=stratum), groups=groups)
    return structure


def series_of(used: pd.DataFrame, part: RandomPart) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the series of the rows, shape (n,), and name the columns they are made of."""
    names, code = [], np.zeros(len(used), np.int64)
    known = {name: pd.factorize(used[name])[0] for name in NAMES if name in used.columns}
    known |= {part.innermost: part.codes[part.innermost]} if part.innermost else {}
    for name, own in known.items():
        finer = pd.factorize(code * (int(own.max()) + 1) + own)[0]
        if finer.max() > code.max():
            names.append(name)
        code = finer
    return code, tuple(names)


def _check_lies_in(
    series: np.ndarray, names: tuple[str, ...], codes: Mapping[str, np.ndarray]
) -> None:
    for group, code in codes.items():
        meets = pd.Series(code).groupby(series).nunique()
        if (meets > 1).any():
            first = " Or count each client with the first therapist: sw.first_therapist."
            raise Refused(
                f"Of {len(meets)} series ({' and '.join(f'`{name}`' for name in names)}) "
                f"{int((meets > 1).sum())} lie in several levels of `{group}`, and residuals that "
                "correlate need each to lie in one. Take the random term of "
                f"`{group}` out, or take the residuals as independent."
                f"{first if group == 'therapist' else ''}"
            )


def unit_of(used: pd.DataFrame, order: str) -> str:
    """Say what gaps in a column are counted in."""
    if pd.api.types.is_datetime64_any_dtype(used[order]):
        return "day"
    return order if order == "session" else f"unit of {order}"


def _times(used: pd.DataFrame, wish: ResidualWish) -> np.ndarray:
    """Give when each row was, in numbers."""
    column = used[wish.order]
    if pd.api.types.is_datetime64_any_dtype(column):
        return ((column - column.min()) / pd.Timedelta(days=1)).to_numpy(float)
    if not is_numeric(column):
        problem = Problem(f"`{wish.order}` holds neither numbers nor dates", "", "Name another.")
        raise InvalidInput([problem], "what the residuals should be")
    times = column.to_numpy(float)
    if wish.kind == "ar1" and (times != np.round(times)).any():
        odd = int((times != np.round(times)).sum())
        problem = Problem(
            f"`{wish.order}` is no whole number in {odd} rows, and AR(1) counts steps",
            remedy='Write residual="car1", which takes any times.',
        )
        raise InvalidInput([problem], "what the residuals should be")
    return times


def series_steps(
    used: pd.DataFrame, series: np.ndarray, names: tuple[str, ...], wish: ResidualWish
) -> ResidualRows:
    """Find which row came before each in its series, and how far back.

    Parameters
    ----------
    used
        The rows of the model.
    series, names
        Number of the series of each row, shape (n,), and the columns it is made of.
    wish
        How they go on, by which column.

    Raises
    ------
    InvalidInput
        An order that is no time.
    Refused
        Two rows of one time; no series of two rows.
    """
    times = _times(used, wish)
    order = np.lexsort((times, series))
    same = np.flatnonzero(series[order][1:] == series[order][:-1])
    before, after = order[same], order[same + 1]
    step = times[after] - times[before]
    words = f"one {' and '.join(f'`{name}`' for name in names)}"
    if not same.size:
        raise Refused(
            f"No two rows are of {words}, so no residuals can correlate. Leave residual out."
        )
    if (step <= 0).any():
        raise Refused(
            f"{int((step <= 0).sum())} rows of {words} have the same `{wish.order}` as another. "
            "Name the column that orders them, order=…, or choose one row of each."
        )
    previous, gap = np.arange(series.size), np.zeros(series.size)
    previous[after], gap[after] = before, step
    return ResidualRows(previous, gap, None, correlated=True, continuous=wish.kind == "car1")


def _strata(column: pd.Series, by: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the groups of a column, as a fixed term would: the first category is the reference."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        ordered = column.cat.remove_unused_categories().cat
        code, groups = ordered.codes.to_numpy(np.intp), ordered.categories
    else:
        code, groups = pd.factorize(column, sort=True)
    few = int((np.bincount(code) < 2).sum())
    if len(groups) < 2 or few:
        found = f"{few} of its groups have one row" if len(groups) > 1 else "it has one value"
        raise Refused(
            f"Residuals cannot differ in size by `{by}`: {found} in the rows of the model. "
            "Leave it out, or put groups together."
        )
    return code.astype(np.intp), tuple(map(group_name, groups))


def group_name(value: Any) -> str:
    """Give what a group is called."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)
