"""Does the truth come back where appointments are missed, and where clients leave once?

``make recovery`` draws clinics in which the alliance moves attendance, and clinics in which clients
differ in a hazard that ends their rows; it writes ``results/attendance.csv``,
``results/leaving_once.csv`` and two tables in docs/generalized-mixed-models.md. It can be stopped.
"""

import argparse
import hashlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from draw import between_marks
from recover import RESULTS, ROOT, SEED, code, resumed, summary

import sessionwise as sw
from sessionwise.errors import SessionwiseError

FILE, ONCE_FILE = RESULTS / "attendance.csv", RESULTS / "leaving_once.csv"
PAGE = ROOT / "docs" / "generalized-mixed-models.md"
BEGIN = "<!-- attendance: by make recovery -->"
ONCE_BEGIN = "<!-- leaving once: by make recovery -->"
FIRST = 2
"""Clinics whose mean is kept, so that a test can draw them again."""
QUESTION = "alliance_and_attendance"
WORDS = {
    "sessions_so_far": "sessions so far",
    "srs_so_far": "mean of the alliance so far",
    "srs_last_change": "its last change",
    "sd(client)": "SD of clients",
    "sd(therapist)": "SD of therapists",
}
ONE_FACTOR, NODES = 30, 15
"""Clinics in which clients alone are let differ, by Laplace's approximation and by quadrature."""


@dataclass(frozen=True)
class Setting:
    """What is on in a clinic, in words, and how many are drawn."""

    words: str
    clinics: int
    silent: float = 0.0
    missing: float = 0.0

    @property
    def truth(self) -> sw.Truth:
        return sw.Truth(
            clinic={"therapists": 30, "clients": 400},
            missing={"alliance": self.missing},
            attendance={"on": True, "silent": self.silent, "motivation": 0.0},
        )


SETTINGS = {
    "plain": Setting("nothing else on", 120),
    "silent": Setting(
        "70 % of those who leave miss one more, 5 % of forms missing", 100, 0.7, 0.05
    ),
}
SPREADS, CLINICS = (0.0, 1.0), 20
"""Standard deviations of clients in the hazard of leaving, and clinics of each."""
TERMS = {
    "truth": "first_session + session + srs_to_date + srs_change + severity",
    "less": "session + srs_to_date + severity",
}
METHODS = {"Laplace": 1, "quadrature": 25}


def attended(setting: str, number: int) -> list[dict]:
    """Ask one clinic how the alliance goes with attendance; refused leaves a row without a term."""
    row = {"clinic": number, "question": QUESTION, "term": None}
    truth = SETTINGS[setting].truth
    s = sw.simulate(truth, seed=SEED + number)
    try:
        fit = sw.alliance_and_attendance(s)
    except SessionwiseError:
        return [row]
    rows = []
    for term, true in truth.estimands()[QUESTION].items():
        found = fit.term(term)
        held = float(found["low"] <= true.value <= found["high"])
        one = {**row, "term": term, "true": true.value, "estimate": found["estimate"]}
        rows.append({**one, "std_error": found["std_error"], "covered": held})
    sds = fit.variances.set_index("group")["sd"]
    for factor in ("client", "therapist"):
        sd = float(sds.get(factor, 0.0))
        true = getattr(truth.attendance, f"{factor}_sd")
        rows.append({**row, "term": f"sd({factor})", "true": true, "estimate": sd})
        rows[-1] |= {"zero": float(sd == 0)}
    if setting == "plain" and number < ONE_FACTOR:
        alone = fit.recipe.formula.replace(" + (1 | therapist)", "")
        for nodes in (1, NODES):
            found = sw.mixed(alone, fit.solution.used, family="binomial", quadrature=nodes)
            one = {**row, "term": f"sd(client), {nodes} nodes", "true": truth.attendance.client_sd}
            rows.append({**one, "estimate": float(found.variances["sd"].sum())})
    return rows


def left_once(spread: float, number: int) -> list[dict]:
    """Fit the spread of clients in a hazard that ends their rows; refused is missing."""
    truth = sw.Truth(
        clinic={"clients": 400, "therapists": 30},
        frailty={"on": True, "therapist_sd": 0.0, "client_sd": spread},
    )
    at_risk = sw.episodes(sw.running(sw.simulate(truth, seed=SEED + number), "srs"))
    frame = at_risk.frame.assign(first_session=at_risk.frame["session"].eq(1).astype(int))
    change = frame["srs_change"].where(frame["session"] > 1, 0.0)
    frame = frame.assign(srs_change=change)
    rows = []
    for terms, text in TERMS.items():
        for method, nodes in METHODS.items():
            formula = f"left_unplanned ~ {text} + (1 | client)"
            try:
                fit = sw.mixed(formula, frame, family="binomial", link="cloglog", quadrature=nodes)
                sd = float(fit.variances["sd"].sum())
            except SessionwiseError:
                sd = np.nan
            rows.append({"clinic": number, "terms": terms, "method": method, "sd": sd})
    return rows


