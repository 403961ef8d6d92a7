"""Rows for mixed models: therapists with clients with sessions."""

import numpy as np
import pandas as pd

NESTED = "ors ~ session + srs + (1 + session || client) + (1 | therapist)"
TOGETHER = "ors ~ session + srs + (session | client) + (1 | therapist)"


def clinic(seed=1, therapists=8, clients=9, sessions=6, between_therapists=2.0, slope=0.5):
    """Therapists with clients with sessions; differences between therapists can be switched off."""
    draw = np.random.default_rng(seed)
    count = therapists * clients
    client = np.repeat(np.arange(count), sessions)
    therapist = client // clients
    session = np.tile(np.arange(1.0, sessions + 1), count)
    srs = draw.normal(34, 3, client.size)
    deviation = draw.normal(0, 1, therapists)
    ors = (
        20 + 0.5 * session + 0.3 * (srs - 34) + draw.normal(0, 2, client.size)
        + draw.normal(0, 2.5, count)[client] + slope * draw.normal(0, 1, count)[client] * session
        + between_therapists * deviation[therapist]
    )  # fmt: skip
    return pd.DataFrame(
        {"ors": ors, "session": session, "srs": srs, "client": client, "therapist": therapist}
    )


def level_out(rows, group):
    """Take the differences between groups out of the outcome: their variance must come out 0."""
    means = rows.groupby(group)["ors"].transform("mean")
    return rows.assign(ors=rows["ors"] - means + rows["ors"].mean())
