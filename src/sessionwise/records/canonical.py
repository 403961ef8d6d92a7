"""From typed columns to `Sessions`: keys, order, endings, scores, and every rule checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, SessionwiseError, rows_of
from sessionwise.instruments.instrument import Instrument
from sessionwise.instruments.scoring import score
from sessionwise.records.codebook import ROLE_CODES, ROLES
from sessionwise.records.ledger import Origin
from sessionwise.records.observation import Observation, decisions, settled
from sessionwise.records.ordering import numbered
from sessionwise.records.parsing import FIRST_ROW
from sessionwise.records.rules import RULES, Between, Rule, constant_in_course, never_empty
from sessionwise.records.sessions import COURSE_KEY, KEY, Clock, Column, Sessions
from sessionwise.records.small_counts import many

COUNTED = ("whole", "appointment", "before")
MADE_HERE = {"due": ("flag", "appointment", "course")}


@dataclass(frozen=True, eq=False)
class Draft:
    """Typed columns on their way to `Sessions`.

    Attributes
    ----------
    frame
        One row per appointment under canonical names; its index numbers the rows of the file
        from 0, so that messages can name them.
    columns
        What each column is.
    instruments
        Name of a score → its instrument.
    limits
        Name of a score → lowest and highest value allowed, where no instrument says.
    items
        Name of a score → item number → column, where it is to be scored from items.
    ids_global
        Client ids are unique across clinics.
    unread
        Column → rows whose cell could not be read, which has been said already.
    """

    frame: pd.DataFrame
    columns: Mapping[str, Column]
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    items: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    ids_global: bool = False
    unread: Mapping[str, set[int]] = field(default_factory=dict)


def assemble(
    draft: Draft,
    origin: Origin,
    clock: Clock,
    observation: Observation,
    time_unit: str = "",
    problems: list[Problem] | None = None,
) -> Sessions:
    """Make `Sessions` of typed columns, or say everything that is wrong with them.

    Raises
    ------
    InvalidInput
        Every broken rule at once, with row numbers and never an identifier.
    """
    problems = list(problems or [])
    frame = _with_key_columns(draft.frame)
    frame, scored, faults = _with_scores(frame, draft, origin.source)
    problems += faults
    columns = {**draft.columns, **scored}
    problems += _broken(frame, value_rules(draft, columns), origin.source)
    problems += _broken(frame, course_rules(columns), origin.source)
    problems += _broken(frame, RULES, origin.source, draft.unread)
    problems += _clock_problems(frame, clock, origin.source)
    if problems:
        raise InvalidInput(problems, origin.source)
    frame = numbered(_qualified(frame, draft.ids_global))
    table, courses = _split(frame, columns)
    ending = _beside(table, courses, "ending")
    kept = None if "decided" in table else settled(table, observation)
    due, seen, notes = decisions(table, ending, observation)
    table["decided"], table["due"] = seen, due
    notes = (*_taken_as_missed(draft.frame, table), *notes)
    return Sessions(
        _table=table,
        _courses=courses,
        columns=_described(table, courses, columns),
        instruments=dict(draft.instruments),
        origin=replace(origin, notes=(*origin.notes, *(notes if clock != "time" else ()))),
        clock=clock,
        time_unit=(time_unit or "days") if clock == "time" else "sessions",
        observation=kept,
    )


def _with_key_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill in the parts of the key an export leaves out."""
    frame = frame.copy(deep=False)
    if "clinic" not in frame:
        frame["clinic"] = pd.Series("all", index=frame.index, dtype="str")
    if "course" not in frame:
        frame["course"] = pd.Series(1, index=frame.index, dtype="Int64")
    if "attendance" not in frame:
        came = frame["session"].notna() if "session" in frame else pd.Series(True, frame.index)
        words = np.where(came, "attended", "no_show")
        frame["attendance"] = pd.Categorical(words, categories=list(ROLE_CODES["attendance"]))
    if "ending" not in frame:
        frame["ending"] = pd.Categorical([None] * len(frame), categories=list(ROLE_CODES["ending"]))
    return frame


