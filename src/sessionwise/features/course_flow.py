"""From session to session: who came, who missed and returned, who left and how."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Unanswerable
from sessionwise.features.counts import came_at_all
from sessionwise.records.sessions import Sessions

SCHEDULED, CAME, RETURNED = "scheduled", "came", "came after a miss"
LEFT = "left unplanned"
OVER = {"unplanned": LEFT, "planned": "ended as planned", "ongoing": "still open"}
OTHERWISE, NEVER = "ended otherwise", "never came"
STATES = (CAME, RETURNED, LEFT, "ended as planned", OTHERWISE, "still open", NEVER)


def attendance_flow(s: Sessions, until: int = 8) -> pd.DataFrame:
    """Where is every course at each session, and where was it at the one before?

    A course is at session t if it attended it: straight after session t−1, or after one or more
    missed or cancelled appointments. Otherwise it is over, one way or another, or still open: no
    later session is in the records.

    Parameters
    ----------
    s
        The records.
    until
        The last session, 1 or later; the last one anybody attended, if that is earlier.

    Returns
    -------
    DataFrame
        ``session, before, state, courses``, one row for each move that a course made. At session 1
        all come from ``"scheduled"``. Over the rows of any session ``courses`` add up to all
        courses, and those that left a state are those that were in it.

    Raises
    ------
    InvalidInput
        ``until`` is below 1.
    Unanswerable
        The records hold assessments, not sessions, or nobody came.

    Notes
    -----
    Counts of what is recorded, not estimates: open courses are not carried forward, and shares at
    late sessions are too low for them. :func:`incidence` allows for that. Where session numbers
    have a gap, the session between counts as attended, as its number says.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = {"client": [1, 1, 1, 2], "session": [1, None, 2, 1], "appointment": [1, 2, 3, 1]}
    >>> flow = attendance_flow(sw.Sessions.of(pd.DataFrame({**rows, "ending": "unplanned"})))
    >>> flow[flow["session"] == 2][["state", "courses"]].values.tolist()
    [['came after a miss', 1], ['left unplanned', 1]]
    """
    if until < 1 or until != int(until):
        problem = Problem(f"until = {until}", "", "Name a session, 1 or later.")
        raise InvalidInput([problem], "the flow of courses")
    if s.clock == "time" or not came_at_all(s).any():
        raise Unanswerable(
            "The flow of courses needs attended sessions, and these records have none."
        )
    last, missed = _attended(s)
    until = min(int(until), int(last.max()))
    over = _over(s.courses["ending"].astype("str"), last)
    states = [np.full(len(last), SCHEDULED, dtype=object)]
    for session in range(1, until + 1):
        came = np.where(missed[:, session - 1], RETURNED, CAME)
        states.append(np.where(last >= session, came, over))
    moves = [
        pd.DataFrame({"session": place, "before": before, "state": state})
        for place, (before, state) in enumerate(zip(states, states[1:]), start=1)
    ]
    order = ["session", "before", "state"]
    each = pd.concat(moves, ignore_index=True)
    for name in ("before", "state"):
        each[name] = pd.Categorical(each[name], [SCHEDULED, *STATES])
    counted = each.groupby(order, observed=True, sort=True).size().rename("courses").reset_index()
    return counted.astype({"before": "str", "state": "str", "courses": "int64"})


def _attended(s: Sessions) -> tuple[np.ndarray, np.ndarray]:
    """Give each course's last session, and whether a miss came before each, (courses, sessions)."""
    table, course = s.table, s.course_positions()
    session = table["session"].where(s.attended).astype("Float64").to_numpy(float, na_value=np.nan)
    there = np.isfinite(session)
    last = np.zeros(len(s.courses), int)
    np.maximum.at(last, course[there], session[there].astype(int))
    missed = np.zeros((len(last), max(int(last.max()), 1)), bool)
    misses = pd.Series(~s.attended).groupby(course).cumsum().to_numpy()[there]
    before = pd.Series(misses).groupby(course[there]).shift(fill_value=0).to_numpy()
    missed[course[there], session[there].astype(int) - 1] = misses > before
    return last, missed


def _over(ending: pd.Series, last: np.ndarray) -> np.ndarray:
    """Name how each course was over, or that it is not."""
    said = ending.map(OVER).fillna(OTHERWISE).to_numpy(object)
    never = ((ending == "never_started") | ((last == 0) & (ending != "ongoing"))).to_numpy()
    return np.where(never, NEVER, said)
