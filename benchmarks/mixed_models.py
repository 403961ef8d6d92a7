"""Models beside lme4, nlme and survival: the same rows, in turn, each in a fresh process.

Scores beside ``lmer``, 0/1 outcomes beside ``glmer``, scores whose residuals correlate from session
to session beside nlme's ``lme``, who leaves beside survival's ``coxph``.

Timed is the fit alone, from a loaded data frame to estimates, after a small untimed fit; numpy's
BLAS has one thread, as `make` and the kernels of reports give it (every core in ``crossed-1m``), R
the BLAS it was installed with (recorded). Once each, beside lmer: lmer without its derivative
checks, lmer with another BLAS (if ``SESSIONWISE_R_BLAS`` names a ``libblas.so.3``),
and statsmodels' MixedLM. Each run is kept in ``.bench/CASE.jsonl`` as it is made, so a bench that
was stopped goes on; runs of other code than the present one don't count. Linux only: memory is read
from ``/proc``.
"""

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from made_clinic import CACHE, for_python, for_r

import sessionwise as sw

HERE = Path(__file__).parent
FORMULA = (
    "ors ~ session + srs_within + srs_between + severity + (1 + session | client) + (1 | therapist)"
)
SMALL = 1_000
QUICK, MANY, FEW = 10, 7, 3
"""Seconds one fit of the peer's may take to be fitted MANY times; FEW times otherwise."""
BLAS = "SESSIONWISE_R_BLAS"
SLOW = 100_000
"""Rows beyond which statsmodels is not waited for."""
FOLD = 10
"""So many times as many bootstrap refits are timed of ours, and the time divided by it."""
GROWTH = {100_000: 3, 300_000: 3, 1_000_000: 3, 3_000_000: 3, 10_000_000: 1}
"""Rows, and how often each is fitted."""


class NotMeasured(Exception):
    """A side refused, failed or does not exist; nothing is written."""


@dataclass(frozen=True)
class Model:
    """A formula, by `sw.mixed` (or another verb) with these options, and by a function of R."""

    formula: str
    package: str
    function: str
    options: dict = field(default_factory=dict)

    @property
    def peer(self) -> str:
        return f"{self.package} {self.function}"


SCORE = Model(FORMULA, "lme4", "lmer")
CAME = Model(
    "came ~ session + distance + severity + (1 | client) + (1 | therapist)",
    "lme4", "glmer", {"family": "binomial"},
)  # fmt: skip
LEAVING = Model(
    "left ~ srs + severity", "survival", "coxph",
    {"verb": "cox", "start": "start", "stop": "stop", "cluster": "therapist"},
)  # fmt: skip
UNCLUSTERED = Model(
    "left ~ srs + severity", "survival", "coxph_unclustered",
    {"verb": "cox", "start": "start", "stop": "stop"},
)  # fmt: skip
SERIES = Model(FORMULA, "nlme", "lme", {"residual": "ar1"})


@dataclass(frozen=True)
class Case:
    rows: int
    design: str = "nested"
    draws: int = 0
    threads: int = 1
    model: Model = SCORE

    def ours(self) -> dict:
        files = [for_python(rows, self.design) for rows in (self.rows, SMALL)]
        draws = FOLD * self.draws
        last = [self.model.formula, str(draws), json.dumps(self.model.options)]
        command = [sys.executable, HERE / "one_fit.py", *files, *last]
        said = answer(command, threads=self.threads)
        return {**said, "seconds": said["seconds"] / (FOLD if draws else 1)}

    def peer(self, derivatives: bool = True, blas: str = "", function: str = "") -> dict:
        files = [for_r(rows, self.design) for rows in (self.rows, SMALL)]
        last = [function or self.model.function, str(self.draws), str(derivatives).upper()]
        return answer(["Rscript", HERE / "one_fit.R", *files, self.model.formula, *last], blas)

    def statsmodels(self) -> dict:
        files = [for_python(rows, self.design) for rows in (self.rows, SMALL)]
        return answer([sys.executable, HERE / "mixedlm.py", *files, self.model.formula])

    def others(self) -> dict:
        """What is run once beside the pairs."""
        if self.model is UNCLUSTERED:
            return {"climb_alone": lambda: self.peer(function="agreg")}
        if self.draws or self.model is not SCORE:
            return {}
        ways = {"without_derivatives": lambda: self.peer(derivatives=False)}
        if os.environ.get(BLAS):
            ways["other_blas"] = lambda: self.peer(blas=os.environ[BLAS])
        if self.design == "nested" and self.rows <= SLOW:
            ways["statsmodels"] = self.statsmodels
        return ways


