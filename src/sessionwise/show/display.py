"""What a notebook shows: a figure, a table, a sentence, a note, or nothing.

Each carries, beside what a reader sees, a typed copy under ``application/vnd.sessionwise.*+json``,
from which the report is built.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from html import escape
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit import Unanswered

VENDOR = "application/vnd.sessionwise"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
Bundle = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


def _check(name: str, **words: str) -> None:
    """Refuse a display without a usable name or with empty words."""
    problems = []
    if not NAME.fullmatch(name):
        problems.append(
            Problem(
                f"{name!r} cannot name a file or a part of a page",
                "name",
                "Use small letters, digits, '-' and '_', beginning with a letter.",
            )
        )
    problems += [
        Problem(f"the {key} is empty", f"display '{name}'", f"Give a {key}.")
        for key, text in words.items()
        if not text.strip()
    ]
    if problems:
        raise InvalidInput(problems, source=f"display '{name}'")


def _unbroken(text: str) -> str:
    """Escape text for HTML and keep a number and its per cent sign on one line."""
    return escape(text).replace(" %", "&nbsp;%")


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure with what a reader needs who cannot see it.

    Attributes
    ----------
    name
        File name and anchor in the report.
    title
        The finding, in a sentence.
    caption
        What is drawn, of whom, with which intervals.
    alt
        The figure in words, with its first and last numbers.
    png, svg
        The drawing.
    """

    name: str
    title: str
    caption: str
    alt: str
    png: bytes = field(repr=False)
    svg: str = field(repr=False)

    def __post_init__(self) -> None:
        _check(self.name, title=self.title, caption=self.caption, alt=self.alt)

    def _repr_mimebundle_(self, **_: Any) -> tuple[Bundle, Bundle]:
        words = {"name": self.name, "title": self.title, "alt": self.alt, "caption": self.caption}
        data = {
            "image/png": base64.b64encode(self.png).decode("ascii"),
            "image/svg+xml": self.svg,
            "text/plain": f"{self.title}\n{self.alt}",
            f"{VENDOR}.figure+json": words,
        }
        return data, {"image/png": {"alt": self.alt}}


@dataclass(frozen=True, eq=False)
class Table:
    """A table: rounded numbers for a machine, HTML for a reader.

    Attributes
    ----------
    name
        File name, anchor and HTML id.
    title
        What the table shows.
    frame
        Numbers rounded as printed; a suppressed cell is the text ``"< 5"`` or ``"withheld"``.
    html
        The table as shown.
    note
        What stands below it.
    """

    name: str
    title: str
    frame: pd.DataFrame = field(repr=False)
    html: str = field(repr=False)
    note: str = ""

    def __post_init__(self) -> None:
        _check(self.name, title=self.title)

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        plain = [self.title, self.frame.to_string(index=False), self.note]
        return {
            "text/html": self.html,
            "text/plain": "\n".join(part for part in plain if part),
            f"{VENDOR}.table+json": {
                "name": self.name,
                "title": self.title,
                "columns": [str(column) for column in self.frame.columns],
                "rows": [[_plain(cell) for cell in row] for row in self.frame.to_numpy(object)],
                "note": self.note,
            },
        }


def _plain(cell: Any) -> Any:
    """Give a cell as JSON knows it: text, a number, true, false or null."""
    if pd.isna(cell) or cell in (float("inf"), float("-inf")):
        return None
    if hasattr(cell, "item"):
        cell = cell.item()
    return cell if isinstance(cell, str | bool | int | float) else str(cell)


@dataclass(frozen=True)
class Sentence:
    """A finding in words, made from the numbers it reports.

    Attributes
    ----------
    name
        Anchor in the report.
    text
        The whole of it, as a results section would put it.
    headline
        What the first page of a report tells of it; the text, if empty.
    """

    name: str
    text: str
    headline: str = ""

    def __post_init__(self) -> None:
        _check(self.name, text=self.text)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return {
            "text/html": f'<p class="finding">{_unbroken(self.text)}</p>',
            "text/plain": self.text,
            f"{VENDOR}.sentence+json": {"name": self.name, "text": self.text},
        }


@dataclass(frozen=True)
class Note:
    """Why a question has no answer here, shown once, where its model's health would stand."""

    unanswered: Unanswered

    def __str__(self) -> str:
        return f"{self.unanswered.question} — not answered: {self.unanswered.reason}"

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        asked = self.unanswered
        return {
            "text/html": f'<p class="note">{_unbroken(str(self))}</p>',
            "text/plain": str(self),
            f"{VENDOR}.unanswered+json": {
                "question": asked.question,
                "reason": asked.reason,
                "kind": asked.kind,
            },
        }


@dataclass(frozen=True)
class Nothing:
    """An empty place: the reason has been given by a note above it."""

    def __str__(self) -> str:
        return ""

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return {}

    def _ipython_display_(self) -> None:
        """Draw nothing; without this IPython would print the representation."""


def explained(function: Callable[P, R]) -> Callable[P, R | Note]:
    """Let the first display of a question without an answer say why there is none."""

    @wraps(function)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R | Note:
        given = args[0] if args else next(iter(kwargs.values()), None)
        return Note(given) if isinstance(given, Unanswered) else function(*args, **kwargs)

    shown.explains = True
    return shown


def answered(function: Callable[P, R]) -> Callable[P, R | Nothing]:
    """Let a function of a fit or a curve show nothing for a question without an answer."""

    @wraps(function)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R | Nothing:
        given = args[0] if args else next(iter(kwargs.values()), None)
        return Nothing() if isinstance(given, Unanswered) else function(*args, **kwargs)

    return shown
