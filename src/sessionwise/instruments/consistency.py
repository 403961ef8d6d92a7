"""What cannot be true of a questionnaire, found before anybody is scored with it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from sessionwise.errors import Problem, nearest
from sessionwise.instruments.parts import PARTS

if TYPE_CHECKING:
    from sessionwise.instruments.instrument import Instrument


def contradictions(instrument: Instrument) -> list[Problem]:
    """List everything about an instrument that contradicts something else about it."""
    return [
        *_of_range(instrument),
        *_of_key(instrument),
        *_of_prorating(instrument),
        *_of_landmarks(instrument),
        *_of_status(instrument),
    ]


def _of_range(instrument: Instrument) -> Iterator[Problem]:
    span = instrument.item_max - instrument.item_min
    if span <= 0:
        yield Problem(
            f"`item_min` ({instrument.item_min:g}) is not below "
            f"`item_max` ({instrument.item_max:g})",
            remedy="Give the lowest and the highest answer to an item.",
        )
    elif instrument.item_step and abs(span / instrument.item_step % 1) > 1e-9:
        yield Problem(
            f"Steps of {instrument.item_step:g} do not lead from {instrument.item_min:g} "
            f"to {instrument.item_max:g}",
            remedy="Correct `item_step`, or leave it out if any number in between may be given.",
        )


def _of_key(instrument: Instrument) -> Iterator[Problem]:
    lists = {f"subscales.{name}": items for name, items in (instrument.subscales or {}).items()}
    if instrument.reverse is not None:
        lists["reverse"] = instrument.reverse
    for where, items in lists.items():
        strangers = sorted(set(items) - set(range(1, instrument.items + 1)))
        if strangers:
            yield Problem(
                f"`{where}` names item {', '.join(map(str, strangers))}",
                remedy=f"The items are numbered 1 to {instrument.items}.",
            )
        if len(set(items)) < len(items):
            yield Problem(f"`{where}` names an item twice", remedy="Name each item once.")
        if not items and where != "reverse":
            yield Problem(f"`{where}` names no item", remedy="Name its items, or leave it out.")
    if "total" in (instrument.subscales or {}):
        yield Problem("A subscale is called `total`", remedy="`total` is the score of all items.")
    for part in ("reverse", "subscales", "prorating"):
        if instrument.scoring == "total_only" and getattr(instrument, part) is not None:
            yield Problem(
                f'`{part}` is given, but `scoring` is "total_only"',
                remedy=f"Leave `{part}` out, or give the `scoring` of the items.",
            )


def _of_prorating(instrument: Instrument) -> Iterator[Problem]:
    sizes = {"total": instrument.items}
    sizes |= {name: len(items) for name, items in (instrument.subscales or {}).items()}
    for part, most in (instrument.prorating.max_missing if instrument.prorating else {}).items():
        if part not in sizes:
            yield Problem(
                f"`prorating.max_missing` names no part of the instrument: '{part}'",
                remedy=nearest(part, sizes),
            )
        elif not 0 < most < sizes[part]:
            yield Problem(
                f"`prorating.max_missing.{part}` is {most}",
                remedy=f"Give a number from 1 to {sizes[part] - 1}, or leave it out.",
            )


def _of_landmarks(instrument: Instrument) -> Iterator[Problem]:
    if instrument.item_min >= instrument.item_max or instrument.scoring is None:
        return
    count = 1 if instrument.scoring == "mean" else instrument.items
    low, high = count * instrument.item_min, count * instrument.item_max
    total = f"The total lies between {low:g} and {high:g}."
    if instrument.cutoff and not low < instrument.cutoff.value <= high:
        yield Problem(f"`cutoff` is {instrument.cutoff.value:g}", remedy=total)
    if instrument.reliable_change and instrument.reliable_change > high - low:
        yield Problem(f"`reliable_change` is {instrument.reliable_change:g}", remedy=total)
    starts = [band.low for band in instrument.bands or ()]
    if starts and (
        starts[0] != low or starts[-1] > high or any(b <= a for a, b in pairwise(starts))
    ):
        yield Problem(
            f"`bands` start at {', '.join(f'{start:g}' for start in starts)}",
            remedy=f"{total} Let the first band start at {low:g} and each later one higher.",
        )


def _of_status(instrument: Instrument) -> Iterator[Problem]:
    for part in PARTS:
        status = instrument.status[part]
        given = getattr(instrument, part) is not None
        usable = status in ("verified", "secondary")
        if given and not usable:
            yield Problem(
                f'`{part}` is given, but `status.{part}` is "{status}"',
                remedy='Say "verified" or "secondary", or leave the value out.',
            )
        if usable and not given:
            yield Problem(
                f'`status.{part}` is "{status}", but `{part}` is not given',
                remedy='Give it, or say "unverified" or "none".',
            )
        if given and not instrument.sources.get(part):
            yield Problem(
                f"`{part}` is given without a source",
                remedy=f"Cite where it is from as `sources.{part}`.",
            )
    if instrument.administered and not instrument.sources.get("administered"):
        yield Problem(
            "`administered` is given without a source",
            remedy="Cite the manual as `sources.administered`, or leave it out.",
        )
    if instrument.status["scoring"] == "none":
        yield Problem(
            '`status.scoring` is "none"',
            remedy='Give `scoring`, "total_only" if the items cannot be scored here.',
        )
