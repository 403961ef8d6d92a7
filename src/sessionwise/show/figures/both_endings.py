"""What goes with leaving beside what goes with ending as planned, as dots with intervals."""

from __future__ import annotations

import math

import numpy as np

from sessionwise.models.alliance_endings import EndingHazards
from sessionwise.models.fit import Fit
from sessionwise.show.display import Figure, Nothing, answered
from sessionwise.show.figures.rows import Row, drawn_rows, ratio_beside
from sessionwise.show.numbers import number
from sessionwise.show.ratios import ratio, ratio_of
from sessionwise.show.theme import canvas, finished, style
from sessionwise.show.words import called, of_whom, verdict

TERMS = {"_so_far": ("alliance_between", "mean so far"),
         "_last_change": ("alliance_within", "last change")}  # fmt: skip
LADDER = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
MOST_TICKS = 7


@answered
def ending_effects(
    both: EndingHazards, title: str = "", name: str = "ending-effects", synthetic: bool = False
) -> Figure | Nothing:
    """Draw hazard ratios of unplanned and planned endings, two rows for each alliance term.

    Parameters
    ----------
    both
        Of ``alliance_and_endings``.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure or Nothing
        Nothing where a fit is no finding, or limits are endless.
    """
    if verdict(both.unplanned.health) or verdict(both.planned.health):
        return Nothing()
    rows = []
    for ending, (scale, words) in TERMS.items():
        for kind, fit in (("unplanned", both.unplanned), ("planned", both.planned)):
            numbers = per_deviation(fit, ending, scale)
            if not np.isfinite(numbers).all():
                return Nothing()
            label = f"{words} → {kind} ending"
            rows.append(Row(label, numbers, ratio_beside(numbers), main=kind == "unplanned"))
    alliance = called(both.unplanned, _score(both.unplanned), "alliance")
    with style():
        drawing = canvas(1.85 + 0.5 * len(rows))
        axes = drawing.subplots()
        drawn_rows(axes, rows, "Hazard ratio per standard deviation (log scale)", number)
        low, high = axes.get_xlim()
        ticks = [tick for tick in LADDER if low <= math.log(tick) <= high]
        while len(ticks) > MOST_TICKS:
            ticks = [t for k, t in enumerate(ticks) if t == 1.0 or (ticks.index(1.0) - k) % 2 == 0]
        axes.set_xticks(np.log(ticks), [f"{tick:g}" for tick in ticks])
        caption = (
            f"Cause-specific hazard ratios per standard deviation of {alliance} as it was before "
            "the session, with 95 % confidence intervals, from the second session on "
            f"({of_whom(both.unplanned.rows)}). The vertical line at 1 is no difference."
        )
        said = "; ".join(f"{row.label}: {row.text}" for row in rows)
        words = (caption, f"Dots with intervals. {said}.")
        return finished(drawing, name, title or _finding(rows, alliance), words, synthetic)


def per_deviation(fit: Fit, ending: str, scale: str) -> tuple[float, float, float]:
    """Give a log hazard ratio and its limits per standard deviation of the term."""
    row = fit.term(f"{_score(fit)}{ending}")
    spread = fit.scales.get(scale, math.nan)
    per = spread if spread > 0 else 1.0
    return tuple(float(row[key] * per) for key in ("estimate", "low", "high"))


def _score(fit: Fit) -> str:
    """Name the score the terms are made of."""
    ends = [term for term in fit.estimates["term"] if term.endswith("_last_change")]
    return ends[0].removesuffix("_last_change")


def _finding(rows: list[Row], alliance: str) -> str:
    """State the ratios of the mean so far."""
    said = []
    for row, kind in zip(rows, ("unplanned", "planned")):
        middle, low, high = row.numbers
        clear = low > 0 or high < 0
        direction = ("fewer" if middle < 0 else "more") if clear else "no clear difference in"
        said.append(f"{direction} {kind} endings ({ratio(ratio_of(middle))})")
    return f"A higher {alliance} so far preceded {' and '.join(said)}"
