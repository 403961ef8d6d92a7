"""Reads the tables of the spec pages: records left of the bar, what is expected right of it.

Cells are parted by spaces; a dot is an empty cell. One row per appointment, in the order in which
they happened.
"""

import numpy as np
import pandas as pd

from sessionwise.records.observation import Observation
from sessionwise.records.sessions import Sessions


def frame_of(text: str) -> pd.DataFrame:
    """Read a table without a bar."""
    head, *lines = [line.split() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if len(line) != len(head)]
    if wrong:
        raise ValueError(f"{len(wrong)} line(s) do not fit the header {head}: {wrong[0]}")
    cells = pd.DataFrame(lines, columns=head, dtype="str")
    return cells.apply(_typed)


def halves(text: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part a page at its bar into what is given and what is expected."""
    lines = [line.split("|") for line in text.splitlines() if line.strip()]
    left, right = zip(*lines, strict=True)
    return frame_of("\n".join(left)), frame_of("\n".join(right))


def records(text: str, clock: str = "session", **described: object) -> Sessions:
    """Make records of a table without a bar."""
    return Sessions.of(frame_of(text), clock, **described)


def until(day: str, **more: object) -> Observation:
    """Let the records end on a day, with appointments a week apart."""
    return Observation(pd.Timestamp(day), interval_days=7, **more)


def agrees(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Hold the columns of a result to those expected, row by row.

    Numbers on the pages are means of a few small numbers: equal up to the last bits of a float.
    """
    assert len(got) == len(expected)
    for name in expected:
        if expected[name].dtype.kind == "f":
            values = got[name].astype("float64").to_numpy()
            np.testing.assert_allclose(values, expected[name], rtol=1e-12, err_msg=name)
        else:
            values = got[name].astype("str").fillna(".").tolist()
            assert values == expected[name].fillna(".").tolist(), name


def _typed(cells: pd.Series) -> pd.Series:
    """Give a column as numbers, dates or words, whichever all of its cells are."""
    cells = cells.mask(cells == ".")
    given = cells.dropna()
    if given.str.fullmatch(r"-?\d+(\.\d+)?").all():
        return cells.astype("float64")
    if given.str.fullmatch(r"\d{4}-\d{2}-\d{2}").all():
        return pd.to_datetime(cells).astype("datetime64[us]")
    return cells
