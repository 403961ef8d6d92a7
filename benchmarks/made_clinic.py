"""The clinic the mixed models are fitted to: the same rows for Python and for R, made once.

Nothing here is timed. Files lie in ``.bench/``, under a name that changes with this module.
"""

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd

CACHE = Path(__file__).parents[1] / ".bench"
MADE_BY = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
SESSIONS_PER_CLIENT, SESSIONS_PER_THERAPIST = 10, 250
DESIGNS = ("nested", "crossed", "handovers", "remembering", "leaving")
ELSEWHERE = 0.1
"""In the crossed design: the share of sessions that another therapist, drawn at random, holds."""
HANDED_OVER, FROM = 0.2, 6
"""In the design with handovers: the share of clients whom the next therapist takes over, and from
which session on. All therapists form one ring, and each shares clients with two others only."""
LONGEST = 40
"""In the design of leaving: sessions a client may have."""
KEPT = 0.3
"""In the design that remembers: what of a session's residual is left in the next."""


def clinic(rows: int, design: str, seed: int = 1) -> pd.DataFrame:
    """Draw a clinic sorted by client and session; ids are text, scores have one decimal."""
    rng = np.random.default_rng([seed, rows, DESIGNS.index(design)])
    if design == "leaving":
        return decisions(rng, rows)
    lengths = 1 + rng.poisson(SESSIONS_PER_CLIENT - 1, size=rows)
    clients = int(np.searchsorted(np.cumsum(lengths), rows)) + 1
    client = np.repeat(np.arange(clients), lengths[:clients])[:rows]
    session = np.arange(rows) - np.searchsorted(client, client) + 1
    therapists = max(2, rows // SESSIONS_PER_THERAPIST)
    therapist = rng.permutation(np.arange(clients) % therapists)[client]
    if design == "crossed":
        therapist = np.where(
            rng.random(rows) < ELSEWHERE, rng.integers(0, therapists, rows), therapist
        )
    if design == "handovers":
        over = (rng.random(clients) < HANDED_OVER)[client] & (session >= FROM)
        therapist = (therapist + over) % therapists
    srs = np.round(34 + rng.normal(0, 3, clients)[client] + rng.normal(0, 2.5, rows), 1)
    between = (np.bincount(client, srs) / np.bincount(client))[client]
    severity = np.round(rng.normal(0, 1, clients), 2)[client]
    level, slope = rng.multivariate_normal([0, 0], [[16, -0.3], [-0.3, 0.09]], clients)[client].T
    ors = (
        (10 + level + 1.2 * rng.normal(size=therapists)[therapist])
        + (0.4 + slope) * session
        + 0.25 * (srs - between)
        + 0.4 * between
        - 2 * severity
    )
    noise = rng.normal(0, 5, rows)
    ors += remembered(noise, session) if design == "remembering" else noise
    distance = np.round(rng.normal(size=rows), 2)
    odds = -0.5 + 0.1 * session + 0.3 * distance + 0.2 * severity
    odds += rng.normal(0, 1, clients)[client] + rng.normal(0, 0.5, therapists)[therapist]
    return pd.DataFrame(
        {
            "client": pd.Series(client).map("C{:07d}".format).astype("str"),
            "therapist": pd.Series(therapist).map("T{:05d}".format).astype("str"),
            "session": session,
            "srs_within": srs - between,
            "srs_between": between,
            "severity": severity,
            "ors": np.round(ors, 1),
            "distance": distance,
            "came": (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int),
        }
    )


def decisions(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Draw one row per decision to come back, with an alliance score that changes."""
    clients = rows // 3
    client = np.repeat(np.arange(clients), LONGEST)
    session = np.tile(np.arange(1, LONGEST + 1), clients)
    therapist = rng.integers(0, max(2, rows // SESSIONS_PER_THERAPIST), clients)
    srs = np.round(34 + rng.normal(0, 3, clients)[client] + rng.normal(0, 2.5, client.size), 1)
    severity = np.round(rng.normal(0, 1, clients), 2)
    eta = -3 - 0.08 * (srs - 34) + 0.2 * severity[client]
    left = rng.random(client.size) < -np.expm1(-np.exp(eta))
    over = left | (rng.random(client.size) < 0.05)
    first = np.where(over.reshape(clients, LONGEST).any(axis=1),
                     over.reshape(clients, LONGEST).argmax(axis=1), LONGEST)  # fmt: skip
    kept = np.flatnonzero(session <= first[client] + 1)[:rows]
    return pd.DataFrame(
        {
            "therapist": pd.Series(therapist[client[kept]]).map("T{:05d}".format).astype("str"),
            "start": session[kept] - 1,
            "stop": session[kept],
            "srs": srs[kept],
            "severity": severity[client[kept]],
            "left": left[kept].astype(int),
        }
    )


def remembered(noise: np.ndarray, session: np.ndarray) -> np.ndarray:
    """Let the residuals of a course follow one another (AR(1) of the same variance)."""
    series = noise.copy()
    for number in range(2, session.max() + 1):
        here = np.flatnonzero(session == number)
        series[here] = KEPT * series[here - 1] + np.sqrt(1 - KEPT**2) * noise[here]
    return series


def for_python(rows: int, design: str) -> Path:
    """Give the file of one clinic for pandas, made if it is not there."""
    path = CACHE / f"{design}-{rows}-{MADE_BY}.parquet"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        beside = path.with_suffix(".part")
        clinic(rows, design).to_parquet(beside)
        beside.replace(path)
    return path


def for_r(rows: int, design: str) -> Path:
    """Give the same rows as R reads them fastest, by way of a CSV file."""
    path = for_python(rows, design)
    made, beside, text = (path.with_suffix(ending) for ending in (".rds", ".rds.part", ".csv"))
    if not made.exists():
        pd.read_parquet(path).to_csv(text, index=False)
        script = "a <- commandArgs(TRUE); saveRDS(read.csv(a[1]), a[2], compress = FALSE)"
        subprocess.run(["Rscript", "-e", script, text, beside], check=True)
        beside.replace(made)
        text.unlink()
    return made
