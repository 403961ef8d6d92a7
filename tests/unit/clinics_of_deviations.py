"""A small clinic whose therapists and clients differ by given amounts, for tests of mixed fits."""

import numpy as np
import pandas as pd

THERAPISTS, CLIENTS, SESSIONS = 10, 60, 6


def clinic(seed=1, *, between_therapists=1.5, slope=0.4, noise=2.0):
    """One row per session; ``modality`` alternates between three words."""
    draw = np.random.default_rng(seed)
    client = np.repeat(np.arange(CLIENTS), SESSIONS)
    session = np.tile(np.arange(1, SESSIONS + 1), CLIENTS)
    level, own = draw.normal(0, 2, CLIENTS), draw.normal(0, slope, CLIENTS)
    therapist = client % THERAPISTS
    of_therapist = draw.normal(0, between_therapists, THERAPISTS)[therapist]
    srs = draw.normal(0, 1, client.size)
    modality = draw.choice(["office", "phone", "video"], client.size)
    ors = 20 + 0.5 * session + level[client] + own[client] * session + of_therapist
    return pd.DataFrame(
        {
            "client": client,
            "therapist": therapist,
            "session": session,
            "srs": srs,
            "modality": modality,
            "ors": ors + draw.normal(0, noise, client.size),
        }
    )