def in_parallel(one: Callable, workers: int, numbers: range) -> pd.DataFrame:
    """Give the rows of several clinics."""
    with ProcessPoolExecutor(workers) as pool:
        return pd.DataFrame([row for rows in pool.map(one, numbers) for row in rows])


def attendance_table(found: pd.DataFrame, setting: str) -> pd.DataFrame:
    """Give the summary of one setting; spreads of zero count with the others."""
    table = summary(found)
    each = found.dropna(subset=["term"]).groupby("term")
    table["zero"] = table["term"].map(each["zero"].sum(min_count=1))
    first = found[found["clinic"] < FIRST].groupby("term")["estimate"].mean()
    table["first"] = table["term"].map(first)
    table.insert(0, "setting", setting)
    refused = int(found.drop_duplicates("clinic")["term"].isna().sum())
    return table.round(5).assign(seed=SEED, refused=refused)


def once_table(found: pd.DataFrame, spread: float) -> pd.DataFrame:
    """Give median, range, zeros and refusals of the estimated spread."""
    each = found.groupby(["terms", "method"], sort=False)["sd"]
    table = each.agg(median="median", least="min", most="max").reset_index()
    table["zero"] = each.agg(lambda sd: int((sd == 0).sum())).to_numpy(int)
    table["refused"] = each.agg(lambda sd: int(sd.isna().sum())).to_numpy(int)
    first = found[found["clinic"] < FIRST].groupby(["terms", "method"], sort=False)["sd"]
    table["first"] = first.mean().to_numpy()
    table.insert(0, "true", spread)
    return table.round(5).assign(seed=SEED, clinics=found["clinic"].nunique())


def quoted(table: pd.DataFrame) -> str:
    """Give what the page quotes of attendance."""
    heads = [f"{one.words} ({one.clinics} clinics)" for one in SETTINGS.values()]
    lines = [f"| What | truth | {' | '.join(heads)} |", "|" + "---|" * (len(heads) + 2)]
    by = table.set_index(["setting", "term"])
    for term, words in WORDS.items():
        cells = [_cell(by.loc[(setting, term)]) for setting in SETTINGS]
        true = f"{by.loc[('plain', term), 'true']:.2f}"
        lines.append(f"| {words} | {true} | {' | '.join(cells)} |")
    alone = [f"{by.loc[('plain', f'sd(client), {n} nodes'), 'mean']:.3f}" for n in (1, NODES)]
    said = (
        f"Clients alone let differ, in {ONE_FACTOR} of the first: {alone[0]} in the mean by "
        f"Laplace's approximation, {alone[1]} by quadrature."
    )
    return "\n".join([*lines, "", said]).replace("-0", "−0")


def _cell(row: pd.Series) -> str:
    said = f"{row['mean']:.3f} ± {row['monte_carlo_error']:.3f}"
    if np.isnan(row["coverage"]):
        return f"{said}; zero in {row['zero']:.0f}"
    return f"{said}; {100 * row['coverage']:.0f} %"


def once_quoted(table: pd.DataFrame) -> str:
    """Give what the page quotes of leaving once."""
    lines = [
        "| truth | terms of the model | by | SD: median (range) | zero | refused |",
        "|" + "---|" * 6,
    ]
    words = {"truth": "those of the truth", "less": "no step at session 1, no change"}
    for row in table.itertuples():
        found = f"{row.median:.2f} ({row.least:.2f} to {row.most:.2f})"
        lines.append(
            f"| {row.true:.0f} | {words[row.terms]} | {row.method} | {found} | "
            f"{row.zero} of {row.clinics} | {row.refused} |"
        )
    return "\n".join(lines)


def with_quotes(text: str, table: pd.DataFrame, once: pd.DataFrame) -> str:
    """Put both tables between their marks."""
    text = between_marks(text, BEGIN, quoted(table))
    return between_marks(text, ONCE_BEGIN, once_quoted(once))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, help="of each kind, for a look: nothing is written")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    made_by = hashlib.sha256(code().encode() + Path(__file__).read_bytes()).hexdigest()
    attendance, once = [], []
    for name, setting in SETTINGS.items():
        draw = partial(in_parallel, partial(attended, name), given.workers)
        clinics = given.clinics or setting.clinics
        found = resumed(f"attendance-{name}", made_by, clinics, draw)
        attendance.append(attendance_table(found, name))
    for spread in SPREADS:
        draw = partial(in_parallel, partial(left_once, spread), given.workers)
        found = resumed(f"leaving-once-{spread:g}", made_by, given.clinics or CLINICS, draw)
        once.append(once_table(found, spread))
    table, once = pd.concat(attendance, ignore_index=True), pd.concat(once, ignore_index=True)
    print(table.to_string(index=False), once.to_string(index=False), sep="\n")
    if not given.clinics:
        table.to_csv(FILE, index=False, lineterminator="\n")
        once.to_csv(ONCE_FILE, index=False, lineterminator="\n")
        PAGE.write_text(with_quotes(PAGE.read_text("utf-8"), table, once), "utf-8")


if __name__ == "__main__":
    main()
