"""`Sessions` of a frame whose columns have canonical names already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.instruments.catalogue import instrument, shipped
from sessionwise.records.canonical import Draft, assemble
from sessionwise.records.codebook import ROLE_CODES, ROLES, ColumnSpec
from sessionwise.records.ledger import Origin
from sessionwise.records.observation import Observation
from sessionwise.records.parsing import Parser
from sessionwise.records.sessions import Clock, Column, ColumnType, Known, Level, Sessions


def sessions_of_frame(
    frame: pd.DataFrame,
    clock: Clock = "session",
    *,
    known: Mapping[str, Any] | None = None,
    level: Mapping[str, Any] | None = None,
    ids_global: bool = False,
    time_unit: str = "",
    observation: Observation | None = None,
) -> Sessions:
    """Make `Sessions` of a frame with canonical names; see :meth:`Sessions.of`."""
    known, level = dict(known or {}), dict(level or {})
    given = frame.reset_index(drop=True)
    counted = clock == "session" and {"appointment", "date"} & set(given.columns)
    _refuse_absent(given, {"client", *known, *level} | (set() if counted else {clock}))
    _refuse_strange_words({"known": known, "level": level})
    cards = shipped()
    columns, instruments = {}, {}
    parser = Parser("a frame", [""])
    for name in given.columns:
        kind = _kind(given[name])
        if name in ROLES:
            kind, its_level, its_known = ROLES[name]
            given[name] = parser.parse(given[name], name, ColumnSpec(source=name), kind)
            if name in ROLE_CODES:
                given[name] = parser.words(given[name], name, ROLE_CODES[name])
        else:
            its_level, its_known = level.get(name, "appointment"), "before"
        if name in cards:
            instruments[name] = instrument(name)
            its_known = instruments[name].administered or its_known
        columns[name] = Column(
            name,
            kind,
            known.get(name, its_known),
            level.get(name, its_level),
            instrument=name if name in cards else "",
        )
    draft = Draft(given, columns, instruments, ids_global=ids_global, unread=parser.unread)
    origin = Origin("a frame", rows_read=len(given))
    watched = observation or Observation()
    return assemble(draft, origin, clock, watched, time_unit, parser.problems)


def _kind(values: pd.Series) -> ColumnType:
    """Give the type of a column of a frame."""
    if values.dtype.kind == "M":
        return "date"
    if values.dtype.kind in "biuf":
        return "number"
    return "category" if isinstance(values.dtype, pd.CategoricalDtype) else "text"


def _refuse_strange_words(given: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse marks that are none: a typo would let the future into a model."""
    allowed = {"known": get_args(Known), "level": get_args(Level)}
    problems = [
        Problem(f"`{name}` is marked {kind} = '{word}'", "", nearest(str(word), allowed[kind]))
        for kind, words in given.items()
        for name, word in words.items()
        if word not in allowed[kind]
    ]
    if problems:
        raise InvalidInput(problems, "the marks of a frame")


def _refuse_absent(frame: pd.DataFrame, wanted: Iterable[str]) -> None:
    """Refuse a frame without a column that is needed or spoken of."""
    there = [str(name) for name in frame.columns]
    problems = [
        Problem(f"The frame has no column `{name}`", "", f"{nearest(name, there)} Rename it.")
        for name in sorted(wanted)
        if name not in frame.columns
    ]
    if problems:
        raise InvalidInput(problems, "a frame")
