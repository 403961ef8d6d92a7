"""The course of a score over sessions, and how many courses of therapy still go on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sessionwise.features.assessment_times import usual_gap
from sessionwise.records.sessions import Sessions
from sessionwise.show.axes import Line, label_ends, score_axis, time_axis
from sessionwise.show.curve_words import is_whole, moment
from sessionwise.show.display import Figure, Nothing, explained
from sessionwise.show.numbers import count, listed, number, percent
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.theme import PALETTE, canvas, finished, looks, style
from sessionwise.show.words import capital

MOST_ERROR_BARS = 8


@explained
def course(
    frame: pd.DataFrame,
    s: Sessions,
    outcome: str,
    title: str = "",
    name: str = "course",
) -> Figure | Nothing:
    """Draw the mean of a score over time with its 95 % interval, by group.

    Parameters
    ----------
    frame
        One row per group and time: ``group, time`` (or ``x``), ``mean, low, high, n``. Means of
        fewer than five are not drawn.
    s
        The records: how the score is called, in which unit, and what time counts.
    outcome
        The score.
    title
        Made from the numbers if empty.
    name
        File name and anchor.

    Returns
    -------
    Figure or Nothing
        Nothing if no mean is of five or more.
    """
    column, unit, synthetic = s.columns[outcome], s.time_unit, s.synthetic
    score = f"{column.label or outcome} ({column.unit})" if column.unit else column.label or outcome
    parts = _parts(frame)
    if not parts:
        return Nothing()
    seen = pd.concat(parts.values())
    with style():
        drawing = canvas()
        axes = drawing.subplots()
        time_axis(axes, seen["x"], unit)
        lines = {}
        for place, (group, part) in enumerate(parts.items()):
            bars = seen["x"].nunique() <= MOST_ERROR_BARS
            aside = (place - (len(parts) - 1) / 2) * 0.012 * float(np.ptp(axes.get_xlim()))
            lines[group] = _mean_line(
                axes, part, looks(list(parts))[group], aside if bars else None
            )
        score_axis(axes, score)
        axes.margins(y=0.12)
        if len(parts) > 1:
            label_ends(axes, lines)
        caption = (
            f"Mean {score} with 95 % confidence intervals; means of fewer than {SMALLEST} are "
            f"left out. {_gathered(s)}Each mean is of those who answered at that time "
            f"({_numbers(parts)}): it may move because people change, and because others than "
            "before are left."
        )
        words = (caption, f"Means over time. {_from_to(parts, unit)}.")
        return finished(
            drawing, name, title or _course_finding(parts, score, unit), words, synthetic
        )


def _gathered(s: Sessions) -> str:
    """Say how scores given at times of clients' own were put together."""
    gap = usual_gap(s)
    steps = moment(gap, s.time_unit)
    return f"Scores are gathered at the nearest of times {steps} apart. " if gap else ""


def _parts(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give what may be drawn of each group, in the order of the groups, sorted by time."""
    seen = frame.rename(columns={"time": "x"})
    seen = seen[seen["n"] >= SMALLEST]
    named = seen["group"].astype(str) if "group" in seen else pd.Series("", index=seen.index)
    return {group: seen[named == group].sort_values("x") for group in dict.fromkeys(named)}


def _mean_line(axes: Axes, part: pd.DataFrame, look: dict, aside: float | None) -> Line:
    """Draw one group: error bars at a few times, a band over many."""
    x, mean, low, high = part[["x", "mean", "low", "high"]].to_numpy(float).T
    if aside is None:
        axes.plot(x, mean, marker="o", markersize=4, **look)
        axes.fill_between(x, low, high, color=look["color"], alpha=0.14, linewidth=0)
        return x, mean
    limits = np.clip([mean - low, high - mean], 0, None)
    axes.errorbar(x + aside, mean, yerr=limits, marker="o", ms=5.5, elinewidth=1.2, **look)
    return x + abs(aside), mean


def _from_to(parts: dict[str, pd.DataFrame], unit: str) -> str:
    """Give the first and the last mean of each group."""
    said = []
    for group, part in parts.items():
        first, last = part.iloc[0], part.iloc[-1]
        who = "" if is_whole(group) else f"{group}: "
        start = f"{who}{number(first['mean'], 1)} at {moment(first['x'], unit)}"
        end = f", {number(last['mean'], 1)} at {moment(last['x'], unit)}"
        said.append(start + (end if len(part) > 1 else ""))
    return "; ".join(said)


def _numbers(parts: dict[str, pd.DataFrame]) -> str:
    """Give how many stood at the beginning and at the end of each line."""
    said = []
    for group, part in parts.items():
        who = "" if is_whole(group) else f"{group}: "
        first, last = count(part["n"].iloc[0]), count(part["n"].iloc[-1])
        said.append(f"{who}n = {first}" + (f" at first, {last} at last" if len(part) > 1 else ""))
    return "; ".join(said)


def _course_finding(parts: dict[str, pd.DataFrame], outcome: str, unit: str) -> str:
    """State where the means began and where they ended."""
    score = outcome.split(" (")[0]
    spans = {(part["x"].iloc[0], part["x"].iloc[-1]) for part in parts.values()}
    if len(spans) > 1 or min(len(part) for part in parts.values()) < 2:
        return f"Mean {score}: {_from_to(parts, unit)}"
    first, last = next(iter(spans))
    moves = [
        f"from {number(part['mean'].iloc[0], 1)} to {number(part['mean'].iloc[-1], 1)}"
        + ("" if is_whole(group) else f" ({group})")
        for group, part in parts.items()
    ]
    return f"Mean {score} went {listed(moves)} between " + (
        f"sessions {first:g} and {last:g}"
        if unit == "sessions"
        else f"{first:g} and {moment(last, unit)}"
    )


@explained
def attended(
    frame: pd.DataFrame, title: str = "", name: str = "attended", synthetic: bool = False
) -> Figure | Nothing:
    """Draw how many courses of therapy came to each session.

    Parameters
    ----------
    frame
        ``session`` (or ``time``), ``courses``; numbers under five are not drawn.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure or Nothing
        Nothing if no session was attended by five or more.
    """
    seen = frame.rename(columns={"time": "session"})
    seen = seen[seen["courses"] >= SMALLEST].sort_values("session")
    if seen.empty:
        return Nothing()
    sessions, courses = seen["session"].to_numpy(float), seen["courses"].to_numpy(float)
    half = seen[courses >= courses[0] / 2].iloc[-1]
    share = percent(half["courses"] / courses[0])
    with style():
        drawing = canvas()
        axes = drawing.subplots()
        time_axis(axes, sessions, "sessions", most=8)
        axes.bar(sessions, courses, width=0.8, color=PALETTE[0])
        axes.set_xlim(sessions[0] - 0.7, sessions[-1] + 0.7)
        axes.set_ylim(0, courses.max() * 1.06)
        score_axis(axes, "Courses of therapy")
        finding = (
            f"{count(half['courses'])} of {count(courses[0])} courses ({share}) "
            f"came to session {count(half['session'])}"
        )
        alt = (
            f"Bars. {count(courses[0], 'course')} came to session {count(sessions[0])}, "
            f"{count(courses[-1])} to session {count(sessions[-1])}. {capital(finding)}."
        )
        caption = (
            f"Courses of therapy that attended each session; sessions attended by fewer than "
            f"{SMALLEST} are left out. Courses still open are counted up to their last session."
        )
        return finished(drawing, name, title or finding, (caption, alt), synthetic)
