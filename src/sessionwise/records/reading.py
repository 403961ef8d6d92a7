"""Reading: a raw export and its codebook become `Sessions`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from pathlib import Path

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.instruments.instrument import Instrument
from sessionwise.records.canonical import Draft, assemble
from sessionwise.records.codebook import ROLE_CODES, ROLES, Codebook, ColumnSpec, Repeated
from sessionwise.records.ledger import Left, Origin
from sessionwise.records.lookalikes import doubts_about_names
from sessionwise.records.observation import Observation
from sessionwise.records.opening import open_export
from sessionwise.records.parsing import FIRST_ROW, Parser
from sessionwise.records.sessions import Clock, Column, ColumnType, Sessions


def read(
    path: str | Path,
    codebook: str | Path | Codebook,
    clock: Clock = "session",
    observation: Observation | None = None,
) -> Sessions:
    r"""Read an export as its codebook says.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv``, ``.parquet`` or ``.xlsx``; never changed.
    codebook
        The codebook, or where it is.
    clock
        What orders the rows: ``"session"``, ``"date"`` or ``"time"``.
    observation
        How long the records were kept; by default to the last date in them, and the value says so.

    Returns
    -------
    Sessions

    Raises
    ------
    InvalidInput
        Every problem of the codebook, or every problem of the file, at once.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "visits.csv").write_text("ID,visit,SRS\n7,1,34.5\n7,2,36\n")
    >>> names = {"client": {"from": "ID"}, "session": {"from": "visit"}}
    >>> book = Codebook.parse({"columns": {**names, "srs": {"from": "SRS", "instrument": "srs"}}})
    >>> read(folder / "visits.csv", book).table["srs"].tolist()
    [34.5, 36.0]
    """
    path = Path(path)
    book = codebook if isinstance(codebook, Codebook) else Codebook.load(codebook)
    raw, digest = open_export(path, book)
    parser = Parser(path.name, book.missing, book.decimal)
    absent = _absent_columns(raw, book, path.name)
    if absent:
        _draft(raw, _without_columns(book, raw), parser)
        raise InvalidInput([*absent, *parser.problems], path.name)
    draft = _draft(raw, book, parser)
    left, draft = _without_empty_rows(draft, path.name, parser.problems)
    origin = Origin(path.name, digest, len(raw), left, _notes(raw, draft, book, path.name))
    unit = book.time_unit
    return assemble(draft, origin, clock, observation or Observation(), unit, parser.problems)


def described(book: Codebook) -> Draft:
    """Describe every column a codebook makes, without any rows.

    Examples
    --------
    >>> names = {"client": {"from": "ID"}, "session": {"from": "visit"}}
    >>> book = Codebook.parse({"columns": {**names, "srs": {"from": "SRS", "instrument": "srs"}}})
    >>> described(book).limits
    {'srs': (0.0, 40.0)}
    """
    sources = [spec.source for spec in book.columns.values()]
    sources += [column for repeated in book.repeated.values() for column in repeated.at]
    empty = pd.DataFrame({source: pd.Series(dtype="str") for source in sources})
    return _draft(empty, book, Parser("the codebook", book.missing, book.decimal))


def columns_of(book: Codebook) -> tuple[str, ...]:
    """Name every column a codebook makes, the totals and subscales scored from items included."""
    draft = described(book)
    parts = [
        f"{name}_{part}" for name in draft.items for part in draft.instruments[name].subscales or ()
    ]
    return (*draft.columns, *draft.items, *parts)


def _without_columns(book: Codebook, raw: pd.DataFrame) -> Codebook:
    """Give the part of a codebook whose columns are there."""
    there = {name: spec for name, spec in book.columns.items() if spec.source in raw.columns}
    return book.model_copy(update={"columns": there, "repeated": {}})


def _absent_columns(raw: pd.DataFrame, book: Codebook, source: str) -> list[Problem]:
    """Find columns that the codebook names and the export does not have."""
    wanted = [(f"[columns.{name}]", spec.source) for name, spec in book.columns.items()]
    wanted += [(f"[repeated.{n}.at]", column) for n, r in book.repeated.items() for column in r.at]
    return [
        Problem(
            f"{source} has no column '{column}'",
            f"wanted by {where}",
            nearest(column, [str(name) for name in raw.columns]),
        )
        for where, column in wanted
        if column not in raw.columns
    ]


def _draft(raw: pd.DataFrame, book: Codebook, parser: Parser) -> Draft:
    """Parse every column the codebook names, and lay repeated ones below one another."""
    values: dict[str, pd.Series] = {}
    columns: dict[str, Column] = {}
    instruments: dict[str, Instrument] = {}
    limits: dict[str, tuple[float, float]] = {}
    items: dict[str, dict[int, str]] = {}
    for name, spec in book.columns.items():
        kind = _kind(name, spec)
        values[name] = parser.parse(raw[spec.source], name, spec, kind)
        if name in ROLE_CODES:
            values[name] = parser.words(values[name], name, ROLE_CODES[name])
        columns[name] = _column(name, spec, kind, book)
        if not spec.instrument:
            limits |= _own_limits(name, spec)
        elif spec.item is None:
            instruments[name] = book.instrument_named(spec.instrument)
            limits[name] = instruments[name].range_of(spec.part)
        else:
            whole = _whole_of(name, spec)
            items.setdefault(whole, {})[spec.item] = name
            instruments[whole] = book.instrument_named(spec.instrument)
    frame = pd.DataFrame(values, index=raw.index)
    if book.repeated:
        frame = _stacked(frame, raw, book.repeated, parser)
    for name, repeated in book.repeated.items():
        columns[name] = _column(name, repeated, "number", book)
        columns["time"] = Column("time", "number", "before", unit=book.time_unit)
        if repeated.instrument:
            instruments[name] = book.instrument_named(repeated.instrument)
            limits[name] = instruments[name].range_of("total")
        else:
            limits |= _own_limits(name, repeated)
    totals = {name: numbered for name, numbered in items.items() if name not in columns}
    return Draft(frame, columns, instruments, limits, totals, book.ids_global, parser.unread)


def _own_limits(name: str, spec: ColumnSpec | Repeated) -> dict[str, tuple[float, float]]:
    """Give the limits the codebook states; one alone leaves the other side open."""
    if spec.low is None and spec.high is None:
        return {}
    low = -inf if spec.low is None else spec.low
    return {name: (low, inf if spec.high is None else spec.high)}


def _kind(name: str, spec: ColumnSpec) -> ColumnType:
    """Give the type of a column: as said, as its role has it, or a number for a score."""
    if name in ROLES:
        return ROLES[name][0]
    return spec.type or ("category" if spec.codes or spec.order else "number")


def _column(name: str, spec: ColumnSpec | Repeated, kind: ColumnType, book: Codebook) -> Column:
    """Describe a column."""
    level = getattr(spec, "level", None) or (ROLES[name][1] if name in ROLES else "appointment")
    label = spec.label
    if spec.instrument and not label:
        label = book.instrument_named(spec.instrument).short
    unit = spec.unit or ("points" if spec.instrument else "")
    return Column(name, kind, book.timing(name), level, unit, label, spec.instrument)


def _whole_of(name: str, spec: ColumnSpec) -> str:
    """Name the score an item belongs to: ``srs`` for ``srs_1``."""
    stem, _, last = name.rpartition("_")
    return stem if last.isdigit() and stem else spec.instrument


def _stacked(
    frame: pd.DataFrame, raw: pd.DataFrame, repeated: Mapping[str, Repeated], parser: Parser
) -> pd.DataFrame:
    """Give one row per row of the file and time for scores that stood in several columns."""
    long: pd.DataFrame | None = None
    for name, scores in repeated.items():
        spec = ColumnSpec(source=name, missing=scores.missing)
        pieces = [
            pd.DataFrame(
                {
                    "row": raw.index,
                    "time": time,
                    name: parser.parse(raw[column], name, spec, "number"),
                }
            )
            for column, time in scores.at.items()
        ]
        stacked = pd.concat(pieces)
        long = stacked if long is None else long.merge(stacked, how="outer", on=["row", "time"])
    return long.sort_values(["row", "time"]).set_index("row").join(frame)


def _without_empty_rows(
    draft: Draft, source: str, said: list[Problem]
) -> tuple[tuple[Left, ...], Draft]:
    """Leave out rows in which every cell is empty, as workbooks have at their end."""
    clock = {"time"} if "time" in draft.frame else set()
    empty = draft.frame.drop(columns=list(clock)).isna().all(axis=1)
    if not empty.any():
        return (), draft
    if empty.all():
        found = "No row has an entry in the columns the codebook names"
        problem = Problem(found, source, "Check `missing` in the codebook, or export it anew.")
        raise InvalidInput(said or [problem], source)
    left = Left("rows without a single entry", int(empty.sum()))
    return (left,), replace(draft, frame=draft.frame[~empty])


def _notes(raw: pd.DataFrame, draft: Draft, book: Codebook, source: str) -> tuple[str, ...]:
    """Say what a reader must know of how the rows of the file became those of the records."""
    laid_out = f"Each of the {len(raw):,} rows of the file holds several assessments, one row each."
    alike = doubts_about_names(draft.frame, FIRST_ROW, source)
    return (*((laid_out,) if book.repeated else ()), *alike, *_unused(raw, book))


def _unused(raw: pd.DataFrame, book: Codebook) -> tuple[str, ...]:
    """Say how many columns of the export the codebook does not name."""
    named = {spec.source for spec in book.columns.values()}
    named |= {column for repeated in book.repeated.values() for column in repeated.at}
    count = sum(str(column) not in named for column in raw.columns)
    if not count:
        return ()
    columns = "1 column of the export is" if count == 1 else f"{count} columns of the export are"
    return (f"{columns} not in the codebook and not read.",)
