"""Rows of dots with intervals on one axis, their numbers at the right edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from sessionwise.show.ratios import ratio_cells
from sessionwise.show.theme import INK, PALETTE, QUIET, SMALL_SIZE, folded


@dataclass(frozen=True)
class Row:
    """One estimate to draw.

    Attributes
    ----------
    label
        What stands on the left.
    numbers
        Estimate, low, high; limits that are not numbers are not drawn.
    text
        What stands on the right.
    main
        In the first colour, filled; the others are grey and open.
    """

    label: str
    numbers: tuple[float, float, float]
    text: str
    main: bool = False


def ratio_beside(numbers: tuple[float, float, float]) -> str:
    """Write a log ratio and its limits as ratios, as they stand on the right."""
    return ratio_cells(dict(zip(("estimate", "low", "high"), numbers, strict=True)), gap="  ")[1]


def drawn_rows(
    axes: Axes, rows: Sequence[Row], label: str, written: Callable[[float], str]
) -> None:
    """Draw the rows from the top beside a line at 0.

    Parameters
    ----------
    axes
        Where.
    rows
        At least one.
    label
        Of the axis.
    written
        How a tick is written.
    """
    axes.axvline(0, color=QUIET, linewidth=0.9, zorder=1)
    for place, row in zip(range(len(rows) - 1, -1, -1), rows):
        middle, low, high = row.numbers
        colour = PALETTE[0] if row.main else QUIET
        if np.isfinite([low, high]).all():
            axes.hlines(place, low, high, color=colour, linewidth=2 if row.main else 1.5)
        face = colour if row.main else "white"
        axes.plot(middle, place, "o", color=colour, markersize=7.5 if row.main else 6.5,
                  markerfacecolor=face, markeredgewidth=1.5)  # fmt: skip
        axes.annotate(
            row.text,
            (1, place),
            xytext=(10, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_SIZE,
            color=INK,
            annotation_clip=False,
        )
    axes.set_yticks(range(len(rows) - 1, -1, -1), [folded(row.label, 26) for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    ends = np.array([row.numbers for row in rows])
    low, high = min(0.0, float(np.nanmin(ends))), max(0.0, float(np.nanmax(ends)))
    edge = 0.05 * (high - low)
    axes.set_xlim(low - edge, high + edge)
    axes.set_xlabel(label)
    axes.locator_params(axis="x", nbins=6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: written(x) if x else "0"))
