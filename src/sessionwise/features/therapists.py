"""Which therapist a course is counted with."""

from __future__ import annotations

import pandas as pd

from sessionwise.records.sessions import COURSE_KEY, Column, Sessions


def first_therapist(s: Sessions) -> Sessions:
    """Put the therapist of each course's first attended session beside all its rows.

    A model whose clients lie in therapists needs one therapist a course; the first one is known
    before anything the course will show. Where the first session names none, it is the first one
    named; where none is named, it is missing.

    Returns
    -------
    Sessions
        With ``first_therapist``, known *before*.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = pd.DataFrame({"client": 7, "session": [1, 2, 3], "therapist": ["a", "b", "b"]})
    >>> first_therapist(sw.Sessions.of(rows)).table["first_therapist"].tolist()
    ['a', 'a', 'a']
    """
    s.need(["therapist"], "The therapist of the first session")
    table = s.table
    named = table["therapist"].where(s.attended)
    groups = [table[key] for key in COURSE_KEY]
    first = named.groupby(groups, sort=False, observed=True).transform("first").astype("str")
    label = "therapist of the first session"
    column = Column("first_therapist", "text", "before", made_from=("therapist",), label=label)
    return s.with_columns(pd.DataFrame({"first_therapist": first}), [column])


def changed_therapist(s: Sessions) -> int:
    """Count the courses whose attended sessions name more than one therapist."""
    s.need(["therapist"], "A change of therapist")
    rows = s.table.loc[s.attended]
    named = rows.groupby(COURSE_KEY, sort=False, observed=True)["therapist"].nunique()
    return int((named > 1).sum())
