"""The rules records keep, each declared once: as a sentence, with its check.

The sentence goes into the data dictionary and, when the check fails, into the message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import pandas as pd

from sessionwise.records.ordering import clocks_of, in_order
from sessionwise.records.sessions import COURSE_KEY


@dataclass(frozen=True)
class Between:
    """Values of one column lie between two limits, which are allowed themselves."""

    column: str
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """The rule in words."""
        if self.high == inf:
            return f"`{self.column}` should be {self.low:g} or more"
        if self.low == -inf:
            return f"`{self.column}` should be {self.high:g} or less"
        return f"`{self.column}` should lie between {self.low:g} and {self.high:g}"

    def remedy_for(self, frame: pd.DataFrame, broken: pd.Series) -> str:
        """Say what to do about the rows that break it; a single strange value may be a code."""
        where = f"to `missing` for `{self.column}` in the codebook."
        values = frame.loc[broken, self.column].unique()
        if len(values) == 1 and values[0] % 1 == 0:
            return f'If {values[0]:g} means "not answered", add it {where}'
        return f'Correct them, or add the codes for "not answered" {where}'

    def broken(self, frame: pd.DataFrame) -> pd.Series:
        """Give the rows that break it, a bool for each."""
        values = frame[self.column]
        return values.notna() & ~values.between(self.low, self.high)


@dataclass(frozen=True)
class Rule:
    """Something that holds between columns.

    Attributes
    ----------
    sentence
        The rule in words.
    needs
        Columns it speaks of; it is checked where all of them are there.
    check
        Frame → bool for each row: does this row break the rule?
    remedy
        What to do where it is broken.
    """

    sentence: str
    needs: tuple[str, ...]
    check: Callable[[pd.DataFrame], pd.Series]
    remedy: str

    def broken(self, frame: pd.DataFrame) -> pd.Series:
        """Give the rows that break it, a bool for each."""
        return self.check(frame).fillna(False).astype(bool)

    def remedy_for(self, frame: pd.DataFrame, broken: pd.Series) -> str:  # noqa: ARG002
        """Say what to do about the rows that break it."""
        return self.remedy


def _by_course(frame: pd.DataFrame, values: pd.Series) -> Any:
    groups = [frame[key] for key in COURSE_KEY]
    return values.groupby(groups, sort=False, observed=True, dropna=False)


def _repeats(*extra: str) -> Callable[[pd.DataFrame], pd.Series]:
    def check(frame: pd.DataFrame) -> pd.Series:
        given = frame[list(extra)].notna().all(axis=1)
        return given & frame.duplicated([*COURSE_KEY, *extra], keep="first")

    return check


def _falls(column: str, along: str) -> Callable[[pd.DataFrame], pd.Series]:
    def check(frame: pd.DataFrame) -> pd.Series:
        ordered = frame.dropna(subset=[along, column]).sort_values([*COURSE_KEY, along])
        earlier = _by_course(ordered, ordered[column]).shift()
        return (ordered[column] < earlier).reindex(frame.index, fill_value=False)

    return check


def _two_endings(frame: pd.DataFrame) -> pd.Series:
    kinds = _by_course(frame, frame["ending"].astype("str")).transform("nunique")
    return frame["ending"].notna() & (kinds > 1)


def _after_the_ending(frame: pd.DataFrame) -> pd.Series:
    ordered = in_order(frame)
    ended = _by_course(ordered, ordered["ending"].notna().astype("int64")).cummax()
    ended = _by_course(ordered, ended).shift(fill_value=0)
    silent = ordered["ending"].isna()
    return (ended.astype(bool) & silent).reindex(frame.index, fill_value=False)


def _attended_though_never_started(frame: pd.DataFrame) -> pd.Series:
    never = frame["ending"].astype("str").eq("never_started")
    course_never = _by_course(frame, never).transform("max")
    return course_never.astype(bool) & frame["attendance"].astype("str").eq("attended")


def _attended(frame: pd.DataFrame) -> pd.Series:
    return frame["attendance"].astype("str").eq("attended")


def _without_place(frame: pd.DataFrame) -> pd.Series:
    several = frame.duplicated(COURSE_KEY, keep=False)
    return several & frame[clocks_of(frame)[0]].isna()


def never_empty(column: str) -> Rule:
    """Give the rule that a column has a value on every row."""
    return Rule(
        f"Every row has its `{column}`",
        (column,),
        lambda frame: frame[column].isna(),
        "Fill it in, or take these rows out of the export.",
    )


def _repeats_dates(frame: pd.DataFrame) -> pd.Series:
    """Find a date that stands twice in a course, where nothing else tells the two rows apart."""
    if {"session", "appointment", "time"} & set(frame.columns):
        return pd.Series(False, index=frame.index)
    return _repeats("date")(frame)


def _repeats_times(frame: pd.DataFrame) -> pd.Series:
    """Find a time that stands twice in a course, where nothing else tells the two rows apart."""
    if {"session", "appointment"} & set(frame.columns):
        return pd.Series(False, index=frame.index)
    return _repeats("time")(frame)


MOST_SESSIONS = 10_000
"""No course has as many: five sessions a week for forty years."""
DOUBLE = (
    "Take out the double entries, or add [columns.course] if these are second courses, "
    "[columns.clinic] if clients of two clinics share a number."
)

RULES: tuple[Rule, ...] = (
    *(never_empty(column) for column in (*COURSE_KEY, "attendance")),
    Rule(
        "Within a course each session number stands once",
        ("session",),
        _repeats("session"),
        DOUBLE,
    ),
    Rule(
        "Within a course each appointment number stands once",
        ("appointment",),
        _repeats("appointment"),
        DOUBLE,
    ),
    Rule(
        "Within a course each date stands once where appointments have no numbers",
        ("date",),
        _repeats_dates,
        "Take out the double entries, or number the appointments: add [columns.appointment].",
    ),
    Rule(
        "Within a course each time stands once where appointments have no numbers",
        ("time",),
        _repeats_times,
        "Take out the double entries, or number the appointments: add [columns.appointment].",
    ),
    Rule(
        "Session numbers start at 1 and are whole",
        ("session",),
        lambda frame: frame["session"] < 1,
        "Count the first attended session as 1.",
    ),
    Rule(
        f"Session numbers are below {MOST_SESSIONS:,}",
        ("session",),
        lambda frame: frame["session"] >= MOST_SESSIONS,
        "Check that the column counts sessions: it may hold numbers of files, or day numbers.",
    ),
    Rule(
        "A later session has no earlier date",
        ("session", "date"),
        _falls("date", along="session"),
        "Check the dates and the session numbers of these rows.",
    ),
    Rule(
        "A later appointment has no earlier time",
        ("appointment", "time"),
        _falls("time", along="appointment"),
        "Check the times and the numbers of these rows.",
    ),
    Rule(
        "A later appointment has no earlier session number",
        ("appointment", "session"),
        _falls("session", along="appointment"),
        "Check the numbers of these rows.",
    ),
    Rule(
        "An attended appointment has a session number",
        ("session", "attendance"),
        lambda frame: _attended(frame) & frame["session"].isna(),
        "Number it, or leave [columns.session] out of the codebook: sessions are counted then.",
    ),
    Rule(
        "Only attended appointments have a session number",
        ("session", "attendance"),
        lambda frame: frame["attendance"].notna() & ~_attended(frame) & frame["session"].notna(),
        "If the column numbers appointments, name it [columns.appointment].",
    ),
    Rule(
        "Every row has its place in the course",
        (),
        _without_place,
        "Number the appointments, or give every row a date: an appointment that was not attended "
        "has no session number to place it by.",
    ),
    Rule(
        "A course ends once",
        ("ending",),
        _two_endings,
        "Keep one ending a course, or add [columns.course] if these are second courses, "
        "[columns.clinic] if clients of two clinics share a number.",
    ),
    Rule(
        "Nothing follows the ending of a course",
        ("ending",),
        _after_the_ending,
        "Put the ending on every row of the course or on its last row; a client who came back "
        "has a second course: add [columns.course].",
    ),
    Rule(
        "A course that never started has no attended session",
        ("ending", "attendance"),
        _attended_though_never_started,
        "Correct the ending or the attendance.",
    ),
)
"""Rules between columns, checked in this order."""


def constant_in_course(column: str) -> Rule:
    """Give the rule that a column of the course has one value in each course."""

    def check(frame: pd.DataFrame) -> pd.Series:
        values = frame[column].astype("str")
        first = _by_course(frame, values).transform("first")
        return values.notna() & (values != first)

    return Rule(
        f"`{column}` has one value in a course",
        (column,),
        check,
        f'Correct it, or leave out level = "course" in [columns.{column}].',
    )
