"""Words for the terms of a model, from the columns they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sessionwise.records.sessions import Column

LEVEL = re.compile(r"(?P<column>\w+)\[(?P<level>.+)\]")
FIXED = {
    "Intercept": "Intercept",
    "session": "session number",
    "sessions_so_far": "sessions so far",
    "time": "time",
    "first_session": "first session",
}


def term_labels(columns: Mapping[str, Column], terms: Iterable[str]) -> dict[str, str]:
    """Give the words of each term: a column's label, and the level of a category after a colon.

    Examples
    --------
    >>> arm = Column("arm", "category", "before", "course", label="arm of the trial")
    >>> term_labels({"arm": arm}, ["Intercept", "arm[CBT]"])
    {'Intercept': 'Intercept', 'arm[CBT]': 'arm of the trial: CBT'}
    """
    return {term: " × ".join(_words(columns, part) for part in term.split(":")) for term in terms}


def _words(columns: Mapping[str, Column], part: str) -> str:
    """Give the words of one part of a term."""
    if part in FIXED:
        return FIXED[part]
    if match := LEVEL.fullmatch(part):
        return f"{_words(columns, match['column'])}: {match['level']}"
    return (columns[part].label if part in columns else "") or part
