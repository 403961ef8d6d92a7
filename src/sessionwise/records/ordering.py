"""Order: the appointments of a course as they happened, numbered."""

from __future__ import annotations

import pandas as pd

from sessionwise.records.sessions import COURSE_KEY

ORDER = ("appointment", "session", "date", "time")


def clocks_of(frame: pd.DataFrame) -> list[str]:
    """Name the columns that put rows in order, first the one that is empty on the fewest rows.

    A session number alone cannot place an appointment that was not attended; the number of the
    appointment can, or else its date.

    Examples
    --------
    >>> clocks_of(pd.DataFrame({"session": [1, None], "date": ["2024-01-01", "2024-01-08"]}))
    ['date', 'session']
    """
    there = [name for name in ORDER if name in frame]
    return sorted(there, key=lambda name: int(frame[name].isna().sum()))


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by course, and within it as they happened."""
    return frame.sort_values([*COURSE_KEY, *clocks_of(frame)], kind="stable")


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort by key, and number appointments and attended sessions within each course.

    Returns
    -------
    DataFrame
        With ``appointment`` (1, 2, … where the export does not number them), ``session`` (counted
        over attended appointments, likewise) and ``sessions_so_far`` (attended before this row).
    """
    frame = in_order(frame).reset_index(drop=True)
    groups = [frame[key] for key in COURSE_KEY]
    if "appointment" not in frame or frame["appointment"].isna().any():
        place = frame.groupby(groups, sort=False, observed=True).cumcount() + 1
        frame["appointment"] = place.astype("Int64")
    came = (frame["attendance"] == "attended").astype("int64")
    counted = came.groupby(groups, sort=False, observed=True).cumsum()
    if "session" not in frame:
        frame["session"] = counted.astype("Int64").where(came == 1)
    frame["sessions_so_far"] = (counted - came).astype("Int64")
    return frame
