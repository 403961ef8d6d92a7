"""`Codebook`: how one raw export becomes canonical columns."""

from __future__ import annotations

import keyword
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.instruments.catalogue import from_mapping, instrument, shipped
from sessionwise.instruments.instrument import Instrument
from sessionwise.instruments.validation import problems_in
from sessionwise.records.sessions import (
    ATTENDANCE,
    ENDINGS,
    MODALITIES,
    ColumnType,
    Known,
    Level,
)
from sessionwise.records.whole_files import content_of, name_of, unreadable

SCHEMA = 1
COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

ROLES: dict[str, tuple[ColumnType, Level, Known]] = {
    "clinic": ("text", "appointment", "before"),
    "client": ("text", "appointment", "before"),
    "course": ("whole", "appointment", "before"),
    "appointment": ("whole", "appointment", "before"),
    "session": ("whole", "appointment", "before"),
    "date": ("date", "appointment", "before"),
    "time": ("number", "appointment", "before"),
    "therapist": ("text", "appointment", "before"),
    "attendance": ("category", "appointment", "after"),
    "modality": ("category", "appointment", "before"),
    "homework": ("number", "appointment", "before"),
    "ending": ("category", "course", "course"),
    "decided": ("flag", "appointment", "course"),
}
"""Columns the package knows by name: type, level, when known."""

MADE = frozenset(
    {"sessions_so_far", "due", "left_unplanned", "left_planned", "start", "stop", "first_session"}
    | {"first_therapist", "course_of_client"}
)
"""Columns the package makes; an export may not bring its own."""

ROLE_CODES = {"attendance": ATTENDANCE, "modality": MODALITIES, "ending": ENDINGS}
UNDIVIDED = "Leave it out: only plain numbers, such as `time`, may be divided, never a score."


class ColumnSpec(BaseModel):
    """How one canonical column is made from one column of the export."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    source: str = Field(alias="from", description="its name in the export")
    type: ColumnType | None = Field(None, description="how its cells are read")
    level: Level | None = Field(None, description="may differ within a course, or not")
    known: Known | None = Field(None, description="before or after the session, or only at the end")
    instrument: str = Field("", description="the instrument the score belongs to")
    part: str = Field("total", description="total or the name of a subscale")
    item: int | None = Field(None, description="the item's number, if the column is one item")
    codes: dict[str, str] = Field({}, description="code in the export → word; empty word: missing")
    missing: list[str | int | float] = Field([], description="codes that mean 'not answered'")
    order: list[str] = Field([], description="categories in order, the reference level first")
    format: str = Field("%Y-%m-%d", description="how dates are written")
    divide_by: float | None = Field(None, gt=0, description="new unit: 7 makes weeks of days")
    low: float | None = Field(None, description="lowest value allowed")
    high: float | None = Field(None, description="highest value allowed")
    unit: str = Field("", description="for axes and tables")
    label: str = Field("", description="for axes and tables")


class Repeated(BaseModel):
    """A score that stands in several columns of one row, one for each time it was given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instrument: str = ""
    known: Known | None = None
    missing: list[str | int | float] = []
    low: float | None = None
    high: float | None = None
    unit: str = ""
    label: str = ""
    at: dict[str, float] = Field(
        description="column of the export → the time it was given at, 0 at intake"
    )


