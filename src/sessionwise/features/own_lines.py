"""Swings about the client's own straight line, rather than about the client's mean."""

from __future__ import annotations

from collections.abc import Sequence

from sessionwise.errors import Refused
from sessionwise.features.along_courses import with_made
from sessionwise.records.sessions import COURSE_KEY, Sessions

FEWEST = 3
"""Rows of a course from which on a line leaves something over."""


def detrended(s: Sessions, name: str, complete: Sequence[str] = ()) -> Sessions:
    """Take out of a score the client's own straight line over the sessions.

    Where both scores of a client rise over therapy, each swings about its mean as the other does,
    though no session has anything to do with the next. About the client's own line the shared rise
    is gone, whatever its slope; a slow true effect is gone with it. Lag first, then take the line
    out, on the rows of the model.

    Parameters
    ----------
    s
        The records.
    name
        Column to take the line out of, e.g. ``"srs_lag1"``.
    complete
        Further columns of the model; the line is drawn through attended sessions complete in all.

    Returns
    -------
    Sessions
        With ``X_detrended``: residuals of each course's least-squares line of X on the clock of the
        records (session number, or time), in the units of X, marked ``course``; missing on rows not
        used and in courses with fewer than three of them.

    Raises
    ------
    Refused
        No course has three complete rows.

    Notes
    -----
    Curran & Bauer 2011, Annu Rev Psychol 62:583; Wang & Maxwell 2015, Psychol Methods 20:63;
    Falkenström, Finkel, Sandell, Rubel & Holmqvist 2017, J Consult Clin Psychol 85:537, whose
    estimates depended on it strongly.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = pd.DataFrame({"client": 7, "session": [1, 2, 3], "srs": [30.0, 33, 33]})
    >>> detrended(sw.Sessions.of(rows), "srs").table["srs_detrended"].tolist()
    [-0.5, 1.0, -0.5]
    """
    clock = "time" if s.clock == "time" else "session"
    wanted = [name, clock, *complete]
    s.need(wanted, "A straight line of one's own")
    frame = s.frame
    rows = s.attended & frame[wanted].notna().all(axis=1).to_numpy()
    used = frame.loc[rows, [*COURSE_KEY, name, clock]].astype({name: "float64", clock: "float64"})
    by_course = used.groupby(COURSE_KEY, sort=False, observed=True)
    enough = by_course[name].transform("size") >= FEWEST
    if not enough.any():
        raise Refused(
            f"No course has {FEWEST} sessions with `{name}` and all else the model needs, so no "
            "line leaves anything over. Do without taking trends out."
        )
    swing = used[name] - by_course[name].transform("mean")
    step = used[clock] - by_course[clock].transform("mean")
    keys = [used[key] for key in COURSE_KEY]
    both = (swing * step).groupby(keys, sort=False, observed=True).transform("sum")
    slope = both / (step**2).groupby(keys, sort=False, observed=True).transform("sum")
    values = (swing - slope * step).where(enough).reindex(frame.index)
    words = "within clients, trend removed"
    return with_made(s, name, "detrended", values, words, known="course", made_from=(name, clock))
