"""The within-client effects of several models side by side, in standard deviations."""

from __future__ import annotations

import numpy as np

from sessionwise.models.fit import Fit, Unanswered
from sessionwise.show.display import Figure, Note, Nothing
from sessionwise.show.effect_words import (
    holds_previous,
    split_column,
    trend_removed,
    within_term,
)
from sessionwise.show.figures.rows import Row, drawn_rows
from sessionwise.show.numbers import decimals, number, with_limits
from sessionwise.show.theme import canvas, finished, style
from sessionwise.show.words import counted, term_words, verdict


def side_by_side(
    *fits: Fit | Unanswered,
    title: str = "",
    name: str = "side-by-side",
    synthetic: bool = False,
) -> Figure | Note | Nothing:
    """Draw what each hybrid model says within clients, one row a model.

    The models explain different scores, in different units. So each effect is given in
    within-client standard deviations of what it explains per within-client standard deviation of
    what came first, both of the model's own rows.

    Parameters
    ----------
    *fits
        Of ``alliance_and_next_outcome`` and ``outcome_and_alliance``; those without an answer, and
        those that are no finding, are left out.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure, Note or Nothing
        Without a finding a note that says why, if a question had no answer.
    """
    sound = [fit for fit in fits if isinstance(fit, Fit) and not verdict(fit.health)]
    effects = [standardised(fit) for fit in sound]
    open_ones = [fit for fit in fits if isinstance(fit, Unanswered)]
    if not sound and open_ones:
        return Note(open_ones[0])
    if not effects or not np.isfinite(effects).all():
        return Nothing()
    texts = [with_limits(*one, gap="  ") for one in effects]
    rows = [
        Row(_label(fit), one, text, main=not fit.recipe.caution)
        for fit, one, text in zip(sound, effects, texts)
    ]
    with style():
        drawing = canvas(1.85 + 0.62 * len(rows))
        axis = "Within-client SDs per SD of what came first"
        drawn_rows(drawing.subplots(), rows, axis, number)
        whom = "; ".join(
            f"{row.label}: {counted(fit.rows.used, 'session')}" for fit, row in zip(sound, rows)
        )
        open_dot = " An open dot is biased in short courses." if _any_biased(sound) else ""
        caption = (
            "Differences within clients with 95 % confidence intervals, in within-client standard "
            "deviations of the score explained per within-client standard deviation of the score "
            f"that came first, each on the rows of its model ({whom}). The vertical line at 0 is "
            f"no difference.{open_dot}{_lines(sound)}"
        )
        said = "; ".join(f"{row.label}: {row.text}" for row in rows)
        words = (caption, f"Dots with intervals. {said}.")
        return finished(drawing, name, title or _finding(sound, effects), words, synthetic)


def standardised(fit: Fit) -> tuple[float, float, float]:
    """Give the within-client effect and its limits in within-client standard deviations."""
    row = fit.term(within_term(fit))
    spread = fit.scales.get(f"{split_column(fit)}_within", np.nan)  # one unit, trend or no trend
    scale = spread / fit.scales.get(f"{fit.outcome}_within", np.nan)
    return tuple(float(row[end] * scale) for end in ("estimate", "low", "high"))


def _label(fit: Fit) -> str:
    """Say which score preceded which, and what was held."""
    first, then = _pair(fit)
    following = "next" if split_column(fit).endswith("_lag1") else "same session's"
    if holds_previous(fit):
        return f"{first} → {following} {then}, previous {then} held"
    if trend_removed(fit):
        return f"{first} → {following} {then}, trend of {first} removed"
    return f"{first} → {following} {then}"


def _pair(fit: Fit) -> tuple[str, str]:
    """Give the words of the score that came first and of the one explained."""
    first = split_column(fit).removesuffix("_lag1")
    return term_words(first, fit.labels), term_words(fit.outcome, fit.labels)


def _finding(fits: list[Fit], effects: list[tuple[float, float, float]]) -> str:
    """State the effects, those of one pair of scores together."""
    said: dict[tuple[str, str], list[str]] = {}
    for fit, (middle, low, high) in zip(fits, effects):
        first, then = _pair(fit)
        size = number(middle, decimals(low, high))
        amount = f"{size} SD" if low > 0 or high < 0 else f"no clear difference ({size} SD)"
        held = f" with the previous {then} held" if holds_previous(fit) else ""
        held = f" with the trend of {first} removed" if trend_removed(fit) else held
        parts = said.setdefault((first, then), [])
        start = "" if parts else f"one SD more {first} preceded "
        unit = "" if parts else f" of {then}" if low > 0 or high < 0 else f" in {then}"
        parts.append(f"{start}{amount}{unit}{held}")
    return f"Within clients, {'; '.join(', '.join(parts) for parts in said.values())}"


def _lines(fits: list[Fit]) -> str:
    """Say of what an effect without the trend is."""
    if not any(trend_removed(fit) for fit in fits):
        return ""
    return (
        " With a trend removed the effect is that of deviations from the client's own line, given "
        "in the same unit."
    )


def _any_biased(fits: list[Fit]) -> bool:
    return any(fit.recipe.caution for fit in fits)
