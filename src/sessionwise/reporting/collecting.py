"""What a notebook displayed: its figures, tables, sentences and the one result, in order."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nbformat import NotebookNode
from pydantic import ValidationError

from sessionwise.records.codebook import SCHEMA
from sessionwise.reporting.failure import NotebookFailed
from sessionwise.study.result import Result

FIGURE = "application/vnd.sessionwise.figure+json"
TABLE = "application/vnd.sessionwise.table+json"
SENTENCE = "application/vnd.sessionwise.sentence+json"
UNANSWERED = "application/vnd.sessionwise.unanswered+json"
RESULT = "application/vnd.sessionwise.result+json"


@dataclass(frozen=True)
class Figure:
    """A figure as it was displayed: words, drawing (SVG text) and picture (PNG bytes)."""

    name: str
    title: str
    alt: str
    caption: str
    svg: str
    png: bytes


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it was displayed: its numbers, suppression applied, and its markup."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    note: str
    html: str


@dataclass(frozen=True)
class Sentence:
    """A finding in words."""

    name: str
    text: str


@dataclass(frozen=True)
class Gap:
    """A part the study cannot answer (``"missing"``) or a fit not reported (``"refused"``)."""

    question: str
    reason: str
    kind: str


@dataclass(frozen=True)
class Printed:
    """Plain text: what a cell printed, or what the model checks warned of."""

    text: str
    warning: bool = False


Shown = Figure | Table | Sentence | Gap | Printed


def shown_by(cell: NotebookNode, notebook: str) -> Iterator[Shown]:
    """Read what one code cell displayed, in order; results are not shown.

    Raises
    ------
    NotebookFailed
        A figure has no alternative text, or a picture or a table lacks its description.
    """
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            if output.text.strip():
                yield Printed(output.text.rstrip(), warning=output.name == "stderr")
        elif output.output_type in ("display_data", "execute_result"):
            shown = _read(output.data, notebook)
            if shown is not None:
                yield shown


def _read(data: Mapping, notebook: str) -> Shown | None:
    """Read one displayed bundle."""
    if RESULT in data:
        return None
    if UNANSWERED in data:
        words = _described(data[UNANSWERED], notebook, ("question", "reason", "kind"))
        return Gap(words["question"], words["reason"], words["kind"])
    if SENTENCE in data:
        words = _described(data[SENTENCE], notebook, ("name", "text"))
        return Sentence(words["name"], words["text"])
    if FIGURE in data:
        return _figure(data, notebook)
    if TABLE in data:
        return _table(data, notebook)
    if any(kind.startswith("image/") for kind in data):
        reason = "it shows a picture without a title and alternative text"
        raise NotebookFailed(
            notebook, reason, remedy="Show it with one of the figures of `sw.show`."
        )
    text = data.get("text/plain", "").rstrip()
    return Printed(text) if text else None


def _figure(data: Mapping, notebook: str) -> Figure:
    words = _described(data[FIGURE], notebook, ("name", "title", "alt", "caption"))
    if not words["alt"].strip():
        reason = f"the figure '{words['name']}' has no alternative text"
        remedy = "Say in a sentence what the figure shows, for readers who cannot see it."
        raise NotebookFailed(notebook, reason, remedy=remedy)
    try:
        png = base64.b64decode(data["image/png"])
        return Figure(**words, svg=data["image/svg+xml"], png=png)
    except (KeyError, binascii.Error):
        reason = f"the figure '{words['name']}' lacks its SVG or its PNG"
        raise NotebookFailed(notebook, reason, remedy="Display both.") from None


def _table(data: Mapping, notebook: str) -> Table:
    said = data[TABLE]
    words = _described(said, notebook, ("name", "title"))
    columns, rows = said.get("columns"), said.get("rows")
    if not columns or rows is None or any(len(row) != len(columns) for row in rows):
        reason = f"the table '{words['name']}' has rows that do not fit its columns"
        raise NotebookFailed(notebook, reason, remedy="Give every row one cell for each column.")
    return Table(
        **words,
        columns=tuple(str(column) for column in columns),
        rows=tuple(tuple(row) for row in rows),
        note=said.get("note") or "",
        html=data.get("text/html", ""),
    )


def _described(said: object, notebook: str, needed: tuple[str, ...]) -> dict[str, str]:
    """Read the words that go with an output; all must be there, as text."""
    found = said if isinstance(said, Mapping) else {}
    lacking = [key for key in needed if not isinstance(found.get(key), str)]
    if lacking:
        reason = f"an output described as {sorted(found)} lacks {', '.join(lacking)}"
        raise NotebookFailed(notebook, reason, remedy="Show it with a function of `sw.show`.")
    return {key: found[key] for key in needed}


def result_of(notebook: NotebookNode, name: str) -> Mapping[str, object]:
    """Give the one result an executed notebook displayed.

    Raises
    ------
    NotebookFailed
        There is none, more than one, or it is not a result of schema 1.
    """
    results = [
        (number, output.data[RESULT])
        for number, cell in enumerate(notebook.cells, 1)
        for output in cell.get("outputs", [])
        if RESULT in output.get("data", {})
    ]
    if len(results) != 1:
        found = "no result" if not results else f"{len(results)} results"
        remedy = "End it with one cell that calls `sw.results(…)`."
        raise NotebookFailed(name, f"it ran to its end and displayed {found}", remedy=remedy)
    result = results[0][1]
    wrong = _wrong_with(result)
    if wrong:
        reason = f"its result is not valid: {'; '.join(wrong)}"
        raise NotebookFailed(name, reason, remedy="Make the result with `sw.results(…)`.")
    return result


def _wrong_with(result: object) -> list[str]:
    """List what is wrong with a result."""
    if not isinstance(result, Mapping):
        return ["it is not a mapping"]
    if result.get("schema") != SCHEMA:
        return [f"its schema is {result.get('schema')!r} and this version reads {SCHEMA}"]
    try:
        said = Result.model_validate(result)
    except ValidationError as error:
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return [
        f"part '{part.name}' is {part.status} and does not say why"
        for part in said.parts
        if part.status != "answered" and not part.reason
    ]
