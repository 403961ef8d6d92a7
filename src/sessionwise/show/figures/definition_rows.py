"""The rate of dropout and what precedes it, drawn under every definition."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from sessionwise.models.every_definition import EveryDefinition
from sessionwise.show.definition_tables import EFFECT_WORDS, MARK, effect_row, rate_finding
from sessionwise.show.display import Figure, Nothing, answered
from sessionwise.show.figures.rows import Row, drawn_rows
from sessionwise.show.numbers import decimals, number, percent
from sessionwise.show.ratios import limits_text, ratio, ratio_of
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.theme import canvas, finished, style
from sessionwise.show.words import capital


@answered
def definitions(
    found: EveryDefinition,
    title: str = "",
    name: str = "definitions",
    synthetic: bool = False,
) -> Figure | Nothing:
    """Draw the rate, and both effects of the alliance, one row a definition.

    Parameters
    ----------
    found
        Of ``under_every_definition``; definitions with fewer than five dropouts are not drawn.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.
    """
    told = found.rates[found.rates["dropouts"] >= SMALLEST]
    if told.empty:
        return Nothing()
    panels = [(_rates(told), "Share of courses (%)", 0)]
    for effect, words in EFFECT_WORDS.items():
        rows = _effects(found, told, effect)
        if rows:
            panels.append((rows, f"{found.label} {words}: log hazard per standard deviation", 2))
    with style():
        drawing = canvas(1.4 + sum(0.75 + 0.33 * len(rows) for rows, *_ in panels))
        heights = [len(rows) + 1 for rows, *_ in panels]
        axes = drawing.subplots(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
        for axis, (rows, label, places) in zip(axes, panels):
            drawn_rows(axis, rows, label, partial(number, decimals=places))
        caption = (
            "Above, the share of the courses judged that ended in dropout, with Wilson's 95 % "
            "limits; below, what one standard deviation more of the alliance preceded, with 95 % "
            "confidence intervals and the hazard ratio on the right. Open dots: the definition is "
            "made of the outcome, and is no independent evidence beside the outcome model."
        )
        said = "; ".join(f"{row.label}: {row.text}" for rows, *_ in panels for row in rows)
        words = (caption, f"Dots with intervals. {said}.")
        return finished(drawing, name, title or rate_finding(found), words, synthetic)


def _rates(told: pd.DataFrame) -> list[Row]:
    rows = []
    for row in told.to_dict("records"):
        numbers = tuple(100 * row[end] for end in ("share", "low", "high"))
        text = f"{percent(row['share'])}  ({number(numbers[1], 0)} to {number(numbers[2], 0)})"
        rows.append(Row(_label(row), numbers, text, main=not row["uses_outcome"]))
    return rows


def _effects(found: EveryDefinition, told: pd.DataFrame, effect: str) -> list[Row]:
    """Give the rows of one effect, where there is one whose limits have an end."""
    rows = []
    for rate in told.to_dict("records"):
        row = effect_row(found, rate["definition"], effect)
        numbers = (row["estimate"], row["low"], row["high"])
        if row["events"] < SMALLEST or not all(math.isfinite(one) for one in numbers):
            continue
        middle, low, high = (ratio_of(value) for value in numbers)
        places = decimals(low, high, 1.0)
        text = f"{ratio(middle, places)}  ({limits_text(low, high, places)})"
        rows.append(Row(_label(rate), numbers, text, main=not rate["uses_outcome"]))
    return rows


def _label(rate: dict) -> str:
    return f"{capital(rate['definition'])}{MARK * rate['uses_outcome']}"
