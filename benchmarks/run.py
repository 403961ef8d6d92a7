"""Speed as a ratio: ours and a peer on the same data, in the same run, one after the other.

``make bench`` runs every case, ``make bench CASE=nested-10k`` one. Results, with the machine and
the day, go to ``benchmarks/results/CASE.json``, whole or not at all, and from there to
``docs/speed.md``. Nothing here is a test.
"""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import speed_page
import statsmodels.api as sm
from mixed_models import ALONE, PAIRED, NotMeasured, alone, finished, growth, paired

import sessionwise as sw
from sessionwise.records.writing import write_text

RESULTS = Path(__file__).parent / "results"
PAIRS = 5


def clinic(clients: int) -> sw.Sessions:
    """Simulate a clinic with as many clients, about twelve sessions each."""
    truth = sw.Truth(clinic={"clients": clients, "therapists": max(30, clients // 15)})
    return sw.simulate(truth, seed=1)


def sandwich() -> dict:
    """The hazard with CR2 errors, beside statsmodels' GLM with its own cluster errors (CR1)."""
    rows = sw.episodes(sw.running(clinic(2000), "srs")).frame.dropna(subset=["srs"])
    design = np.column_stack([np.ones(len(rows)), rows[["session", "srs", "severity"]]])
    clusters = pd.factorize(rows["therapist"])[0]

    def ours() -> None:
        sw.glm("left_unplanned ~ session + srs + severity", rows, link="cloglog",
               cluster="therapist", errors="CR2")  # fmt: skip

    def peer() -> None:
        family = sm.families.Binomial(sm.families.links.CLogLog())
        model = sm.GLM(rows["left_unplanned"].to_numpy(), design.astype(float), family)
        model.fit(cov_type="cluster", cov_kwds={"groups": clusters})

    return compared("statsmodels GLM, CR1", ours, peer, len(rows))


def lags() -> dict:
    """The previous session's score, beside a pandas loop over clients."""
    s = clinic(2000)
    table = s.table

    def ours() -> None:
        sw.lagged(s, "srs")

    def peer() -> None:
        pieces = []
        for _, course in table.groupby("client"):
            before = course["session"].shift() == course["session"] - 1
            pieces.append(course["srs"].shift().where(before))
        pd.concat(pieces)

    return compared("a loop over clients in pandas", ours, peer, len(table))


def simulation() -> dict:
    """A million appointments of the plain clinic and of the full one; no peer."""
    full = sw.Truth.load(Path(__file__).parents[1] / "data" / "clinic" / "truth.toml")
    size = {"clients": 85_000, "therapists": 6_000}
    children = full.children.model_copy(update={"clients": 12_000, "therapists": 850})
    clinic = full.clinic.model_copy(update=size)
    truths = {
        "plain": sw.Truth(clinic=size),
        "full": full.model_copy(update={"clinic": clinic, "children": children}),
    }
    found = {}
    for name, truth in truths.items():
        begun = time.perf_counter()
        rows = len(sw.simulate(truth, seed=1).table)
        seconds = time.perf_counter() - begun
        found[name] = {"rows": rows, "seconds": round(seconds, 2)}
    return found


def decisions() -> dict:
    """Person-period rows of a million appointments, beside a loop over courses."""
    s = clinic(85_000)
    some = s.keep_courses(np.arange(len(s.courses)) < len(s.courses) // 100, "a hundredth")

    def ours() -> None:
        sw.episodes(s)

    def peer() -> None:
        pieces = []
        for _, course in some.frame.groupby(["clinic", "client", "course"], observed=True):
            rows = course[course["decided"]]
            last = rows["session"].eq(course["session"].max())
            left = (last & rows["ending"].eq("unplanned")).astype(int)
            pieces.append(rows.assign(start=rows["session"] - 1, left_unplanned=left))
        pd.concat(pieces)

    found = compared(
        "a loop over courses in pandas (a hundredth of them, times 100)",
        ours,
        peer,
        len(s.table),
        3,
    )
    return {**found, "ratios": [round(ratio / 100, 4) for ratio in found["ratios"]],
            "peer_seconds": round(100 * found["peer_seconds"], 1)}  # fmt: skip


CASES = {
    **{name: partial(paired, name) for name in PAIRED},
    **{name: partial(alone, name) for name in ALONE},
    "growth": growth,
    "sandwich": sandwich,
    "lags": lags,
    "episodes-1m": decisions,
    "simulation": simulation,
}


def compared(
    name: str, ours: Callable[[], None], peer: Callable[[], None], rows: int, pairs: int = PAIRS
) -> dict:
    """Time both in turn, and give medians and the paired ratios."""
    times = [(timed(ours), timed(peer)) for _ in range(pairs)]
    return {
        "peer": name,
        "rows": rows,
        "ours_seconds": round(statistics.median(t for t, _ in times), 4),
        "peer_seconds": round(statistics.median(t for _, t in times), 4),
        "ratios": [round(t / other, 3) for t, other in times],
    }


def timed(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def main() -> None:
    wanted = sys.argv[1:] or list(CASES)
    strange = [name for name in wanted if name not in CASES]
    if strange:
        sys.exit(f"There is no case {strange[0]}; cases: {', '.join(CASES)}")
    unmeasured = []
    for name in wanted:
        try:
            found = {"case": name, **CASES[name](), "machine": machine(), "day": str(date.today())}
        except NotMeasured as reason:
            unmeasured.append(f"{name} was not measured: {reason}")
            continue
        write_text(RESULTS / f"{name}.json", json.dumps(found, indent=2) + "\n")
        finished(name)
        print(json.dumps(found))
    speed_page.write(RESULTS)
    if unmeasured:
        sys.exit("\n".join(unmeasured))


def machine() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text("utf-8").splitlines() if listed.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.machine()
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
