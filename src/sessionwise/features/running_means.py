"""Scores so far: what a therapist could know of a course at each of its sessions."""

from __future__ import annotations

import pandas as pd

from sessionwise.records.sessions import COURSE_KEY, Column, Known, Sessions


def running(s: Sessions, name: str) -> Sessions:
    """Add the running means of a score and its last change.

    A whole-course mean would use the future; these use sessions up to t only.

    Parameters
    ----------
    s
        The records.
    name
        A score, e.g. ``"srs"``.

    Returns
    -------
    Sessions
        With, in the score's own units,
        ``srs_so_far`` (mean of observed scores of sessions < t; known *before* t),
        ``srs_to_date`` (mean of those ≤ t; known when ``srs`` is),
        ``srs_change`` (score at t minus the mean of those < t; missing at the first score).

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> s = sw.Sessions.of(pd.DataFrame({"client": 7, "session": [1, 2, 3], "srs": [30.0, 34, 35]}))
    >>> running(s, "srs").table[["srs_so_far", "srs_to_date", "srs_change"]].iloc[2].tolist()
    [32.0, 33.0, 3.0]
    """
    s.need_score(name, "A running mean")
    table = s.table
    score = table[name].astype("float64").where(s.attended)
    groups = [table[key] for key in COURSE_KEY]
    count = score.notna().astype("int64").groupby(groups, sort=False, observed=True).cumsum()
    total = score.fillna(0.0).groupby(groups, sort=False, observed=True).cumsum()
    to_date = (total / count).where(count > 0)
    so_far = to_date.groupby(groups, sort=False, observed=True).shift()
    made = {f"{name}_so_far": so_far, f"{name}_to_date": to_date, f"{name}_change": score - so_far}
    source = s.columns[name]
    earlier: Known = "course" if source.known == "course" else "before"
    words = {"so_far": "mean of earlier sessions", "to_date": "mean to date", "change": "change"}
    columns = [
        Column(
            f"{name}_{part}",
            "number",
            earlier if part == "so_far" else source.known,
            "appointment",
            source.unit,
            f"{source.label or name}, {said}",
            source.instrument,
            (name,),
        )
        for part, said in words.items()
    ]
    return s.with_columns(pd.DataFrame(made), columns)
