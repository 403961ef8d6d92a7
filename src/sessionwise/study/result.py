"""`Result`: the typed record of what one notebook found."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.association import Association
from sessionwise.models.classified import Classified
from sessionwise.models.fit import Curve, Fit, Rows, Unanswered
from sessionwise.records.codebook import SCHEMA
from sessionwise.records.sessions import Sessions
from sessionwise.show.change_tables import verdict_counts
from sessionwise.show.display import Note, Sentence, Table
from sessionwise.show.gallery import methods
from sessionwise.show.suppression import guarded, guarded_together, shown, suppress
from sessionwise.study.study import Study

MIME = "application/vnd.sessionwise.result+json"
DIGITS = 12
COUNTED = ("courses", "due", "filled", "n", "count", "clients", "dyads")
"""Columns of a table that count people or forms."""
MADE = (Fit, Curve, Classified, Association)
"""Answers that say how they were made."""
LIMITS = ("criterion", "cutoff", "reliability", "sd")
"""Numbers by which courses were judged."""


class Part(BaseModel):
    """What became of one question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    question: str
    status: Literal["answered", "missing", "refused"]
    reason: str = ""
    sentence: str = ""
    headline: str = ""
    estimates: list[dict[str, Any]] = []
    variances: list[dict[str, Any]] = []
    curve: list[dict[str, Any]] = []
    table: list[dict[str, Any]] = []
    health: dict[str, Any] = {}
    numbers: dict[str, Any] = {}
    rows: dict[str, Any] = {}
    recipe: dict[str, Any] = {}
    loglik: float | None = None


