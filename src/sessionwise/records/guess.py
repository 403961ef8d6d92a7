"""`Guess`: what one column of an export probably is, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Value = str | int | float | list[str] | list[int] | dict[str, int]


@dataclass(frozen=True)
class Guess:
    """What one column of an export probably is.

    Attributes
    ----------
    name
        The canonical name.
    source
        The header.
    why
        What spoke for it, for a comment; never a value that belongs to a client.
    keys
        Keys of the codebook beside ``from``.
    codes
        Code in the export → word.
    unexplained
        Codes nobody could translate, with the rows that hold them; to be filled in.
    doubt
        What a person should look at, a sentence, or empty.
    active
        False: written as a comment, for somebody to decide.
    table
        ``"columns"``, or ``"repeated"`` for a score that stands in several columns.
    """

    name: str
    source: str
    why: str
    keys: Mapping[str, Value] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    unexplained: tuple[tuple[str, int], ...] = ()
    doubt: str = ""
    active: bool = True
    table: str = "columns"

    def lines(self, words: Iterable[str] = ()) -> Iterator[str]:
        """Write it as TOML; ``words`` are those a code may be translated to."""
        yield f"# {self.why}"
        if self.doubt:
            yield f"# CHECK: {self.doubt}"
        table = [f"[{self.table}.{self.name}]"]
        table += [f"from = {quoted(self.source)}"] if self.table == "columns" else []
        table += [f"{key} = {written(value)}" for key, value in self.keys.items()]
        if self.codes or self.unexplained:
            table += [f"[columns.{self.name}.codes]"]
            table += [f"{quoted(code)} = {quoted(word)}" for code, word in self.codes.items()]
        yield from table if self.active else (f"# {line}" for line in table)
        if self.unexplained:
            yield f"# CHECK: fill these in; each is one of {', '.join(words)}:"
        for code, rows in self.unexplained:
            yield f'# {quoted(code)} = ""    # {counted(rows, "row")}'


def quoted(text: str) -> str:
    r"""Write text as a TOML string on one line.

    Examples
    --------
    >>> print(quoted('the "first" visit'))
    "the \"first\" visit"
    """
    escaped = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029]", lambda mark: f"\\u{ord(mark[0]):04x}", escaped)


def written(value: Value) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        inside = ", ".join(f"{quoted(key)} = {written(one)}" for key, one in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list):
        return "[" + ", ".join(written(one) for one in value) + "]"
    return quoted(value) if isinstance(value, str) else f"{value:g}"


def counted(number: int, noun: str) -> str:
    """Give a number with its noun.

    Examples
    --------
    >>> counted(1, "row"), counted(3, "row")
    ('1 row', '3 rows')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"
