"""A client's usual level fixed at a landmark, for what happens from then on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.features.along_courses import with_made
from sessionwise.features.leaving import early_mean
from sessionwise.records.sessions import COURSE_KEY, Sessions


def level_at_landmark(s: Sessions, name: str, landmark: int = 3) -> Sessions:
    """Put the mean of a score over sessions 1 to k beside every session from k on.

    A mean to date moves with each session, and takes a late fall for a lower level; this one is
    settled at the landmark, so that level and later swings are told apart.

    Parameters
    ----------
    s
        The records.
    name
        A score, e.g. ``"srs"``.
    landmark
        k, 1 or more.

    Returns
    -------
    Sessions
        With ``srs_early``, in the score's own units: the mean of the scores given in sessions 1 to
        k, on the attended sessions with a number of at least k; missing on those before, and where
        no score was given by then. Known when ``srs`` is, as row k holds the score of row k.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> s = sw.Sessions.of(pd.DataFrame({"client": 7, "session": [1, 2, 3], "srs": [30.0, 34, 20]}))
    >>> level_at_landmark(s, "srs", 2).table["srs_early"].tolist()
    [nan, 32.0, 32.0]
    """
    s.need_score(name, "A level at a landmark")
    if isinstance(landmark, bool) or not isinstance(landmark, int | np.integer):
        problem = Problem(f"{landmark!r} is no number of a session", "", "Give it as 1, 2, 3, …")
        raise InvalidInput([problem], "the landmark")
    if landmark < 1:
        raise InvalidInput(
            [Problem(f"A landmark at session {landmark} lies before therapy", "", "Use 1 or more.")]
        )
    table = s.table
    early = early_mean(s, name, landmark)
    keys = pd.MultiIndex.from_frame(table[COURSE_KEY])
    level = np.asarray(early.reindex(keys), float)
    from_then_on = s.attended & table["session"].ge(landmark).fillna(False).to_numpy(bool)
    until = f"sessions 1 to {landmark}" if landmark > 1 else "session 1"
    made = pd.Series(level, table.index).where(from_then_on)
    return with_made(s, name, "early", made, f"mean of {until}")