class Result(BaseModel):
    """What one notebook found in one study; numbers to 12 significant digits."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal[1] = Field(SCHEMA, alias="schema")
    notebook: str
    study: str
    title: str
    question: str
    cohort: str = ""
    synthetic: bool
    data: str = Field("", description="SHA-256 of the export the records were read from")
    parts: list[Part]
    ledger: list[tuple[str, int | str, int | str]] = Field(description="reason, rows, courses")
    notes: list[str] = []
    instruments: list[str] = Field([], description="how far each part of a score's card is known")
    rows: dict[str, int | str]
    methods: str
    sources: list[str]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        answered = sum(part.status == "answered" for part in self.parts)
        text = f"{self.notebook}: {answered} of {len(self.parts)} questions answered"
        return {"text/plain": text, MIME: self.model_dump(mode="json", by_alias=True)}


def results(notebook: str, question: str, study: Study, s: Sessions, **answers: Any) -> Result:
    """Record what a notebook found; the last cell of every notebook.

    Parameters
    ----------
    notebook
        Its name, e.g. ``"03-alliance-and-outcome"``.
    question
        The question it asks.
    study, s
        What was asked, of which records.
    **answers
        Name of a part → a `Fit`, `Curve`, `Classified`, `Association`, table of counts or
        `Unanswered`, or a pair of one of them and the sentence that reports it; the first page
        tells those that have a sentence.

    Returns
    -------
    Result
        Shown in a notebook it carries itself as ``application/vnd.sessionwise.result+json``, from
        which the report is made; nothing is written.

    Raises
    ------
    InvalidInput
        An answer is something else.
    """
    parts, fits = [], []
    for name, given in answers.items():
        value, said = given if isinstance(given, tuple) else (given, "")
        part = _part(name, value, str(said))
        if isinstance(said, Sentence) and part.sentence:
            part = part.model_copy(update={"headline": said.headline or said.text})
        parts.append(part)
        if isinstance(value, MADE) and not any(value is fit for fit in fits):
            fits.append(value)
    return Result(
        notebook=notebook,
        study=study.name,
        title=study.title,
        question=question,
        cohort=study.cohort,
        synthetic=s.synthetic,
        data=s.origin.digest,
        parts=parts,
        ledger=[
            (left.reason, guarded(left.rows), guarded(left.courses)) for left in s.origin.ledger
        ],
        notes=list(s.origin.notes),
        rows={name: guarded(many) for name, many in s.counts().items()},
        methods=str(methods(fits)) if fits else "",
        instruments=[_card(name, s) for name in (study.alliance, study.outcome) if name],
        sources=sorted({key for fit in fits for key in fit.recipe.sources}),
    )


def _part(name: str, value: Any, sentence: str) -> Part:
    """Record one answer."""
    if isinstance(value, Unanswered):
        return Part(name=name, question=value.question, status=value.kind, reason=value.reason)
    if isinstance(value, Fit):
        return Part(
            name=name,
            question=value.question,
            status="answered",
            sentence=sentence,
            estimates=_records(value.estimates),
            variances=_records(value.variances),
            health=_plain(asdict(value.health)),
            rows=_counts(value.rows),
            recipe=_plain(asdict(value.recipe)),
            loglik=_number(value.loglik),
        )
    if isinstance(value, Note):
        return _part(name, value.unanswered, sentence)
    if isinstance(value, Table | pd.DataFrame):
        table = _records(value.frame if isinstance(value, Table) else _suppressed(value))
        return Part(name=name, question="", status="answered", sentence=sentence, table=table)
    if isinstance(value, Classified):
        return Part(
            name=name,
            question=value.question,
            status="answered",
            sentence=sentence,
            table=_records(verdict_counts(value)),
            numbers={key: _number(getattr(value, key)) for key in LIMITS},
            rows=_counts(value.rows),
            recipe=_plain(asdict(value.recipe)),
        )
    if isinstance(value, Association):
        return Part(
            name=name,
            question=value.question,
            status="answered",
            sentence=sentence,
            estimates=_records(value.estimates),
            table=[_plain(asdict(one)) for one in value.published],
            numbers={key: getattr(value, key) for key in ("draws", "seed", "early")},
            rows=_counts(value.rows),
            recipe=_plain(asdict(value.recipe)),
        )
    if isinstance(value, Curve):
        return Part(
            name=name,
            question=value.question,
            status="answered",
            sentence=sentence,
            curve=_records(shown(value.estimates)),
            rows=_counts(value.rows),
            recipe=_plain(asdict(value.recipe)),
        )
    raise InvalidInput(
        [
            Problem(
                f"`{name}` is neither a Fit, a Curve, a correlation, a table, verdicts nor "
                "unanswered",
                "sw.results",
                "Give what a named question returned.",
            )
        ],
        "the last cell",
    )


def _card(name: str, s: Sessions) -> str:
    """Say in a line how far the parts of an instrument's card are known."""
    if name not in s.instruments:
        return f"{name}: described by the codebook alone."
    own = s.instruments[name]
    known: dict[str, list[str]] = {}
    for part, status in own.status.items():
        known.setdefault(status, []).append(part.replace("_", " "))
    told = {"verified": "read in a named source", "secondary": "reported, not read in its source",
            "unverified": "not verified, and not used"}  # fmt: skip
    said = [
        f"{', '.join(known[status])} {words}" for status, words in told.items() if status in known
    ]
    return f"{own.short} ({own.name}): {'; '.join(said)}."


def _suppressed(frame: pd.DataFrame) -> pd.DataFrame:
    """Take small counts out of a table of counts, and what could give them away."""
    counts = [name for name in COUNTED if name in frame]
    keep = [name for name in ("session", "time") if name in frame]
    whole = [name for name in ("characteristic", "group") if name in frame]
    if "measure" in frame:  # each row measures something else, so that no sum is known
        keep += [name for name in ("n", "clients", "maximum") if name in frame]
        return suppress(frame, counts, keep=keep)
    return suppress(frame, counts, together=whole, keep=keep)


def _counts(rows: Rows) -> dict[str, Any]:
    """Record the rows of a fit with small counts suppressed."""
    left = zip(
        (reason for reason, _ in rows.left_out),
        guarded_together([many for _, many in rows.left_out]),
        strict=True,
    )
    small = {
        name: guarded(many)
        for name in ("used", "clients", "events", "events_lost")
        if (many := getattr(rows, name)) is not None
    }
    return _plain({**asdict(rows), **small, "left_out": [list(one) for one in left]})


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [_plain(row) for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    """Give a value as JSON knows it; what is not a number is null."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _number(value)
    return None if value is None or value is pd.NA else str(value)


def _number(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
