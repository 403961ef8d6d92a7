"""Alliance and appointments missed again and again: recurrent events per scheduled appointment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.features.attendance import (
    EVENT_WORDS,
    Event,
    attendance_flags,
    before_appointments,
    kept_or_missed,
    need_event,
    rows_asked,
)
from sessionwise.features.given import need_given
from sessionwise.features.intake import as_names, need_intake
from sessionwise.models.cox_model import cox
from sessionwise.models.fit import Fit
from sessionwise.models.labels import term_labels
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import COURSE_KEY, Sessions

Clock = Literal["total", "gap"]
PURPOSE = "Alliance and missed appointments"
FEWEST = 10
"""Events a stratum of the gap-time model needs; later ones are taken together."""


def alliance_and_missing_again(
    s: Sessions,
    alliance: str = "srs",
    adjust: Sequence[str] = (),
    event: Event = "no_show",
    clock: Clock = "total",
) -> Fit:
    """Does a better alliance go before fewer missed appointments, each time one is due?

    The same appointments as in :func:`sessionwise.alliance_and_attendance`, as events that may
    happen again and again to one client. Nothing is assumed of how the risk goes with the number
    of the appointment; how clients differ is not modelled but allowed for in the errors, so that
    ratios are between shares of all appointments, and nearer to 1 than those of the multilevel
    model.

    Parameters
    ----------
    s
        The records.
    alliance
        A score, in scale points.
    adjust
        Intake covariates.
    event
        ``"no_show"``: neither came nor cancelled; appointments cancelled are left out, as they are
        neither. ``"cancelled"``: cancelled, among all appointments.
    clock
        ``"total"``: appointments since the first, every client compared with all others at the same
        one (Andersen & Gill). ``"gap"``: appointments since the last event, clients compared with
        those who have had as many (Prentice, Williams & Peterson).

    Returns
    -------
    Fit
        Log hazard ratios of ``X_so_far`` and ``X_last_change`` (per alliance point, known *before*
        the appointment) and the covariates; robust errors by client.

    Raises
    ------
    Unanswerable, Refused
        The records hold no such event, or a column is missing or was not known before.

    References
    ----------
    Andersen & Gill (1982), Ann Stat 10:1100–1120; Prentice, Williams & Peterson (1981),
    Biometrika 68:373–379, model 2; Therneau & Grambsch (2000), Modeling Survival Data, ch. 8.

    Examples
    --------
    >>> import sessionwise as sw
    >>> sw.answer(alliance_and_missing_again, sw.example()).kind
    'missing'
    """
    _check_words(event, clock)
    adjust = as_names(adjust)
    s.need([alliance], PURPOSE)
    need_intake(s, adjust, PURPOSE)
    need_given(s, [alliance, *adjust], PURPOSE)
    s = attendance_flags(before_appointments(s, alliance))
    need_event(s, event)
    fixed = [f"{alliance}_so_far", f"{alliance}_last_change", *adjust]
    cancelled = event == "cancelled"
    rows, left_out = rows_asked(s, fixed, cancelled=cancelled)
    refuse_few_clients(rows)
    rows = with_spells(rows, event, s.frame)
    formula = f"{event} ~ {' + '.join(fixed)}"
    if clock == "gap":
        fit = cox(formula, rows, start="gap_start", stop="gap_stop", strata="spell", cluster="who")
    else:
        fit = cox(formula, rows, start="start", stop="stop", cluster="who")
    earlier = tuple((one.reason, one.rows) for one in s.origin.ledger if one.rows)
    lost = int(s.table.loc[kept_or_missed(s, cancelled=cancelled), event].sum()) - fit.rows.events
    words = s.columns[alliance].label or alliance
    return fit.replace(
        question=f"Does a better {words} go before fewer appointments {EVENT_WORDS[event]}?",
        rows=replace(
            fit.rows,
            clients=int(rows["who"].nunique()),
            events_lost=lost,
            left_out=(*earlier, *left_out),
            unit="appointments",
        ),
        recipe=replace(
            fit.recipe,
            kind="Andersen–Gill model" if clock == "total" else "gap-time model (PWP)",
            cluster="client",
            step="appointment",
            notes=(_said(clock, rows), *fit.recipe.notes),
            sources=(*fit.recipe.sources, *(("recurrent_events",) if clock == "gap" else ())),
        ),
        labels=term_labels(s.columns, [*fit.estimates["term"], event, alliance]),
    )


def with_spells(rows: pd.DataFrame, event: str, among: pd.DataFrame | None = None) -> pd.DataFrame:
    """Give each appointment its place on both clocks.

    Parameters
    ----------
    rows
        Appointments in order, with the key of the course, ``appointment`` and the 0/1 ``event``.
    event
        Its column.
    among
        All appointments of these courses, ``rows`` among them: an event on a row that lacks a
        score, or before the first session, has happened too. Without it, ``rows`` are all.

    Returns
    -------
    DataFrame
        With ``start, stop`` (the appointment and the one before); ``gap_start, gap_stop`` (counted
        from the last event of the course, or its first appointment); ``spell`` (events of the
        course before this row, from 0; with fewer than 10 events the later ones are taken
        together); and ``who``, a number for each client.

    Examples
    --------
    >>> rows = pd.DataFrame({"clinic": "", "client": "a", "course": 1, "appointment": [2, 3, 4],
    ...                      "no_show": [0, 1, 0]})
    >>> with_spells(rows, "no_show")[["start", "stop", "gap_start", "gap_stop", "spell"]].to_numpy()
    array([[1, 2, 0, 1, 0],
           [2, 3, 1, 2, 0],
           [3, 4, 0, 1, 0]])
    """
    key = [*COURSE_KEY, "appointment"]
    told = _events_before(rows if among is None else among, event)
    rows = rows.merge(told, on=key, how="left", validate="one_to_one")
    stop, happened = rows["appointment"].astype("int64"), rows[event].astype("int64")
    before, origin = (rows.pop(name) for name in ("before", "origin"))
    rows["start"], rows["stop"] = stop - 1, stop
    rows["gap_start"], rows["gap_stop"] = stop - 1 - origin, stop - origin
    enough = happened.groupby(before).sum() >= FEWEST
    most = int(enough[enough].index.max()) if enough.any() else 0
    rows["spell"] = before.clip(upper=most)
    rows["who"] = rows.groupby(["clinic", "client"], sort=False, observed=True).ngroup()
    return rows


def _events_before(rows: pd.DataFrame, event: str) -> pd.DataFrame:
    """Give of each appointment the events of its course before, and from where gaps count."""
    course = rows.groupby(COURSE_KEY, sort=False, observed=True).ngroup()
    stop, happened = rows["appointment"].astype("int64"), rows[event].astype("int64")
    last = stop.where(happened == 1).groupby(course).ffill().groupby(course).shift()
    return rows[[*COURSE_KEY, "appointment"]].assign(
        before=happened.groupby(course).cumsum() - happened,
        origin=last.fillna((stop - 1).groupby(course).transform("first")).astype("int64"),
    )


def _said(clock: str, rows: pd.DataFrame) -> str:
    """Say on what clock clients are compared."""
    if clock == "total":
        return (
            "Each row is an appointment, from the second on; at each, those who have one are "
            "compared. What explains it is from earlier sessions."
        )
    return (
        "Each row is an appointment, from the second on, counted from the last event; clients are "
        f"compared with those who have had as many ({rows['spell'].max()} or more together)."
    )


def _check_words(event: str, clock: str) -> None:
    problems = [
        Problem(f"there is no {what} '{given}'", "", nearest(str(given), get_args(known)))
        for what, given, known in (("event", event, Event), ("clock", clock, Clock))
        if given not in get_args(known)
    ]
    if problems:
        raise InvalidInput(problems, "what alliance_and_missing_again was given")
