"""In which phase of therapy each session lies, and how many steps a course has taken in each."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sessionwise.errors import Unanswerable
from sessionwise.records.sessions import COURSE_KEY, Column, Sessions

USUAL = ("agreeing", "working", "ending")
LAST_AGREEING = 3
"""Where no phase is recorded, sessions 1 to 3 are taken as those of agreeing on the work."""


@dataclass(frozen=True, eq=False)
class Phases:
    """The records with their phases.

    Attributes
    ----------
    s
        The records with ``phase_of_session`` (the name of the phase) and a column of steps for
        each phase.
    names
        The phases, in order.
    steps
        For each, the column that counts how far a course has come in it, in sessions.
    recorded
        Whether the records say the phase; otherwise it follows from the session number.
    """

    s: Sessions
    names: tuple[str, ...]
    steps: tuple[str, ...]
    recorded: bool


def in_phases(s: Sessions) -> Phases:
    """Part each course into phases: as recorded in ``phase``, or by the number of the session.

    Without a record sessions 1 to 3 are *agreeing* and all later ones *working*. An *ending* phase
    cannot be told from session numbers: the last sessions of a course are known as such only when
    it is over. A step from one session to the next belongs to the phase of the later one, so that
    a straight line in each column of steps is a line that bends where a phase begins. Both are
    known *before* the session, if ``phase`` is.

    Raises
    ------
    Unanswerable
        The records hold assessments at fixed times and no sessions.

    Examples
    --------
    >>> import sessionwise as sw
    >>> found = in_phases(sw.example())
    >>> found.steps, found.recorded
    (('steps_agreeing', 'steps_working'), False)
    """
    if s.clock == "time":
        raise Unanswerable(
            "Phases of therapy are made of sessions, and these records hold assessments, "
            "not sessions."
        )
    recorded = "phase" in s.columns and s.columns["phase"].level == "appointment"
    table = s.table
    session = table["session"].astype("float64")
    if recorded:
        phase = table["phase"].astype("str").where(table["phase"].notna())
        names = _ordered(table["phase"], session)
    else:
        late = session > LAST_AGREEING
        words = np.where(late, USUAL[1], USUAL[0])
        phase = pd.Series(words, index=table.index).where(session.notna())
        names = USUAL[:2] if late.any() else USUAL[:1]
    made = {"phase_of_session": phase.astype("str").where(phase.notna())}
    known = s.columns["phase"].known if recorded else "before"
    from_what = ("session", "phase") if recorded else ("session",)
    columns = [Column("phase_of_session", "text", known, made_from=from_what, label="phase")]
    steps = []
    for name in names:
        column = f"steps_{re.sub(r'[^0-9A-Za-z]+', '_', name).strip('_')}"
        made[column] = _steps(table, session, phase, name, recorded=recorded)
        label = f"session, {name} phase"
        columns.append(Column(column, "number", known, "appointment", "sessions", label,
                              made_from=from_what))  # fmt: skip
        steps.append(column)
    frame = pd.DataFrame(made, index=table.index)
    return Phases(s.with_columns(frame, columns), names, tuple(steps), recorded)


def _ordered(phase: pd.Series, session: pd.Series) -> tuple[str, ...]:
    """Give the phases that occur: in the usual order, the codebook's, or as they come."""
    seen = set(phase.dropna().astype("str"))
    if seen <= set(USUAL):
        return tuple(name for name in USUAL if name in seen)
    if isinstance(phase.dtype, pd.CategoricalDtype):
        return tuple(str(name) for name in phase.cat.categories if str(name) in seen)
    return tuple(session.groupby(phase.astype("str")).mean().sort_values(kind="stable").index)


def _steps(
    table: pd.DataFrame, session: pd.Series, phase: pd.Series, name: str, *, recorded: bool
) -> pd.Series:
    """Count the steps in one phase up to each session; missing from an unknown phase on."""
    if not recorded:
        agreeing = session.clip(upper=LAST_AGREEING) - 1
        return agreeing if name == USUAL[0] else session - 1 - agreeing
    attended = session.notna()
    keys = [table.loc[attended, key] for key in COURSE_KEY]
    at = session[attended]
    before = at.groupby(keys, sort=False, observed=True).shift().fillna(1.0)
    own = phase[attended]
    step = (at - before).where(own == name, 0.0).where(own.notna())
    so_far = step.groupby(keys, sort=False, observed=True).cumsum()
    unknown = own.isna().groupby(keys, sort=False, observed=True).cummax()
    return so_far.mask(unknown).reindex(table.index)
