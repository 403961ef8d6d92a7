"""What can be drawn before anybody comes: nothing in it depends on the way."""

from __future__ import annotations

import numpy as np

from sessionwise.records.simulated.people import People, Streams
from sessionwise.records.truth import Truth


def another_therapist(who: np.ndarray, people: People, draw: np.random.Generator) -> np.ndarray:
    """Draw another therapist of the same team; the same one where the team has one only."""
    team = people.therapists.of_children
    new = who.copy()
    for kind in (False, True):
        theirs = np.flatnonzero(team == kind)
        mine = people.child == kind
        if theirs.size > 1 and mine.any():
            place = np.searchsorted(theirs, who[mine])
            step = draw.integers(1, theirs.size, int(mine.sum()))
            new[mine] = theirs[(place + step) % theirs.size]
    return new


def drawn_ahead(truth: Truth, people: People, draws: Streams) -> dict[str, np.ndarray]:
    """Draw what does not depend on the way: (sessions, clients) or (clients,) each."""
    shape = (truth.clinic.session_limit, people.count)
    swing = draws["alliance"].normal(0, truth.alliance.session_sd, shape)
    swing[0] /= np.sqrt(1 - truth.alliance.carry_over**2)
    week = draws["outcome"].normal(0, truth.outcome.session_sd, shape)
    week[0] /= np.sqrt(1 - truth.outcome.carry_over**2)
    error = 0.0
    if truth.outcome.error_sd:
        error = draws["outcome"].normal(0, truth.outcome.error_sd, shape)
    gains, ways = truth.sudden_gains, truth.modality
    at = draws["sudden_gains"].integers(gains.first - 1, gains.last, people.count)
    has = (draws["sudden_gains"].random(people.count) < gains.share) & gains.on
    bounds = [1 - ways.video_share - ways.phone_share, 1 - ways.phone_share]
    way = np.searchsorted(bounds, draws["modality"].random(people.count), "right")
    lost = {name: draws["missing"].random(shape) for name in ("lost_srs", "lost_ors")}
    return {
        "swing": swing,
        "week": week,
        "error": np.broadcast_to(error, shape),
        "gain_at": np.where(has, at, np.iinfo(np.int32).max),
        "modality": way * ways.on,
        "endings": draws["endings"].random((2, *shape)),
        "diligence": draws["homework"].normal(0, truth.homework.client_sd, people.count),
        "unreliable": draws["attendance"].normal(0, truth.attendance.client_sd, people.count),
        **lost,
    }
