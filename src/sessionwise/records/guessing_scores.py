"""Which columns of an export are questionnaires: totals, subscales or items."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sessionwise.instruments.catalogue import instrument, shipped
from sessionwise.instruments.instrument import Instrument
from sessionwise.records.contents import Cells
from sessionwise.records.guess import Guess, Value, counted
from sessionwise.records.vocabulary import (
    ALIASES,
    ALLIANCE,
    SENTINELS,
    UNSURE_ALIASES,
    header_words,
)

TOTAL_WORDS = frozenset(["total", "sum", "summe", "score", "value", "wert", "gesamt", "gesamtwert"])
ITEM_WORDS = "(?:item|frage|q|f|i|nr)?"
BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")
TOO_MANY_OUTSIDE = 0.2


def guessed_scores(cells: Mapping[str, Cells]) -> tuple[list[Guess], dict[str, str]]:
    """Say which columns are scores or items of an instrument of the catalogue.

    Returns
    -------
    tuple
        The guesses, and header → why, for columns of questionnaires that could not be placed.
    """
    guesses: list[Guess] = []
    unplaced: dict[str, str] = {}
    for name in [*ALIASES, *(set(shipped()) - set(ALIASES))]:
        own = instrument(name)
        aliases = ALIASES.get(name, (name.replace("_", ""),))
        family, alias = _items(cells, own, aliases)
        totals = [(h, a) for h, a in _totals(cells, aliases) if h not in family.values()]
        for header, found in totals[:1]:
            guesses.append(_score(cells[header], own, name, "total", found))
        for header, _ in totals[1:]:
            unplaced[header] = f"another column is `{name}` already"
        guesses += _subscales(cells, own, aliases)
        if totals or own.scoring == "total_only" or len(family) < own.items:
            unplaced |= _useless(family, own, bool(totals))
        else:
            guesses += [_item(cells[header], own, n, alias) for n, header in family.items()]
    return guesses, unplaced


def _compact(header: str) -> tuple[str, bool]:
    """Give a header's words as one, without those that say 'total', and whether one did."""
    words = header_words(BRACKETS.sub("", header))
    kept = [word for word in words if word not in TOTAL_WORDS]
    return "".join(kept), len(kept) < len(words)


def _totals(cells: Mapping[str, Cells], aliases: tuple[str, ...]) -> list[tuple[str, str]]:
    """Find columns called as the instrument is, those that say 'total' first."""
    found = []
    for header in cells:
        name, total = _compact(header)
        if name in aliases and cells[header].numeric:
            found.append((not total, aliases.index(name), header, name))
    return [(header, alias) for _, _, header, alias in sorted(found)]


def _items(
    cells: Mapping[str, Cells], own: Instrument, aliases: tuple[str, ...]
) -> tuple[dict[int, str], str]:
    """Find the largest family of numbered columns: item number → header."""
    best: tuple[dict[int, str], str] = ({}, "")
    for alias in aliases:
        family = {}
        for header in cells:
            name, total = _compact(header)
            match = re.fullmatch(f"{alias}{ITEM_WORDS}0*([1-9]\\d?)", name)
            if match and not total and int(match[1]) <= own.items:
                family.setdefault(int(match[1]), header)
        lonely = len(family) == 1 and own.items > 1
        if len(family) > len(best[0]) and not lonely:
            best = dict(sorted(family.items())), alias
    family, alias = best
    if len(family) < own.items:  # `phq9` beside `phq1` is a total, unless all the others are there
        family = {n: h for n, h in family.items() if _compact(h)[0] not in aliases}
    return family, alias


def _score(cells: Cells, own: Instrument, name: str, part: str, alias: str) -> Guess:
    """Describe a total or a subscale."""
    low, high = own.range_of(part)
    keys: dict[str, Value] = {"instrument": own.id}
    if part != "total":
        keys["part"] = part
    doubts = [UNSURE_ALIASES[alias]] if alias in UNSURE_ALIASES else []
    return _checked(cells, name, own, keys, (low, high), doubts, f"named as the {own.name}")


def _item(cells: Cells, own: Instrument, number: int, alias: str) -> Guess:
    """Describe one item."""
    keys: dict[str, Value] = {"instrument": own.id, "item": number}
    doubts = [UNSURE_ALIASES[alias]] if alias in UNSURE_ALIASES and number == 1 else []
    name = f"{own.id}_{number}"
    why = f"item {number} of {own.items}" + f" of the {own.name}" * (number == 1)
    return _checked(cells, name, own, keys, (own.item_min, own.item_max), doubts, why)


def _subscales(
    cells: Mapping[str, Cells], own: Instrument, aliases: tuple[str, ...]
) -> Iterator[Guess]:
    """Find columns that hold a subscale."""
    wanted = {a + p.replace("_", ""): (p, a) for p in own.subscales or {} for a in aliases[::-1]}
    seen = set()
    for header in cells:
        part, alias = wanted.get(_compact(header)[0], ("", ""))
        if part and part not in seen and cells[header].numeric:
            seen.add(part)
            yield _score(cells[header], own, f"{own.id}_{part}", part, alias)


def _checked(
    cells: Cells,
    name: str,
    own: Instrument,
    keys: dict[str, Value],
    limits: tuple[float, float],
    doubts: list[str],
    why: str,
) -> Guess:
    """Hold the cells to the instrument's range; propose codes for 'not answered'."""
    low, high = limits
    values = cells.numbers
    outside = values[values.notna() & ~values.between(low, high)]
    codes = sorted({int(v) for v in outside.unique() if v in SENTINELS})
    stray = outside[~outside.isin(codes)]
    missing: list[Value] = [*codes, *cells.strange]
    if missing:
        count = int(values.isin(codes).sum() + cells.text.isin(cells.strange).sum())
        keys = {**keys, "missing": missing}
        listed = ", ".join(str(code) for code in missing)
        doubts.append(f"{listed} taken as 'not answered' ({counted(count, 'cell')})")
    many = len(stray) > TOO_MANY_OUTSIDE * max(1, cells.filled)
    if len(stray):
        doubts.append(f"{counted(len(stray), 'cell')} outside {low:g} to {high:g}")
    if own.administered is None:
        known = "after" if own.id in ALLIANCE else "before"
        keys = {**keys, "known": known}
        if keys.get("item", 1) == 1:
            doubts.append(f"the manual does not fix when it is given; taken as {known} the session")
    seen = f"{why}; {counted(cells.filled, 'cell')} filled in"
    if keys.get("item", 1) == 1:
        seen += f", {low:g} to {high:g} allowed"
    return Guess(name, cells.source, seen, keys, doubt="; ".join(doubts), active=not many)


def _useless(family: dict[int, str], own: Instrument, total: bool) -> dict[str, str]:
    """Say why items are not used."""
    if total:
        why = f"an item of the {own.name}, whose total is there"
    elif own.scoring == "total_only":
        why = f"an item of the {own.name}, which can only be given as a total"
    else:
        lacking = ", ".join(str(n) for n in range(1, own.items + 1) if n not in family)
        why = f"an item of the {own.name}, which cannot be scored: no column for item {lacking}"
    return dict.fromkeys(family.values(), why)