PAIRED = {
    "nested-10k": Case(10_000),
    "nested-100k": Case(100_000),
    "nested-1m": Case(1_000_000),
    "crossed-100k": Case(100_000, "crossed"),
    "handovers-1m": Case(1_000_000, "handovers"),
    "bootstrap-10k": Case(10_000, draws=100),
    "came-nested-10k": Case(10_000, model=CAME),
    "came-crossed-10k": Case(10_000, "crossed", model=CAME),
    "came-nested-100k": Case(100_000, model=CAME),
    "came-crossed-100k": Case(100_000, "crossed", model=CAME),
    "ar1-10k": Case(10_000, "remembering", model=SERIES),
    "ar1-100k": Case(100_000, "remembering", model=SERIES),
    "cox-10k": Case(10_000, "leaving", model=LEAVING),
    "cox-100k": Case(100_000, "leaving", model=LEAVING),
    "cox-1m": Case(1_000_000, "leaving", model=LEAVING),
    "cox-unclustered-10k": Case(10_000, "leaving", model=UNCLUSTERED),
    "cox-unclustered-100k": Case(100_000, "leaving", model=UNCLUSTERED),
    "cox-unclustered-1m": Case(1_000_000, "leaving", model=UNCLUSTERED),
}
ALONE = {
    "crossed-1m": Case(1_000_000, "crossed", threads=os.cpu_count() or 1),
    "came-nested-1m": Case(1_000_000, model=CAME),
}
"""Scores of 4,000 therapists who may all meet: each evaluation factors and inverts a dense matrix
of 4,000 columns, about 6·10¹⁰ operations. lme4's factor is as dense, and R's own BLAS has one
thread."""


def answer(command: list, blas: str = "", threads: int = 1) -> dict:
    """Run one side and read the line of JSON it ends with."""
    given = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads)}
    if blas:
        given["LD_PRELOAD"] = blas
    run = subprocess.run(command, capture_output=True, text=True, env=given)
    if run.returncode:
        raise NotMeasured(f"{Path(command[1]).name} failed: {run.stderr.strip()[-600:]}")
    return json.loads(run.stdout.splitlines()[-1])


def paired(name: str) -> dict:
    """Time both in turn, and give medians and the paired ratios (ours over lme4's)."""
    case, theirs = PAIRED[name], PAIRED[name].model.package
    if case.draws and "bootstrap" not in sw.__all__:
        raise NotMeasured("sessionwise has no `sw.bootstrap`, so there is nothing to compare")
    if not shutil.which("Rscript"):
        raise NotMeasured(f"it needs R with {theirs}, and there is no `Rscript` on the path")
    kept = Kept(name)
    while (done := len(kept.runs)) < _wanted(kept.runs, theirs):
        print(f"{name}: pair {done + 1}", file=sys.stderr)
        kept.add({"load": round(os.getloadavg()[0], 2), "ours": case.ours(), theirs: case.peer()})
    for way, run in case.others().items():
        if way not in kept.once:
            print(f"{name}: {way}", file=sys.stderr)
            kept.add({way: run()})
    runs = kept.runs
    return {
        "peer": case.model.peer if not case.draws else "lme4 bootMer",
        "formula": case.model.formula,
        "options": case.model.options,
        "design": case.design,
        "rows": agreed(runs, theirs, "rows"),
        "draws": case.draws,
        "ours_seconds": median(runs, "ours", "seconds"),
        "peer_seconds": median(runs, theirs, "seconds"),
        "ratios": [round(run["ours"]["seconds"] / run[theirs]["seconds"], 4) for run in runs],
        "ours_mb": median(runs, "ours", "mb"),
        "peer_mb": median(runs, theirs, "mb"),
        "once": {
            way: {key: found[key] for key in ("seconds", "mb", "loglik", "messages", "versions")}
            for way, found in kept.once.items()
        },
        "loglik": {side: runs[0][side]["loglik"] for side in ("ours", theirs)},
        "messages": {side: runs[0][side]["messages"] for side in ("ours", theirs)},
        "load": max(run["load"] for run in runs),
        "runs": [{side: [run[side]["seconds"], run[side]["mb"]] for side in ("ours", theirs)}
                 for run in runs],
        "versions": {**versions(), **runs[0][theirs]["versions"]},
    }  # fmt: skip