def _taken_as_missed(given: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Say what was assumed of appointments whose attendance is not recorded."""
    missed = int((table["attendance"] != "attended").sum())
    if "attendance" in given or not missed:
        return []
    return [
        f"{many(missed, 'appointments')} without a session number are taken as not attended; "
        "[columns.attendance] in the codebook would say which were cancelled."
    ]


def _with_scores(
    frame: pd.DataFrame, draft: Draft, source: str
) -> tuple[pd.DataFrame, dict[str, Column], list[Problem]]:
    """Score questionnaires from their items, the total and each subscale."""
    scored: dict[str, Column] = {}
    problems: list[Problem] = []
    for name, of_item in draft.items.items():
        own = draft.instruments[name]
        absent = sorted(set(range(1, own.items + 1)) - set(of_item))
        if absent:
            listed = ", ".join(str(number) for number in absent)
            problems.append(
                Problem(
                    f"`{name}` cannot be scored: items {listed} are not in the codebook",
                    "",
                    "Add a column for each, or give the total instead.",
                )
            )
            continue
        items = frame[[of_item[number] for number in sorted(of_item)]]
        items = items.set_axis([_ending_in(n, of_item[n]) for n in sorted(of_item)], axis=1)
        if items.index.is_unique:  # messages number the rows as the file does
            items = items.reindex(range(items.index.max() + 1))
        try:
            made = {
                f"{name}_{part}".removesuffix("_total"): score(items, own, part, source=source)
                for part in ("total", *(own.subscales or ()))
            }
        except InvalidInput as error:
            problems += error.problems
            continue
        except SessionwiseError as error:
            problems.append(Problem(str(error).rstrip(".")))
            continue
        used = tuple(of_item.values())
        like = draft.columns[used[0]]
        for column, values in made.items():
            frame[column] = values.loc[frame.index] if values.index.is_unique else values
            scored[column] = replace(like, name=column, type="number", made_from=used)
    return frame, scored, problems


def _ending_in(number: int, column: str) -> str:
    """Name an item so that its number stands last, as scoring knows items."""
    return column if column.endswith(f"_{number}") else f"{column}, item {number}"


def value_rules(draft: Draft, columns: Mapping[str, Column]) -> list[Between]:
    """Give the limits of every score."""
    rules = []
    for name in columns:
        if name in draft.limits:
            rules.append(Between(name, *draft.limits[name]))
        elif name in draft.instruments and name not in draft.items:
            rules.append(Between(name, *draft.instruments[name].range_of("total")))
        elif name == "homework":
            rules.append(Between(name, 0, 1))
    return rules


def course_rules(columns: Mapping[str, Column]) -> list[Rule]:
    """Give the rule of each column that has one value in a course."""
    return [
        constant_in_course(name)
        for name, column in columns.items()
        if column.level == "course" and name != "ending"
    ]


def _clock_problems(frame: pd.DataFrame, clock: Clock, source: str) -> list[Problem]:
    """Refuse a clock that is not there, or not on every row; sessions can be counted."""
    if clock != "time" and "time" in frame and not {"session", "date"} & set(frame):
        return [
            Problem(
                f"The clock is `{clock}`, and the rows are told apart by `time` only",
                source,
                'Write clock = "time" in the study, or give clock="time" to read.',
            )
        ]
    if clock == "session":
        return []
    if clock not in frame:
        return [
            Problem(
                f"The clock is `{clock}`, and no column holds it",
                source,
                f"Add [columns.{clock}] to the codebook, or name another clock.",
            )
        ]
    return _broken(frame, [never_empty(clock)], source)


def _broken(
    frame: pd.DataFrame, rules: Any, source: str, unread: Mapping[str, set[int]] | None = None
) -> list[Problem]:
    """Check rules; each broken one becomes a problem with its rows.

    A cell that could not be read has been named already, and is not named again as empty.
    """
    problems = []
    by_position = frame.reset_index(drop=True)  # a row of the file may have become several
    for rule in rules:
        needs = getattr(rule, "needs", (getattr(rule, "column", ""),))
        if any(name not in frame for name in needs):
            continue
        bad = rule.broken(by_position)
        if len(needs) == 1:
            bad &= ~frame.index.isin((unread or {}).get(needs[0], ()))
        count = int(bad.sum())
        if count:
            rows = sorted(set(frame.index[bad.to_numpy()] + FIRST_ROW))
            verb = "does" if count == 1 else "do"
            found = f"{rule.sentence}; {count} row{'s' * (count > 1)} {verb} not"
            remedy = rule.remedy_for(by_position, bad)
            problems.append(Problem(found, rows_of(rows, source), remedy))
    return problems


def _qualified(frame: pd.DataFrame, ids_global: bool) -> pd.DataFrame:
    """Make ids unique across clinics, unless they are."""
    if ids_global or frame["clinic"].nunique() < 2:
        return frame
    for name in ("client", "therapist"):
        if name in frame:
            frame[name] = (frame["clinic"] + "/" + frame[name]).astype("str")
    return frame


def _split(frame: pd.DataFrame, columns: Mapping[str, Column]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part what belongs to the appointment from what belongs to the course."""
    of_course = [name for name, c in columns.items() if c.level == "course" and name != "ending"]
    by_course = frame.groupby(COURSE_KEY, sort=False, observed=True)
    courses = by_course[of_course].first() if of_course else by_course[[]].first()
    ending = by_course["ending"].first().astype("str").fillna("ongoing")
    courses["ending"] = pd.Categorical(ending, categories=list(ROLE_CODES["ending"]))
    lead = [*KEY, "session", "sessions_so_far", "attendance"]
    rest = [n for n in frame.columns if n not in {*lead, *of_course, "ending"}]
    return frame[[*lead, *rest]], courses.reset_index()


def _beside(table: pd.DataFrame, courses: pd.DataFrame, name: str) -> pd.Series:
    """Give a column of the course beside each appointment."""
    index = pd.MultiIndex.from_frame(courses[COURSE_KEY])
    positions = index.get_indexer(pd.MultiIndex.from_frame(table[COURSE_KEY]))
    return courses[name].astype("str").iloc[positions].set_axis(table.index)


def _described(
    table: pd.DataFrame, courses: pd.DataFrame, columns: Mapping[str, Column]
) -> dict[str, Column]:
    """Describe every column, also those made on the way."""
    described = dict(columns)
    for name in [*table.columns, *courses.columns]:
        if name not in described:
            kind, level, known = MADE_HERE.get(name) or ROLES.get(name, COUNTED)
            described[name] = Column(name, kind, known, level)
    return {name: described[name] for name in dict.fromkeys([*table.columns, *courses.columns])}
