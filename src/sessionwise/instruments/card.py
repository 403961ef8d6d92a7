"""What is known about a questionnaire, as rows a reader can check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionwise.instruments.parts import MEANING, PARTS, Part

if TYPE_CHECKING:
    from sessionwise.instruments.instrument import Instrument


def card_rows(instrument: Instrument) -> list[dict[str, str]]:
    """List every part with its value in words, its status and its source.

    Returns
    -------
    list of dict
        One per part of ``PARTS``, in that order, with keys ``part, value, status, source``.

    Examples
    --------
    >>> from sessionwise.instruments.catalogue import instrument
    >>> [row["value"] for row in card_rows(instrument("core10")) if row["part"] == "reverse"]
    ['items 2, 3']
    """
    return [
        {
            "part": part,
            "value": _value_in_words(instrument, part),
            "status": instrument.status[part],
            "source": instrument.sources.get(part, ""),
        }
        for part in PARTS
    ]


def _value_in_words(instrument: Instrument, part: Part) -> str:
    value = getattr(instrument, part)
    if value is None:
        return MEANING[instrument.status[part]]
    match part:
        case "scoring":
            return _scoring(instrument)
        case "reverse":
            return f"items {_listed(value)}" if value else "no item is reversed"
        case "subscales":
            return "; ".join(f"{name}: {_listed(items)}" for name, items in value.items())
        case "prorating":
            return value.words
        case "cutoff":
            side = "at or above" if instrument.better == "lower" else "below"
            return f"{side} {value.value:g} is clinical ({value.population})"
        case "bands":
            return "; ".join(f"{band.name} from {band.low:g}" for band in value)
        case "reliable_change":
            return f"{value:g} points"


def _scoring(instrument: Instrument) -> str:
    if instrument.scoring == "total_only":
        return f"total only, {instrument.sentence()}"
    step = f"in steps of {instrument.item_step:g}" if instrument.item_step else "any number"
    answers = f"{instrument.item_min:g} to {instrument.item_max:g}, {step}"
    return f"{instrument.scoring} of {instrument.items} items ({answers}); {instrument.sentence()}"


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(str(number) for number in numbers)
