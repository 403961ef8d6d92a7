"""Appointments that were kept, missed or cancelled, and what was known before each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused, Unanswerable, nearest
from sessionwise.features.along_courses import by_course, scores, with_made
from sessionwise.features.running_means import running
from sessionwise.records.sessions import Column, Sessions

Event = Literal["no_show", "cancelled"]
"""What may become of an appointment; cancelled ones are among the others only where it is asked
who cancels."""

EVENT_WORDS = {"no_show": "missed", "cancelled": "cancelled"}
FLAGS = {
    "attended": "appointment attended",
    "no_show": "appointment missed",
    "cancelled": "appointment cancelled",
}


def attendance_flags(s: Sessions) -> Sessions:
    """Say of each appointment in 0/1 whether it was attended, missed or cancelled.

    Returns
    -------
    Sessions
        With ``attended``, ``no_show`` and ``cancelled``, known *after* the appointment; exactly one
        of them is 1 on every row.

    Raises
    ------
    Unanswerable
        The records hold assessments, not appointments.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = {"client": 7, "session": [1, None, 2], "appointment": [1, 2, 3]}
    >>> attendance_flags(sw.Sessions.of(pd.DataFrame(rows))).table["no_show"].tolist()
    [0, 1, 0]
    """
    if s.clock == "time":
        raise Unanswerable(
            "Coming to appointments cannot be looked at: these records hold assessments, not "
            "appointments. Who still answered at each time is another question."
        )
    came = s.table["attendance"].astype("str")
    made = pd.DataFrame({name: came.eq(name).astype("int64") for name in FLAGS})
    columns = [
        Column(name, "flag", "after", label=label, made_from=("attendance",))
        for name, label in FLAGS.items()
    ]
    return s.with_columns(made, columns)


def before_appointments(s: Sessions, name: str) -> Sessions:
    """Put beside each appointment what a score had been until then.

    An appointment that was missed has no score of its own, and that of one attended came later; so
    all of it is from sessions before. The last score is the last one *given*, however long ago.

    Parameters
    ----------
    s
        The records.
    name
        A score, e.g. ``"srs"``.

    Returns
    -------
    Sessions
        With, in points and known *before* the appointment, ``srs_so_far`` (mean of the scores of
        earlier sessions) and ``srs_last_change`` (the last of them minus that mean: 0 while there
        is one score); missing before the first score.

    Raises
    ------
    Refused
        The score is known only at the end of the course.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = {"client": 7, "session": [1, 2, None], "srs": [30.0, 34, None]}
    >>> rows = pd.DataFrame({**rows, "appointment": [1, 2, 3]})
    >>> made = before_appointments(sw.Sessions.of(rows), "srs").table
    >>> made[["srs_so_far", "srs_last_change"]].iloc[2].tolist()
    [32.0, 2.0]
    """
    s.need_score(name, "What was known before an appointment")
    if s.columns[name].known == "course":
        raise Refused(
            f"`{name}` is known only when the course is over: it would explain an appointment by "
            "what came later. Use a score that is given at the sessions."
        )
    s = running(s, name)
    last = by_course(s, by_course(s, scores(s, name)).ffill()).shift()
    made, words = last - s.table[f"{name}_so_far"], "last score less that mean"
    return with_made(s, name, "last_change", made, words, known="before")


def kept_or_missed(s: Sessions, *, cancelled: bool = False) -> pd.Series:
    """Mark appointments from the second on, after a session, that were attended or missed.

    Parameters
    ----------
    s
        The records with :func:`attendance_flags`.
    cancelled
        Whether those cancelled are taken in too.
    """
    table = s.table
    later = table["appointment"].gt(1) & table["sessions_so_far"].gt(0)
    return later if cancelled else later & table["cancelled"].eq(0)


def rows_asked(
    s: Sessions, used: Sequence[str], *, cancelled: bool = False
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Give the rows of a model of attendance, and count the others by the first reason.

    Parameters
    ----------
    s
        The records with :func:`attendance_flags`.
    used
        Columns that may not be missing.
    cancelled
        As in :func:`kept_or_missed`.

    Examples
    --------
    >>> import sessionwise as sw
    >>> rows, left_out = rows_asked(attendance_flags(sw.example()), ["srs"])
    >>> left_out[0]
    ('first appointments', 120)
    """
    frame = s.frame
    reasons = {
        "first appointments": frame["appointment"].eq(1),
        **({} if cancelled else {"appointments cancelled": frame["cancelled"].eq(1)}),
        "no session attended before": frame["sessions_so_far"].eq(0),
        **{f"{s.columns[name].label or name}: missing": frame[name].isna() for name in used},
    }
    left, still = [], pd.Series(True, frame.index)
    for reason, gone in reasons.items():
        lost = still & gone.to_numpy(bool)
        left.append((reason, int(lost.sum())))
        still &= ~lost
    return frame[still].reset_index(drop=True), tuple(one for one in left if one[1])


def need_event(s: Sessions, event: str) -> None:
    """Refuse an event that is none, or that no appointment of the records has.

    Raises
    ------
    InvalidInput, Unanswerable
        No such word; nobody missed (or cancelled) an appointment, or the records do not say so.
    """
    if event not in get_args(Event):
        problem = Problem(f"there is no event '{event}'", "", nearest(str(event), get_args(Event)))
        raise InvalidInput([problem], "a question about attendance")
    table = s.table
    if table[event].any():
        return
    other = "cancelled" if event == "no_show" else "no_show"
    word = EVENT_WORDS[other]
    held = "every row is an attended session"
    if table[other].any():
        held = f"of those not attended all were {word}"
    raise Unanswerable(
        f"Whether appointments were {EVENT_WORDS[event]} is not in these records: {held}. If the "
        "export knows it, name the column that says so as [columns.attendance] in the codebook."
    )