class Codebook(BaseModel):
    """How one raw export becomes canonical columns: names, codes, missing codes, dates.

    Examples
    --------
    >>> book = Codebook.parse('''
    ... schema = 1
    ... [columns.client]
    ... from = "ID"
    ... [columns.session]
    ... from = "visit"
    ... ''')
    >>> book.columns["client"].source
    'ID'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1] = Field(SCHEMA, alias="schema", description="version of this file's form")
    delimiter: str = Field("", description="between cells; empty: found by looking")
    encoding: str = Field("", description="empty: UTF-8, or UTF-16 with its mark")
    decimal: Literal[".", ","] = Field(".", description="decimal mark")
    sheet: str = Field("", description="sheet of a workbook; empty: the first")
    ids_global: bool = Field(False, description="client ids are unique across clinics")
    time_unit: str = Field("", description="what the column `time` counts, e.g. months")
    missing: list[str] = Field(
        ["", "NA", "N/A", "NaN", "null", "."], description="cells that are empty everywhere"
    )
    columns: dict[str, ColumnSpec] = Field(description="canonical name → how it is made")
    repeated: dict[str, Repeated] = Field({}, description="scores that stand in several columns")
    instruments: dict[str, dict[str, Any]] = Field(
        {}, description="instruments of your own, as the cards in the catalogue"
    )

    @classmethod
    def load(cls, path: str | Path) -> Codebook:
        """Read a codebook.

        Raises
        ------
        InvalidInput
            Not there, not TOML, or with keys or values a codebook does not have: every one.
        """
        path = Path(path)
        return cls.parse(read_toml(path, "a codebook"), path.name)

    @classmethod
    def parse(cls, text: str | dict[str, Any], name: str = "the codebook") -> Codebook:
        """Make a codebook of TOML text (or a parsed table)."""
        try:
            content = tomllib.loads(text) if isinstance(text, str) else text
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput([_not_toml(name, error)], name) from None
        book = validated(cls, content, name)
        problems = list(book._problems())
        if problems:
            raise InvalidInput(problems, name)
        return book

    def instrument_named(self, name: str) -> Instrument:
        """Give an instrument of the codebook, or else of the catalogue."""
        if name in self.instruments:
            return from_mapping({"id": name, **self.instruments[name]})
        return instrument(name)

    def _problems(self) -> list[Problem]:
        """Find what can be wrong between the keys of a codebook."""
        problems = [
            Problem(
                f"'{name}' cannot name a column",
                "",
                "Use small letters, digits and _, beginning with a letter; the package makes "
                f"{', '.join(sorted(MADE))} itself.",
            )
            for name in [*self.columns, *self.repeated]
            if not COLUMN_NAME.fullmatch(name) or keyword.iskeyword(name) or name in MADE
        ]
        problems += [
            Problem(
                f"`{name}` belongs to the {ROLES[name][1]}",
                f"level in [columns.{name}]",
                "Leave `level` out.",
            )
            for name, spec in self.columns.items()
            if name in ROLES and spec.level not in (None, ROLES[name][1])
        ]
        problems += [
            Problem(f"`{name}` has no unit to change", f"divide_by in [columns.{name}]", UNDIVIDED)
            for name, spec in self.columns.items()
            if spec.divide_by
            and (
                (spec.codes or spec.order or spec.instrument)
                or (ROLES.get(name) or [spec.type or "number"])[0] != "number"
            )
        ]
        known_instruments = {*shipped(), *self.instruments}
        scores = [*self.columns.items(), *self.repeated.items()]
        for name, spec in scores:
            where = f"[columns.{name}]" if name in self.columns else f"[repeated.{name}]"
            if spec.instrument and spec.instrument not in known_instruments:
                problems.append(
                    Problem(
                        f"There is no instrument '{spec.instrument}'",
                        where,
                        nearest(spec.instrument, known_instruments)
                        + " Or describe your own in [instruments.NAME].",
                    )
                )
            elif name not in ROLES and self._timing(spec) is None:
                problems.append(
                    Problem(
                        f"When `{name}` is known is not said",
                        where,
                        'Add known = "before" (filled in before the session begins) or '
                        'known = "after"; a lag cannot be made without it.',
                    )
                )
        if "client" not in self.columns:
            problems.append(
                Problem(
                    "No column is named as `client`",
                    "[columns]",
                    'Add [columns.client] with from = "…".',
                )
            )
        if not self.repeated and not {"session", "date", "time"} & set(self.columns):
            problems.append(
                Problem(
                    "No column says when a row happened",
                    "[columns]",
                    "Add one of [columns.session], [columns.date], [columns.time].",
                )
            )
        return problems

    def _timing(self, spec: ColumnSpec | Repeated) -> Known | None:
        """Give when a column is known: as said, as the manual fixes it, or intake."""
        if spec.known:
            return spec.known
        if spec.instrument:
            return self.instrument_named(spec.instrument).administered
        if isinstance(spec, ColumnSpec) and spec.level == "course":
            return "before"
        return None

    def timing(self, name: str) -> Known:
        """Give when the values of a column are known."""
        spec = self.columns.get(name) or self.repeated[name]
        if name in ROLES and not spec.known:
            return ROLES[name][2]
        return self._timing(spec) or "after"


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Read a TOML file, or say why it could not be read.

    Raises
    ------
    InvalidInput
        The file is not there, not readable, or not TOML.
    """
    remedy = "Check the name; `sessionwise start FILE` writes one."
    absent = Problem(f"There is no file {name_of(path)}", f"looked for {what}", remedy)
    try:
        text = content_of(path, absent).decode("utf-8-sig")
        return tomllib.loads(unicodedata.normalize("NFC", text).replace("\r\n", "\n"))
    except UnicodeDecodeError:
        remedy = "It should be a text file in UTF-8: save it so in an editor."
        raise unreadable(path, f"could not be read as {what}", remedy, "not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput([_not_toml(name_of(path), error)], name_of(path)) from None


def _not_toml(name: str, error: tomllib.TOMLDecodeError) -> Problem:
    return Problem(
        f"{name} is not valid TOML", str(error), "Text goes in quotes; a table starts with [name]."
    )


def validated(model: type[BaseModel], content: dict[str, Any], name: str) -> Any:
    """Build a pydantic model, turning every fault into a `Problem` with the nearest name."""
    newer = content.get("schema")
    if isinstance(newer, int) and newer > SCHEMA:
        raise InvalidInput(
            [
                Problem(
                    f"{name} has schema = {newer}, and this version reads {SCHEMA}",
                    "",
                    "Use a newer sessionwise.",
                )
            ],
            name,
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InvalidInput(problems_in(error, model), name) from None
