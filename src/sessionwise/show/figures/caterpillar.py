"""Therapists in order of how likely clients are to leave, each with limits, none with a name."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import FuncFormatter

from sessionwise.models.therapists_leaving import TherapistDifferences
from sessionwise.show.display import Figure, Nothing, answered
from sessionwise.show.numbers import count, number, percent
from sessionwise.show.theme import PALETTE, QUIET, SMALL_SIZE, canvas, finished, style


@answered
def therapists_apart(
    found: TherapistDifferences,
    title: str = "",
    name: str = "therapists-apart",
    synthetic: bool = False,
) -> Figure | Nothing:
    """Draw therapists from the least to the most likely to lose a client, with their limits.

    Parameters
    ----------
    found
        Of ``therapists_and_leaving``.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure or Nothing
        Nothing where no therapist with five clients differs from the others.
    """
    shown = found.therapists
    if shown.empty:
        return Nothing()
    chances = found.spread.set_index("group")["estimate"]
    tenth = int(found.spread["therapists"].max())
    place = shown["rank"].to_numpy(int)
    estimate, low, high = shown[["estimate", "estimate_low", "estimate_high"]].to_numpy(float).T
    end = np.minimum(place, len(shown) + 1 - place) <= tenth
    with style():
        drawing = canvas(min(2.1 + 0.1 * len(shown), 6.5))
        axes = drawing.subplots()
        axes.axvline(chances["middle"], color=QUIET, linewidth=0.9, zorder=1)
        for which, colour, face in ((~end, QUIET, "white"), (end, PALETTE[0], PALETTE[0])):
            axes.hlines(place[which], low[which], high[which], color=colour, linewidth=1.5)
            axes.plot(estimate[which], place[which], "o", color=colour, markerfacecolor=face,
                      markersize=5, markeredgewidth=1.3)  # fmt: skip
        axes.annotate(
            f"middle: {percent(chances['middle'], 1)}",
            (chances["middle"], 0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 5),
            textcoords="offset points",
            fontsize=SMALL_SIZE,
            color=QUIET,
        )
        axes.set_ylim(-0.6 - 0.05 * len(shown), len(shown) + 0.8)
        axes.set_yticks([])
        axes.set_ylabel("Therapists, in order")
        axes.spines["left"].set_visible(False)
        axes.grid(False)
        axes.set_xlim(0, min(1.0, 1.06 * float(high.max())))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.3g} %"))
        axes.set_xlabel(f"Chance of an unplanned ending within {found.sessions} sessions")
        words = (_caption(found, tenth), _in_words(found))
        return finished(drawing, name, title or _finding(found), words, synthetic)


def _finding(found: TherapistDifferences) -> str:
    """State the chances at both ends, or that therapists cannot be told apart."""
    chances = found.spread.set_index("group")["estimate"]
    low, high = (percent(chances[f"{end} tenth"], 0) for end in ("lowest", "highest"))
    told = f"the chance of leaving within {found.sessions} sessions was {low} with the tenth of "
    told += f"therapists who lose fewest and {high} with the tenth who lose most"
    if found.share_low > 0:
        return told[0].upper() + told[1:]
    return f"Therapists cannot be told apart for sure: {told}"


def _caption(found: TherapistDifferences, tenth: int) -> str:
    be = "is" if found.few == 1 else "are"
    few = f" {count(found.few, 'therapist')} with fewer than five clients {be} in the model and not"
    few = f"{few} drawn." if found.few else ""
    drawn = count(len(found.therapists), "therapist")
    return (
        "Most likely chances of an unplanned ending for a client of average make-up, no other "
        "ending coming first, with 95 % limits of the therapist's deviation given the model; "
        f"{drawn} with at least five clients, nobody named. Filled: the lowest and the highest "
        f"tenth ({tenth} each). The vertical line is a therapist in the middle. Deviations are "
        "drawn towards it the more, the fewer clients a therapist has; two "
        f"therapists whose limits overlap may still differ.{few}"
    )


def _in_words(found: TherapistDifferences) -> str:
    first, last = found.therapists.iloc[0], found.therapists.iloc[-1]

    def written(row: object) -> str:
        limits = [number(100 * row[key], 1) for key in ("estimate_low", "estimate_high")]
        return f"{percent(row['estimate'], 1)} ({' to '.join(limits)})"

    return (
        f"Dots with intervals, one a therapist, in order: from {written(first)} to {written(last)}."
    )
