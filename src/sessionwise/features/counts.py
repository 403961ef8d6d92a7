"""Who came, how long they stayed, and how many forms they filled in: plain counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.errors import Unanswerable
from sessionwise.features.assessment_times import clock_values
from sessionwise.features.intake import need_intake
from sessionwise.records.sessions import COURSE_KEY, KEY, Sessions

NOT_RECORDED = "not recorded"
NEVER_CAME = "never attended"
BOOKKEEPING = {
    *KEY,
    "session",
    "sessions_so_far",
    "attendance",
    "decided",
    "due",
    "ending",
    "therapist",
}


def who_came(s: Sessions, by: str = "") -> pd.DataFrame:
    """Who came, described by what was known at intake?

    Parameters
    ----------
    s
        The records.
    by
        A column of the course to compare groups by; empty: everybody together.

    Returns
    -------
    DataFrame
        ``characteristic, level, group, courses, mean, sd, share``: for a number its mean and
        standard deviation over the ``courses`` that have it, for a category (of a date, the year)
        the number of ``courses`` at each level and their share of the group, for a text how many
        have one and not what it says. Where somebody never came,
        ``first session`` says of how many courses no session was attended: records of
        appointments hold those too, and all else here describes them as well.

    Examples
    --------
    >>> import sessionwise as sw
    >>> int(who_came(sw.example()).loc[0, "courses"])
    120
    """
    if by:
        need_intake(s, [by], "Comparing groups")
    courses = s.courses
    began = came_at_all(s)
    rows = []
    for name, members in courses.groupby(groups_of(courses, by), observed=True):
        rows.append(_row("courses", "", name, len(members)))
        if not began.all():
            theirs = pd.Series(began[members.index]).map({True: "attended", False: NEVER_CAME})
            first = pd.Categorical(theirs, ["attended", NEVER_CAME])
            rows += _described(pd.Series(first), "first session", name, "category")
        for column in courses.columns:
            intake = s.columns[column].known == "before"
            if intake and column not in BOOKKEEPING and column != by:
                label, unit = s.columns[column].label or column, s.columns[column].unit
                label += f" ({unit})" if unit and unit not in label else ""
                rows += _described(members[column], label, name, s.columns[column].type)
    frame = pd.DataFrame(rows)
    order = frame["characteristic"].drop_duplicates().tolist()
    return frame.sort_values(
        "characteristic", key=lambda names: names.map(order.index), kind="stable", ignore_index=True
    )


def came_at_all(s: Sessions) -> np.ndarray:
    """Say of each course whether a session was attended, one bool per row of ``courses``.

    Examples
    --------
    >>> import sessionwise as sw
    >>> bool(came_at_all(sw.example()).all())
    True
    """
    began = np.zeros(len(s.courses), bool)
    began[s.course_positions()[s.attended]] = True
    return began


def _described(values: pd.Series, label: str, group: str, kind: str) -> list[dict]:
    """Describe one intake column of one group."""
    if kind in ("number", "whole", "flag"):
        given = values.dropna().astype("float64")
        row = _row(label, "", group, len(given))
        return [{**row, "mean": given.mean(), "sd": given.std()}]
    if kind == "text":  # may be free text: that it was given is told, and not what it says
        return [_row(label, "", group, int(values.notna().sum()))]
    given = values.dt.strftime("%Y") if kind == "date" else values.astype("str")
    levels = sorted(given.dropna().unique())
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = list(values.cat.categories)
    return [
        {
            **_row(label, level, group, int((given == str(level)).sum())),
            "share": (given == str(level)).mean(),
        }
        for level in levels
    ]


def _row(characteristic: str, level: str, group: str, courses: int) -> dict:
    return {
        "characteristic": characteristic,
        "level": level,
        "group": str(group),
        "courses": courses,
        "mean": float("nan"),
        "sd": float("nan"),
        "share": float("nan"),
    }


def endings(s: Sessions) -> pd.DataFrame:
    """How did the courses end?

    Returns
    -------
    DataFrame
        ``ending, courses, share, median_sessions``, kinds that occur only, in the order of the
        vocabulary. A share of courses, not a probability: open courses may still end either way.

    Raises
    ------
    Unanswerable
        No ending is recorded.

    Examples
    --------
    >>> import sessionwise as sw
    >>> bool(endings(sw.example())["courses"].sum() == 120)
    True
    """
    if s.courses["ending"].astype("str").eq("ongoing").all():
        raise Unanswerable("How courses ended is not in these records.")
    courses = s.courses
    attended = s.table.loc[s.attended].groupby(COURSE_KEY, sort=False, observed=True).size()
    keys = pd.MultiIndex.from_frame(courses[COURSE_KEY])
    length = attended.reindex(keys, fill_value=0).to_numpy()
    frame = pd.DataFrame({"ending": courses["ending"], "sessions": length})
    each = frame.groupby("ending", observed=True)["sessions"]
    counted = each.agg(courses="size", median_sessions="median").reset_index()
    counted["ending"] = counted["ending"].astype("str")
    counted["share"] = counted["courses"] / len(courses)
    return counted[["ending", "courses", "share", "median_sessions"]]


def attended_by(s: Sessions) -> pd.DataFrame:
    """How many courses attended each session?

    Returns
    -------
    DataFrame
        ``session, courses``.

    Raises
    ------
    Unanswerable
        The records hold assessments, not sessions.

    Examples
    --------
    >>> import sessionwise as sw
    >>> int(attended_by(sw.example())["courses"].iloc[0])
    120
    """
    if s.clock == "time":
        raise Unanswerable(
            "These records hold assessments, not sessions; how many sessions anybody came to is "
            "not in them."
        )
    rows = s.table.loc[s.attended]
    return rows.groupby("session").size().rename("courses").reset_index()


def filled_in(
    s: Sessions, names: Sequence[str], by: str = "", per: Literal["records", "time"] = "records"
) -> pd.DataFrame:
    """How many of the forms that were due were filled in?

    Parameters
    ----------
    s
        The records.
    names
        Scores; an empty name is passed over.
    by
        A column of the course to compare groups by; empty: everybody together.
    per
        ``"records"``: one row for all of them; ``"time"``: one for each session or time, as
        :func:`~sessionwise.features.assessment_times.clock_values` gathers times.

    Returns
    -------
    DataFrame
        ``score, group, (session or time,) due, filled, share``.

    Raises
    ------
    Unanswerable
        A score is missing from the records; assessments have a row only where they were given.

    Examples
    --------
    >>> import sessionwise as sw
    >>> filled_in(sw.example(), ["srs"]).columns.tolist()
    ['score', 'group', 'due', 'filled', 'share']
    """
    names = [name for name in ([names] if isinstance(names, str) else names) if name]
    s.need(names or [""], "Counting forms")
    need_intake(s, [by], "Comparing groups")
    frame = s.frame.loc[s.attended]
    when = clock_values(s)[s.attended]
    clock = [when.name] if per == "time" else []
    _need_the_unfilled(s, names)
    pieces = []
    for name in names:
        groups = [groups_of(frame, by), *([when] if clock else [])]
        each = frame[name].notna().groupby(groups, observed=True)
        counted = each.agg(due="size", filled="sum").reset_index()
        counted["group"] = counted["group"].astype("str")
        pieces.append(counted.assign(score=s.columns[name].label or name))
    counted = pd.concat(pieces, ignore_index=True)
    counted["share"] = counted["filled"] / counted["due"]
    return counted[["score", "group", *clock, "due", "filled", "share"]]


def _need_the_unfilled(s: Sessions, names: Sequence[str]) -> None:
    """Refuse assessments of which only those that were given have a row."""
    rows = s.table.loc[s.attended]
    if s.clock != "time" or rows[list(names)].isna().any(axis=None):
        return
    if len(rows) < len(s.courses) * clock_values(s)[s.attended].nunique():
        labels = " and ".join(s.columns[name].label or name for name in names)
        raise Unanswerable(
            f"Every row of these records holds {labels}. Who was due and did not answer has no "
            "row, so how many did cannot be told."
        )


def groups_of(frame: pd.DataFrame, by: str) -> pd.Series:
    """Give each row's group, in the order of its categories; a missing one is a group too."""
    if not by:
        return pd.Series("all", index=frame.index, dtype="str", name="group")
    values = frame[by].rename("group")
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return values.astype("str").fillna(NOT_RECORDED)
    if not values.isna().any():
        return values
    return values.cat.add_categories([NOT_RECORDED]).fillna(NOT_RECORDED)
