"""The data dictionary: what each column of a data set is, and the rules its rows keep."""

from __future__ import annotations

from collections.abc import Mapping

from sessionwise.records.canonical import course_rules, value_rules
from sessionwise.records.codebook import ROLE_CODES, Codebook, ColumnSpec, Repeated
from sessionwise.records.reading import described
from sessionwise.records.rules import RULES, Between
from sessionwise.records.sessions import Column

ROLE_LABELS = {
    "clinic": "the clinic",
    "client": "whose row it is",
    "course": "which course of therapy of the client",
    "appointment": "which scheduled appointment of the course",
    "session": "which attended session of the course",
    "date": "day of the appointment",
    "time": "time since intake",
    "therapist": "who treated the client at this appointment",
    "attendance": "whether the client came",
    "modality": "how they met",
    "homework": "share of the homework that was done before the session",
    "ending": "how the course ended; empty: still open",
    "decided": "whether leaving after this session, and staying, would both have been seen",
}
TYPES = {
    "whole": "whole number",
    "number": "number",
    "text": "text",
    "category": "category",
    "date": "date",
    "flag": "0 or 1",
}
KNOWN = {
    ("before", "appointment"): "before the session",
    ("after", "appointment"): "after the session",
    ("course", "appointment"): "when the course is over",
    ("before", "course"): "at intake",
    ("after", "course"): "after the session",
    ("course", "course"): "when the course is over",
}
HEAD = ("Column", "In the export", "What it is", "Type", "Unit", "Known", "Allowed")


def data_dictionary(book: Codebook) -> str:
    """Say what each column is, when it is known, and what it may hold, as Markdown.

    It is made by the objects that check the records when they are read, so that it cannot say
    anything else than what is enforced.

    Parameters
    ----------
    book
        The codebook of the data set.

    Returns
    -------
    str
        A table with one row per column, and the rules between columns as a list.

    Examples
    --------
    >>> names = {"client": {"from": "ID"}, "session": {"from": "visit"}}
    >>> book = Codebook.parse({"columns": {**names, "srs": {"from": "SRS", "instrument": "srs"}}})
    >>> "`srs` should lie between 0 and 40" in data_dictionary(book)
    True
    """
    draft = described(book)
    limits = {rule.column: rule for rule in value_rules(draft, draft.columns)}
    rows = [_row(column, book, limits) for column in draft.columns.values()]
    table = [_line(HEAD), _line(["---"] * len(HEAD)), *(_line(row) for row in rows)]
    made = [
        f"`{name}` is scored from its items: {own.sentence()}."
        for name, own in draft.instruments.items()
        if name in draft.items
    ]
    there = set(draft.columns)
    rules = [rule.sentence for rule in RULES if set(rule.needs) <= there]
    rules += [rule.sentence for rule in course_rules(draft.columns)]
    listed = [f"- {sentence}." for sentence in rules]
    return "\n".join([*table, "", *made, *[""] * bool(made), "Between columns:", "", *listed, ""])


def _row(column: Column, book: Codebook, limits: Mapping[str, Between]) -> list[str]:
    """Describe one column."""
    spec = book.columns.get(column.name)
    repeated = book.repeated.get(column.name)
    if spec:
        source = f"`{spec.source}`"
    else:
        source = (
            ", ".join(f"`{name}`" for name in repeated.at) if repeated else "said by the header"
        )
    return [
        f"`{column.name}`",
        source,
        _label(column, spec or repeated, book),
        TYPES[column.type],
        column.unit,
        KNOWN[column.known, column.level],
        _allowed(column, book, limits),
    ]


def _label(column: Column, spec: ColumnSpec | Repeated | None, book: Codebook) -> str:
    """Say what a column is: as the codebook does, or the name of its instrument or role."""
    if spec and spec.label:
        return spec.label
    if column.instrument:
        return book.instrument_named(column.instrument).name
    return column.label or ROLE_LABELS.get(column.name, "")


def _allowed(column: Column, book: Codebook, limits: Mapping[str, Between]) -> str:
    """Say what a column may hold, in the words of the rule that checks it."""
    spec = book.columns.get(column.name)
    said = [limits[column.name].sentence] if column.name in limits else []
    if column.instrument and not (spec and (spec.item or spec.part != "total")):
        said.append(book.instrument_named(column.instrument).sentence().partition(", ")[2])
    words = ROLE_CODES.get(column.name) or (spec.order if spec else ())
    if words:
        said.append(", ".join(f"`{word}`" for word in words))
    if column.type == "date" and spec:
        said.append(f"written as `{spec.format}`")
    if spec and spec.item:
        own = book.instrument_named(spec.instrument)
        said.append(f"item {spec.item}, {own.item_min:g} to {own.item_max:g}")
    return ", ".join(said)


def _line(cells: list[str] | tuple[str, ...]) -> str:
    """Write one row of a Markdown table; a bar inside a cell is no border."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
