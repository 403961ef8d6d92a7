"""Axes a reader can use: round ticks, units, and names beside the lines."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sessionwise.show.curve_words import is_whole
from sessionwise.show.numbers import MINUS, count, percent
from sessionwise.show.theme import INK, QUIET, SMALL_SIZE, folded, looks
from sessionwise.show.words import capital

Line = tuple[np.ndarray, np.ndarray]
BELOW_AXIS, LINE = 44, 14  # points from the axis to the numbers below it, and between their lines


def time_axis(axes: Axes, times: Iterable[float], unit: str, most: int = 6) -> None:
    """Let the horizontal axis run over the times there are, with ticks where something was seen.

    Parameters
    ----------
    axes
        Where.
    times
        All times drawn.
    unit
        ``"sessions"``, ``"months"``, …
    most
        About how many ticks there is room for.
    """
    seen = sorted({float(time) for time in times})
    first, last = seen[0], seen[-1]
    room = (last - first) * 0.03 or 0.5
    axes.set_xlim(first - room, last + room)
    axes.set_xticks(seen if len(seen) <= most else _round_ticks(first, last, most))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set_xlabel("Session" if unit == "sessions" else capital(unit))


def _round_ticks(first: float, last: float, most: int) -> list[float]:
    """Give the first time and the multiples of 1, 2, 5, 10, … after it."""
    steps = (scale * base for scale in 10.0 ** np.arange(6) for base in (1, 2, 5))
    step = next(step for step in steps if (last - first) / step <= most)
    multiples = np.arange(np.ceil(first / step), np.floor(last / step) + 1) * step
    return [first, *(float(tick) for tick in multiples if tick - first >= step / 2)]


def percent_axis(axes: Axes) -> None:
    """Let the vertical axis run from 0 to 100 %."""
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: percent(y)))


def score_axis(axes: Axes, label: str) -> None:
    """Put round ticks with a real minus sign on the vertical axis and name what is on it."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.6g}".replace("-", MINUS)))
    axes.set_ylabel(label)


def spread(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """Move label positions apart until neighbours are ``gap`` from each other.

    Examples
    --------
    >>> spread([0.50, 0.52, 0.9], 0.1, 0.0, 1.0)
    [0.46, 0.56, 0.9]
    """
    order = np.argsort(places, kind="stable")
    moved = np.asarray(places, float)[order]
    for _ in range(200):
        short = gap - np.diff(moved)
        if not (short > 1e-9).any():
            break
        for i in np.flatnonzero(short > 1e-9):
            lack = gap - (moved[i + 1] - moved[i])
            moved[i] -= max(lack, 0) / 2
            moved[i + 1] += max(lack, 0) / 2
        moved += max(low - moved[0], 0)
        moved -= max(moved[-1] - high, 0)
    result = np.empty_like(moved)
    result[order] = moved
    return [round(float(place), 10) for place in result]


def label_ends(axes: Axes, lines: dict[str, Line], width: int = 18) -> None:
    """Write the name of each line beside its end, in its colour, without overlaps.

    A line that stops early is named where it stops if no other line runs there; otherwise its name
    stands at the right edge, and a thin thread leads to it.

    Parameters
    ----------
    axes
        Where the lines are; its limits are final.
    lines
        Group → x and y of its line, all groups in the order of their colours.
    width
        Letters in a line of a name.
    """
    drawn = {group: line for group, line in lines.items() if len(line[0])}
    low, high = axes.get_ylim()
    names = {group: folded(group, width) for group in drawn}
    height = max((name.count("\n") + 1 for name in names.values()), default=1)
    inches = axes.get_figure().get_figheight() * 0.6
    gap = (high - low) * height * 1.35 * SMALL_SIZE / 72 / inches
    ends = [float(y[-1]) for _, y in drawn.values()]
    places = spread(ends, gap, low + gap / 2, high - gap / 2) if ends else []
    right = max((float(x[-1]) for x, _ in drawn.values()), default=0.0)
    look = looks(list(lines))
    for (group, (x, y)), place in zip(drawn.items(), places):
        others = [line for other, line in drawn.items() if other != group]
        at = float(x[-1]) if _free(float(x[-1]), place, gap, others) else right
        color = look[group]["color"]
        if at > x[-1]:
            axes.plot([x[-1], at], [y[-1], place], color=color, lw=0.6, alpha=0.6, zorder=1)
        axes.annotate(
            names[group],
            (at, place),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_SIZE,
            color=color,
            annotation_clip=False,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _free(start: float, place: float, gap: float, others: list[Line]) -> bool:
    """Say whether no other line passes through a label that begins at ``start``."""
    return not any((np.abs(y[x >= start] - place) < 0.75 * gap).any() for x, y in others)


def numbers_below(axes: Axes, part: pd.DataFrame, groups: list[str], heading: str) -> None:
    """Write under each tick how many of each group a value rests on; with a heading, also who.

    Parameters
    ----------
    axes
        Where; its ticks are final.
    part
        ``group, time, at_risk``; under a tick stands the number of that time or the next one.
    groups
        In the order of their colours.
    heading
        What is counted; empty in a panel beside another one.
    """
    look = looks(groups)
    ticks = [tick for tick in axes.get_xticks() if tick <= part["time"].max()]

    def write(text: str, x: float, drop: float, color: str, *, left: bool = False) -> None:
        axes.annotate(
            text,
            (0 if left else x, 0),
            (-16 if left else 0, -drop),
            xycoords="axes fraction" if left else ("data", "axes fraction"),
            textcoords="offset points",
            ha="right" if left else "center",
            color=color,
            fontsize=SMALL_SIZE,
            annotation_clip=False,
        )

    if heading:
        write(heading, 0, BELOW_AXIS, QUIET, left=True)
    for place, group in enumerate(groups, start=int(len(groups) > 1)):
        color = str(look[group]["color"]) if len(groups) > 1 else INK
        drop = BELOW_AXIS + LINE * place
        if heading and not is_whole(group) and len(groups) > 1:
            write(group, 0, drop, color, left=True)
        one = part[part["group"] == group].sort_values("time")
        for tick in ticks:
            later = one.loc[one["time"] >= tick, "at_risk"]
            if len(later):
                write(count(later.iloc[0]), tick, drop, color)
