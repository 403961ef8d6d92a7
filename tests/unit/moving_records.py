"""The packaged clinic with phases, a second rater, a ceiling, and clients who change therapist."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

import sessionwise as sw
from sessionwise.records.sessions import Sessions

WAI = {"wai": "WAI-SR", "wai_therapist": "WAI-SR, therapist"}


@cache
def moving() -> Sessions:
    """Phases that differ between clients, ``wai`` and ``wai_therapist``, ``srs`` cut off at 40."""
    draw = np.random.default_rng(1)
    names = ["client", "therapist", "session", "srs", "ors", "severity"]
    frame = sw.example().frame[names].copy()
    client, _ = pd.factorize(frame["client"])
    therapist, therapists = pd.factorize(frame["therapist"])
    session = frame["session"].to_numpy(float)
    last = frame.groupby("client")["session"].transform("max").to_numpy(float)
    ending = (session > last - 2) & (last > 6)
    phase = np.where(session <= 3 + client % 2, "agreeing", np.where(ending, "ending", "working"))
    frame["phase"] = pd.Categorical(phase, ["agreeing", "working", "ending"])
    rise = 1.2 * np.minimum(session - 1, 3) + 0.1 * session
    wai = 44 + draw.normal(0, 5, client.max() + 1)[client] + rise + draw.normal(0, 3, len(frame))
    frame["wai"] = np.clip(np.round(wai), 12, 60)
    own = frame.groupby("client")["wai"].transform("mean")
    bias = (
        draw.normal(-4, 2, therapist.max() + 1)[therapist]
        + draw.normal(0, 2, client.max() + 1)[client]
    )
    seen = own + bias + 0.4 * (frame["wai"] - own) + draw.normal(0, 3, len(frame))
    frame["wai_therapist"] = np.clip(np.round(seen), 12, 60)
    frame.loc[draw.random(len(frame)) < 0.05, "wai_therapist"] = np.nan
    frame["srs"] = np.minimum(frame["srs"] + 8, 40).round(1)
    moved = (client % 9 == 0) & (session > 4)
    frame["therapist"] = np.where(
        moved, therapists[(therapist + 1) % len(therapists)], frame["therapist"]
    )
    marks = {"wai": "after", "wai_therapist": "after", "phase": "before"}
    return with_cards(Sessions.of(frame, level={"severity": "course"}, known=marks), WAI)


def with_cards(s: Sessions, labels: dict[str, str], card: str = "wai_sr") -> Sessions:
    """The records with scores of one instrument named."""
    columns = {
        name: replace(s.columns[name], instrument=card, label=label, unit="points")
        for name, label in labels.items()
    }
    cards = dict.fromkeys(labels, sw.instrument(card))
    return replace(s, columns={**s.columns, **columns}, instruments={**s.instruments, **cards})
