"""Whether correlation from session to session is left in residuals: their semivariogram."""

from __future__ import annotations

import pandas as pd

from sessionwise.models.left_correlation import Semivariogram
from sessionwise.show.axes import numbers_below, score_axis, time_axis
from sessionwise.show.display import Figure, Nothing, answered
from sessionwise.show.numbers import count, interval, listed, number
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.theme import HEIGHT, PALETTE, QUIET, canvas, finished, style
from sessionwise.show.words import capital, of_whom


@answered
def semivariogram(
    found: Semivariogram, title: str = "", name: str = "semivariogram", synthetic: bool = False
) -> Figure | Nothing:
    """Draw how far apart two residuals of one client are, by the time between them.

    A level line is no correlation; one that rises from the left is neighbours that are more alike.
    Lags that fewer than five series have are not drawn.

    Parameters
    ----------
    found
        From ``semivariogram``.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure or Nothing
        Nothing if no two lags can be drawn.
    """
    seen = found.estimates[found.estimates["series"] >= SMALLEST].reset_index(drop=True)
    if len(seen) < 2:
        return Nothing()
    with style():
        drawing = canvas(HEIGHT)
        axes = drawing.subplots()
        time_axis(axes, seen["lag"], _apart(found.unit), most=8)
        lag, middle, low, high = seen[["lag", "semivariance", "low", "high"]].to_numpy(float).T
        axes.axhline(_level(seen), color=QUIET, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        limits = [middle - low, high - middle]
        axes.errorbar(lag, middle, yerr=limits, fmt="o", color=PALETTE[0], markersize=4.5,
                      elinewidth=1.2)  # fmt: skip
        axes.set_ylim(0, float(high.max()) * 1.05)
        score_axis(axes, "Semivariance of residuals")
        pairs = seen.assign(time=seen["lag"], group="", at_risk=seen["pairs"])
        numbers_below(axes, pairs, [""], "Pairs")
        words = (_caption(found), _alt(seen, found))
        return finished(drawing, name, title or _finding(found), words, synthetic)


def _apart(unit: str) -> str:
    words = {"session": "sessions", "day": "days"}.get(unit, unit)
    return f"{words} apart"


def _level(seen: pd.DataFrame) -> float:
    """Give the semivariance of all pairs but those of the shortest lag."""
    later = seen.iloc[1:]
    return float((later["semivariance"] * later["pairs"]).sum() / later["pairs"].sum())


def _finding(found: Semivariogram) -> str:
    """State whether neighbours are more alike, from the numbers."""
    near = found.nearest
    if near["high"] < 0:
        left = "correlation is left" if found.scale == "normalised" else "they go on"
        return f"Neighbouring residuals are more alike than those further apart: {left}"
    if near["low"] > 0:
        return "Neighbouring residuals are less alike than those further apart: they turn over"
    return "Neighbouring residuals are no more alike than those further apart"


def _caption(found: Semivariogram) -> str:
    near = found.nearest
    taken = (
        "what the model says of their correlation and size taken out"
        if found.scale == "normalised"
        else "over their standard deviation"
    )
    return (
        "Half the mean squared difference of two residuals of one client, around the client's own "
        f"line and {taken}, by the time between them, with 95 % confidence intervals; dotted: all "
        f"pairs but the nearest ({of_whom(found.rows)}). Nearest less all others: "
        f"{number(near['estimate'], 2)}, {interval(near['low'], near['high'], 2)}. Below the "
        f"axis, how many pairs; lags of fewer than {SMALLEST} courses are left out."
    )


def _alt(seen: pd.DataFrame, found: Semivariogram) -> str:
    ends = [
        f"{number(row['semivariance'], 2)} at {number(row['lag'], 0)} (n = {count(row['pairs'])})"
        for _, row in seen.iloc[[0, -1]].iterrows()
    ]
    said = f"Dots by {_apart(found.unit)}. Semivariance: {listed(ends)}."
    return f"{capital(said)} {_finding(found)}."
