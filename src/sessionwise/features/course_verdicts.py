"""Whether a course ended in dropout: each definition as a function of what is known of courses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from sessionwise.records.observation import decisions
from sessionwise.records.sessions import COURSE_KEY, Sessions

DROPOUT, STAYED, OPEN, NOT_JUDGED = "dropout", "no dropout", "not known yet", "not judged"
VERDICTS = (DROPOUT, STAYED, OPEN, NOT_JUDGED)
"""Exactly one for each course. Not known yet: still open, or it ended before anybody could know;
not judged: nobody came, others ended it, or no score says."""

ENDED = ("planned", "unplanned")
"""Endings that were the client's, whatever their kind."""


def course_facts(s: Sessions, weeks: float | None = None) -> pd.DataFrame:
    """Give what the definitions of dropout look at, one row per row of ``courses``.

    Parameters
    ----------
    s
        The records, with what endings count as.
    weeks
        How long nobody must have come back; ``None``: until the next appointment was due.

    Returns
    -------
    DataFrame
        ``ending``; ``sessions`` attended, where numbers have a gap those that the last number says;
        ``missed_last``: the last appointment was not attended;
        ``known``: records were kept long enough after the last session attended to know whether the
        client came back; ``known_first``: likewise after the first one.

    Examples
    --------
    >>> import sessionwise as sw
    >>> course_facts(sw.example()).columns.tolist()
    ['ending', 'sessions', 'missed_last', 'known', 'known_first']
    """
    table, courses, came = s.table, s.courses, s.attended
    due = table["due"].to_numpy(bool)
    if weeks is not None:
        bare = table.drop(columns=["decided", "due"])
        nobody_ended = pd.Series("unplanned", index=table.index)
        due = decisions(bare, nobody_ended, s.observation, weeks)[0]
    positions = s.course_positions()
    number = table["session"].astype("Float64")
    each = pd.DataFrame({"course": positions, "came": came, "due": due, "number": number})
    sessions = each[each["came"]].groupby("course")["number"]
    attended = each[each["came"]].groupby("course")["due"]
    found = pd.DataFrame(
        {
            "ending": courses["ending"].astype("str"),
            "sessions": np.fmax(sessions.size(), sessions.max().astype("float64")),
            "missed_last": ~each.groupby("course")["came"].last(),
            "known": attended.last(),
            "known_first": attended.first(),
        },
        index=courses.index,
    )
    for name in ("missed_last", "known", "known_first"):
        found[name] = found[name].eq(True)
    found["sessions"] = found["sessions"].fillna(0).astype("int64")
    return found


def scores_of_courses(s: Sessions, outcome: str, better: str) -> pd.DataFrame:
    """Give the scores definitions look at: ``first``, ``last`` and ``best`` of each course.

    In points, one row per row of ``courses``; missing where no score was given.
    """
    rows = s.table.loc[s.attended & s.table[outcome].notna().to_numpy()]
    by_course = rows.groupby(COURSE_KEY, sort=False, observed=True)[outcome]
    best = "max" if better == "higher" else "min"
    found = by_course.agg(first="first", last="last", best=best).astype("float64")
    keys = pd.MultiIndex.from_frame(s.courses[COURSE_KEY])
    return found.reindex(keys).set_axis(s.courses.index)


def last_session_before(s: Sessions, there: np.ndarray) -> pd.Series:
    """Give the number of the session before the first one at which something was so.

    Parameters
    ----------
    s
        The records.
    there
        One bool per row of ``table``; of sessions that were not attended it says nothing.

    Returns
    -------
    Series
        One whole number per row of ``courses``, 0 if it was so at the first session; missing where
        it never was.
    """
    rows = s.table.loc[s.attended & there]
    first = rows.groupby(COURSE_KEY, sort=False, observed=True)["session"].min()
    keys = pd.MultiIndex.from_frame(s.courses[COURSE_KEY])
    return (first.astype("Int64") - 1).reindex(keys).set_axis(s.courses.index)


def declared(facts: pd.DataFrame) -> pd.Series:
    """Dropout is an ending recorded as unplanned: the therapist's judgement.

    Hatchett & Park 2003, Psychotherapy: Theory, Research, Practice, Training 40:226; Pekarik 1985.

    Examples
    --------
    >>> facts = pd.DataFrame({"ending": ["unplanned", "planned", "ongoing"]})
    >>> declared(facts.assign(sessions=3, known=True)).tolist()
    ['dropout', 'no dropout', 'not known yet']
    """
    return _of_endings(facts, facts["ending"].eq("unplanned"))


def missed_last_appointment(facts: pd.DataFrame) -> pd.Series:
    """Dropout is missing the last appointments made, and no return within k weeks of the first.

    Whatever the therapist recorded, also of courses still open. Hatchett & Park 2003: failure to
    attend the last scheduled session; the weeks are ours, so that silence may be told from a
    course that goes on. They count from the appointment that followed the last session, as further
    ones that are made and missed would otherwise say when an absence counts.

    Examples
    --------
    >>> facts = pd.DataFrame({"ending": ["planned", "ongoing"], "missed_last": [True, False]})
    >>> missed_last_appointment(facts.assign(sessions=3, known=True)).tolist()
    ['dropout', 'not known yet']
    """
    open_too = facts["ending"].eq("ongoing") & facts["missed_last"]
    return _of_endings(facts, facts["missed_last"], also=open_too)


