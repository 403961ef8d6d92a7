"""Small numbers are not shown: a cell under five could be a person."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from sessionwise.errors import InvalidInput, Problem, nearest

SMALLEST = 5
WITHHELD = "withheld"
Cell = tuple[int, int]
Cells = list[Cell]
Line = tuple[Cells, Cell | None]


def suppress(
    frame: pd.DataFrame,
    counts: Iterable[str],
    threshold: int = SMALLEST,
    *,
    keep: Iterable[str] = (),
    whole: str = "",
    total: str = "",
    together: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Take from a table what could point to a person.

    Three steps, in this order:

    1. A count of 1 to ``threshold − 1`` becomes the text ``"< 5"``. Nought stays: nobody is there.
    2. Where the sum of a line is known and exactly one of its parts is suppressed, that part could
       be found by subtraction. The smallest other part of the line is then withheld too (the sum
       itself if there is no other), and this is repeated until no line has a lone gap. Lines are
       rows, if ``whole`` names the column of sums, and columns, if ``total`` marks the row of sums
       or ``together`` says which rows add up to a sum a reader may know from elsewhere.
    3. In every row that lost a count, all other numbers are withheld, as percentages and means
       would give it away: all numeric columns but the first and those in ``keep``.

    A cell of steps 2 and 3 reads ``"withheld"``, as it need not be under five.

    Parameters
    ----------
    frame
        Any table; it is not changed. Its first column says what the row is.
    counts
        Columns that count clients, courses or sessions.
    threshold
        The smallest count that may be shown.
    keep
        Numeric columns that are labels, such as the session.
    whole
        The column of ``counts`` that is the sum of the other ones.
    total
        What the first column says in the row that is the sum of the other ones.
    together
        Columns whose values mark the rows that add up, e.g. ``["characteristic"]``; ``[]`` if all
        rows do; ``None`` if none do.

    Returns
    -------
    pandas.DataFrame
        The same rows and columns.

    Raises
    ------
    InvalidInput
        A column named is not there.

    Examples
    --------
    >>> frame = pd.DataFrame({"ending": ["planned", "moved"], "courses": [40, 3]})
    >>> suppress(frame, ["courses"])["courses"].tolist()
    [40, '< 5']
    """
    counts = list(counts)
    together = None if together is None else list(together)
    _check(frame, [*counts, *keep, *([whole] if whole else []), *(together or [])])
    values = frame[counts].to_numpy(float, na_value=np.nan)
    primary = (values >= 1) & (values < threshold)
    hidden = primary.copy()
    lines = _rows_with_sum(values.shape, counts.index(whole)) if whole else []
    lines += _columns_with_sum(frame, len(counts), total, together)
    found = True
    while found:
        found = sum(_close(values, hidden, parts, result) for parts, result in lines) > 0
    return _written(frame, counts, primary, hidden, (threshold, {frame.columns[0], *keep}))


def guarded(many: int, threshold: int = SMALLEST) -> int | str:
    """Give a count, or the text ``"< 5"`` where it could point to a person.

    Examples
    --------
    >>> guarded(0), guarded(4), guarded(5)
    (0, '< 5', 5)
    """
    return f"< {threshold}" if 0 < many < threshold else many


def guarded_together(counts: Iterable[int]) -> list[int | str]:
    """Suppress counts whose sum a reader may know, with a second one beside a lone small one.

    Examples
    --------
    >>> guarded_together([402, 31, 3]), guarded_together([402, 31])
    ([402, 'withheld', '< 5'], [402, 31])
    """
    numbers = list(counts)
    frame = pd.DataFrame({"step": [str(place) for place in range(len(numbers))], "many": numbers})
    return suppress(frame, ["many"], together=[])["many"].tolist()


def shown(estimates: pd.DataFrame, threshold: int = SMALLEST) -> pd.DataFrame:
    """Cut each curve where fewer than ``threshold`` are at risk, for good.

    Parameters
    ----------
    estimates
        As in :class:`~sessionwise.models.fit.Curve`: ``group, state, time, at_risk, …``.
    threshold
        The smallest number at risk that may be shown.

    Examples
    --------
    >>> curve = pd.DataFrame({"group": "", "state": "x", "time": [1, 2, 3], "at_risk": [9, 4, 6]})
    >>> shown(curve)["time"].tolist()
    [1]
    """
    ordered = estimates.sort_values(["group", "state", "time"], kind="stable")
    enough = (ordered["at_risk"] >= threshold).astype(int)
    open_still = enough.groupby([ordered["group"], ordered["state"]], dropna=False).cummin()
    kept = open_still.astype(bool).reindex(estimates.index)
    return estimates[kept].reset_index(drop=True)


def _check(frame: pd.DataFrame, named: list[str]) -> None:
    problems = [
        Problem(f"the table has no column '{name}'", "", nearest(name, map(str, frame.columns)))
        for name in named
        if name not in frame.columns
    ]
    if problems:
        raise InvalidInput(problems, source="the table")


def _rows_with_sum(shape: tuple[int, int], whole: int) -> list[Line]:
    """List, for each row, its parts and the cell that is their sum."""
    parts = [column for column in range(shape[1]) if column != whole]
    return [([(row, column) for column in parts], (row, whole)) for row in range(shape[0])]


def _columns_with_sum(
    frame: pd.DataFrame, width: int, total: str, together: list[str] | None
) -> list[Line]:
    """List, for each column, the parts that add up and the cell of their sum, if it has one."""
    if not total and together is None:
        return []
    marked = (frame.iloc[:, 0].astype(str) == total).to_numpy() & bool(total)
    result = int(np.flatnonzero(marked)[0]) if marked.any() else None
    rows = pd.Series(np.arange(len(frame)))[~marked]
    keys = [frame[name].astype(str).to_numpy()[~marked] for name in together or []]
    sets = [rows] if not keys else [part for _, part in rows.groupby(keys, sort=False)]
    return [
        ([(int(row), column) for row in part], None if result is None else (result, column))
        for part in sets
        for column in range(width)
    ]


def _close(values: np.ndarray, hidden: np.ndarray, parts: Cells, result: Cell | None) -> bool:
    """Withhold a second cell of a line with a lone gap; say whether one was withheld."""
    cells = parts if result is None else [*parts, result]
    if sum(hidden[cell] for cell in cells) != 1:
        return False
    others = [cell for cell in parts if not hidden[cell] and values[cell] > 0]
    second = min(others, key=lambda cell: values[cell]) if others else result
    if second is None or hidden[second]:
        return False
    hidden[second] = True
    return True


def _written(
    frame: pd.DataFrame,
    counts: list[str],
    primary: np.ndarray,
    hidden: np.ndarray,
    rule: tuple[int, set[str]],
) -> pd.DataFrame:
    """Put the words where the numbers were."""
    threshold, labels = rule
    result = frame.copy()
    for position, name in enumerate(counts):
        if hidden[:, position].any():
            result[name] = result[name].astype(object)
            result.loc[hidden[:, position], name] = WITHHELD
            result.loc[primary[:, position], name] = f"< {threshold}"
    touched = hidden.any(axis=1)
    for name in frame.columns.difference([*counts, *labels], sort=False):
        numeric = is_numeric_dtype(frame[name]) and not is_bool_dtype(frame[name])
        if numeric and touched.any():
            result[name] = result[name].astype(object)
            result.loc[touched & frame[name].notna().to_numpy(), name] = WITHHELD
    return result
