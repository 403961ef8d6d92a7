"""How a score moves: since the session before, and along its own line so far."""

from __future__ import annotations

from sessionwise.features.along_courses import by_course, scores, with_made
from sessionwise.features.lags import earlier_values
from sessionwise.records.sessions import Sessions

FEWEST_SCORES = 3
"""Scores a line is drawn through at least: through two it would hold no news beside them."""


def since_last(s: Sessions, name: str) -> Sessions:
    """Add how a score differs from that of the session before, by session number.

    ``srs_change`` (:func:`running`) compares with all earlier sessions; this with the last one, so
    that a fall shows once, and a gap in the numbers or a form not filled in gives missing.

    Parameters
    ----------
    s
        The records.
    name
        A score, e.g. ``"srs"``.

    Returns
    -------
    Sessions
        With ``srs_since_last``, in the score's own units, known when ``srs`` is; missing at the
        first session and where either score is.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> s = sw.Sessions.of(pd.DataFrame({"client": 7, "session": [1, 2, 4], "srs": [30.0, 33, 36]}))
    >>> since_last(s, "srs").table["srs_since_last"].tolist()
    [nan, 3.0, nan]
    """
    s.need_score(name, "A step from one session to the next")
    earlier, there = earlier_values(s, name, 1)
    made = scores(s, name) - earlier.where(there).astype("float64")
    return with_made(s, name, "since_last", made, "change since the session before")


def slope_to_date(s: Sessions, name: str) -> Sessions:
    """Add the slope of the client's own line through the scores so far.

    By least squares on the session number (on ``time`` where that is the clock), over the scores of
    sessions up to t. A slope over the whole course would know what is still to come.

    Parameters
    ----------
    s
        The records.
    name
        A score, e.g. ``"srs"``.

    Returns
    -------
    Sessions
        With ``srs_slope_to_date``, in points per session, known when ``srs`` is; missing before the
        third score.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> s = sw.Sessions.of(pd.DataFrame({"client": 7, "session": [1, 2, 3], "srs": [30.0, 33, 32]}))
    >>> slope_to_date(s, "srs").table["srs_slope_to_date"].tolist()
    [nan, nan, 1.0]
    """
    s.need_score(name, "A slope to date")
    score = scores(s, name)
    time = s.table["time" if s.clock == "time" else "session"].astype("float64")
    given = score.notna()
    first = [by_course(s, one.where(given)).transform("first") for one in (score, time)]
    y, x = (score - first[0]).where(given, 0.0), (time - first[1]).where(given, 0.0)
    terms = (given.astype("float64"), x, y, x * x, x * y)
    n, sx, sy, sxx, sxy = (by_course(s, one).cumsum() for one in terms)
    slope = ((n * sxy - sx * sy) / (n * sxx - sx**2)).where(n >= FEWEST_SCORES)
    return with_made(s, name, "slope_to_date", slope.where(s.attended), "slope to date")
