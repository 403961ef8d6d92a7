"""Curves over time: endings, staying, and answering."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sessionwise.models.fit import Curve
from sessionwise.show.axes import Line, label_ends, numbers_below, percent_axis, time_axis
from sessionwise.show.curve_words import HAPPENED, curve_finding, is_whole, many_groups, moment
from sessionwise.show.display import Figure, Note, Nothing, explained
from sessionwise.show.numbers import listed, percent
from sessionwise.show.suppression import SMALLEST, shown
from sessionwise.show.theme import HEIGHT, INK, QUIET, canvas, finished, looks, style
from sessionwise.show.words import capital, counted

Marks = Literal["steps", "points"]
AT_MAXIMUM = "at the maximum"
STEPPED = ("product limit", "cumulative hazard", "Breslow's baseline")
THIN = {"color": QUIET, "linewidth": 0.7, "alpha": 0.55, "linestyle": "-"}


@explained
def curves(
    curve: Curve,
    title: str = "",
    by: float | None = None,
    name: str = "curves",
    synthetic: bool = False,
) -> Figure | Note | Nothing:
    """Draw probabilities over time with 95 % bands, and how many are at risk below them.

    States stand side by side on one probability axis (planned beside unplanned): each is drawn in
    the presence of the other, so that neither is one minus a Kaplan–Meier curve. Every line ends
    where fewer than five are at risk. Product-limit curves are steps; proportions that each stand
    alone, such as who answered at each assessment, are points.

    Parameters
    ----------
    curve
        From ``incidence`` or its like.
    title
        Made from the numbers if empty.
    by
        The time the title speaks of; session 10 if ``None``.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure, Note or Nothing
        A note where the question has no answer; nothing if fewer than five were ever at risk, or
        no score ever was at the maximum.
    """
    seen = shown(curve.estimates).assign(group=lambda frame: frame["group"].astype(str))
    nothing_at_all = set(seen["state"]) == {AT_MAXIMUM} and not seen["estimate"].any()
    if seen.empty or nothing_at_all:
        return Nothing()
    marks: Marks = "steps" if curve.recipe.estimation in STEPPED else "points"
    groups, states = list(dict.fromkeys(seen["group"])), list(dict.fromkeys(seen["state"]))
    spread = many_groups(groups)
    groups = [group for group in groups if group not in spread]
    with style():
        drawing = canvas(HEIGHT + 0.2 * len(groups))
        panels = drawing.subplots(1, len(states), sharey=True, squeeze=False)[0]
        for axes, state in zip(panels, states):
            part = seen[seen["state"] == state]
            time_axis(axes, part["time"], curve.unit, most=6 if len(states) == 1 else 4)
            percent_axis(axes)
            _thin_lines(axes, part[part["group"].isin(spread)])
            lines = _lines(axes, part, groups, marks)
            if len(groups) > 1 and state == states[-1]:
                label_ends(axes, lines, width=18 if len(states) == 1 else 12)
            risk = _who_is_counted(states, marks)
            rows, names = _at_risk(part, groups)
            numbers_below(axes, rows, names, risk if state == states[0] else "")
            if len(states) > 1:
                axes.set_title(capital(state), loc="left", color=INK)
        panels[0].set_ylabel("Probability" if len(states) > 1 else capital(states[0]))
        told = seen[~seen["group"].isin(spread)]
        words = (_caption(curve, states), _in_words(told, curve.unit))
        return finished(drawing, name, title or curve_finding(curve, by), words, synthetic)


def _thin_lines(axes: Axes, part: pd.DataFrame) -> None:
    """Draw many groups without names or bands, to show how far they spread."""
    first = part["time"].min()
    for _, one in part.groupby("group", sort=False):
        ordered = one.sort_values("time")
        time, estimate = ordered["time"].to_numpy(float), ordered["estimate"].to_numpy(float)
        start = 1.0 if ordered["state"].iloc[0].startswith("still") else 0.0
        x, y = [first, *time, time[-1] + 0.5], [start, *estimate, estimate[-1]]
        axes.step(x, y, where="post", zorder=1.5, **THIN)


def _lines(axes: Axes, part: pd.DataFrame, groups: list[str], marks: Marks) -> dict[str, Line]:
    """Draw one line with its intervals for each group; give the lines drawn."""
    look, lines = looks(groups), {}
    steps = np.diff(np.sort(part["time"].unique().astype(float)))
    half = float(np.median(steps)) / 2 if len(steps) else 0.5
    for place, group in enumerate(groups):
        one = part[part["group"] == group].sort_values("time")
        numbers = one[["time", "estimate", "low", "high"]].to_numpy(float).T
        if marks == "points":
            aside = (place - (len(groups) - 1) / 2) * 0.15 * half
            lines[group] = _points(axes, numbers, look[group], aside)
        elif len(one):
            start = 1.0 if one["state"].iloc[0].startswith("still") else 0.0
            lines[group] = _steps(axes, numbers, look[group], (start, half))
        else:
            lines[group] = (numbers[0], numbers[1])
    return lines


def _steps(axes: Axes, numbers: np.ndarray, look: dict, edges: tuple[float, float]) -> Line:
    """Draw a step curve from nobody (or everybody) on; its last value is held for ``edges[1]``."""
    start, half = edges
    time, estimate, low, high = np.column_stack([numbers, numbers[:, -1]])
    time[-1] += half
    axes.step([time[0], *time], [start, *estimate], where="post", **look)
    axes.fill_between(time, low, high, step="post", color=look["color"], alpha=0.14, linewidth=0)
    return time, estimate


def _points(axes: Axes, numbers: np.ndarray, look: dict, aside: float) -> Line:
    """Draw joined points with their intervals, groups a little aside of each other."""
    time, estimate, low, high = numbers
    limits = np.clip([estimate - low, high - estimate], 0, None)
    marks = {"marker": "o", "ms": 5.5, "elinewidth": 1.2, "clip_on": False}
    axes.errorbar(time + aside, estimate, yerr=limits, **marks, **look)
    return time + abs(aside), estimate


def _who_is_counted(states: list[str], marks: Marks) -> str:
    """Name the numbers below the axis."""
    if states == [AT_MAXIMUM]:
        return "Scores"
    return "Due" if marks == "points" else "At risk"


def _at_risk(part: pd.DataFrame, groups: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Count once those at risk who are the same for every group: curves a model expects."""
    each = part.pivot(index="time", columns="group", values="at_risk")
    same = each.eq(each.iloc[:, 0], axis=0).all(axis=None)
    if len(groups) < 2 or not same:
        return part, groups
    return part[part["group"] == groups[0]].assign(group=""), [""]


