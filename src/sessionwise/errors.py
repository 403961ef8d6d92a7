"""What a user is told when something is wrong: what was found, where, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class SessionwiseError(Exception):
    """A mistake a user can mend. The command line shows it without a traceback."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what was given.

    Parameters
    ----------
    found
        What was found and what was expected, one sentence.
    where
        Row numbers, a file, a key: where to look. Never a client's identifier.
    remedy
        What to do about it, one sentence.
    """

    found: str
    where: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        found = f"{self.found} ({self.where})." if self.where else f"{self.found}."
        return f"{found} {self.remedy}".strip()


class InvalidInput(SessionwiseError):
    """A file or a setting breaks the rules; holds every problem at once."""

    def __init__(self, problems: Iterable[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        head = f"{count} problem{'s' * (count != 1)} in {source or 'the input'}"
        lines = [f"  {number}. {problem}" for number, problem in enumerate(self.problems, 1)]
        super().__init__("\n".join([head + ":", *lines]))


class Unanswerable(SessionwiseError):
    """The study does not hold what a question needs; the report goes on without it."""


class Refused(SessionwiseError):
    """A model was fitted and must not be reported, or the data cannot carry it."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known name an unknown one is closest to.

    Examples
    --------
    >>> nearest("cohrt", ["cohort", "study"])
    "Did you mean 'cohort'?"
    >>> nearest("zzz", ["cohort", "study"])
    "Known names: 'cohort', 'study'."
    """
    known = sorted(known)
    alike = [name for name in known if name.casefold() == word.casefold()]
    close = alike or difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return "Known names: " + ", ".join(f"'{name}'" for name in known) + "."


def rows_of(numbers: Iterable[int], source: str, *, most: int = 5) -> str:
    """Name rows of a file as a spreadsheet numbers them, the header being row 1.

    Examples
    --------
    >>> rows_of([17, 204, 391], "sessions.csv")
    'rows 17, 204, 391 of sessions.csv'
    >>> rows_of(range(2, 12), "sessions.csv", most=3)
    'rows 2, 3, 4 and 7 more of sessions.csv'
    """
    numbers = [int(number) for number in numbers]
    shown = ", ".join(str(number) for number in numbers[:most])
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"row{'s' * (len(numbers) > 1)} {shown}{more} of {source}"
