"""The instruments that come with the package, and instruments a codebook describes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.instruments.instrument import Instrument
from sessionwise.instruments.validation import problems_in

CARDS = files("sessionwise.instruments") / "cards"
SCORING_KEYS = {"items", "item_min", "item_max", "item_step"}


def shipped() -> tuple[str, ...]:
    """Name the instruments that come with the package.

    Examples
    --------
    >>> shipped()
    ('bdi2', 'care', 'core10', 'cors', 'csrs', 'gad7', 'ors', 'phq9', 'srs', 'tasc_r', 'wai_sr')
    """
    names = (card.name for card in CARDS.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def instrument(name: str) -> Instrument:
    """Give an instrument that comes with the package.

    Raises
    ------
    InvalidInput
        No such instrument; the message names the nearest.

    Examples
    --------
    >>> instrument("phq9").sentence()
    'between 0 and 27, lower is better'
    """
    if name not in shipped():
        remedy = f"{nearest(str(name).lower(), shipped())} Or describe it in the codebook."
        raise InvalidInput([Problem(f"There is no instrument '{name}'", remedy=remedy)])
    return from_mapping(tomllib.loads((CARDS / f"{name}.toml").read_text("utf-8")))


def from_mapping(table: Mapping[str, Any], source: str = "the instrument table") -> Instrument:
    """Make an instrument from a table, as a codebook holds one.

    A table may start from a shipped instrument with ``like`` and state only what differs. A part
    that it states anew loses the shipped status and source: a user's number must not be read as
    the manual's.

    Parameters
    ----------
    table
        The fields of ``Instrument`` by name, and ``like`` if wanted.
    source
        What the table is called in messages, e.g. ``"[instruments.ors] of codebook.toml"``.

    Raises
    ------
    InvalidInput
        Every unknown key, missing key and wrong value at once, and every contradiction as soon as
        the values can be read.

    Examples
    --------
    >>> ours = {"like": "ors", "reliable_change": 6, "status": {"reliable_change": "secondary"}}
    >>> from_mapping(ours | {"sources": {"reliable_change": "our own manual, p. 3"}}).low
    0.0
    """
    if "like" in table:
        base = instrument(table["like"]).model_dump(exclude_none=True)
        table = _laid_over(base, {key: value for key, value in table.items() if key != "like"})
    try:
        return Instrument.model_validate(table)
    except ValidationError as error:
        raise InvalidInput(_every_problem(error, table), source) from None
    except InvalidInput as error:
        raise InvalidInput(error.problems, source) from None


def _laid_over(base: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    status, sources = own.get("status", {}), own.get("sources", {})
    if not (isinstance(status, Mapping) and isinstance(sources, Mapping)):
        return {**base, **own}
    restated = set(own) | ({"scoring"} if SCORING_KEYS & set(own) else set())
    withdrawn = {part for part, word in status.items() if word in ("unverified", "none")}
    kept = {key: value for key, value in base.items() if key not in withdrawn}
    return {
        **kept,
        **own,
        "status": {k: v for k, v in base["status"].items() if k not in restated} | dict(status),
        "sources": {k: v for k, v in base["sources"].items() if k not in restated} | dict(sources),
    }


def _every_problem(error: ValidationError, table: Mapping[str, Any]) -> list[Problem]:
    """Add the contradictions that show once the unknown keys are taken away."""
    problems = problems_in(error, Instrument)
    unknown = set(table) - set(Instrument.model_fields)
    try:
        Instrument.model_validate({key: table[key] for key in table if key not in unknown})
    except InvalidInput as contradiction:
        problems += contradiction.problems
    except ValidationError:
        return problems
    return problems
