"""A few effects as dots with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from sessionwise.models.fit import Fit
from sessionwise.show.display import Figure, Nothing, answered
from sessionwise.show.effect_words import clear
from sessionwise.show.numbers import count, decimals, interval, number, with_limits
from sessionwise.show.theme import INK, PALETTE, QUIET, SMALL_SIZE, canvas, finished, folded, style
from sessionwise.show.words import capital, error_words, of_whom, ratio_name, term_words, verdict

TOLD_APART = ("_lag1_within", "_lag1_detrended", "_lag1_between", "_between_clients",
              "_between_therapists", "_to_date", "_early", "_change", "_since_last")  # fmt: skip
"""How the terms end that a model of alliance was made for."""


@answered
def effects(
    fit: Fit,
    terms: Sequence[str] = (),
    exponentiate: bool = False,
    title: str = "",
    name: str = "effects",
    synthetic: bool = False,
) -> Figure | Nothing:
    """Draw a few estimates of a fit with their 95 % intervals beside the line of no difference.

    Parameters
    ----------
    fit
        The fit. One that did not converge or is singular is no finding and is not drawn, nor is
        one whose limits are endless.
    terms
        Which estimates, from the top; by default those of a score split within and between
        clients, or into three with their therapists, or of a score to date and its change. Put
        terms of one unit together.
    exponentiate
        Draw ratios on a logarithmic axis, with the line at 1.
    title
        Made from the first term's numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure or Nothing
    """
    told = [t for t in fit.estimates["term"] if t.endswith(TOLD_APART)]
    terms = list(terms) or [t for t in told if t != f"{fit.outcome}_lag1_within"]
    if verdict(fit.health) or not terms:
        return Nothing()
    rows = pd.DataFrame([fit.term(term) for term in terms])[["estimate", "low", "high"]]
    numbers = rows.to_numpy(float)
    with np.errstate(over="ignore"):  # what has no end is not drawn
        numbers = np.exp(numbers) if exponentiate else numbers
    if not np.isfinite(numbers).all() or (exponentiate and (numbers <= 0).any()):
        return Nothing()
    null = 1.0 if exponentiate else 0.0
    names = [term_words(term, fit.labels) for term in terms]
    outcome = term_words(fit.outcome, fit.labels) or "the outcome"
    what = ratio_name(fit.recipe) if exponentiate else f"difference in {outcome}"
    said = [
        f"{label}: {what} {number(row[0], decimals(row[1], row[2], null))} "
        f"({interval(row[1], row[2], null=null)})"
        for label, row in zip(names, numbers)
    ]
    with style():
        drawing = canvas(1.7 + 0.55 * len(terms))
        axes = drawing.subplots()
        _dots(axes, names, numbers, null)
        _axis(axes, capital(what), numbers, exponentiate)
        caption = (
            f"Estimates with 95 % confidence intervals from a {fit.recipe.kind} "
            f"({of_whom(fit.rows)}{_therapists(fit, terms)}; {error_words(fit.recipe)}). "
            f"The vertical line at {number(null, 0)} is no difference. {fit.recipe.caution}"
        ).strip()
        words = (caption, f"Dots with intervals. {'; '.join(said)}.")
        return finished(
            drawing,
            name,
            title or (_finding(fit, terms, outcome) if null == 0 else "") or capital(said[0]),
            words,
            synthetic,
        )


def _finding(fit: Fit, terms: list[str], outcome: str) -> str:
    """State the effects of a score split within and between; empty for other terms."""
    parts = [term.rpartition("_")[2] for term in terms]
    column = terms[0].rpartition("_")[0].removesuffix("_lag1")
    score = fit.labels.get(column, "alliance")
    within = _amount(fit.term(terms[0]), f" {outcome} points")
    if parts == ["within", "clients", "therapists"]:
        clients, therapists = (_amount(fit.term(term), "") for term in terms[1:])
        return (
            f"One {score} point more preceded {within} within clients, and went with {clients} "
            f"between clients of a therapist and with {therapists} between therapists"
        )
    if parts not in (["within", "between"], ["detrended", "between"]):
        return ""
    between = _amount(fit.term(terms[1]), "")
    return (
        f"One {score} point more preceded {within} within clients and went with {between} "
        "between them"
    )


def _therapists(fit: Fit, terms: Sequence[str]) -> str:
    """Count the therapists where some of the estimates compare them."""
    if not any(term.endswith("_between_therapists") for term in terms):
        return ""
    return f", {count(fit.rows.therapists, 'therapist')}"


def _amount(row: pd.Series, unit: str) -> str:
    """Write one difference; one whose interval holds 0 is not clear."""
    written = f"{number(row['estimate'], decimals(row['low'], row['high']))}{unit}"
    return written if clear(row) else f"no clear difference ({written})"


def _dots(axes: Axes, names: list[str], numbers: np.ndarray, null: float) -> None:
    """Draw the dots from the top, each with its numbers at the right edge."""
    places = np.arange(len(names))[::-1]
    estimate, low, high = numbers.T
    axes.axvline(null, color=QUIET, linewidth=0.9, zorder=1)
    axes.hlines(places, low, high, color=PALETTE[0], linewidth=2)
    axes.plot(estimate, places, "o", color=PALETTE[0], markersize=7.5)
    for place, (middle, bottom, top) in zip(places, numbers):
        axes.annotate(
            with_limits(middle, bottom, top, null, gap="  "),
            (1, place),
            xytext=(10, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_SIZE,
            color=INK,
            annotation_clip=False,
        )
    axes.set_yticks(places, [folded(label, 26) for label in names])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.spines["left"].set_visible(False)
    axes.grid(False)


def _axis(axes: Axes, label: str, numbers: np.ndarray, exponentiate: bool) -> None:
    """Scale the axis so that the line of no difference is always on it."""
    axes.set_xlabel(f"{label} (log scale)" if exponentiate else label)
    if not exponentiate:
        edge = max(abs(float(numbers.min())), abs(float(numbers.max()))) * 0.04
        axes.set_xlim(min(0, numbers.min()) - edge, max(0, numbers.max()) + edge)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.6g}".replace("-", "−")))
        axes.locator_params(axis="x", nbins=6)
        return
    axes.set_xscale("log")
    axes.set_xlim(min(1, numbers.min()) / 1.06, max(1, numbers.max()) * 1.06)
    low, high = axes.get_xlim()
    ladder = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100)
    fine = (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6)
    axes.set_xticks([tick for tick in (ladder if high / low > 3 else fine) if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
