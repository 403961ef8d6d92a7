"""Earlier scores beside later ones, by session number and never across courses."""

from __future__ import annotations

import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.features.along_courses import with_made
from sessionwise.records.sessions import COURSE_KEY, Known, Sessions


def lagged(s: Sessions, name: str, by: int = 1) -> Sessions:
    """Put the score of an earlier session beside each session.

    The previous session *number*, not the previous row: where a session is not in the records the
    lag is missing, because the row before it is not the session before it. On the clock ``time``
    the previous row of the course is meant.

    Parameters
    ----------
    s
        The records.
    name
        Column to lag, e.g. ``"srs"``.
    by
        How many sessions back, 1 or more.

    Returns
    -------
    Sessions
        With ``srs_lag1`` (or ``_lag2`` …), known *before* the session, in the score's own units;
        missing at the first session, after a gap, and where the earlier score is missing.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> s = sw.Sessions.of(pd.DataFrame({"client": 7, "session": [1, 2, 4], "srs": [30.0, 33, 36]}))
    >>> lagged(s, "srs").table["srs_lag1"].tolist()
    [nan, 30.0, nan]
    """
    s.need_score(name, "A lag")
    if by < 1:
        raise InvalidInput(
            [Problem(f"A lag of {by} sessions looks forward or not at all", "", "Use 1 or more.")]
        )
    earlier, there = earlier_values(s, name, by)
    source = s.columns[name]
    known: Known = "course" if source.known == "course" else "before"
    made = earlier.where(there)
    words = "previous session"
    return with_made(s, name, f"lag{by}", made, words, type=source.type, known=known)


def lag_losses(s: Sessions, name: str, by: int = 1) -> pd.Series:
    """Say, for each attended session without a lagged score, why it has none.

    Returns
    -------
    Series of text, indexed as ``table``
        ``"first session"``, ``"gap in session numbers"``, ``"earlier score missing"``; missing
        where there is a lagged score, or no attended session.
    """
    earlier, there = earlier_values(s, name, by)
    early = s.table["session"].le(by) if s.clock != "time" else s.table["sessions_so_far"].lt(by)
    reason = pd.Series(pd.NA, index=earlier.index, dtype="str")
    reason = reason.mask(there & earlier.isna(), "earlier score missing")
    reason = reason.mask(~there, "gap in session numbers")
    reason = reason.mask(early.fillna(False).astype(bool), "first session")
    return reason.where(s.attended)


def preceding_column(s: Sessions, predictor: str, outcome: str) -> str:
    """Name the column that holds the predictor's last value completed before the outcome.

    A score filled in *after* session t−1 precedes one filled in *before* session t; one filled
    in *before* session t precedes one filled in *after* it; otherwise session t−1 comes last.
    """
    s.need([predictor, outcome], "Which score comes first")
    same = s.columns[predictor].known == "before" and s.columns[outcome].known == "after"
    return predictor if same else f"{predictor}_lag1"


def preceding(s: Sessions, predictor: str, outcome: str) -> Sessions:
    """Put beside each session the last value of a score that was completed before the outcome.

    Which earlier score precedes which later one depends on the pair and on when each is filled
    in; see :func:`preceding_column` for the name of the column.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = sw.example()
    >>> "srs_lag1" in preceding(s, "srs", "ors").columns   # after t−1 → before t
    True
    >>> preceding(s, "ors", "srs") is s                    # before t → after t: the same row
    True
    """
    column = preceding_column(s, predictor, outcome)
    return s if column == predictor else lagged(s, predictor)


def earlier_values(s: Sessions, name: str, by: int) -> tuple[pd.Series, pd.Series]:
    """Give the value ``by`` sessions before, and whether that session is in the records.

    Returns
    -------
    Series, Series of bool
        Of any type, indexed as ``table``.
    """
    table = s.table
    rows = table.loc[s.attended]
    by_course = rows.groupby(COURSE_KEY, sort=False, observed=True)
    if s.clock == "time":
        value, there = by_course[name].shift(by), by_course.cumcount() >= by
    else:
        value, there = by_course[name].shift(), pd.Series(False, rows.index)
        for back in range(1, by + 1):  # with gaps, the session wanted is fewer rows back
            hit = (rows["session"] - by_course["session"].shift(back)).eq(by).fillna(False)
            value = by_course[name].shift(back).where(hit.astype(bool), value.where(there))
            there = there | hit.astype(bool)
    return (
        value.where(there).reindex(table.index),
        there.reindex(table.index, fill_value=False),
    )
