"""Tables of numbers, and what was left out on the way to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from sessionwise.models.association import Association
from sessionwise.models.classified import Classified
from sessionwise.models.curve_comparison import GroupsCompared
from sessionwise.models.fit import Curve, Fit, Rows
from sessionwise.records.sessions import Sessions
from sessionwise.show.display import Table, answered
from sessionwise.show.markup import html_table
from sessionwise.show.numbers import UNKNOWN, count, number, percent
from sessionwise.show.suppression import guarded_together, suppress
from sessionwise.show.words import capital

SHARE_DIGITS = 3


@answered
def table(
    frame: pd.DataFrame,
    name: str,
    title: str,
    note: str = "",
    counts: Iterable[str] = (),
    labels: Mapping[str, str] | None = None,
    digits: int | Mapping[str, int] = 2,
) -> Table:
    """Show any small table, rounded, with small counts suppressed.

    Parameters
    ----------
    frame
        At most a page; never rows of clients.
    name, title, note
        HTML id and file name; what stands above and below.
    counts
        Columns that count clients, courses or sessions; their rows are taken to add up. Where a
        row or column of the table itself holds sums, call
        :func:`~sessionwise.show.suppression.suppress` first and give no counts here.
    labels
        Words for the headings, by column.
    digits
        Decimals of the other numbers, one for all or by column. A column called ``share`` is
        printed in per cent and kept as a proportion.

    Examples
    --------
    >>> frame = pd.DataFrame({"arm": ["a", "b"], "clients": [31, 32], "bdi": [12.345, 9.0]})
    >>> table(frame, "arms", "BDI by arm", counts=["clients"]).frame["bdi"].tolist()
    [12.35, 9.0]
    """
    places = {
        str(column): digits if isinstance(digits, int) else digits.get(str(column), 2)
        for column in frame.columns
    }
    places["share"] = SHARE_DIGITS
    hidden = suppress(frame, counts, together=()) if counts else frame
    columns = list(hidden.columns)
    rounded = {c: [_rounded(cell, places[str(c)]) for cell in hidden[c].array] for c in columns}
    texts = {c: [_printed(c, cell, places[str(c)]) for cell in rounded[c]] for c in columns}
    left = frozenset(
        column
        for column in frame.columns
        if is_bool_dtype(frame[column])
        or not (is_numeric_dtype(frame[column]) or _holds_numbers(hidden[column]))
    )
    numbers = pd.DataFrame(rounded, columns=columns, dtype=object).infer_objects()
    written = pd.DataFrame(texts, columns=columns)
    return made(numbers, written, (name, title, note), left, labels)


@answered
def left_out(
    used: Fit | Curve | GroupsCompared | Classified | Association | Rows,
    name: str = "left-out",
    title: str = "",
) -> Table:
    """Show how many rows each step from the data to the model cost, and what was left.

    Small numbers are suppressed, and with a lone one a second, as the sum may be known.

    Parameters
    ----------
    used
        A fit, a curve, groups compared, a correlation, courses with a verdict, or their rows.
    name, title
        HTML id; the title is made from the numbers if empty.

    Examples
    --------
    >>> rows = Rows(90, clients=20, left_out=(("no earlier score", 20), ("no baseline", 2)))
    >>> left_out(rows).frame["rows"].tolist()
    ['withheld', '< 5', 90]
    """
    rows = used if isinstance(used, Rows) else used.rows
    kept, title_of = "in the model", "What the model used"
    if isinstance(used, Classified):
        kept, title_of = "judged", "What was judged"
    if isinstance(used, GroupsCompared):
        kept, title_of = "compared", "What was compared"
    if isinstance(used, Association):
        kept, title_of = "in the correlation", "What the correlation used"
    steps = [*rows.left_out, (kept, rows.used)]
    frame = pd.DataFrame(steps, columns=["step", "rows"])
    shown = guarded_together([many for _, many in steps])[-1]
    used_rows = f": {number(shown, 0)} {rows.unit}" if isinstance(shown, int) else ""
    heading = title or f"{title_of}{used_rows}"
    return table(
        frame,
        name,
        heading,
        note=f"Rows are {rows.unit}." if rows.unit != "rows" else "",
        counts=["rows"],
        labels={"step": "Left out, and why", "rows": rows.unit.capitalize()},
    )


@answered
def ledger(sessions: Sessions, name: str = "ledger", title: str = "") -> Table:
    """Show every row and course left out between the file and the study, and why.

    Parameters
    ----------
    sessions
        As read; its ``origin`` holds the ledger.
    name, title
        HTML id; the title is made from the numbers if empty.
    """
    origin, source = sessions.origin, sessions.origin.source or "the data"
    kept = ("kept", len(sessions.table), len(sessions.courses))
    lines: list[tuple[str, Any, Any]] = [(l.reason, l.rows, l.courses) for l in origin.ledger]
    adds_up = origin.rows_read == sum(line[1] for line in lines) + kept[1]
    read = [(f"read from {source}", origin.rows_read, pd.NA)] if origin.rows_read else []
    frame = pd.DataFrame([*read, *lines, kept], columns=["step", "rows", "courses"])
    frame = frame.astype({"rows": "Int64", "courses": "Int64"})
    hidden = suppress(frame, ["rows", "courses"], total=read[0][0] if read and adds_up else "")
    rows = next(iter(sessions.counts()))
    held = hidden.iloc[-1][["rows", "courses"]].tolist()
    told = ""
    if not any(isinstance(cell, str) for cell in held):
        told = f": {number(held[0], 0)} {rows} in {count(held[1], 'course')}"
    heading = title or f"From {source}{told}"
    labels = {"step": "Step", "rows": "Rows", "courses": "Courses"}
    notes = [*origin.notes, *sessions.rule.notes, sessions.rule.caution]
    return table(hidden, name, heading, note=" ".join(notes).strip(), labels=labels)


def made(
    frame: pd.DataFrame,
    texts: pd.DataFrame,
    words: tuple[str, str, str],
    left: frozenset[str],
    labels: Mapping[str, str] | None,
) -> Table:
    """Put numbers and their texts together as a table.

    Parameters
    ----------
    frame, texts
        Rounded numbers, and the same cells as printed.
    words
        Name, title and note.
    left
        Columns of text, aligned to the left.
    labels
        Words for the headings, by column.
    """
    name, title, note = words
    headings = {column: (labels or {}).get(str(column), heading(column)) for column in texts}
    aligned = frozenset(headings[column] for column in left)
    html = html_table(texts.rename(columns=headings), name, title, note, aligned)
    return Table(name, title, frame, html, note)


def heading(column: object) -> str:
    """Turn the name of a column into a heading.

    Examples
    --------
    >>> heading("at_risk")
    'At risk'
    """
    return capital(str(column).replace("_", " "))


def cell_text(cell: Any, places: int) -> str:
    """Write one cell: counts whole, other numbers with their decimals, words as they are."""
    if isinstance(cell, str):
        return cell
    if pd.isna(cell):
        return UNKNOWN
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, int | np.integer):
        return number(cell, 0)
    return number(cell, places) if isinstance(cell, float | np.floating) else str(cell)


def _printed(column: object, cell: Any, places: int) -> str:
    """Write a rounded cell; a share in per cent."""
    if column == "share" and isinstance(cell, float) and not pd.isna(cell):
        return percent(cell)
    return cell_text(cell, places)


def _holds_numbers(column: pd.Series) -> bool:
    """Say whether a column of mixed cells has numbers, some of them withheld."""
    numbers = (int, float, np.integer, np.floating)
    cells = [cell for cell in column if not pd.isna(cell)]
    return any(isinstance(cell, numbers) and not isinstance(cell, bool) for cell in cells)


def _rounded(cell: Any, places: int) -> Any:
    if isinstance(cell, float | np.floating) and not pd.isna(cell):
        return round(float(cell), places)
    return cell
