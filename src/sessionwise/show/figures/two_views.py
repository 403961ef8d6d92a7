"""The client's and the therapist's mean at each session, side by side."""

from __future__ import annotations

import pandas as pd

from sessionwise.records.sessions import Sessions
from sessionwise.show.display import Figure, Note, Nothing, explained
from sessionwise.show.figures.courses import course
from sessionwise.show.numbers import count, number
from sessionwise.show.suppression import SMALLEST


@explained
def views_over_sessions(
    means: pd.DataFrame, s: Sessions, name: str = "views-over-sessions"
) -> Figure | Note | Nothing:
    """Draw how both see the alliance, session by session, where both rated it.

    Parameters
    ----------
    means
        From ``mean_views``.
    s
        The records: how the client's score is called, and its unit.
    name
        File name and anchor.

    Returns
    -------
    Figure, Note or Nothing
        Means of fewer than five are not drawn; nothing, if none is of five.
    """
    score = str(means["score"].iloc[0])
    drawn = course(means, s, score, title=_finding(means), name=name)
    return drawn if isinstance(drawn, Figure) else Nothing()


def _finding(means: pd.DataFrame) -> str:
    """Say at how many sessions the therapists' mean lay below the clients', and how far."""
    seen = means[means["n"] >= SMALLEST]
    wide = seen.pivot(index="time", columns="group", values="mean").dropna()
    if wide.empty or wide.shape[1] < 2:
        return ""
    gap = wide["therapist's view"] - wide["client's view"]
    below = int((gap < 0).sum())
    at = f"at {count(below)} of {count(len(gap))} sessions"
    widest, least = gap.abs().max(), gap.abs().min()
    return (
        f"Therapists' means lay below clients' {at}, {number(least, 1)} to {number(widest, 1)} "
        "points apart"
    )
