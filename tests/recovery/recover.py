"""Does the truth come back? Many simulated clinics, the true value beside each estimate.

``make recovery`` draws the plain regime, in which every assumption holds, and the honest ones, in
which one of them does not (``regimes.py``). It can be stopped: clinics that were drawn with the
same code lie in ``.recovery/`` and are not drawn again.
"""

import argparse
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from regimes import HONEST, PLAIN, Regime

import sessionwise as sw
from sessionwise.records.truth_toml import truth_in_toml

SEED = 20261122
FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
ROOT = FOLDER.parents[1]
DRAWN = ROOT / ".recovery"
GATED = ("alliance_and_next_outcome", "alliance_and_leaving")
QUESTIONS = {
    "alliance_and_next_outcome": sw.alliance_and_next_outcome,
    "alliance_and_leaving": sw.alliance_and_leaving,
    "outcome_over_time": sw.outcome_over_time,
    "alliance_and_next_outcome_given_previous": partial(
        sw.alliance_and_next_outcome, given="previous outcome"
    ),
    "outcome_and_alliance": sw.outcome_and_alliance,
    "outcome_and_alliance_given_previous": partial(
        sw.outcome_and_alliance, given="previous alliance"
    ),
}
FURTHER = {
    "alliance_at_three_levels": sw.alliance_at_three_levels,
    "alliance_and_next_outcome_detrended": partial(sw.alliance_and_next_outcome, trend="removed"),
    "alliance_and_attendance": sw.alliance_and_attendance,
}
"""Asked by name only: not among what ``make recovery`` draws and LIMITATIONS quotes."""


def clinic(truth: sw.Truth, number: int, questions=tuple(QUESTIONS)) -> list[dict]:
    """Simulate one clinic and ask; a refused fit leaves a row without a term."""
    s = sw.simulate(truth, seed=SEED + number)
    known = truth.estimands()
    rows = []
    for name in questions:
        fit = sw.answer({**QUESTIONS, **FURTHER}[name], s, adjust=["severity"])
        row = {"clinic": number, "question": name, "term": None}
        if isinstance(fit, sw.Unanswered):
            rows.append(row)
            continue
        for term, true in known[name].items():
            found = fit.term(term)
            rows.append(
                {
                    **row,
                    "term": term,
                    "true": true.value,
                    "estimate": found["estimate"],
                    "std_error": found["std_error"],
                    "covered": found["low"] <= true.value <= found["high"],
                }
            )
    return rows


def _task(given: tuple) -> list[dict]:
    return clinic(*given)


def recover(truth: sw.Truth, numbers, workers: int = 2, questions=tuple(QUESTIONS)) -> pd.DataFrame:
    """Give one row per clinic and term."""
    tasks = [(truth, number, questions) for number in numbers]
    if workers == 1:
        found = map(_task, tasks)
        return pd.DataFrame([row for rows in found for row in rows])
    with ProcessPoolExecutor(workers) as pool:
        found = pool.map(_task, tasks, chunksize=5)
        return pd.DataFrame([row for rows in found for row in rows])


def resumed(
    name: str, made_by: str, clinics: int, drawn: Callable[[range], pd.DataFrame]
) -> pd.DataFrame:
    """Draw in steps of 20 clinics, each kept when it is done, under what it was made by."""
    folder = DRAWN / f"{name}-{hashlib.sha256(made_by.encode()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    pieces = []
    for first in range(0, clinics, 20):
        last = min(first + 20, clinics)
        kept = folder / f"{first}-{last}.csv"
        if not kept.exists():
            drawn(range(first, last)).to_csv(kept.with_suffix(".part"), index=False)
            kept.with_suffix(".part").replace(kept)
            print(f"{name}: {last} of {clinics}", flush=True)
        pieces.append(pd.read_csv(kept))
    return pd.concat(pieces, ignore_index=True)


def code() -> str:
    """Give a digest of what draws and estimates, so that what older code drew is drawn again."""
    package = ROOT / "src" / "sessionwise"
    floors = ("records", "features", "engine", "models")
    files = sorted(file for floor in floors for file in (package / floor).rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Give bias, its Monte Carlo error, and coverage of the 95 % interval, term by term."""
    each = found.dropna(subset=["term"]).groupby(["question", "term"], sort=False)
    table = each.agg(
        true=("true", "first"),
        mean=("estimate", "mean"),
        sd=("estimate", "std"),
        mean_std_error=("std_error", "mean"),
        coverage=("covered", "mean"),
        clinics=("estimate", "size"),
    ).reset_index()
    table["bias"] = table["mean"] - table["true"]
    table["monte_carlo_error"] = table["sd"] / np.sqrt(table["clinics"])
    return table


def refused(found: pd.DataFrame) -> float:
    """Give the share of fits that were refused."""
    fits = found.drop_duplicates(["clinic", "question"])
    return float(fits["term"].isna().mean())


def table_of(name: str, regime: Regime, clinics: int, made_by: str) -> pd.DataFrame:
    """Give the summary of one regime."""
    made_by += truth_in_toml(regime.truth)
    found = resumed(name, made_by, clinics, partial(recover, regime.truth))
    table = summary(found).round(5)
    table.insert(0, "regime", name)
    refusals = found.drop_duplicates(["clinic", "question"]).set_index("question")["term"].isna()
    share = refusals.groupby(level=0).mean()
    return table.assign(seed=SEED, refused=table["question"].map(share))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, help="of each regime; as regimes.py says")
    parser.add_argument("--only", choices=["plain", *HONEST], help="one regime")
    given = parser.parse_args()
    made_by = code()
    RESULTS.mkdir(exist_ok=True)
    regimes = {"plain": PLAIN, **HONEST}
    names = [given.only] if given.only else list(regimes)
    tables = {
        name: table_of(name, regimes[name], given.clinics or regimes[name].clinics, made_by)
        for name in names
    }
    print(pd.concat(tables.values()).to_string(index=False))
    if given.only or given.clinics:
        return  # a look, not the whole: nothing is committed of it
    for file, table in {
        "plain.csv": tables["plain"],
        "honest.csv": pd.concat([tables[name] for name in HONEST]),
    }.items():
        table.to_csv(RESULTS / file, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
