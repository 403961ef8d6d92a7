"""Whether hazard ratios hold throughout: each effect as time goes on, with one dot per event."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from sessionwise.models.time_varying_effects import EVERYTHING, EffectsOverTime
from sessionwise.show.axes import time_axis
from sessionwise.show.curve_words import moment
from sessionwise.show.display import Figure, Nothing, answered
from sessionwise.show.numbers import count, listed, number, p_value
from sessionwise.show.ratios import ratio, ratio_of
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.theme import INK, PALETTE, QUIET, SMALL_SIZE, canvas, finished, folded, style
from sessionwise.show.words import capital, counted, term_words

MOST_PANELS = 4
CLEAR = 0.05
FURTHEST = 100.0
"""Log hazard ratios beyond this are drawn as this."""

STEPS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""Where ticks of a logarithmic axis may stand in each power of ten, the most first."""
MOST_TICKS, NARROW = 7, 4


@answered
def effects_over_time(
    found: EffectsOverTime,
    title: str = "",
    name: str = "effects-over-time",
    synthetic: bool = False,
) -> Figure | Nothing:
    """Draw how each hazard ratio runs over time, with the straight one that was fitted.

    A dot is one event, of nobody in particular: the scaled Schoenfeld residual, and the fitted
    coefficient. Where the band leaves the dashed line, the ratio did not hold.

    Parameters
    ----------
    found
        From ``fit.effects_over_time()``. Of more than four terms the four that change most clearly
        are drawn.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure or Nothing
        Nothing if fewer than five events, or events at one time only.
    """
    few = found.points.groupby("term")["time"].agg(["size", "nunique"])
    if few["size"].max() < SMALLEST or few["nunique"].max() < 2:
        return Nothing()
    tests = found.tests[found.tests["term"] != EVERYTHING]
    clearest = tests.nsmallest(MOST_PANELS, "p")["term"].tolist()
    terms = [term for term in tests["term"] if term in clearest]
    across = min(len(terms), 2)
    down = -(-len(terms) // across)
    with style():
        drawing = canvas(4.2 if down == 1 else 3.0 * down)
        panels = drawing.subplots(down, across, squeeze=False).ravel()
        for axes, term in zip(panels, terms):
            _panel(axes, found, term)
        for axes in panels[len(terms) :]:
            axes.set_axis_off()
        words = (_caption(found, terms), _alt(found, terms))
        return finished(drawing, name, title or finding(found), words, synthetic)


def _panel(axes: Axes, found: EffectsOverTime, term: str) -> None:
    """Draw one term."""
    line, points = (part[part["term"] == term] for part in (found.lines, found.points))
    relative = term in found.relative
    shown = _as_it_is if relative else _as_ratio
    time_axis(axes, line["time"], found.unit, most=6)
    if not relative:
        axes.set_yscale("log")
    values = shown(points["estimate"].to_numpy(float))
    band = shown(line[["low", "high"]].to_numpy(float))
    low, high = _limits(points["estimate"], line, found.fitted[term])
    inside = (points["estimate"] >= low) & (points["estimate"] <= high)
    faint = float(np.clip(150 / len(points), 0.1, 0.45))  # many dots are a cloud
    axes.plot(points["time"][inside], values[inside], "o", color=QUIET, markersize=3.2,
              alpha=faint, markeredgewidth=0)  # fmt: skip
    axes.fill_between(line["time"], *band.T, color=PALETTE[0], alpha=0.16, linewidth=0)
    axes.plot(line["time"], shown(line["estimate"].to_numpy(float)), color=PALETTE[0])
    axes.axhline(1.0 if not relative else 0.0, color=QUIET, linewidth=0.9)
    fitted = shown(np.array([found.fitted[term]]))[0]
    axes.axhline(fitted, color=PALETTE[1], linewidth=1.3, linestyle=(0, (5, 2)))
    axes.annotate("fitted", (1, fitted), xytext=(3, 0), xycoords=("axes fraction", "data"),
                  textcoords="offset points", va="center", fontsize=SMALL_SIZE,
                  color=PALETTE[1])  # fmt: skip
    axes.set_ylim(*shown(np.array([low, high])))
    _ticks(axes, relative)
    p = float(found.tests.set_index("term").loc[term, "p"])
    label = folded(capital(term_words(term, found.labels)), 26)
    axes.set_title(f"{label} ({p_value(p)})", loc="left", color=INK)
    axes.set_ylabel("Effect, fitted = 1" if relative else "Hazard ratio")


def _as_ratio(values: np.ndarray) -> np.ndarray:
    return np.exp(np.clip(values, -FURTHEST, FURTHEST))


def _as_it_is(values: np.ndarray) -> np.ndarray:
    return values


def _limits(points: pd.Series, line: pd.DataFrame, fitted: float) -> tuple[float, float]:
    """Give an axis that holds the band, the fitted effect, no effect and most dots."""
    most = points.quantile([0.05, 0.95]).to_numpy(float)
    ends = [line["low"].min(), line["high"].max(), fitted, 0.0, *most]
    low, high = float(min(ends)), float(max(ends))
    room = 0.06 * (high - low)
    return low - room, high + room


def _ticks(axes: Axes, relative: bool) -> None:
    """Put few round ratios on a logarithmic axis."""
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}".replace("-", "−")))
    if relative:
        return
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(FixedLocator(_round_ratios(low, high)))


