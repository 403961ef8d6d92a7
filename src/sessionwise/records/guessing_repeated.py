"""Which columns of an export with one row a client are a score given several times."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sessionwise.instruments.catalogue import instrument
from sessionwise.records.contents import Cells
from sessionwise.records.guess import Guess, counted
from sessionwise.records.vocabulary import ALIASES, ALLIANCE, header_words

START = ("pre", "base", "baseline", "intake", "start", "vorher", "beginn")
UNITS = {"s": "sessions", "session": "sessions", "sitzung": "sessions", "w": "weeks",
         "wk": "weeks", "week": "weeks", "woche": "weeks", "m": "months", "mo": "months",
         "month": "months", "months": "months", "monat": "months", "d": "days",
         "t": ""}  # fmt: skip
WHEN = re.compile(rf"({'|'.join(UNITS)})?(\d+)({'|'.join(UNITS)})?")


def guessed_repeated(cells: Mapping[str, Cells]) -> tuple[list[Guess], str]:
    """Say which numbered columns are the same score at several times.

    Returns
    -------
    tuple
        The guesses, and what the times count (``"months"``), or empty.
    """
    guesses, units = [], set()
    for name, aliases in ALIASES.items():
        at, found = {}, set()
        for header in cells:
            moment = _moment(header, aliases) if cells[header].numeric else None
            if moment and moment[0] not in at.values():
                at[header] = moment[0]
                found.add(moment[1])
        if len(at) < 2:
            continue
        units |= found - {""}
        own = instrument(name)
        known = own.administered or ("after" if name in ALLIANCE else "before")
        why = f"the {own.name} in {counted(len(at), 'column')}, one for each time it was given"
        doubt = "check the times below, and what they count"
        keys = {"instrument": name, "known": known, "at": dict(sorted(at.items(), key=_time))}
        guesses.append(Guess(name, "", why, keys, doubt=doubt, table="repeated"))
    return guesses, units.pop() if len(units) == 1 else ""


def _time(place: tuple[str, int]) -> int:
    return place[1]


def _moment(header: str, aliases: tuple[str, ...]) -> tuple[int, str] | None:
    """Give the time a header names, and its unit.

    Examples
    --------
    >>> _moment("BDI.2m", ("bdi",)), _moment("bdi_pre", ("bdi",)), _moment("bdi", ("bdi",))
    ((2, 'months'), (0, ''), None)
    """
    name = "".join(header_words(header))
    for alias in sorted((a for a in aliases if name.startswith(a)), key=len, reverse=True):
        rest = name.removeprefix(alias)
        if rest in START:
            return 0, ""
        match = WHEN.fullmatch(rest)
        if match:
            return int(match[2]), UNITS[match[1] or match[3] or "t"]
    return None
