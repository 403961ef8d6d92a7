"""Leaving on its own clock: row t is the decision after session t."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.counts import came_at_all
from sessionwise.records.ending_rules import NOT_COUNTED
from sessionwise.records.ledger import Left
from sessionwise.records.observation import NO_DECISION
from sessionwise.records.recounting import POSSIBLE_UNTIL
from sessionwise.records.sessions import COURSE_KEY, Column, Sessions
from sessionwise.records.small_counts import many

CAUSES = {"unplanned": 1, "planned": 2}


@dataclass(frozen=True, eq=False)
class Episodes:
    """Person-period rows: one for each decision that was seen.

    Attributes
    ----------
    frame
        Row t of a course is the decision after session t: session t was attended, and the client
        did or did not come to t+1. ``start = t−1``, ``stop = t`` only label the interval.
        ``left_unplanned`` and ``left_planned`` are 1 on the last attended session, else 0.
    columns
        What each column is; a model of leaving takes those known ``before`` or ``after`` only.
    left_out
        What was not at risk, and why.
    clock
        Always the session number.
    notes, caution, source
        What every model of leaving says: how endings count, and who came back for another course;
        what goes wherever its estimates go; and the citation key of the definition of dropout.
    """

    frame: pd.DataFrame
    columns: Mapping[str, Column] = field(repr=False)
    left_out: tuple[Left, ...] = ()
    clock: str = "session"
    notes: tuple[str, ...] = ()
    caution: str = ""
    source: str = ""


def episodes(s: Sessions) -> Episodes:
    """Lay the records out on the clock of leaving.

    Parameters
    ----------
    s
        The records, with the features a model will use already added.

    Returns
    -------
    Episodes

    Raises
    ------
    Unanswerable
        The records have no session numbers, or no ending is recorded.

    Notes
    -----
    A row is at risk only if both answers would have been seen (``decided``). An ending recorded
    before that could be known is censored at t−1 and counted. Singer & Willett 2003, *Applied
    Longitudinal Data Analysis*, ch. 10–11.

    Examples
    --------
    >>> import sessionwise as sw
    >>> rows = episodes(sw.example()).frame
    >>> bool((rows["stop"] - rows["start"] == 1).all())
    True
    """
    need_endings(s)
    frame = s.frame
    attended = s.attended
    last = _last_attended(frame, attended)
    ending = frame["ending"].astype("str")
    at_risk = frame["decided"].to_numpy(bool)
    rows = frame.loc[at_risk].copy()
    for kind in CAUSES:
        ended = last & (ending == kind).to_numpy()
        if kind == "planned":
            ended |= _ruled_out_next(frame)
        rows[f"left_{kind}"] = ended[at_risk].astype("int64")
    rows["start"] = rows["session"].astype("int64") - 1
    rows["stop"] = rows["session"].astype("int64")
    made = [
        *(
            Column(f"left_{kind}", "flag", "course", label=f"{kind} ending", made_from=("ending",))
            for kind in CAUSES
        ),
        Column("start", "whole", "before", made_from=("session",)),
        Column("stop", "whole", "before", made_from=("session",)),
    ]
    columns = {**s.columns, **{column.name: column for column in made}}
    read = tuple(Left(reason, rows_left) for reason, rows_left in s.left_out)
    left_out = (*read, *_not_at_risk(s, frame, last))
    said = said_of_endings(s), s.rule.caution, s.rule.source
    return Episodes(rows.reset_index(drop=True), columns, left_out, "session", *said)


def _ruled_out_next(frame: pd.DataFrame) -> np.ndarray:
    """Mark decisions after which the course came to what rules dropout out: it is complete then."""
    until = frame.get(POSSIBLE_UNTIL, pd.Series(np.nan, frame.index))
    return frame["session"].eq(until).fillna(False).to_numpy(bool)


def said_of_endings(s: Sessions) -> tuple[str, ...]:
    """Give the sentences on endings that every model of leaving says of these records.

    Examples
    --------
    >>> import sessionwise as sw
    >>> said_of_endings(sw.example())
    ()
    """
    again = s.courses[["clinic", "client"]].duplicated()
    if not again.any():
        return s.rule.notes
    return (
        *s.rule.notes,
        f"{many(int(again.sum()), 'courses')} are not their client's first: each begins at session "
        "1 again and is at risk as a course of its own.",
    )


def refuse_the_future(at_risk: Episodes, used: Sequence[str], outcome: str) -> None:
    """Refuse columns that are known only when the course is over."""
    planned = outcome == "left_planned"
    too_late = {"course", "after"} if planned else {"course"}
    known = {name: at_risk.columns[name].known for name in used if name in at_risk.columns}
    future = [name for name in used if name != outcome and known.get(name) in too_late]
    if future:
        listed = ", ".join(f"`{name}`" for name in future)
        before = "one from before the session (`X_lag1`, `X_so_far`)"
        use = before if planned else f"a score to date (`X_to_date`, `X_change`), or {before}"
        when = "a planned ending is decided" if planned else "the client decides"
        raise Refused(
            f"{listed} is not known when {when}: it would explain leaving by what came later. "
            f"Use {use}."
        )


def courses_at_risk(s: Sessions, landmark: int = 0) -> tuple[pd.DataFrame, tuple[Left, ...]]:
    """Give one row per course for curves of ending.

    Parameters
    ----------
    s
        The records.
    landmark
        0: every course with a decision. k: those that attended session k and whose decision after
        it is known; their endings count from the decision after session k on.

    Returns
    -------
    tuple
        ``clinic, client, course, time`` (last session whose decision was seen), ``cause`` (0 none
        seen, 1 unplanned, 2 planned), one row per course; and what was left out.
    """
    rows = episodes(s).frame
    by_course = rows.groupby(COURSE_KEY, sort=False, observed=True)
    each = by_course.agg(
        time=("session", "max"),
        unplanned=("left_unplanned", "max"),
        planned=("left_planned", "max"),
    ).reset_index()
    each["cause"] = each["unplanned"] * CAUSES["unplanned"] + each["planned"] * CAUSES["planned"]
    left = [*s.origin.ledger, *_unseen(s, each, "courses without a decision that could be seen")]
    each, missed = _from_the_start(each, rows, landmark)
    kept = each[[*COURSE_KEY, "time", "cause"]].astype({"time": "int64", "cause": "int64"})
    return kept.reset_index(drop=True), tuple(one for one in (*left, missed) if one.courses)


def courses_followed(s: Sessions, landmark: int = 0) -> tuple[pd.DataFrame, tuple[Left, ...]]:
    """Give one row per course for the curve of still being in therapy, whatever ends it.

    Parameters, returns and errors as in :func:`courses_at_risk`, but for ``cause``: 1 if the
    course had ended in any way by the time its next appointment was due, else 0.
    """
    need_endings(s)
    frame = s.frame
    last = _last_attended(frame, s.attended)
    ended = last & (frame["ending"].astype("str") != "ongoing").to_numpy()
    open_at_the_end = last & ~ended
    rows = frame.loc[s.attended & frame["due"].to_numpy(bool) & ~open_at_the_end].copy()
    rows["ended"] = ended[rows.index].astype("int64")
    by_course = rows.groupby(COURSE_KEY, sort=False, observed=True)
    each = by_course.agg(time=("session", "max"), cause=("ended", "max")).reset_index()
    unseen = _unseen(s, each, "courses whose first decision could not be seen")
    each, missed = _from_the_start(each, rows, landmark)
    left = (*s.origin.ledger, *unseen, missed)
    kept = each.astype({"time": "int64", "cause": "int64"}).reset_index(drop=True)
    return kept, tuple(one for one in left if one.courses)


def _unseen(s: Sessions, seen: pd.DataFrame, reason: str) -> tuple[Left, Left]:
    """Count the courses nobody ever came to, and the others of which nothing was seen."""
    never = int((~came_at_all(s)).sum())
    return (
        Left("courses in which no session was attended", 0, never),
        Left(reason, 0, len(s.courses) - len(seen) - never),
    )


def _from_the_start(
    each: pd.DataFrame, rows: pd.DataFrame, landmark: int
) -> tuple[pd.DataFrame, Left]:
    """Keep courses seen at the landmark, or else from session 1 on: the others come in late."""
    at_start = rows.loc[rows["session"] == (landmark or 1), COURSE_KEY]
    keep = pd.MultiIndex.from_frame(each[COURSE_KEY]).isin(pd.MultiIndex.from_frame(at_start))
    reason = (
        f"courses over, or not yet decided, before session {landmark} was attended"
        if landmark
        else "courses whose first session, or what followed it, is not in the records"
    )
    return each[keep], Left(reason, 0, int((~keep).sum()))


def early_mean(s: Sessions, name: str, landmark: int = 3) -> pd.Series:
    """Give each course's mean of the observed scores of sessions 1 to ``landmark``.

    Fixed at the landmark, so it explains only what happens from then on. Indexed by course key,
    in the score's own units; missing where no score was given.
    """
    s.need_score(name, "An early mean")
    table = s.table
    early = s.attended & table["session"].le(landmark).fillna(False).to_numpy(bool)
    return table.loc[early].groupby(COURSE_KEY, sort=False, observed=True)[name].mean()


def need_endings(s: Sessions) -> None:
    """Refuse records that cannot say who left.

    Raises
    ------
    Unanswerable
        They hold assessments, or no ending at all.
    """
    if s.clock == "time":
        raise Unanswerable(
            "Leaving therapy is counted in sessions, and these records hold assessments, not "
            "sessions. Who still answered at each time is another question."
        )
    if (s.courses["ending"].astype("str") == "ongoing").all():
        raise Unanswerable(
            "No course in these records has an ending, so leaving cannot be told from staying. "
            "Name the column that says how courses ended as [columns.ending] in the codebook."
        )


def _last_attended(frame: pd.DataFrame, attended: np.ndarray) -> np.ndarray:
    """Mark the last attended session of each course."""
    last = ~frame.loc[attended, COURSE_KEY].duplicated(keep="last")
    return last.reindex(frame.index, fill_value=False).to_numpy(bool)


def _not_at_risk(s: Sessions, frame: pd.DataFrame, last: np.ndarray) -> tuple[Left, ...]:
    """Count attended sessions that are not at risk, by the reason."""
    ending, due = frame["ending"].astype("str"), frame["due"]
    left_out = s.attended & ~frame["decided"].to_numpy(bool)
    number, of_course = s.rule.last_session, frame.get(POSSIBLE_UNTIL)
    limits = {
        f"sessions after session {number}: no longer dropout by the definition": number,
        "sessions of courses in which the definition no longer allows a dropout": of_course,
    }
    past = []
    for reason, limit in limits.items():
        if limit is not None:
            over = left_out & frame["session"].gt(limit).fillna(False).to_numpy(bool)
            past.append(Left(reason, int(over.sum())))
            left_out = left_out & ~over
    theirs = ending.isin(list(CAUSES))
    still = ending == "ongoing"
    reasons = {
        "last sessions of open courses: the next appointment was not yet due": ~due & still,
        "last sessions of open courses: the next appointment was due, and neither a return nor an "
        "ending is recorded": due & still,
        "endings recorded before it could be known whether the client would return": ~due & theirs,
        "endings after the last session allowed: nobody could have returned": due & theirs,
        "last sessions of courses that others ended or the limit did": ending.isin(NO_DECISION),
        "last sessions of courses whose ending is not counted": ending == NOT_COUNTED,
    }
    counted = []
    for reason, which in reasons.items():
        found = int((left_out & last & which.to_numpy(bool)).sum())
        counted.append(Left(reason, found, found))
    beyond = "earlier sessions, undated or after the records or the limit ended"
    counted.append(Left(beyond, int((left_out & ~last).sum())))
    return tuple(left for left in (*counted, *past) if left.rows)