def _round_ratios(low: float, high: float) -> list[float]:
    """Give about five round ratios between two."""
    if high / low < NARROW:
        places = MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(low, high)
        return [float(place) for place in places if low <= place <= high]
    found: list[float] = []
    for steps in STEPS:
        powers = (step * 10.0**power for power in range(-8, 9) for step in steps)
        found = [float(f"{place:.3g}") for place in powers if low <= place <= high]
        if len(found) <= MOST_TICKS:
            break
    return found


def finding(found: EffectsOverTime) -> str:
    """State whether hazard ratios hold throughout, from the numbers."""
    tests = found.tests.set_index("term")
    terms = [term for term in tests.index if term != EVERYTHING]
    changing = [term for term in terms if tests.loc[term, "p"] < CLEAR]
    over = "over sessions" if found.unit == "sessions" else f"over {found.unit}"
    if not changing:
        p = p_value(float(tests.loc[EVERYTHING, "p"]))
        which = "No hazard ratio" if len(terms) > 1 else "The hazard ratio"
        seen = "is seen to change" if len(terms) > 1 else "is not seen to change"
        return f"{which} {seen} {over} ({p})"
    term = min(changing, key=lambda one: float(tests.loc[one, "p"]))
    label = term_words(term, found.labels)
    p = p_value(float(tests.loc[term, "p"]))
    more = len(changing) - 1
    verb = "changes" if more == 1 else "change"
    also = f"; {count(more, 'other effect')} {verb} too" if more else ""
    if term in found.relative:
        return f"What {label} goes with changes {over} ({p}){also}"
    line = found.early_late.set_index("term").loc[term]
    ends = [ratio(ratio_of(line[f"estimate_{end}"])) for end in ("early", "late")]
    when = [_when(line[end], found.unit) for end in ("early", "late")]
    return (
        f"The hazard ratio of {label} changes {over}: {ends[0]} at {when[0]}, {ends[1]} at "
        f"{when[1]} ({p}){also}"
    )


def _when(time: float, unit: str) -> str:
    """Name a time, also one whose unit is not known."""
    return f"time {time:g}" if unit == "time" else moment(time, unit)


def _caption(found: EffectsOverTime, terms: list[str]) -> str:
    """Say what is drawn and of whom."""
    scale = {
        "km": "one minus the Kaplan–Meier curve",
        "identity": "time itself",
        "rank": "ranks of time",
        "log": "log time",
    }[found.transform]
    fewer = len(found.fitted) - len(terms)
    rest = f" {capital(count(fewer, 'term'))} with larger p not drawn." if fewer else ""
    who = f"{counted(found.rows.clients, 'client')}, " if found.rows.clients else ""
    events = counted(found.rows.events or 0, "event")
    everything = float(found.tests.set_index("term").loc[EVERYTHING, "p"])
    return (
        f"Scaled Schoenfeld residuals ({who}{events}; a dot is an event) with a natural spline and "
        f"its 95 % band; dashed: the effect as fitted, solid: none. Dots beyond the axis are left "
        f"out. p of a score test against a change in proportion to {scale}; all terms together "
        f"{p_value(everything)}.{rest}"
    )


def _alt(found: EffectsOverTime, terms: list[str]) -> str:
    """Give the first and last value of every line."""
    said = []
    for term in terms:
        line = found.lines[found.lines["term"] == term]
        ends = line.iloc[[0, -1]]
        change = np.exp if term not in found.relative else _as_it_is
        values = [
            f"{number(float(change(row['estimate'])), 2)} at {_when(row['time'], found.unit)}"
            for _, row in ends.iterrows()
        ]
        said.append(f"{term_words(term, found.labels)} {listed(values)}")
    return f"Lines over time, one for each effect: {'; '.join(said)}. {finding(found)}."
