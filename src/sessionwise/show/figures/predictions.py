"""What a model of leaving predicts, session by session."""

from __future__ import annotations

import pandas as pd
from matplotlib.ticker import FuncFormatter

from sessionwise.show.axes import label_ends, time_axis
from sessionwise.show.curve_words import is_whole, moment
from sessionwise.show.display import Figure, Nothing, answered
from sessionwise.show.numbers import listed, percent
from sessionwise.show.theme import canvas, finished, looks, style

NICE_TOPS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


@answered
def probability(
    frame: pd.DataFrame,
    event: str = "an unplanned ending",
    title: str = "",
    name: str = "probability",
    synthetic: bool = False,
) -> Figure | Nothing:
    """Draw the predicted probability of an event after each session, by group.

    Parameters
    ----------
    frame
        One row per group and session: ``group, session, estimate, low, high``; proportions.
    event
        What is predicted, with its article.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure or Nothing
        Nothing if the frame is empty.
    """
    if frame.empty:
        return Nothing()
    seen = frame.assign(group=frame["group"].astype(str)).sort_values("session", kind="stable")
    groups = list(dict.fromkeys(frame["group"].astype(str)))
    look, lines = looks(groups), {}
    with style():
        drawing = canvas()
        axes = drawing.subplots()
        time_axis(axes, seen["session"], "sessions", most=8)
        for group in groups:
            part = seen[seen["group"] == group]
            x, estimate, low, high = part[["session", "estimate", "low", "high"]].to_numpy(float).T
            axes.plot(x, estimate, marker="o", markersize=4, **look[group])
            axes.fill_between(x, low, high, color=look[group]["color"], alpha=0.13, linewidth=0)
            lines[group] = (x, estimate)
        top = float(seen["high"].max())
        axes.set_ylim(0, next((nice for nice in NICE_TOPS if nice >= top), 1.0))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.3g} %"))
        axes.locator_params(axis="y", nbins=5)
        axes.set_ylabel("Probability")
        if len(groups) > 1:
            label_ends(axes, lines)
        caption = (
            f"Predicted probability of {event} after each session, given that the client came "
            "to it; 95 % confidence intervals."
        )
        words = (caption, f"Lines over sessions. {_ends(seen, groups)}.")
        return finished(drawing, name, title or _finding(seen, groups, event), words, synthetic)


def _ends(seen: pd.DataFrame, groups: list[str]) -> str:
    """Give the first and last probability of each group."""
    said = []
    for group in groups:
        part = seen[seen["group"] == group]
        values = [
            f"{percent(row['estimate'], 1)} after {moment(row['session'], 'sessions')}"
            for _, row in part.iloc[[0, -1] if len(part) > 1 else [0]].iterrows()
        ]
        said.append(("" if is_whole(group) else f"{group}: ") + ", ".join(values))
    return "; ".join(said)


def _finding(seen: pd.DataFrame, groups: list[str], event: str) -> str:
    """State the probabilities at the middle session of those drawn."""
    sessions = sorted(seen["session"].unique())
    middle = sessions[(len(sessions) - 1) // 2]
    at = seen[seen["session"] == middle].set_index("group")["estimate"]
    said = [
        percent(at[group], 1) + ("" if is_whole(group) else f" ({group})")
        for group in groups
        if group in at.index
    ]
    return f"After {moment(middle, 'sessions')}, the probability of {event} was {listed(said)}"
