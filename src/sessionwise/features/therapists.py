"""Which therapist a course is counted with."""

from __future__ import annotations

import pandas as pd

from sessionwise.features.along_courses import by_course
from sessionwise.features.lags import earlier_values
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
    named = s.table["therapist"].where(s.attended)
    first = by_course(s, named).transform("first").astype("str")
    label = "therapist of the first session"
    column = Column("first_therapist", "text", "before", made_from=("therapist",), label=label)
    return s.with_columns(pd.DataFrame({"first_therapist": first}), [column])


def earlier_therapist(s: Sessions) -> Sessions:
    """Put the therapist of the session before beside each session: whom its alliance was rated of.

    A score of session t−1 belongs with the therapist of session t−1, also where somebody else takes
    over at session t.

    Returns
    -------
    Sessions
        With ``therapist_lag1``, known *before*; missing where there is no session before.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = pd.DataFrame({"client": 7, "session": [1, 2, 3], "therapist": ["a", "b", "b"]})
    >>> earlier_therapist(sw.Sessions.of(rows)).table["therapist_lag1"].tolist()
    [nan, 'a', 'b']
    """
    s.need(["therapist"], "The therapist of the session before")
    before = earlier_values(s, "therapist", 1)[0].astype("str")
    label = "therapist of the session before"
    column = Column("therapist_lag1", "text", "before", made_from=("therapist",), label=label)
    return s.with_columns(pd.DataFrame({"therapist_lag1": before}), [column])


def changed_therapist(s: Sessions) -> int:
    """Count the courses whose attended sessions name more than one therapist."""
    s.need(["therapist"], "A change of therapist")
    return int(_changed(s).sum())


def without_handovers(s: Sessions) -> Sessions:
    """Keep the courses whose attended sessions name one therapist at most.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = pd.DataFrame({"client": [7, 7, 8], "session": [1, 2, 1], "therapist": list("aba")})
    >>> without_handovers(sw.Sessions.of(rows)).table["client"].tolist()
    ['8']
    """
    s.need(["therapist"], "A change of therapist")
    return s.keep_courses(~_changed(s).to_numpy(), "therapist changed during the course")


def _changed(s: Sessions) -> pd.Series:
    """Say of each course whether its attended sessions name several therapists."""
    rows = s.table.loc[s.attended]
    named = rows.groupby(COURSE_KEY, sort=False, observed=True)["therapist"].nunique()
    index = pd.MultiIndex.from_frame(s.courses[COURSE_KEY])
    return named.reindex(index, fill_value=0) > 1
