"""What the first page of a report says: made from the results, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sessionwise.reporting.collecting import Figure, Table
from sessionwise.reporting.running import Executed
from sessionwise.reporting.sections import Layout
from sessionwise.show.sources import SOURCES

COUNTED = ("appointments", "assessments", "sessions", "clients", "therapists", "courses")


@dataclass(frozen=True)
class Open:
    """A reason why questions stayed open, said once, and the questions."""

    reason: str
    questions: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Entry:
    """One line of the table of contents."""

    name: str
    title: str
    question: str
    answered: int
    parts: int

    @property
    def status(self) -> str:
        """Say in words how much of a notebook's question was answered."""
        if self.parts == 0 or self.answered == self.parts:
            return "answered"
        if self.answered == 0:
            return "not answered"
        return f"{self.answered} of {self.parts} parts answered"


@dataclass(frozen=True, eq=False)
class Front:
    """Everything the first page tells.

    Attributes
    ----------
    findings
        For each page that answered something its name, its title and the headlines of its answered
        parts, in reading order; a headline is told once.
    open
        Why the other parts were not answered, each reason once.
    entries
        The table of contents.
    ledger
        What was left out on reading, as ``(reason, rows, courses)``.
    notes
        What a reader must know of how the records were read.
    instruments
        How far each part of the scores' cards is known.
    counts
        What the study holds, e.g. ``("1,204", "clients")``.
    methods
        One paragraph for each notebook that has one.
    sources
        Sources cited, each once.
    tables, figures
        ``(notebook, table)`` and ``(notebook, figure)`` in reading order.
    """

    findings: tuple[tuple[str, str, tuple[str, ...]], ...]
    open: tuple[Open, ...]
    entries: tuple[Entry, ...]
    ledger: tuple[tuple[str, int, int], ...]
    notes: tuple[str, ...]
    instruments: tuple[str, ...]
    counts: tuple[tuple[str, str], ...]
    methods: tuple[str, ...]
    sources: tuple[str, ...]
    tables: tuple[tuple[str, Table], ...]
    figures: tuple[tuple[str, Figure], ...]


def front(executed: Sequence[Executed], laid_out: Mapping[str, Layout]) -> Front:
    """Gather what the first page tells from what the notebooks found.

    Parameters
    ----------
    executed
        The notebooks in reading order, with their results.
    laid_out
        Their layouts by name.
    """
    results = [one.result for one in executed]
    parts = [part for result in results for part in result["parts"]]
    return Front(
        findings=_findings(executed, laid_out),
        open=_open(part for part in parts if part["status"] != "answered"),
        entries=tuple(_entry(one, laid_out[one.name].title) for one in executed),
        ledger=once(tuple(line) for result in results for line in result["ledger"]),
        notes=once(note for result in results for note in result.get("notes", ())),
        instruments=once(line for result in results for line in result.get("instruments", ())),
        counts=_counts(results),
        methods=once(_without_references(result["methods"]) for result in results),
        sources=tuple(_references(key for result in results for key in result["sources"])),
        tables=_all(executed, laid_out, Table),
        figures=_all(executed, laid_out, Figure),
    )


def once(things: Iterable) -> tuple:
    """Give each thing once, in the order of its first coming; empty ones are left out."""
    return tuple(dict.fromkeys(thing for thing in things if thing))


def _findings(
    executed: Sequence[Executed], laid_out: Mapping[str, Layout]
) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Give the headlines of each page."""
    told: set[str] = set()
    found = []
    for one in executed:
        answered = (part for part in one.result["parts"] if part["status"] == "answered")
        said = once(part.get("headline") or part.get("sentence") or "" for part in answered)
        said = tuple(text for text in said if text not in told)
        told.update(said)
        if said:
            found.append((one.name, laid_out[one.name].title, said))
    return tuple(found)


def _open(parts: Iterable[Mapping]) -> tuple[Open, ...]:
    """Group parts that were not answered by the reason given."""
    groups: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        questions = groups.setdefault((part["reason"], part["status"]), [])
        questions.append(part.get("question") or part["name"])
    return tuple(Open(reason, once(asked), kind) for (reason, kind), asked in groups.items())


def _entry(executed: Executed, title: str) -> Entry:
    parts = executed.result["parts"]
    answered = sum(part["status"] == "answered" for part in parts)
    return Entry(executed.name, title, executed.result["question"], answered, len(parts))


def _without_references(paragraph: str) -> str:
    """Give a methods paragraph without the references at its end; the page lists them once."""
    return paragraph.partition(" References: ")[0].strip()


def _references(keys: Iterable[str]) -> list[str]:
    """Give the references that citation keys stand for, each once; a text stands for itself."""
    cited = [SOURCES.get(key, (key,)) for key in once(keys)]
    return sorted({reference for references in cited for reference in references})


def _counts(results: Sequence[Mapping]) -> tuple[tuple[str, str], ...]:
    """Say what the study holds, from the first result that counted it."""
    rows = next((result["rows"] for result in results if result["rows"]), {})
    return tuple((_grouped(rows[what]), what) for what in COUNTED if rows.get(what))


def _grouped(many: int | str) -> str:
    """Write a count with thousands apart; a suppressed one is text already."""
    return many if isinstance(many, str) else f"{many:,}"


def _all(executed: Sequence[Executed], laid_out: Mapping[str, Layout], kind: type) -> tuple:
    """Give every figure or table with its notebook, in reading order."""
    return tuple(
        (one.name, block)
        for one in executed
        for section in laid_out[one.name].sections
        for block in section.blocks
        if isinstance(block, kind)
    )
