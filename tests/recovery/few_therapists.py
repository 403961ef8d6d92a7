"""Does the truth come back with 10, 30 or 100 therapists, where the outcome is 0/1?

Two outcomes by Laplace's approximation: who does not come (logit, clients in therapists), and who
leaves, once (cloglog, therapists). ``make recovery`` draws 300 clinics of each size, writes
``results/few_therapists.csv`` and the table in docs/generalized-mixed-models.md. It can be stopped.
"""

import argparse
import hashlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from draw import between_marks, share
from recover import RESULTS, ROOT, SEED, code, resumed, summary
from scipy import stats

import sessionwise as sw
from sessionwise.errors import SessionwiseError

SIZES, CLINICS, FIRST = (10, 30, 100), 300, 3
CLIENTS, SESSIONS = 12, 8
"""Clients of a therapist, and sessions a client may have."""
FILE = RESULTS / "few_therapists.csv"
PAGE = ROOT / "docs" / "generalized-mixed-models.md"
BEGIN = "<!-- few therapists: by make recovery -->"
SOUND = 0.95 - 2 * np.sqrt(0.95 * 0.05 / CLINICS)
"""Less coverage than two Monte Carlo errors below what is promised is said to fail."""
WORDS = {
    "Intercept": "level",
    "experience": "an effect between therapists",
    "severity": "… between clients",
    "alliance": "… within clients",
    "sd(client)": "SD of clients",
    "sd(therapist)": "SD of therapists",
}


@dataclass(frozen=True)
class Outcome:
    """What is drawn and fitted: true values by term, standard deviations by factor."""

    words: str
    link: str
    effects: dict[str, float]
    sds: dict[str, float]
    once: bool

    @property
    def formula(self) -> str:
        fixed = [term for term in self.effects if term != "Intercept"]
        return "happens ~ " + " + ".join([*fixed, *(f"(1 | {factor})" for factor in self.sds)])


EFFECTS = {"experience": -0.3, "severity": 0.3, "alliance": -0.3}
OUTCOMES = {
    "no_show": Outcome(
        "no-shows (logit)",
        "logit",
        {"Intercept": -1.0, **EFFECTS},
        {"client": 1.0, "therapist": 0.5},
        once=False,
    ),
    "leaving": Outcome(
        "leaving (cloglog)",
        "cloglog",
        {"Intercept": -2.5, **EFFECTS},
        {"therapist": 0.5},
        once=True,
    ),
}


def drawn(outcome: Outcome, therapists: int, number: int) -> pd.DataFrame:
    """Draw one clinic, one row per session; what happens once ends the rows of a client."""
    rng = np.random.default_rng([SEED, therapists, number, outcome.once])
    clients = therapists * CLIENTS
    client = np.repeat(np.arange(clients), SESSIONS)
    therapist = client // CLIENTS
    frame = pd.DataFrame(
        {
            "experience": rng.normal(size=therapists)[therapist],
            "severity": rng.normal(size=clients)[client],
            "alliance": rng.normal(size=client.size),
            "client": client,
            "therapist": therapist,
        }
    )
    eta = sum((effect * frame.get(term, 1) for term, effect in outcome.effects.items()), 0.0)
    for factor, sd in outcome.sds.items():
        eta = eta + rng.normal(0, sd, frame[factor].max() + 1)[frame[factor]]
    chance = -np.expm1(-np.exp(eta)) if outcome.link == "cloglog" else 1 / (1 + np.exp(-eta))
    frame["happens"] = (rng.random(client.size) < chance).astype(int)
    if outcome.once:
        before = frame.groupby("client")["happens"].cumsum() - frame["happens"]
        frame = frame[before == 0].reset_index(drop=True)
    return frame


