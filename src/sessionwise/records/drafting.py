"""Drafting a codebook: a look at an export, every guess written down with its reason."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.records.codebook import ROLE_CODES, ROLES, Codebook
from sessionwise.records.contents import (
    Cells,
    constant_within,
    date_formats,
    decimal_mark,
    looked_at,
)
from sessionwise.records.guess import Guess, counted, quoted
from sessionwise.records.guessing import guessed_client, guessed_roles, settled_date
from sessionwise.records.guessing_repeated import guessed_repeated
from sessionwise.records.guessing_scores import guessed_scores
from sessionwise.records.opening import layout_of, open_export
from sessionwise.records.vocabulary import PERSONAL, header_words

MOST_CATEGORIES = 12
FILL_IN = 'say when it is known: "before" or "after" the session; then take the # away'


@dataclass(frozen=True, eq=False)
class Drafted:
    """A codebook in the making.

    Attributes
    ----------
    source
        Name of the export.
    rows
        Rows in it.
    layout
        Keys of the file as a whole: delimiter, encoding, decimal mark.
    guesses
        What the columns probably are.
    unplaced
        Header → why it is left out.
    last_date
        The last date in the export, ISO, or empty.
    synthetic
        Every row is stamped SYNTHETIC.
    """

    source: str
    rows: int
    layout: Mapping[str, str]
    guesses: tuple[Guess, ...]
    unplaced: Mapping[str, str]
    last_date: str = ""
    synthetic: bool = False

    @property
    def active(self) -> dict[str, Guess]:
        """The guesses that are written so that they hold, by canonical name."""
        return {guess.name: guess for guess in self.guesses if guess.active}

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a person should look at."""
        return tuple(f"{guess.name}: {guess.doubt}" for guess in self.guesses if guess.doubt)

    @property
    def text(self) -> str:
        """The codebook as commented TOML."""
        return "\n".join(self._lines()) + "\n"

    @property
    def codebook(self) -> Codebook:
        """The codebook as it stands."""
        return Codebook.parse(self.text)

    def _lines(self) -> Iterator[str]:
        size = f"{counted(self.rows, 'row')}, {counted(len(self.guesses), 'column')} placed"
        yield f"# Codebook of {quoted(self.source)}, drafted from its headers and cells: {size}."
        yield "# Each guess says why it was made. Correct what is wrong; what is marked CHECK needs"
        yield "# your eyes. Then: sessionwise check FILE --codebook THIS_FILE"
        yield "schema = 1"
        yield from (f"{key} = {quoted(value)}" for key, value in self.layout.items())
        if "clinic" in self.active:
            yield "# ids_global = true    # if a client's number is the same in every clinic"
        for guess in self.guesses:
            yield ""
            yield from guess.lines(ROLE_CODES.get(guess.name, ()))
        if self.unplaced:
            yield ""
            yield "# Not read. To use one, add [columns.NAME] with from = and known = or level =."
            yield from (f"#   {quoted(header)}: {why}" for header, why in self.unplaced.items())


def draft_codebook(path: str | Path) -> Drafted:
    r"""Look at an export and say what its columns probably are.

    Headers are read in several languages and held against the cells; what cannot be told is left
    out or written as a comment, never guessed silently. Values of clients are not written: only
    the codes of attendance, modality and endings, where more than one client has them.

    Raises
    ------
    InvalidInput
        The file cannot be read, has no header, names no client, or says nowhere when a row was.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "visits.csv"
    >>> _ = file.write_text("ID;visit;SRS\n7;1;34,5\n7;2;36\n8;1;20\n")
    >>> book = Codebook.parse(draft_codebook(file).text)
    >>> book.decimal, list(book.columns)
    (',', ['client', 'session', 'srs'])
    """
    path = Path(path)
    encoding, delimiter = layout_of(path)
    layout = {"encoding": encoding} if encoding else {}
    raw, _ = open_export(path, Codebook.model_validate({"schema": 1, "columns": {}, **layout}))
    raw.columns = [str(name) for name in raw.columns]
    decimal = decimal_mark(raw)
    layout |= {"delimiter": delimiter} if delimiter else {}
    layout |= {"decimal": decimal} if decimal != "." else {}
    cells = {name: looked_at(raw[name], decimal) for name in raw.columns}
    guesses, unplaced, unit = _guessed(cells, path.name)
    layout |= {"time_unit": unit} if unit else {}
    dated = next((guess for guess in guesses if guess.name == "date" and guess.active), None)
    stamped = any((column.text == "SYNTHETIC").all() for column in cells.values())
    last = _last(cells[dated.source], dated) if dated else ""
    return Drafted(path.name, len(raw), layout, tuple(guesses), unplaced, last, stamped)


