"""When scores were given: in sessions, at times everybody shares, or at times of each one's own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.records.sessions import COURSE_KEY, Sessions

SHARED = 2
"""Times are shared if there are at most this many for each assessment of whoever gave most."""


def usual_gap(s: Sessions) -> float:
    """How far apart are a client's assessments, where clients are asked at times of their own?

    A trial asks everybody after 2, 3, 5 and 8 months: its records hold hardly more different times
    than one client has assessments, and each time has a mean of its own. Where forms come in about
    weekly there are as many times as days, and a day holds the scores of whoever came on it.

    Parameters
    ----------
    s
        The records.

    Returns
    -------
    float
        The median gap between assessments of one course, in the unit of the clock; 0 where times
        are shared, on any other clock, and where nobody was assessed twice.

    Examples
    --------
    >>> import sessionwise as sw
    >>> times = [0, 6, 14, 1, 8, 17, 2, 9, 13]
    >>> frame = pd.DataFrame({"client": list("aaabbbccc"), "time": times, "bdi": 20})
    >>> usual_gap(sw.Sessions.of(frame, clock="time"))
    7.0
    """
    if s.clock != "time":
        return 0.0
    rows = s.table.loc[s.attended]
    by_course = rows.groupby(COURSE_KEY, sort=False, observed=True)["time"]
    if rows["time"].nunique() <= SHARED * by_course.nunique().max():
        return 0.0
    gaps = by_course.diff()
    usual = gaps[gaps > 0].median()
    return float(f"{usual:.6g}") if pd.notna(usual) else 0.0


def clock_values(s: Sessions) -> pd.Series:
    """Give the session or time each row counts for where rows are gathered by their time.

    Times of clients' own are gathered at the nearest multiple of the usual gap: at weeks, for
    scores given about weekly.

    Examples
    --------
    >>> import sessionwise as sw
    >>> times = [0, 6, 14, 1, 8, 17, 2, 9, 13]
    >>> frame = pd.DataFrame({"client": list("aaabbbccc"), "time": times, "bdi": 20})
    >>> clock_values(sw.Sessions.of(frame, clock="time")).tolist()
    [0.0, 7.0, 14.0, 0.0, 7.0, 14.0, 0.0, 7.0, 14.0]
    """
    values = s.table["time" if s.clock == "time" else "session"]
    gap = usual_gap(s)
    return (gap * np.floor(values / gap + 0.5)).rename(values.name) if gap else values
