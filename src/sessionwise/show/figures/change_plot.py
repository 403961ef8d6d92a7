"""The plot of Jacobson and Truax: first score against last, with what counts as change."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from sessionwise.engine.reliable_change import VERDICTS, verdicts
from sessionwise.models.classified import Classified
from sessionwise.show.axes import score_axis
from sessionwise.show.change_tables import verdict_counts
from sessionwise.show.display import Figure, Nothing, answered
from sessionwise.show.numbers import count, listed, number, percent
from sessionwise.show.suppression import SMALLEST, WITHHELD
from sessionwise.show.theme import INK, PALETTE, QUIET, SMALL_SIZE, canvas, finished, style
from sessionwise.show.who_tables import EVERYBODY
from sessionwise.show.words import capital

FEWEST_COURSES = 20
MOST_PANELS = 3
MOST_CELLS = 16
SIZES = ((10, 120.0), (SMALLEST, 62.0), (1, 20.0))
"""From how many courses in a cell on, which area of its marker, in square points."""
LOOKS = {
    "recovered": (PALETTE[2], "o"),
    "improved": (PALETTE[0], "^"),
    "unchanged": (QUIET, "s"),
    "deteriorated": (PALETTE[1], "v"),
}


@answered
def first_and_last(
    changed: Classified, title: str = "", name: str = "first-and-last", synthetic: bool = False
) -> Figure | Nothing:
    """Draw the last score against the first, with the band of no reliable change and the cut-off.

    No marker is one person's pair of scores: both are rounded to a grid, cells of one to four
    courses look alike, verdicts of fewer than five are not drawn, and nothing is drawn of fewer
    than twenty courses.

    Parameters
    ----------
    changed
        The courses with their verdicts. Two or three groups have a panel each, if it is of twenty
        courses; more groups are drawn together.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure or Nothing
        Nothing where no panel could be drawn.
    """
    if changed.frame["group"].nunique() > MOST_PANELS:
        changed = replace(changed, frame=changed.frame.assign(group=EVERYBODY))
    panels = _panels(changed)
    if not panels:
        return Nothing()
    step = grid_step(changed.frame[["first", "last"]].to_numpy(float))
    counts = verdict_counts(changed)
    with style():
        drawing = canvas(5.6 if len(panels) == 1 else 1.3 + 6.2 / len(panels))
        all_axes = drawing.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        low, high = _limits(changed, step)
        for axes, (group, rows) in zip(all_axes, panels.items()):
            told = counts[counts["group"] == group].set_index("verdict")
            _ground(axes, changed, low, high)
            _labels(axes, told, changed, _markers(axes, rows, told, changed, step))
            axes.set_xlabel(f"First {changed.label} score")
            if len(panels) > 1:
                axes.set_title(f"{group} ({count(len(rows), 'course')})", loc="left")
        score_axis(all_axes[0], f"Last {changed.label} score")
        for axes in all_axes:
            ticks = all_axes[0].yaxis.get_major_locator().tick_values(low, high)
            axes.set_xticks([tick for tick in ticks if low <= tick <= high])
        words = (_caption(changed, panels, step), _alt(changed, counts, panels))
        return finished(drawing, name, title or _finding(counts, panels), words, synthetic)


def grid_step(scores: np.ndarray) -> float:
    """Give the width of the cells scores are rounded to: never finer than two steps of the score.

    Parameters
    ----------
    scores
        All scores drawn, of any shape.

    Examples
    --------
    >>> grid_step(np.arange(0, 41))
    3.0
    >>> grid_step(np.arange(0, 10))
    2.0
    """
    values = np.unique(np.round(scores, 9))
    least = 2 * float(np.diff(values).min()) if len(values) > 1 else 1.0
    wanted = max(least, float(np.ptp(values)) / MOST_CELLS)
    power = 10.0 ** math.floor(math.log10(wanted))
    ladder = [base * scale for scale in (power, 10 * power) for base in (1, 2, 3, 4, 5, 6, 8)]
    return float(next(size for size in ladder if size >= wanted * (1 - 1e-9)))


def _panels(changed: Classified) -> dict[str, pd.DataFrame]:
    """Give the courses of each group that is large enough to be drawn."""
    groups = changed.frame["group"].astype("str")
    parts = {group: changed.frame[groups == group] for group in changed.shares["group"].unique()}
    return {group: rows for group, rows in parts.items() if len(rows) >= FEWEST_COURSES}


def _cells(scores: pd.DataFrame | np.ndarray, changed: Classified, step: float) -> np.ndarray:
    """Number the cells of scores; they begin at the cut-off, so that none lies on both sides."""
    return np.floor((np.asarray(scores, float) - changed.cutoff) / step + 1e-9)


def _limits(changed: Classified, step: float) -> tuple[float, float]:
    """Give limits for both axes that hold every cell and the cut-off."""
    cells = _cells(changed.frame[["first", "last"]], changed, step)
    low, high = min(cells.min(), -1), max(cells.max() + 1, 1)
    return changed.cutoff + low * step, changed.cutoff + high * step


def _ground(axes: Axes, changed: Classified, low: float, high: float) -> None:
    """Draw what courses are judged by: the diagonal, the band around it, the cut-off."""
    ends = np.array([low, high])
    band = changed.criterion
    axes.fill_between(ends, ends - band, ends + band, color="#eceff1", linewidth=0, zorder=0)
    for edge in (-band, band):
        axes.plot(ends, ends + edge, color=QUIET, linewidth=0.8, zorder=1)
    axes.plot(ends, ends, color=QUIET, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
    axes.axhline(changed.cutoff, color=INK, linewidth=0.9, linestyle=(0, (6, 3)), zorder=1)
    axes.axvline(changed.cutoff, color=INK, linewidth=0.9, linestyle=(0, (6, 3)), zorder=1)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    axes.grid(False)


def _markers(
    axes: Axes, rows: pd.DataFrame, told: pd.DataFrame, changed: Classified, step: float
) -> pd.DataFrame:
    """Draw one marker for each cell and verdict, and give where they are.

    Two verdicts of a cell stand side by side, each towards its own region.
    """
    middles = changed.cutoff + (_cells(rows[["first", "last"]], changed, step) + 0.5) * step
    cells = pd.DataFrame(middles, columns=["first", "last"])
    cells = cells.assign(verdict=rows["verdict"].to_numpy())
    marked = cells.value_counts(sort=False).rename("courses").reset_index()
    marked = marked[[told.loc[v, "courses"] != f"< {SMALLEST}" for v in marked["verdict"]]]
    shared = marked.duplicated(["first", "last"], keep=False).to_numpy()
    above = {"recovered": 1.0, "improved": 1.0, "deteriorated": -1.0}
    side = marked["verdict"].map(above) * (1.0 if changed.better == "higher" else -1.0)
    side = side.fillna(np.sign(marked["first"] - marked["last"]))
    aside = 0.2 * step * side.to_numpy(float) * shared
    marked = marked.assign(first=marked["first"] - aside, last=marked["last"] + aside)
    for verdict, part in marked.groupby("verdict"):
        color, marker = LOOKS[str(verdict)]
        axes.scatter(
            part["first"],
            part["last"],
            s=[next(area for least, area in SIZES if many >= least) for many in part["courses"]],
            color=color,
            marker=marker,
            linewidths=0,
            alpha=0.85,
            zorder=3,
        )
    return marked


def _labels(axes: Axes, told: pd.DataFrame, changed: Classified, marked: pd.DataFrame) -> None:
    """Write each verdict into its region, in its colour, with its share, where no marker is."""
    low, high = axes.get_xlim()
    inches = 4.4 if len(axes.get_figure().axes) == 1 else 6.0 / len(axes.get_figure().axes)
    letter = 0.68 * SMALL_SIZE / 72 / inches * (high - low)
    taken = marked[["first", "last"]].to_numpy(float)
    for verdict in VERDICTS:
        many, share = told.loc[verdict, ["courses", "share"]]
        amount = "" if many == WITHHELD else f" {many if share == WITHHELD else percent(share)}"
        words = capital(verdict) + amount
        size = np.array([letter * len(words), 2.2 * letter])
        own = marked.loc[marked["verdict"] == verdict, ["first", "last"]].to_numpy(float)
        middle = _free_place(changed, verdict, size, (low, high), (own, taken))
        taken = np.vstack([taken, middle + np.linspace(-0.5, 0.5, 9)[:, None] * size * [1, 0]])
        axes.text(
            *middle,
            words,
            ha="center",
            va="center",
            color=LOOKS[verdict][0] if verdict != "unchanged" else INK,
            fontsize=SMALL_SIZE,
            fontweight="bold",
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=5,
        )


def _free_place(
    changed: Classified,
    verdict: str,
    size: np.ndarray,
    limits: tuple[float, float],
    points: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Find the middle of a label in the region of its verdict, near its own markers, over none.

    Of 40 × 40 places the one of least cost: a marker or label under it costs most, then an end
    outside the region, then the way to the middle of its own markers.
    """
    (low, high), (own, taken) = limits, points
    room = [np.linspace(low + half, high - half, 40) for half in size * 0.54]
    x, y = (axis.ravel() for axis in np.meshgrid(*room))

    def strange(across: float) -> np.ndarray:
        """Cost of a point in another region; the band has room for the ends of any label."""
        said = verdicts(x + across, y, changed.criterion, changed.cutoff, changed.better)
        return np.select([said == verdict, said == "unchanged"], [0.0, 0.2], 1.0)

    away = np.abs(np.stack([x, y], axis=1)[:, None, :] - taken[None, :, :])
    margin = 0.5 * size + 0.018 * (high - low)
    covered = (away < margin).all(axis=2).sum(axis=1)
    inside = strange(0) == 0
    start = own.mean(axis=0) if len(own) else np.array([x[inside].mean(), y[inside].mean()])
    way = np.hypot(x - start[0], y - start[1]) / (high - low)
    ends = strange(-size[0] / 2) + strange(size[0] / 2)
    best = int(np.argmin(10.0 * covered + 5.0 * ~inside + 2.0 * ends + way))
    return np.array([x[best], y[best]])


