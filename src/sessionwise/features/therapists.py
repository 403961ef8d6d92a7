"""Which therapist a client is counted with."""

from __future__ import annotations

import pandas as pd

from sessionwise.records.sessions import COURSE_KEY, Column, Sessions


def first_therapist(s: Sessions) -> tuple[Sessions, int]:
    """Put the therapist of each course's first attended session beside all its rows.

    A model whose clients lie in therapists needs one therapist a client; the first one is known
    before anything the course will show.

    Returns
    -------
    tuple
        The records with ``first_therapist``, known *before*; and how many courses changed
        therapist later.
    """
    s.need(["therapist"], "The therapist of the first session")
    table = s.table
    rows = table.loc[s.attended]
    groups = [table[key] for key in COURSE_KEY]
    first = table["therapist"].where(s.attended)
    first = first.groupby(groups, sort=False, observed=True).transform("first").astype("str")
    seen = rows.groupby(COURSE_KEY, sort=False, observed=True)["therapist"].nunique()
    column = Column(
        "first_therapist",
        "text",
        "before",
        made_from=("therapist",),
        label="therapist of the first session",
    )
    return s.with_columns(pd.DataFrame({"first_therapist": first}), [column]), int((seen > 1).sum())