def _guessed(cells: dict[str, Cells], source: str) -> tuple[list[Guess], dict[str, str], str]:
    """Guess every column: what is placed, why the rest is not, and what times count."""
    scores, unplaced = guessed_scores(cells)
    left = _without(cells, [guess.source for guess in scores], unplaced)
    client = guessed_client(left) if left else None
    if client is None:
        raise _cannot(source, "No column says which client a row is of", "client", "client")
    who = cells[client.source].text
    left = _without(left, [client.source])
    roles = guessed_roles(left, who)
    clinic = next((guess for guess in roles if guess.name == "clinic" and guess.active), None)
    if clinic is not None:  # the same number in two clinics is two clients
        who = cells[clinic.source].text.fillna("") + "/" + who
    roles = _with_settled_date(roles, cells, who)
    left = _without(left, [guess.source for guess in roles])
    unit = ""
    if not {"session", "date", "time"} & {guess.name for guess in roles}:
        scores, unit = guessed_repeated(_without(cells, [client.source]))
        if not scores or who.duplicated().any():
            raise _cannot(source, "No column says when a row happened", "session", "session")
        used = {header for score in scores for header in score.keys["at"]}
        unplaced = {header: why for header, why in unplaced.items() if header not in used}
        left = _without(left, used)
    others = _others(left, who, {guess.name for guess in [*scores, *roles]}, unplaced)
    return [client, *_in_order(roles), *scores, *others], unplaced, unit


def _without(cells: Mapping[str, Cells], *taken: object) -> dict[str, Cells]:
    """Leave out the columns that have been placed."""
    gone = {name for names in taken for name in names}
    return {name: column for name, column in cells.items() if name not in gone}


def _with_settled_date(
    roles: list[Guess], cells: Mapping[str, Cells], who: pd.Series
) -> list[Guess]:
    """Settle how dates are written; a date that is the only clock is used, and marked."""
    found = {guess.name: guess for guess in roles}
    if "date" not in found:
        return roles
    date = found["date"]
    order = found.get("session") or found.get("appointment")
    numbers = cells[order.source].numbers if order else None
    settled = settled_date(date, cells[date.source], who, numbers)
    if not {"session", "time"} & set(found):
        settled = replace(settled, active=True)
    return [settled if guess is date else guess for guess in roles]


def _in_order(roles: list[Guess]) -> list[Guess]:
    """Sort roles as the canonical table has them."""
    return sorted(roles, key=lambda guess: list(ROLES).index(guess.name))


def _others(
    cells: Mapping[str, Cells], who: pd.Series, taken: set[str], unplaced: dict[str, str]
) -> list[Guess]:
    """Keep what is known at intake; leave the rest to a person."""
    guesses = []
    taken = taken | set(ROLES)
    for header, column in cells.items():
        why = _left_out(column, who)
        if why:
            unplaced[header] = why
            continue
        name = _fresh_name(header, taken)
        taken.add(name)
        guesses.append(_other(column, name, who))
    return guesses


def _left_out(cells: Cells, who: pd.Series) -> str:
    """Say why a column is not read, or nothing."""
    clients = who.nunique()
    many = cells.distinct > 1 and cells.distinct >= 0.9 * clients
    if not cells.filled:
        return "no cell is filled in"
    if cells.distinct == 1:
        return "one value throughout"
    if PERSONAL & set(header_words(cells.source)):
        return "may name a person or hold free text"
    if date_formats(cells)[1] >= 0.5 and not cells.numeric:
        return "a date, but not the appointment's"
    if cells.whole and many and cells.numbers.abs().median() >= 1000:
        return "large numbers, nearly one for each client: may name a person"
    if not cells.numeric and (cells.distinct > MOST_CATEGORIES or (many and clients > 3)):
        return f"{counted(cells.distinct, 'different text')}: may name a person or be free text"
    return ""


def _other(cells: Cells, name: str, who: pd.Series) -> Guess:
    """Describe a number or a category that has no role."""
    kind = "number" if cells.numeric else "category"
    said = f"{counted(cells.distinct, 'different value')}"
    keys = {"type": kind}
    if cells.numeric and cells.strange:
        keys["missing"] = list(cells.strange)
    if constant_within(cells.text, who):
        why = f"{said}, the same in every row of a client: taken as known at intake"
        return Guess(name, cells.source, why, {**keys, "level": "course"}, doubt=_apart(cells))
    why = f"{said}, may differ from row to row; {FILL_IN}"
    return Guess(name, cells.source, why, {**keys, "known": ""}, active=False)


def _apart(cells: Cells) -> str:
    """Say that a number stands far apart from all others, as codes for 'not answered' do."""
    values = cells.numbers.dropna()
    for code in (99, 999, 9999, -9, -99, -999):
        rest = values[values != code]
        if 0 < len(rest) < len(values) and rest.min() >= 0 and 3 * rest.max() <= abs(code):
            return f"{code} stands apart; if it means 'not known', add missing = [{code}]"
    return ""


def _fresh_name(header: str, taken: set[str]) -> str:
    """Make a canonical name of a header."""
    name = re.sub(r"^(?=[^a-z])", "x_", "_".join(header_words(header)))[:50] or "x"
    name = f"{name}_" if keyword.iskeyword(name) else name
    number, fresh = 2, name
    while fresh in taken:
        number, fresh = number + 1, f"{name}_{number}"
    return fresh


def _last(cells: Cells, date: Guess) -> str:
    """Give the last date in the export."""
    form = str(date.keys.get("format", "%Y-%m-%d"))
    text = cells.text.str.slice(0, 10) if form == "%Y-%m-%d" else cells.text
    last = pd.to_datetime(text, format=form, errors="coerce").max()
    return "" if pd.isna(last) else f"{last:%Y-%m-%d}"


def _cannot(source: str, found: str, wanted: str, example: str) -> InvalidInput:
    remedy = f'Name the column "{example}" in the export, or write the codebook by hand.'
    return InvalidInput([Problem(found, f"looked for a header such as {wanted}", remedy)], source)