def _finding(counts: pd.DataFrame, panels: dict[str, pd.DataFrame]) -> str:
    """State the share that recovered, and that improved, of each group drawn."""
    said = []
    for group in panels:
        told = counts[counts["group"] == group].set_index("verdict")["share"]
        whom = "" if group == EVERYBODY else f" in {group}"
        parts = [
            f"{percent(float(told[verdict]))} {verdict}"
            for verdict in ("recovered", "improved", "deteriorated")
            if told[verdict] != WITHHELD
        ]
        of = f"of {count(len(panels[group]), 'course')}{whom}"
        said.append(f"{of}, {listed(parts) if parts else 'too few to tell apart'}")
    return capital("; ".join(said))


def _alt(changed: Classified, counts: pd.DataFrame, panels: dict[str, pd.DataFrame]) -> str:
    """Give the figure in words, with its numbers."""
    told = counts[counts["group"].isin(list(panels))]
    said = [
        f"{'' if row.group == EVERYBODY else f'{row.group}: '}{row.verdict} "
        + (str(row.courses) if isinstance(row.courses, str) else count(row.courses))
        for row in told.itertuples()
    ]
    return (
        f"Last against first {changed.label} score, with a band of "
        f"{number(changed.criterion, 1)} points either side of no change and cut-offs at "
        f"{number(changed.cutoff, 1)}. Courses: {'; '.join(said)}."
    )


def _caption(changed: Classified, panels: dict[str, pd.DataFrame], step: float) -> str:
    """Say what is drawn, and what was done so that nobody can be found."""
    away = "above" if changed.better == "higher" else "below"
    small = ", ".join(f"{least} or more" for least, _ in reversed(SIZES[:2]))
    return (
        f"{count(sum(len(rows) for rows in panels.values()), 'course')} of therapy with two scores "
        f"or more. In the grey band (no change, give or take {number(changed.criterion, 1)} "
        f"points) a change may be measurement error; {away} it is better. Dashed: the cut-off, "
        f"{number(changed.cutoff, 1).removesuffix('.0')}. No marker is one person's scores: "
        f"both are rounded to cells of {number(step, 1).removesuffix('.0')} points, so that a "
        "marker may lie a little over an edge of the band; markers grow "
        f"with the courses in a cell (fewer than {SMALLEST} look alike; {small}), and a verdict of "
        f"fewer than {SMALLEST} courses is not drawn."
    )
