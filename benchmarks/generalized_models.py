"""`sw.mixed` of a 0/1 outcome beside lme4's ``glmer``: the same rows and model, one by one.

``python benchmarks/generalized_models.py [CASE …]`` fits each case once on each side, the fit
alone, and writes ``results/generalized/CASE.json``. Ours is warmed by a small fit; glmer has its
defaults.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import sessionwise as sw
from sessionwise.records.writing import write_text

HERE = Path(__file__).parent
FORMULA = "came ~ session + distance + severity + (1 | client) + (1 | therapist)"
CASES = {  # rows, crossed, whether glmer is waited for
    "nested-10k": (10_000, False, True),
    "crossed-10k": (10_000, True, True),
    "nested-100k": (100_000, False, True),
    "crossed-100k": (100_000, True, True),
    "nested-1m": (1_000_000, False, False),
}
EACH, LOAD = 10, 25
"""Sessions of a client, clients of a therapist."""


def made(rows: int, crossed: bool) -> pd.DataFrame:
    """Clients who come or do not; where crossed, one session in ten is with another therapist."""
    rng = np.random.default_rng(20261124)
    clients = rows // EACH
    client = np.repeat(np.arange(clients), EACH)
    therapists = clients // LOAD
    therapist = (np.arange(clients) // LOAD)[client]
    if crossed:
        therapist = np.where(rng.random(rows) < 0.1, rng.integers(0, therapists, rows), therapist)
    session = np.tile(np.arange(EACH), clients)
    distance, severity = rng.normal(size=rows).round(4), rng.normal(size=clients).round(4)[client]
    eta = -0.5 + 0.1 * session + 0.3 * distance + 0.2 * severity
    eta += rng.normal(0, 1, clients)[client] + rng.normal(0, 0.5, therapists)[therapist]
    came = (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(int)
    columns = {"came": came, "session": session, "distance": distance, "severity": severity}
    return pd.DataFrame({**columns, "client": client, "therapist": therapist})


def measured(name: str) -> dict:
    """Fit a case on both sides."""
    rows, crossed, waited = CASES[name]
    data = made(rows, crossed)
    sw.mixed(FORMULA, made(1_000, crossed), family="binomial")
    load, start = os.getloadavg()[0], time.perf_counter()
    cpu = time.process_time()
    fit = sw.mixed(FORMULA, data, family="binomial")
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    found = {
        "formula": FORMULA, "rows": rows, "design": "crossed" if crossed else "nested",
        "ours_seconds": round(seconds, 3), "ours_cpu_seconds": round(cpu, 3),
        "evaluations": fit.health.evaluations, "gradient": fit.health.gradient,
        "ours_loglik": fit.loglik, "load": round(load, 2),
    }  # fmt: skip
    if waited and shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            data.to_csv(path, index=False)
            command = ["Rscript", str(HERE / "glmer.R"), str(path), FORMULA]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
        peer = json.loads(run.stdout.splitlines()[-1])
        found |= {"glmer": peer, "ratio": round(seconds / peer["seconds"], 4)}
    packages = {one: version(one) for one in ("sessionwise", "numpy", "scipy", "pandas")}
    return {**found, "versions": packages, "machine": platform.machine(), "day": str(date.today())}


if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        result = measured(case)
        print(case, result["ours_seconds"], result.get("ratio"))
        write_text(
            HERE / "results" / "generalized" / f"{case}.json", json.dumps(result, indent=1) + "\n"
        )
