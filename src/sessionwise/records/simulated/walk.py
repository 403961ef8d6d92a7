"""What happens in a simulated clinic: session by session, for all clients at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sessionwise.records.simulated.people import People, Streams
from sessionwise.records.simulated.steps import Steps
from sessionwise.records.truth import Truth

OTHERS = ("transferred", "service_ended", "external")
EVENTS = ("rupture", "repair", "sudden_gain", "handover_administrative", "handover_alliance")


@dataclass(frozen=True, eq=False)
class Walk:
    """Arrays of shape (sessions, clients), as if every course went on to the limit.

    Attributes
    ----------
    state, level
        The latent alliance after the session; the part of it that is stable with this therapist.
    srs, ors
        As recorded: rounded, cut to the scale, missing where the form was lost.
    therapist, match, countertransference
        Of the session.
    missed
        Appointments missed between the session before and this one.
    modality, homework, handover
        Codes of ``MODALITIES``; share done, missing if none was set; 0 none, 1 administrative,
        2 because the alliance failed.
    ending_phase
        Whether an end had been agreed on before the session.
    ended
        After the session: 0 no, 1 unplanned, 2 planned, 3… as in ``OTHERS``.
    events
        Name → bool: what happened in, or just before, the session.
    """

    state: np.ndarray
    level: np.ndarray
    srs: np.ndarray
    ors: np.ndarray
    therapist: np.ndarray
    match: np.ndarray
    countertransference: np.ndarray
    missed: np.ndarray
    modality: np.ndarray
    homework: np.ndarray
    handover: np.ndarray
    ending_phase: np.ndarray
    ended: np.ndarray
    events: dict[str, np.ndarray]


def whole_courses(truth: Truth, people: People, draws: Streams) -> Walk:
    """Let every client go through all sessions the limit allows."""
    limit, clients = truth.clinic.session_limit, people.count
    names = [name for name in Walk.__dataclass_fields__ if name != "events"]
    whole = {"therapist", "missed", "modality", "handover", "ending_phase", "ended"}
    seen = {n: np.empty((limit, clients), np.int16 if n in whole else float) for n in names}
    events = {name: np.zeros((limit, clients), bool) for name in EVENTS}
    steps = Steps(truth, people, draws)
    for t in range(limit):
        for name, values in steps.take(t).items():
            (events if name in events else seen)[name][t] = values
    return Walk(**seen, events=events)
