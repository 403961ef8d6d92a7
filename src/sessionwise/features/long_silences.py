"""Silence told apart: gaps with a return, new courses, and courses that are merely still open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused, Unanswerable
from sessionwise.features.leaving import need_endings
from sessionwise.records.ending_rules import NOT_COUNTED
from sessionwise.records.observation import NO_DECISION
from sessionwise.records.ordering import numbered
from sessionwise.records.recounting import RECORDED, recounted
from sessionwise.records.sessions import COURSE_KEY, KEY, Sessions
from sessionwise.records.small_counts import many

WEEK = 7


def days_since_last(s: Sessions) -> pd.Series:
    """Give the days from the session attended before to each one attended, indexed as ``table``.

    Missing at first sessions, at appointments that were not attended, and without dates.
    """
    if "date" not in s.table:
        return pd.Series(np.nan, index=s.table.index)
    came = s.table.loc[s.attended, [*COURSE_KEY, "date"]]
    gaps = came.groupby(COURSE_KEY, sort=False, observed=True)["date"].diff().dt.days
    return gaps.reindex(s.table.index)


def late_returns(s: Sessions, weeks: float) -> int:
    """Count how often somebody came back, in one course, after more than so many weeks.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-08", "2024-04-01"])
    >>> rows = pd.DataFrame({"client": "a", "date": days})
    >>> late_returns(sw.Sessions.of(rows, "date"), 4)
    1
    """
    return int((days_since_last(s) > weeks * WEEK).sum())


def silences(s: Sessions, weeks: float = 8.0) -> pd.DataFrame:
    """Which silences are gaps, which new courses, and which merely the end of the records?

    Parameters
    ----------
    s
        The records, with dates.
    weeks
        A silence longer than this is a long one.

    Returns
    -------
    DataFrame
        ``kind, courses, treated``: how many courses each kind of silence befell, and what every
        model of leaving makes of it. One course may be in several rows.

    Raises
    ------
    InvalidInput
        ``weeks`` is not above 0.
    Unanswerable
        No ending is recorded, or no date.

    Examples
    --------
    >>> import sessionwise as sw
    >>> silences(sw.example())["kind"].tolist()[0]
    'a gap with a return, in one course'
    """
    need_endings(s)
    _need_weeks(s, weeks)
    courses, ending = s.courses, s.courses["ending"].astype("str")
    positions = s.course_positions()
    long_gap = (days_since_last(s) > weeks * WEEK).to_numpy()
    gaps = np.isin(np.arange(len(courses)), positions[long_gap])
    due = pd.Series(s.table["due"].to_numpy(bool)[s.attended]).groupby(positions[s.attended]).last()
    due = due.reindex(range(len(courses)), fill_value=False).to_numpy(bool)
    came = np.isin(np.arange(len(courses)), positions[s.attended])
    still_open = ending.eq("ongoing") & came  # of who never came there is no session to tell of
    others = ending.isin([*NO_DECISION, NOT_COUNTED]) & came
    kinds = {
        "a gap with a return, in one course": (gaps, "no ending: the client stays at risk"),
        "a new course of a client seen before": (
            courses[["clinic", "client"]].duplicated().to_numpy(),
            "a course of its own, from session 1",
        ),
        "open, the next appointment not yet due": (
            (still_open & ~due).to_numpy(),
            "at risk up to the session before the last: the records end",
        ),
        "open and silent, the next appointment was due": (
            (still_open & due).to_numpy(),
            "at risk up to the session before the last: neither answer is recorded",
        ),
        "ended by others, or not counted": (
            others.to_numpy(),
            "at risk up to the session before the last: the client decided nothing",
        ),
    }
    rows = [
        {"kind": kind, "courses": int(which.sum()), "treated": treated}
        for kind, (which, treated) in kinds.items()
    ]
    return pd.DataFrame(rows)


def _need_weeks(s: Sessions, weeks: float) -> None:
    """Refuse records without dates, and a silence of no length."""
    if not weeks > 0:
        raise InvalidInput([Problem(f"weeks = {weeks:g}", "", "Use more than 0.")], "silences")
    if "date" not in s.table or s.observation is None:
        raise Unanswerable("Silences are counted in weeks, and these records hold no dates.")


def new_course_after(s: Sessions, weeks: float) -> Sessions:
    """Let a client who comes back after a long silence begin a new course.

    The course before it then ended unplanned, with its last session before the silence; sessions
    and appointments of the new one are numbered from 1. Do this before features are made: what was
    computed over the old course would cross into the new one.

    Parameters
    ----------
    s
        The records as read, with dates.
    weeks
        A silence of more weeks than this, from one session attended to the next.

    Returns
    -------
    Sessions
        Courses numbered anew within each client; what is known of a course at intake is that of the
        first. ``origin.notes`` says how many there are.

    Raises
    ------
    InvalidInput
        ``weeks`` is not above 0.
    Unanswerable, Refused
        There are no dates; features were made already.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-08", "2024-04-01"])
    >>> s = new_course_after(sw.Sessions.of(pd.DataFrame({"client": "a", "date": days})), 8)
    >>> s.table[["course", "session"]].to_numpy().tolist(), s.courses["ending"].tolist()
    ([[1, 1], [1, 2], [2, 1]], ['unplanned', 'ongoing'])
    """
    _need_weeks(s, weeks)
    if s.rule.definition != "declared" or RECORDED in s.courses:
        raise Refused("Begin new courses first, and say then how endings count.")
    sources = {"session", *s.instruments}
    made = sorted(name for name, column in s.columns.items() if sources & {*column.made_from})
    if made:
        raise Refused(f"`{made[0]}` was computed over courses. Begin new courses before features.")
    table, begins = s.table, (days_since_last(s) > weeks * WEEK).to_numpy()
    keys = [table[name] for name in COURSE_KEY]
    part = pd.Series(begins.astype("int64")).groupby(keys, sort=False, observed=True).cumsum()
    table["old"] = s.course_positions()
    table["part"] = part.to_numpy()
    each = table[["clinic", "client", "old", "part"]].drop_duplicates()
    number = each.groupby(["clinic", "client"], sort=False, observed=True).cumcount() + 1
    places = each.assign(course=number.astype("Int64"))
    for name in ("appointment", "session"):  # each part from 1 on, its gaps as they are
        first = table.groupby(["old", "part"])[name].transform("min")
        table[name] = (table[name] - (first - 1).where(table["part"] > 0, 0)).astype("Int64")
    new = table.drop(columns=["course", "sessions_so_far"])
    new = numbered(new.merge(places, on=["clinic", "client", "old", "part"], how="left"))
    courses = s.courses.iloc[places["old"].to_numpy()].reset_index(drop=True)
    courses["course"] = places["course"].to_numpy()
    final = ~places["old"].duplicated(keep="last").to_numpy()
    ending = courses["ending"].astype("str").where(final, "unplanned")
    note = (
        f"A return after more than {weeks:g} weeks begins a new course "
        f"({many(int(begins.sum()), 'courses')}); the one before it ended unplanned."
    )
    lead = [*KEY, "session", "sessions_so_far"]
    rest = [name for name in s.table.columns if name not in lead]
    split = replace(s, _table=new[[*lead, *rest]], _courses=courses)
    parted = recounted(split, ending, s.rule)
    return replace(
        parted,
        _courses=parted.courses.drop(columns=RECORDED),
        columns={name: c for name, c in parted.columns.items() if name != RECORDED},
        origin=replace(s.origin, notes=(*s.origin.notes, note)),
    )
