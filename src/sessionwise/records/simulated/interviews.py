"""What truly happened in a simulated clinic, and what clients said of it in interviews."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.records.simulated.people import Streams
from sessionwise.records.simulated.rows import Calendar, Places
from sessionwise.records.simulated.walk import Walk
from sessionwise.records.truth import Truth

EVENT_COLUMNS = ("client", "session", "event")
SEGMENT_COLUMNS = ("client", "segment", "session", "code", "about", "excerpt")
CODES = {
    "rupture": (
        ("withdrawal", "I said less and less and only answered."),
        ("confrontation", "I told her that this was not what I had come for."),
        ("disagreement on tasks", "The exercise made no sense to me."),
        ("not understood", "He summed it up, and it was not what I had meant."),
    ),
    "repair": (
        ("spoken about", "She asked what had gone wrong between us, and we looked at it."),
        ("task changed", "We dropped the exercise and found another way."),
        ("taken seriously", "He said that he had missed it, and that helped."),
    ),
    "neither": (
        ("bond", "I could say what I wanted there."),
        ("goals", "We knew what we were working on."),
    ),
}
"""Codes of segments, each with a sentence written for this clinic; nobody said them."""


def true_events(course: Walk, when: Calendar, clients: np.ndarray) -> pd.DataFrame:
    """List what truly happened in attended sessions: ``client, session, event``.

    ``clients`` holds the name of each client, shape (clients,).
    """
    pieces = [pd.DataFrame(columns=list(EVENT_COLUMNS))]
    for name, happened in course.events.items():
        client, session = np.nonzero((happened & when.attended).T)
        pieces.append(
            pd.DataFrame({"client": clients[client], "session": session + 1, "event": name})
        )
    found = pd.concat([piece for piece in pieces if len(piece)] or pieces)
    return found.sort_values(list(EVENT_COLUMNS), ignore_index=True)


def coded_interviews(
    truth: Truth, course: Walk, when: Calendar, clients: np.ndarray, draws: Streams
) -> pd.DataFrame:
    """Draw coded segments: ``client, segment, session, code, about, excerpt``.

    ``session`` is the one spoken of. Half of those interviewed had a rupture, as far as there are
    so many; a segment is tied to a rupture or a repair that happened, or (`untrue`) to none.
    """
    draw, plan = draws["interviews"], truth.interviews
    torn = course.events["rupture"] & when.attended
    enough = when.attended.sum(axis=0) >= 4
    with_one = draw.permutation(np.flatnonzero(torn.any(axis=0) & enough))
    without = draw.permutation(np.flatnonzero(~torn.any(axis=0) & enough))
    half = with_one[: plan.clients // 2]
    chosen = np.sort(np.concatenate([half, without[: plan.clients - half.size]]))
    rows = [row for client in chosen for row in _segments(truth, course, when, client, draw)]
    found = pd.DataFrame(rows, columns=["client", "session", "code", "about", "excerpt"])
    found["client"] = clients[found["client"].to_numpy(int)]
    found["segment"] = found.groupby("client", sort=False).cumcount() + 1
    return found[list(SEGMENT_COLUMNS)]


def _segments(
    truth: Truth, course: Walk, when: Calendar, client: int, draw: np.random.Generator
) -> list[tuple]:
    """Draw what one client speaks of, in the order of the sessions."""
    last = int(when.attended[:, client].sum())
    spoken = []
    for kind in ("rupture", "repair"):
        for session in np.flatnonzero(course.events[kind][:last, client]) + 1:
            if draw.random() < truth.interviews.told:
                spoken.append((int(session), kind))
    if draw.random() < truth.interviews.untrue:
        spoken.append((int(draw.integers(2, last + 1)), "rupture"))
    spoken.append((int(draw.integers(1, last + 1)), "neither"))
    rows = []
    for session, kind in sorted(spoken):
        code, excerpt = CODES[kind][int(draw.integers(len(CODES[kind])))]
        rows.append((client, session, code, kind, excerpt))
    return rows


def named(at: Places, frame: pd.DataFrame, count: int) -> np.ndarray:
    """Give the name of each client who is in the records, shape (clients,)."""
    names = np.full(count, "", dtype=object)
    names[at.client] = frame["client"].to_numpy(object)
    return names