def _caption(curve: Curve, states: list[str]) -> str:
    """Say what is drawn and of whom."""
    competing = len(states) > 1 and set(states) <= set(HAPPENED)
    others = " Each ending is estimated in the presence of the other." if competing else ""
    who = f", {counted(curve.rows.clients, 'client')}" if curve.rows.clients else ""
    if states == [AT_MAXIMUM]:
        said = [
            f"{capital(curve.recipe.kind)}{who}; 95 % confidence intervals. Below the axis, the "
            "number of scores.",
            *curve.recipe.notes,
        ]
        return " ".join(said)
    expected = curve.recipe.estimation == "cumulative hazard"
    noted = "".join(f" {note}" for note in curve.recipe.notes if expected)
    if curve.recipe.estimation not in STEPPED:
        return (
            f"Share who {listed(states)}{who}; 95 % confidence intervals. Below the axis, from how "
            f"many it was due; a line ends where it was due from fewer than {SMALLEST}."
        )
    spread = many_groups(list(dict.fromkeys(curve.estimates["group"].astype(str))))
    thin = (
        f" Each thin line is one of {len(spread)} groups, the thick one all of them together; "
        "groups of this size differ by chance too."
        if spread
        else ""
    )
    return (
        f"{capital(curve.recipe.kind)}: {listed(states)}{who}; 95 % confidence intervals. Below "
        f"the axis, the number at risk; a curve ends where fewer than {SMALLEST} are.{others}"
        f"{noted}{thin}"
    )


def _in_words(seen: pd.DataFrame, unit: str) -> str:
    """Give the first and last value of every line."""
    said = []
    for (group, state), one in seen.groupby(["group", "state"], sort=False):
        ordered = one.sort_values("time")
        first, last = ordered.iloc[0], ordered.iloc[-1]
        who = "" if is_whole(group) else f"{group}, "
        end = f" and {percent(last['estimate'])} at {moment(last['time'], unit)}"
        said.append(
            f"{who}{state}: {percent(first['estimate'])} at {moment(first['time'], unit)}"
            f"{end if len(one) > 1 else ''}"
        )
    return f"Curves over time. {'; '.join(said)}."