def alone(name: str) -> dict:
    """Time ours FEW times, with no peer."""
    kept, case = Kept(name), ALONE[name]
    while len(kept.runs) < FEW:
        print(f"{name}: fit {len(kept.runs) + 1}", file=sys.stderr)
        kept.add({"load": round(os.getloadavg()[0], 2), "ours": case.ours()})
    runs = kept.runs
    cost = {f"ours_{what}": median(runs, "ours", what) for what in ("seconds", "mb")}
    return {"formula": case.model.formula, "options": case.model.options,
            "design": case.design, "rows": case.rows, "alone": len(runs),
            **cost, "load": max(run["load"] for run in runs), "versions": versions()}  # fmt: skip


def _wanted(runs: list[dict], theirs: str) -> int:
    if not runs:
        return 1
    return MANY if runs[0][theirs]["seconds"] < QUICK else FEW


def growth() -> dict:
    """Ours alone: how the cost goes with the rows."""
    kept = Kept("growth")
    for rows, times in GROWTH.items():
        while sum(run["ours"]["rows"] == rows for run in kept.runs) < times:
            print(f"growth: {rows:,} rows", file=sys.stderr)
            kept.add({"ours": Case(rows).ours()})
    found = []
    for rows in GROWTH:
        runs = [run for run in kept.runs if run["ours"]["rows"] == rows]
        cost = {f"ours_{what}": median(runs, "ours", what) for what in ("seconds", "mb")}
        found.append({"rows": rows, "times": len(runs), **cost})
    return {"formula": FORMULA, "design": "nested", "sizes": found, "versions": versions()}


class Kept:
    """What was measured so far with the present code, in ``.bench/CASE.jsonl``."""

    def __init__(self, name: str) -> None:
        CACHE.mkdir(exist_ok=True)
        self.path, self.code = CACHE / f"{name}.jsonl", code()

    def add(self, run: dict) -> None:
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"code": self.code, **run}) + "\n")

    @property
    def _lines(self) -> list[dict]:
        text = self.path.read_text("utf-8") if self.path.exists() else ""
        return [line for line in map(json.loads, text.splitlines()) if line["code"] == self.code]

    @property
    def runs(self) -> list[dict]:
        return [line for line in self._lines if "ours" in line]

    @property
    def once(self) -> dict[str, dict]:
        return {
            way: found
            for line in self._lines
            for way, found in line.items()
            if "ours" not in line and way != "code"
        }


def finished(name: str) -> None:
    """Forget the pairs of a case whose result is written: the next run measures anew."""
    (CACHE / f"{name}.jsonl").unlink(missing_ok=True)


def code() -> str:
    """Give a digest of everything a measurement depends on here."""
    beside = ("made_clinic.py", "one_fit.py", "one_fit.R", "mixedlm.py", "mixed_models.py")
    files = [*sorted(Path(sw.__file__).parent.rglob("*.py")), *(HERE / name for name in beside)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def median(runs: list[dict], side: str, what: str) -> float:
    return round(statistics.median(run[side][what] for run in runs), 4)


def agreed(runs: list[dict], theirs: str, what: str) -> int:
    found = {run[side][what] for run in runs for side in ("ours", theirs)}
    if len(found) > 1:
        raise NotMeasured(f"the two sides used different {what}: {sorted(found)}")
    return found.pop()


def versions() -> dict:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    packages = {name: version(name) for name in ("sessionwise", "numpy", "scipy", "pandas")}
    return {**packages, "numpy_BLAS": f"{blas['name']} {blas['version']}"}
