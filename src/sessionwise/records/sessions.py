"""`Sessions`: every scheduled appointment, every course of therapy, and what each column means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from sessionwise.errors import Unanswerable, nearest
from sessionwise.instruments.instrument import Instrument
from sessionwise.records.ending_rules import EndingRule
from sessionwise.records.ledger import Left, Origin
from sessionwise.records.small_counts import many

if TYPE_CHECKING:
    from sessionwise.records.observation import Observation

Known = Literal["before", "after", "course"]
Clock = Literal["session", "date", "time"]
Level = Literal["appointment", "course"]
ColumnType = Literal["whole", "number", "text", "category", "date", "flag"]

COURSE_KEY = ["clinic", "client", "course"]
KEY = [*COURSE_KEY, "appointment"]
WIDTH = 72
"""Letters in a line of what is printed."""

ENDINGS = (
    "planned",
    "unplanned",
    "transferred",
    "service_ended",
    "limit_reached",
    "external",
    "never_started",
    "ongoing",
)
ATTENDANCE = ("attended", "cancelled", "no_show")
MODALITIES = ("in_person", "video", "phone")


@dataclass(frozen=True)
class Column:
    """What one column is, and when its value is known.

    Attributes
    ----------
    name
        As in the table.
    type
        ``"whole"``, ``"number"``, ``"text"``, ``"category"``, ``"date"`` or ``"flag"`` (0/1).
    known
        ``"before"`` the session begins, ``"after"`` it has ended, or only when the ``"course"``
        is over. Relative to the row: made from earlier rows only, a column is ``"before"``.
    level
        ``"appointment"``: may differ between rows of a course; ``"course"``: one value each.
    unit, label
        For axes and tables, e.g. ``"points"``, ``"Session Rating Scale"``.
    instrument
        Which instrument the score belongs to, or empty.
    made_from
        The columns it was computed from; empty if it was read.
    """

    name: str
    type: ColumnType
    known: Known
    level: Level = "appointment"
    unit: str = ""
    label: str = ""
    instrument: str = ""
    made_from: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Sessions:
    """What happened: one row per scheduled appointment, one row per course of therapy.

    Attributes
    ----------
    table
        Key ``clinic, client, course, appointment``; ``session`` (1, 2, … over attended
        appointments, missing elsewhere), ``sessions_so_far``, ``attendance``, ``decided`` (whether
        leaving after this session, and staying, would both have been seen), scores. A shallow copy.
    courses
        One row per ``clinic, client, course`` with its ``ending`` and intake covariates. A copy.
    columns
        Name → :class:`Column` of every column of both.
    instruments
        Name of a score column → its :class:`Instrument`.
    origin
        Source, digest and the ledger of what was left out.
    clock
        What orders the rows: ``"session"``, ``"date"`` or ``"time"``.
    time_unit
        What ``time`` counts, e.g. ``"months"``; ``"sessions"`` on the session clock.
    synthetic
        True if the rows were simulated; everything shown is stamped then.
    observation
        How long the records were kept, as found on reading; ``None`` where the records say of
        each session themselves whether the decision after it was seen.
    rule
        By which definition endings count as dropout, and what each kind of ending counts as.

    Verbs return a new value; nothing here is changed in place.
    """

    _table: pd.DataFrame = field(repr=False)
    _courses: pd.DataFrame = field(repr=False)
    columns: Mapping[str, Column] = field(repr=False)
    instruments: Mapping[str, Instrument] = field(default_factory=dict, repr=False)
    origin: Origin = Origin()
    clock: Clock = "session"
    time_unit: str = "sessions"
    synthetic: bool = False
    observation: Observation | None = field(default=None, repr=False)
    rule: EndingRule = field(default_factory=EndingRule, repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row per scheduled appointment, sorted by key."""
        return self._table.copy(deep=False)

    @property
    def courses(self) -> pd.DataFrame:
        """One row per course of therapy, sorted by key."""
        return self._courses.copy(deep=False)

    @property
    def frame(self) -> pd.DataFrame:
        """Every appointment with the columns of its course beside it."""
        extra = [name for name in self._courses.columns if name not in self._table.columns]
        if not extra:
            return self.table
        positions = self.course_positions()
        beside = self._courses[extra].iloc[positions].set_axis(self._table.index)
        return pd.concat([self._table, beside], axis=1)

    def course_positions(self) -> np.ndarray:
        """Give, for each row of ``table``, the position of its course in ``courses``."""
        index = pd.MultiIndex.from_frame(self._courses[COURSE_KEY])
        return index.get_indexer(pd.MultiIndex.from_frame(self._table[COURSE_KEY]))

    @property
    def attended(self) -> np.ndarray:
        """Which rows of ``table`` are attended sessions, shape (rows,), bool."""
        return (self._table["attendance"] == "attended").to_numpy()

    def need(self, names: Iterable[str], purpose: str) -> None:
        """Say which columns a question lacks.

        Raises
        ------
        Unanswerable
            Names every missing column, what it was wanted for, and what to do.
        """
        names = list(dict.fromkeys(names))
        if "" in names:
            raise Unanswerable(f"{purpose} cannot be looked at: this study names no such score.")
        missing = [name for name in names if name not in self.columns]
        if missing:
            listed = ", ".join(f"`{name}`" for name in missing)
            hint = f" {nearest(missing[0], self.columns)}" if len(missing) == 1 else ""
            raise Unanswerable(
                f"{purpose} needs {listed}, which {self.origin.source or 'these data'} "
                f"do{'es' if self.origin.source else ''} not hold.{hint} "
                "If the export has it under another name, add it to the codebook."
            )

    def need_score(self, name: str, purpose: str) -> None:
        """Say why a column cannot be followed from session to session.

        Raises
        ------
        Unanswerable
            It is not there, has one value in a course, or is no number.
        """
        self.need([name], purpose)
        if self.columns[name].level == "course":
            raise Unanswerable(f"{purpose} needs a value a session; `{name}` has one a course.")
        if self.columns[name].type not in ("number", "whole", "flag"):
            raise Unanswerable(f"{purpose} needs numbers, and `{name}` holds none.")

    def with_columns(self, values: pd.DataFrame, columns: Iterable[Column]) -> Sessions:
        """Give a copy with columns of appointments added or replaced.

        Parameters
        ----------
        values
            One column per :class:`Column`, indexed as ``table``.
        columns
            What each of them is.
        """
        described = {column.name: column for column in columns}
        table = self.table
        for name in described:
            table[name] = values[name]
        return replace(self, _table=table, columns={**self.columns, **described})

    def keep_courses(self, keep: np.ndarray, reason: str) -> Sessions:
        """Give a copy with some courses only; the ledger says how many were left out, and why.

        Parameters
        ----------
        keep
            One bool per row of ``courses``.
        reason
            Words for the ledger.
        """
        keep = np.asarray(keep, bool)
        rows = keep[self.course_positions()]
        sessions = int((~rows & self.attended).sum())
        left = Left(reason, int((~rows).sum()), int((~keep).sum()), sessions)
        return replace(
            self,
            _table=self._table[rows].reset_index(drop=True),
            _courses=self._courses[keep].reset_index(drop=True),
            origin=replace(self.origin, ledger=(*self.origin.ledger, left)),
        )

    @property
    def left_out(self) -> tuple[tuple[str, int], ...]:
        """What the ledger counts, as reason and attended sessions; every fit carries it on."""
        return tuple((left.reason, left.attended) for left in self.origin.ledger if left.attended)

    def counts(self) -> dict[str, int]:
        """Count appointments, attended sessions, clients, therapists and courses.

        With the clock ``time`` the rows are assessments that were due, and are counted as such.
        """
        therapists = self._table["therapist"].nunique() if "therapist" in self._table else 0
        attended = {"sessions": int(self.attended.sum())}
        rows = "assessments" if self.clock == "time" else "appointments"
        return {
            rows: len(self._table),
            **({} if self.clock == "time" else attended),
            "clients": int(self._courses["client"].nunique()),
            "therapists": int(therapists),
            "courses": len(self._courses),
        }

    @classmethod
    def of(cls, frame: pd.DataFrame, clock: Clock = "session", **described: Any) -> Sessions:
        """Make `Sessions` from a frame whose columns have canonical names already.

        Parameters
        ----------
        frame
            One row per appointment with ``client`` and a clock at least; sessions are counted where
            there is a date. Columns that are not canonical are numbers or categories known *before*
            the session, but for names the catalogue fixes (``srs`` is known *after* it).
        clock
            ``"session"``, ``"date"`` or ``"time"``.
        **described
            ``known={"wai": "after"}``, ``level={"severity": "course"}``, ``ids_global=True``,
            ``time_unit="months"``, ``observation=Observation(session_limit=20)``.

        Raises
        ------
        InvalidInput
            Every broken rule at once.

        Examples
        --------
        >>> import pandas as pd
        >>> s = Sessions.of(pd.DataFrame({"client": "a", "session": [1, 2], "srs": [30, 35.0]}))
        >>> s.columns["srs"].known, len(s.courses)
        ('after', 1)
        """
        from sessionwise.records.framing import sessions_of_frame

        return sessions_of_frame(frame, clock, **described)

    def __repr__(self) -> str:
        counts = self.counts()
        words = ", ".join(many(value, name) for name, value in counts.items() if value)
        scores = fill(f"scores: {', '.join(self.instruments) or 'none'}", WIDTH)
        stamp = "SYNTHETIC " if self.synthetic else ""
        return f"{stamp}Sessions from {self.origin.source or 'a frame'}\n{words}\n{scores}"