def fitted(name: str, therapists: int, number: int) -> list[dict]:
    """Set the estimates of one clinic beside the truth; a refused fit leaves a row without a term.

    A standard deviation has no Wald limits, and is 0 where its term was left out. What is the same
    for all clients of a therapist is also held against limits by t, on therapists less two.
    """
    outcome = OUTCOMES[name]
    row = {"clinic": number, "question": name, "term": None}
    try:
        data = drawn(outcome, therapists, number)
        fit = sw.mixed(outcome.formula, data, family="binomial", link=outcome.link)
    except SessionwiseError:
        return [row]
    if not fit.health.sound:
        return [row]
    rows = []
    for term, true in outcome.effects.items():
        found = fit.term(term)
        one = {**row, "term": term, "true": true}
        one |= {"estimate": found["estimate"], "std_error": found["std_error"]}
        one["covered"] = float(found["low"] <= true <= found["high"])
        if term in ("Intercept", "experience"):
            reach = stats.t.ppf(0.975, therapists - 2) * found["std_error"]
            one["covered_by_t"] = float(abs(found["estimate"] - true) <= reach)
        rows.append(one)
    sds = fit.variances.set_index("group")["sd"]
    for factor, true in outcome.sds.items():
        sd = float(sds.get(factor, 0.0))
        one = {**row, "term": f"sd({factor})", "true": true, "estimate": sd, "std_error": np.nan}
        rows.append({**one, "covered": np.nan, "zero": float(sd == 0)})
    return rows


def _task(given: tuple) -> list[dict]:
    return fitted(*given)


def recovered(name: str, therapists: int, numbers, workers: int = 1) -> pd.DataFrame:
    """Give one row per clinic and term."""
    tasks = [(name, therapists, number) for number in numbers]
    if workers == 1:
        return pd.DataFrame([row for rows in map(_task, tasks) for row in rows])
    with ProcessPoolExecutor(workers) as pool:
        return pd.DataFrame([row for rows in pool.map(_task, tasks, chunksize=5) for row in rows])


def table_of(found: pd.DataFrame, therapists: int) -> pd.DataFrame:
    """Give the summary of one outcome and size, and the mean of the first few."""
    table = summary(found)
    each = found.dropna(subset=["term"]).groupby("term")
    table["coverage_error"] = np.sqrt(
        table["coverage"] * (1 - table["coverage"]) / table["clinics"]
    )
    for column, source in {"coverage_by_t": "covered_by_t", "zero": "zero"}.items():
        table[column] = table["term"].map(each[source].mean())
    first = found[found["clinic"] < FIRST].groupby("term")["estimate"].mean()
    table["first"] = table["term"].map(first)
    table.insert(0, "therapists", therapists)
    refused = found.drop_duplicates("clinic")["term"].isna().mean()
    return table.round(5).assign(seed=SEED, refused=round(float(refused), 5))


def quoted(table: pd.DataFrame) -> str:
    """Give what the page quotes: truth → mean ± its Monte Carlo error, coverage (by t) or zeros."""
    heads = [f"{size} therapists" for size in SIZES]
    lines = [f"| Outcome | What | {' | '.join(heads)} |", "|" + "---|" * (len(heads) + 2)]
    for name, outcome in OUTCOMES.items():
        for term in [*outcome.effects, *(f"sd({factor})" for factor in outcome.sds)]:
            rows = table[(table["question"] == name) & (table["term"] == term)]
            by = rows.set_index("therapists")
            cells = " | ".join(_cell(by.loc[size]) for size in SIZES)
            lines.append(f"| {outcome.words} | {WORDS[term]} | {cells} |")
    return "\n".join(lines)


def _cell(row: pd.Series) -> str:
    said = f"{row['true']:.2f} → {row['mean']:.3f} ± {row['monte_carlo_error']:.3f}"
    if np.isnan(row["coverage"]):
        return f"{said}; zero in {100 * row['zero']:.0f} %"
    said += f"; {share(row['coverage'], SOUND, 1)}"
    if not np.isnan(row["coverage_by_t"]):
        said += f" (by t {share(row['coverage_by_t'], SOUND, 1)})"
    return said.replace("-", "−")


def with_quote(text: str, table: pd.DataFrame) -> str:
    """Put the quoted table between its marks."""
    return between_marks(text, BEGIN, quoted(table))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, help="of each size, for a look: nothing is written")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    made_by = hashlib.sha256(code().encode() + Path(__file__).read_bytes()).hexdigest()
    tables = []
    for name in OUTCOMES:
        for size in SIZES:

            def draw(numbers: range, name: str = name, size: int = size) -> pd.DataFrame:
                return recovered(name, size, numbers, given.workers)

            clinics = given.clinics or CLINICS
            found = resumed(f"{name}-{size}-therapists", made_by, clinics, draw)
            tables.append(table_of(found, size))
    table = pd.concat(tables, ignore_index=True)
    print(table.to_string(index=False))
    if not given.clinics:
        table.to_csv(FILE, index=False, lineterminator="\n")
        PAGE.write_text(with_quote(PAGE.read_text("utf-8"), table), "utf-8")


if __name__ == "__main__":
    main()
