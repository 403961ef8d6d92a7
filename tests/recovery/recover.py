"""Does the truth come back? Many simulated clinics, the true value beside each estimate.

Run by ``make recovery``; ``tests/recovery/test_recovery.py`` runs a few clinics of it.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import sessionwise as sw

SEED = 20261122
RESULTS = Path(__file__).parent / "results" / "plain.csv"
QUESTIONS = {
    "alliance_and_next_outcome": sw.alliance_and_next_outcome,
    "alliance_and_leaving": sw.alliance_and_leaving,
}


def clinic(number: int) -> list[dict]:
    """Simulate one clinic and ask both questions; a refused fit leaves a row without a term."""
    truth = sw.Truth()
    s = sw.simulate(truth, seed=SEED + number)
    rows = []
    for name, question in QUESTIONS.items():
        fit = sw.answer(question, s, adjust=["severity"])
        if isinstance(fit, sw.Unanswered):
            rows.append({"clinic": number, "question": name, "term": None})
            continue
        for term, true in truth.estimands()[name].items():
            found = fit.term(term)
            rows.append(
                {
                    "clinic": number,
                    "question": name,
                    "term": term,
                    "true": true.value,
                    "estimate": found["estimate"],
                    "std_error": found["std_error"],
                    "covered": found["low"] <= true.value <= found["high"],
                }
            )
    return rows


def recover(clinics: int, workers: int = 2) -> pd.DataFrame:
    """Give one row per clinic and term."""
    with ProcessPoolExecutor(workers) as pool:
        found = pool.map(clinic, range(clinics), chunksize=5)
        return pd.DataFrame([row for rows in found for row in rows])


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, default=200)
    clinics = parser.parse_args().clinics
    found = recover(clinics)
    table = summary(found).round(5)
    table["seed"], table["refused"] = SEED, refused(found)
    RESULTS.parent.mkdir(exist_ok=True)
    table.to_csv(RESULTS, index=False, lineterminator="\n")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
