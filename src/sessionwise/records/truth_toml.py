"""A truth as a file: every value with its words, every effect with its equation."""

from __future__ import annotations

import textwrap
from datetime import date

from sessionwise.records.truth import Truth
from sessionwise.records.truth_sections import ASSUMED, Section

HEAD = """\
What the synthetic clinic is made of. Each table is one effect: its equation (i: client, j: the
therapist of that session, t: session), which scores in it are recorded and which are latent, and
its clock. Beside each value stand its scale and its source; what nobody has published is assumed.
A feature with on = false is not in the clinic; with all of them off it is the plain regime.
"""
WIDTH = 98


def truth_in_toml(truth: Truth) -> str:
    """Write a truth so that a reader finds each effect in it; :meth:`Truth.load` reads it back.

    Examples
    --------
    >>> text = truth_in_toml(Truth())
    >>> "[outcome]" in text and "equation: ors_it = start" in text
    True
    """
    lines = [*_comment(HEAD.replace("\n", " ").strip()), "schema = 1"]
    lines.append(f"decimals = {truth.decimals}  # ORS and SRS are rounded to")
    for name, section in truth.sections.items():
        lines += ["", *_table(name, section)]
    return "\n".join(lines) + "\n"


def _table(name: str, section: Section) -> list[str]:
    """Write one section."""
    said = [f"[{name}]", *_comment(str(section.__doc__).strip().splitlines()[0])]
    for place, line in enumerate(section.equation):
        said.append(f"#   {line}" if place else f"# equation: {line}")
    for word in ("variable", "clock"):
        if getattr(section, word):
            said += _comment(f"{word}: {getattr(section, word)}")
    because = getattr(section, "because", "")
    if because:
        said += _comment(f"moves the estimates {', '.join(section.moves)}: {because}")
    fields = type(section).model_fields
    values = {key: _value(getattr(section, key)) for key in fields}
    wide = max(len(f"{key} = {value}") for key, value in values.items())
    for key, value in values.items():
        words = fields[key].description or ""
        extra = fields[key].json_schema_extra or {}
        parts = [words, str(extra.get("scale", "")), _source(key, extra)]
        said.append(f"{f'{key} = {value}':<{wide}}  # {'; '.join(part for part in parts if part)}")
    return said


def _source(key: str, extra: dict) -> str:
    """Name the source of a value; a switch and a size of the clinic have none."""
    source = str(extra.get("source", ""))
    return "" if key == "on" else source if source != ASSUMED else ASSUMED


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else repr(value)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH)]
