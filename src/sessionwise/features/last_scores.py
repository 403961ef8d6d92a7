"""The last score that was given, how old it is, and whether one was given at all."""

from __future__ import annotations

import pandas as pd

from sessionwise.features.along_courses import by_course, made_of, scores
from sessionwise.features.running_means import running
from sessionwise.records.sessions import Sessions


def last_given(s: Sessions, name: str) -> Sessions:
    """Put beside each session the last score given by then, and how many sessions old it is.

    A client who gave no form at the session after which they left is not in a model of complete
    cases, and forms are missing more often where things go badly. The last one given is there.

    Parameters
    ----------
    s
        The records.
    name
        A score, e.g. ``"srs"``.

    Returns
    -------
    Sessions
        With, known *after* the session if the score is: ``srs_last`` (this session's score, or the
        last one given before it, in points), ``srs_age`` (sessions since it was given: 0 where it
        is this one's), ``srs_last_swing`` (that score less the mean of those before it; 0 while
        there is one score only), all missing before a first score; and ``srs_missing`` (1 where
        the form of this session was not filled in).

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = pd.DataFrame({"client": 7, "session": [1, 2, 3], "srs": [30.0, 34, None]})
    >>> made = last_given(sw.Sessions.of(rows), "srs").table
    >>> made[["srs_last", "srs_age", "srs_last_swing", "srs_missing"]].iloc[2].tolist()
    [34.0, 1.0, 4.0, 1.0]
    """
    s.need_score(name, "The last score given")
    score, number = scores(s, name), scores(s, "session")
    given = score.notna()
    swing = running(s, name).table[f"{name}_change"].fillna(0.0).where(given)

    def carried(values: pd.Series) -> pd.Series:
        return by_course(s, values).ffill().where(s.attended)

    made = {
        f"{name}_last": carried(score),
        f"{name}_age": number - carried(number.where(given)),
        f"{name}_last_swing": carried(swing),
        f"{name}_missing": score.isna().astype("float64").where(s.attended),
    }
    source = s.columns[name]
    columns = [
        made_of(source, "last", "last given"),
        made_of(source, "age", "sessions since it was given", unit="sessions"),
        made_of(source, "last_swing", "last given less the mean before"),
        made_of(source, "missing", "not filled in", type="flag", unit=""),
    ]
    return s.with_columns(pd.DataFrame(made), columns)
