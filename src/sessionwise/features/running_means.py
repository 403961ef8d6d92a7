"""Scores so far: what a therapist could know of a course at each of its sessions."""

from __future__ import annotations

import pandas as pd

from sessionwise.features.along_courses import by_course, made_of, scores
from sessionwise.records.sessions import Known, Sessions


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
    score = scores(s, name)
    count = by_course(s, score.notna().astype("int64")).cumsum()
    to_date = (by_course(s, score.fillna(0.0)).cumsum() / count).where(count > 0)
    so_far = by_course(s, to_date).shift()
    made = {f"{name}_so_far": so_far, f"{name}_to_date": to_date, f"{name}_change": score - so_far}
    source = s.columns[name]
    earlier: Known = "course" if source.known == "course" else "before"
    words = {"so_far": "mean of earlier sessions", "to_date": "mean to date", "change": "change"}
    columns = [
        made_of(source, part, said, known=earlier if part == "so_far" else source.known)
        for part, said in words.items()
    ]
    return s.with_columns(pd.DataFrame(made), columns)
