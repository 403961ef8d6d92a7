"""The shape of the alliance: means by session, the model's line, and where phases begin."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from sessionwise.models.fit import Fit
from sessionwise.records.sessions import Sessions
from sessionwise.show.axes import numbers_below, score_axis, time_axis
from sessionwise.show.display import Figure, Note, Nothing, explained
from sessionwise.show.effect_words import clear
from sessionwise.show.numbers import count, decimals, listed, number
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.theme import HEIGHT, INK, PALETTE, QUIET, SMALL_SIZE, canvas, finished, style
from sessionwise.show.words import capital, of_whom, verdict

STEPS = "steps_"


@explained
def phases(
    means: pd.DataFrame, fit: Fit, s: Sessions, name: str = "phases"
) -> Figure | Note | Nothing:
    """Draw the mean of a score by session, the line of the model with phases, and how many gave it.

    The dots are of those still there, the line is of everybody, were all to stay: where clients
    leave selectively the two part, and the line is the one to believe.

    Parameters
    ----------
    means
        From ``phase_means``.
    fit
        From ``alliance_by_phase``; an unsound one is no finding and is not drawn.
    s
        The records: how the score is called, and its unit.
    name
        File name and anchor.

    Returns
    -------
    Figure, Note or Nothing
        Means of fewer than five are not drawn.
    """
    seen = means[means["n"] >= SMALLEST].sort_values("time").reset_index(drop=True)
    if seen.empty or verdict(fit.health):
        return Nothing()
    column = s.columns[fit.outcome]
    label = column.label or fit.outcome
    with style():
        drawing = canvas(HEIGHT + 0.25)
        axes = drawing.subplots()
        time_axis(axes, seen["time"], "sessions", most=8)
        x, mean, low, high = seen[["time", "mean", "low", "high"]].to_numpy(float).T
        axes.fill_between(x, low, high, color=PALETTE[0], alpha=0.14, linewidth=0)
        axes.plot(x, mean, "o", color=PALETTE[0], markersize=4.5)
        fitted = seen["fitted"].to_numpy(float)
        axes.plot(x, fitted, "-", color=PALETTE[1])
        axes.margins(y=0.16)
        score_axis(axes, f"{label} ({column.unit})" if column.unit else label)
        _name_both(axes, x, mean, fitted)
        _marks(axes, seen)
        risk = seen.assign(group="", at_risk=seen["n"])
        numbers_below(axes, risk, [""], "Scores")
        return finished(
            drawing, name, _finding(fit, label), (_caption(fit, label, seen), _alt(seen, label)),
            s.synthetic,
        )  # fmt: skip


def _name_both(axes: Axes, x: np.ndarray, mean: np.ndarray, fitted: np.ndarray) -> None:
    """Write what the dots and the line are beside their ends, apart from one another."""
    low, high = axes.get_ylim()
    gap = 0.14 * (high - low)
    middle, half = (mean[-1] + fitted[-1]) / 2, max(abs(mean[-1] - fitted[-1]) / 2, gap / 2)
    up = 1 if mean[-1] >= fitted[-1] else -1
    for words, place, color in (
        ("mean of those\nstill there", middle + up * half, PALETTE[0]),
        ("model, were\nall to stay", middle - up * half, PALETTE[1]),
    ):
        axes.annotate(
            words,
            (x[-1], place),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_SIZE,
            color=color,
            annotation_clip=False,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _marks(axes: Axes, seen: pd.DataFrame) -> None:
    """Mark the last session of each phase, where the line may bend, and name the phases."""
    starts = seen.index[seen["phase"] != seen["phase"].shift()]
    for first, after in zip(starts, [*starts[1:], len(seen)]):
        here = seen.loc[first:after - 1]  # fmt: skip
        if first:
            bend = float(seen["time"][first - 1])
            axes.axvline(bend, color=QUIET, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        axes.annotate(
            here["phase"].iloc[0],
            ((max(float(here["time"].iloc[0]) - bool(first), 0) + here["time"].iloc[-1]) / 2, 1),
            xytext=(0, -4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=SMALL_SIZE,
            color=INK,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _finding(fit: Fit, label: str) -> str:
    """State the slope of each phase, from the numbers."""
    said = []
    for row in fit.estimates[fit.estimates["term"].str.startswith(STEPS)].to_dict("records"):
        phase = row["term"].removeprefix(STEPS).replace("_", " ")
        digits = decimals(row["low"], row["high"])
        signed = number(row["estimate"], digits)
        verb = "fell" if row["estimate"] < 0 else "rose"
        amount = number(abs(row["estimate"]), digits)
        said.append(
            f"{verb} by {amount} points a session in the {phase} phase"
            if clear(row)
            else f"did not clearly move in the {phase} phase ({signed} points a session)"
        )
    return f"{label} {listed(said)}"


def _caption(fit: Fit, label: str, seen: pd.DataFrame) -> str:
    recorded = "Phases as recorded; dotted lines where most clients leave one for the next. "
    by_number = "Sessions 1–3 are taken as agreeing, later ones as working; dotted: the change. "
    was_recorded = not any(note.startswith("No phase is recorded") for note in fit.recipe.notes)
    own = ", at the phases of those who gave a score" if was_recorded else ""
    return (
        f"Dots: mean {label} of those who gave it at that session, with 95 % confidence intervals; "
        "as clients leave, it becomes the mean of those who stay. Line: the fixed part of a "
        f"{fit.recipe.kind} with a slope for each phase ({of_whom(fit.rows)}){own}. "
        f"{recorded if was_recorded else by_number}Below the axis, how many gave a score; means of "
        f"fewer than {SMALLEST} are left out."
    )


def _alt(seen: pd.DataFrame, label: str) -> str:
    first, last = seen.iloc[0], seen.iloc[-1]
    return (
        f"Dots and a line that bends. Mean {label}: {number(first['mean'], 1)} at session "
        f"{count(first['time'])} (n = {count(first['n'])}), {number(last['mean'], 1)} at session "
        f"{count(last['time'])} (n = {count(last['n'])}). The line: "
        f"{number(first['fitted'], 1)} and {number(last['fitted'], 1)}. {capital('phases')}: "
        f"{listed(list(dict.fromkeys(seen['phase'])))}."
    )
