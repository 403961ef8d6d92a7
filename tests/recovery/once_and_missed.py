"""Who leaves, once, and who misses appointments: what comes back of simulated clinics.

How much clients differ in an event that happens to each of them once, by Laplace's approximation
and by quadrature; and whether the effects and the spreads of ``sw.alliance_and_attendance`` come
back. ``make recovery`` writes ``results/once.csv``, ``results/missed.csv`` and the tables in
docs/generalized-mixed-models.md. It can be stopped.
"""

import hashlib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from draw import between_marks
from recover import RESULTS, ROOT, SEED, code, resumed, summary

import sessionwise as sw
from sessionwise.errors import SessionwiseError

ONCE, MISSED = RESULTS / "once.csv", RESULTS / "missed.csv"
PAGE = ROOT / "docs" / "generalized-mixed-models.md"
BEGIN_ONCE, BEGIN_MISSED = "<!-- once: by make recovery -->", "<!-- missed: by make recovery -->"
SPREADS, CLINICS_ONCE, CLINICS_MISSED = (0.0, 1.0), 20, 120
SIZE = {"therapists": 30, "clients": 400}
HAZARD = "left_unplanned ~ first_session + session + srs_to_date + srs_change + severity"
NODES = {"Laplace": 1, "quadrature": 25}
MISSING = {
    "nothing else on": {"missing": 0.0, "silent": 0.0},
    "who leaves misses one more (70 %), 5 % of forms missing": {"missing": 0.05, "silent": 0.7},
}


def leaving(spread: float) -> sw.Truth:
    """Give clinics in which clients differ in their hazard by so much, and therapists do not."""
    on = {"on": bool(spread), "client_sd": spread, "therapist_sd": 0.0}
    return sw.Truth(clinic=SIZE, missing={"alliance": 0.0}, frailty=on)


def appointments(missing: float, silent: float) -> sw.Truth:
    """Give clinics with appointments that may be missed."""
    return sw.Truth(
        clinic=SIZE,
        missing={"alliance": missing},
        attendance={"on": True, "silent": silent, "motivation": 0.0},
    )


def spreads(spread: float, number: int) -> list[dict]:
    """Estimate the standard deviation between clients in one clinic, both ways."""
    rows = sw.episodes(sw.running(sw.simulate(leaving(spread), SEED + number), "srs")).frame
    first = rows["session"].eq(1)
    rows = rows.assign(
        first_session=first.astype(int), srs_change=rows["srs_change"].mask(first, 0)
    )
    found = []
    for way, nodes in NODES.items():
        line = {"true": spread, "clinic": number, "way": way, "sd": np.nan}
        try:
            fit = sw.mixed(f"{HAZARD} + (1 | client)", rows, family="binomial", link="cloglog",
                           quadrature=nodes)  # fmt: skip
            line["sd"] = float(fit.variances["sd"].sum())
        except SessionwiseError:
            pass
        found.append(line)
    return found


def misses(kind: str, number: int) -> list[dict]:
    """Ask who misses appointments in one clinic; a refused fit leaves a row without a term."""
    truth = appointments(**MISSING[kind])
    row = {"clinic": number, "question": kind, "term": None}
    fit = sw.answer(sw.alliance_and_attendance, sw.simulate(truth, SEED + number))
    if isinstance(fit, sw.Unanswered):
        return [row]
    rows = []
    for term, true in truth.estimands()["alliance_and_attendance"].items():
        one = fit.term(term)
        held = float(one["low"] <= true.value <= one["high"])
        rows.append({**row, "term": term, "true": true.value, "estimate": one["estimate"],
                     "std_error": one["std_error"], "covered": held})  # fmt: skip
    sds = fit.variances.set_index("group")["sd"]
    for level in ("client", "therapist"):
        sd = float(sds.get(level, 0.0))
        true = getattr(truth.attendance, f"{level}_sd")
        rows.append({**row, "term": f"sd({level})", "true": true, "estimate": sd,
                     "zero": float(sd == 0)})  # fmt: skip
    return rows


def _each(ask: object, numbers: range) -> pd.DataFrame:
    with ProcessPoolExecutor(2) as pool:
        return pd.DataFrame([row for rows in pool.map(ask, numbers, chunksize=2) for row in rows])


def table_of_missed(found: pd.DataFrame) -> pd.DataFrame:
    """Give bias, coverage and zeros of each term."""
    table = summary(found)
    zero = found.groupby(["question", "term"])["zero"].mean()
    table["zero"] = [zero.get(key, np.nan) for key in zip(table["question"], table["term"])]
    refused = found.drop_duplicates(["clinic", "question"]).set_index("question")["term"].isna()
    share = refused.groupby(level=0).mean()
    return table.round(5).assign(seed=SEED, refused=table["question"].map(share).to_numpy())


def quoted_once(found: pd.DataFrame) -> str:
    """Give the medians of the spread, by truth and way."""
    lines = ["| truth | way | median (range) | zero | not fitted |", "|---|---|---|---|---|"]
    for (true, way), each in found.groupby(["true", "way"], sort=False):
        sd = each["sd"].dropna()
        lines.append(
            f"| {true:g} | {way} | {sd.median():.2f} ({sd.min():.2f} to {sd.max():.2f}) | "
            f"{(sd < 1e-3).sum()} of {len(sd)} | {each['sd'].isna().sum()} |"
        )
    return "\n".join(lines)


def quoted_missed(table: pd.DataFrame) -> str:
    """Give truth → mean ± Monte Carlo error, and the coverage of Wald's limits or the zeros."""
    terms = list(dict.fromkeys(table["term"]))
    lines = [f"| Clinics with | {' | '.join(terms)} |", "|---" * (len(terms) + 1) + "|"]
    for kind in MISSING:
        rows = table[table["question"] == kind].set_index("term")
        cells = []
        for _, row in rows.loc[terms].iterrows():
            said = f"{row['true']:.2f} → {row['mean']:.3f} ± {row['monte_carlo_error']:.3f}"
            spread = np.isnan(row["coverage"])
            said += (
                f"; zero in {100 * row['zero']:.0f} %"
                if spread
                else f"; {100 * row['coverage']:.0f} %"
            )
            cells.append(said.replace("-", "−"))
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def with_quotes(text: str, once: pd.DataFrame, missed: pd.DataFrame) -> str:
    """Put both tables between their marks."""
    text = between_marks(text, BEGIN_ONCE, quoted_once(once))
    return between_marks(text, BEGIN_MISSED, quoted_missed(missed))


def main() -> None:
    made_by = hashlib.sha256(code().encode() + Path(__file__).read_bytes()).hexdigest()
    once = [
        resumed(f"once-{spread:g}", made_by, CLINICS_ONCE, partial(_each, partial(spreads, spread)))
        for spread in SPREADS
    ]
    missed = [
        resumed(f"missed-{place}", made_by, CLINICS_MISSED, partial(_each, partial(misses, kind)))
        for place, kind in enumerate(MISSING)
    ]
    pd.concat(once).round(5).to_csv(ONCE, index=False, lineterminator="\n")
    table_of_missed(pd.concat(missed)).to_csv(MISSED, index=False, lineterminator="\n")
    text = with_quotes(PAGE.read_text("utf-8"), pd.read_csv(ONCE), pd.read_csv(MISSED))
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