def no_return_after_intake(facts: pd.DataFrame) -> pd.Series:
    """Dropout is not returning after the first session.

    Who came a second time is none, however the course ended. Hatchett & Park 2003: nonreturn after
    intake.

    Examples
    --------
    >>> facts = pd.DataFrame({"ending": ["planned", "unplanned"], "sessions": [1, 2]})
    >>> no_return_after_intake(facts.assign(known=True, known_first=True)).tolist()
    ['dropout', 'no dropout']
    """
    once = facts["sessions"].eq(1)
    silent = once & facts["ending"].eq("ongoing") & facts["known"]
    verdict = _of_endings(facts, once, also=silent)
    verdict[facts["sessions"] > 1] = STAYED
    verdict[(facts["sessions"] > 1) & ~facts["known_first"]] = OPEN
    return verdict


def ended_before(facts: pd.DataFrame, sessions: int) -> pd.Series:
    """Dropout is ending therapy after fewer than so many sessions, planned or not.

    Who came to that many is none, also in courses still open. Hatchett & Park 2003: with the
    service's median, a median split; Pekarik 1985 found that length and dropout are not the same.

    Examples
    --------
    >>> facts = pd.DataFrame({"ending": "planned", "sessions": [7, 8], "known": True})
    >>> ended_before(facts, 8).tolist()
    ['dropout', 'no dropout']
    """
    verdict = _of_endings(facts, facts["sessions"] < sessions)
    verdict[facts["sessions"] >= sessions] = STAYED
    return verdict


def before_improvement(facts: pd.DataFrame, improved: pd.Series) -> pd.Series:
    """Dropout is ending therapy without the change that was to be reached, planned or not.

    ``improved``: yes, no, or missing where no score says; one score alone shows no improvement.
    Reliable improvement as in Jacobson & Truax 1991; with the cut-off crossed as well, clinically
    significant change (Swift, Callahan & Levine 2009), which who began on its healthy side cannot
    show and is not judged by. It holds the outcome: not independent evidence beside a model of it.

    Examples
    --------
    >>> facts = pd.DataFrame({"ending": "planned", "sessions": [7, 8, 9], "known": True})
    >>> before_improvement(facts, pd.Series([True, False, None])).tolist()
    ['no dropout', 'dropout', 'not judged']
    """
    return _unless_unscored(_of_endings(facts, improved.eq(False)), facts, improved)


def never_reached_cutoff(facts: pd.DataFrame, reached: pd.Series) -> pd.Series:
    """Dropout is ending therapy without one score on the healthy side, planned or not.

    ``reached``: yes, no, or missing where no score was given. Who began there has reached it. It
    holds the outcome.

    Examples
    --------
    >>> facts = pd.DataFrame({"ending": ["planned", "unplanned"], "sessions": 5, "known": True})
    >>> never_reached_cutoff(facts, pd.Series([False, True])).tolist()
    ['dropout', 'no dropout']
    """
    return _unless_unscored(_of_endings(facts, reached.eq(False)), facts, reached)


def openfit(facts: pd.DataFrame, reached: pd.Series) -> pd.Series:
    """Dropout is an unplanned ending without one score in the green zone, as OpenFIT counts it.

    Their green zone is that of a trajectory of the case; the trajectories are not public, so it is
    the healthy side of the cut-off here. It holds the outcome.

    Examples
    --------
    >>> facts = pd.DataFrame({"ending": ["planned", "unplanned"], "sessions": 5, "known": True})
    >>> openfit(facts, pd.Series([False, False])).tolist()
    ['no dropout', 'dropout']
    """
    unplanned = facts["ending"].eq("unplanned")
    found = _of_endings(facts, unplanned & reached.eq(False))
    return _unless_unscored(found, facts, reached.where(unplanned, True))


WITHOUT_NUMBERS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "declared": declared,
    "missed last appointment": missed_last_appointment,
    "no return after intake": no_return_after_intake,
}


def _of_endings(
    facts: pd.DataFrame, dropout: pd.Series, also: pd.Series | None = None
) -> pd.Series:
    """Judge the courses their clients ended, and open ones that count as well.

    Who others ended is not judged, who is open or ended too late to know is not known yet.
    """
    ended = facts["ending"].isin(ENDED)
    if also is not None:
        ended = ended | also
    unknown = facts["ending"].eq("ongoing") | ended
    known = ended & facts["known"]
    found = np.select(
        [facts["sessions"].eq(0), known & dropout, known, unknown],
        [NOT_JUDGED, DROPOUT, STAYED, OPEN],
        NOT_JUDGED,
    )
    return pd.Series(found, index=facts.index, dtype="str")


def _unless_unscored(verdict: pd.Series, facts: pd.DataFrame, scored: pd.Series) -> pd.Series:
    """Judge no course by a score nobody gave."""
    return verdict.mask(scored.isna() & verdict.isin([DROPOUT, STAYED]), NOT_JUDGED)
