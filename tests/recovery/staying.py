"""Does the truth come back of who stays? Every estimator of leaving, in plain and honest clinics.

Where an equation of the simulation holds the number asked for, that is the truth. What no single
number of it is (a curve, a mean number of sessions, a model fitted from a landmark) is taken from
one clinic of the same kind with 40,000 clients: what is then seen is bias and coverage of a clinic
of ordinary size, not whether the question was a good one. ``make recovery`` writes
``results/staying.csv`` and the table in docs/leaving-recovery.md. It can be stopped.
"""

import argparse
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from draw import between_marks, cell
from recover import RESULTS, ROOT, SEED, code, resumed, summary
from regimes import HONEST, PLAIN, Regime

import sessionwise as sw
from sessionwise.errors import SessionwiseError
from sessionwise.records.truth_toml import truth_in_toml

FILE, PAGE = RESULTS / "staying.csv", ROOT / "docs" / "leaving-recovery.md"
BEGIN = "<!-- who stays: by make recovery -->"
REGIMES: dict[str, Regime] = {
    "plain": PLAIN,
    "appointments": Regime(
        "appointments that may be missed", sw.Truth().switched_on("attendance"), ""
    ),
    **HONEST,
}
PLAIN_CLINICS, CLINICS, LARGE, FIRST = 400, 100, 40_000, 2
AT = 12
"""The session curves and restricted means are read at."""


@dataclass(frozen=True)
class Estimator:
    """A question asked of a clinic, and where the truth of its terms is from.

    Attributes
    ----------
    words
        What it is called in the table.
    ask
        Gives ``term, estimate, std_error, low, high``, a row per term of ``terms``.
    terms
        The terms set beside a truth.
    known
        The named question whose known effects are the truth, or a dict of section and field by
        term; empty: the large clinic's estimates.
    only
        The regimes it is asked in; empty: all but ``appointments``.
    """

    words: str
    ask: Callable[[sw.Sessions], pd.DataFrame]
    terms: tuple[str, ...]
    known: str = ""
    only: tuple[str, ...] = ()

    def asked_in(self, regime: str) -> bool:
        return regime in self.only if self.only else regime != "appointments"


def _leaving_rows(s: sw.Sessions) -> sw.Episodes:
    """Give the decisions with the change of session 1 at 0, as the simulation has it."""
    at_risk = sw.episodes(sw.running(s, "srs"))
    first = at_risk.frame["session"].eq(1) & at_risk.frame["srs"].notna()
    frame = at_risk.frame.assign(
        srs_change=at_risk.frame["srs_change"].mask(first, 0.0),
        first_session=at_risk.frame["session"].eq(1).astype(int),
    )
    step = sw.Column("first_session", "flag", "before", made_from=("session",))
    return sw.Episodes(frame, {**at_risk.columns, "first_session": step}, at_risk.left_out)


def _cox(s: sw.Sessions, formula: str, cluster: str = "therapist") -> pd.DataFrame:
    return sw.cox(formula, _leaving_rows(s), cluster=cluster).estimates


def _curve(s: sw.Sessions, curve: Callable[[sw.Sessions], sw.Curve]) -> pd.DataFrame:
    """Give the states of a curve at one session."""
    rows = curve(s).estimates
    return rows[rows["time"] == AT].rename(columns={"state": "term"})


def _sessions(s: sw.Sessions) -> pd.DataFrame:
    """Give the sessions of those with a low early alliance, and what a high one adds."""
    found = sw.groups_compared(s, until=AT)
    low = found.means.iloc[:1].assign(term="low: sessions attended")
    measures = found.differences["measure"]
    lost = measures.str.contains("lost")
    more = found.differences.assign(term=np.where(lost, "difference lost", "difference attended"))
    return pd.concat([low, more])


LEFT = "left_unplanned ~ srs_to_date + srs_change + severity"
LEAVING = ("srs_to_date", "srs_change", "severity")
ESTIMATORS = {
    "hazard": Estimator(
        "hazard of leaving, random therapist",
        lambda s: sw.alliance_and_leaving(s, adjust=["severity"]).estimates,
        LEAVING,
        "alliance_and_leaving",
    ),
    "hazard_cr2": Estimator(
        "hazard of leaving, CR2",
        lambda s: (
            sw.hazard(
                f"{LEFT} + session + first_session",
                _leaving_rows(s),
            ).estimates
        ),
        LEAVING,
        "alliance_and_leaving",
    ),
    "cox": Estimator(
        "Cox model of leaving, robust by therapist",
        lambda s: _cox(s, LEFT),
        LEAVING,
        "alliance_and_leaving",
    ),
    "cox_frailty": Estimator(
        "Cox model of leaving, therapists' frailty",
        lambda s: sw.cox(f"{LEFT} + (1 | therapist)", _leaving_rows(s)).estimates,
        LEAVING,
        "alliance_and_leaving",
    ),
    "planned": Estimator(
        "hazard of a planned ending",
        lambda s: sw.hazard("left_planned ~ session + severity", s).estimates,
        ("session", "severity"),
        "planned",
    ),
    "landmark": Estimator(
        "hazard of leaving from session 3",
        lambda s: sw.alliance_and_leaving_from_landmark(s, adjust=["severity"]).estimates,
        ("srs_early", "srs_change", "severity"),
    ),
    "incidence": Estimator(
        f"incidence by session {AT}",
        partial(_curve, curve=sw.incidence),
        ("unplanned ending", "planned ending"),
    ),
    "staying": Estimator(
        f"still in therapy after session {AT}",
        partial(_curve, curve=sw.still_in_therapy),
        ("still in therapy",),
    ),
    "sessions": Estimator(
        f"sessions attended, and lost, by session {AT}",
        lambda s: _sessions(s),
        ("low: sessions attended", "difference attended", "difference lost"),
    ),
    "fine_gray": Estimator(
        "Fine–Gray from session 3, unplanned",
        lambda s: sw.early_alliance_and_ending(s, adjust=["severity"]).estimates,
        ("srs_early", "severity"),
    ),
    "andersen_gill": Estimator(
        "appointments missed, Andersen–Gill",
        lambda s: sw.alliance_and_missing_again(s).estimates,
        ("srs_so_far", "srs_last_change"),
        only=("appointments",),
    ),
    "gap_time": Estimator(
        "appointments missed, gap time",
        lambda s: sw.alliance_and_missing_again(s, clock="gap").estimates,
        ("srs_so_far", "srs_last_change"),
        only=("appointments",),
    ),
}


def asked(name: str, s: sw.Sessions) -> pd.DataFrame | None:
    """Give the terms of one estimator by name, or nothing where the question is refused."""
    try:
        found = ESTIMATORS[name].ask(s)
    except SessionwiseError:
        return None
    return found.set_index("term").loc[list(ESTIMATORS[name].terms)]


@cache
def truths(regime: str) -> dict[str, dict[str, float]]:
    """Give what every estimator asked in a regime should find."""
    truth = REGIMES[regime].truth
    known = {
        name: {t: e.value for t, e in each.items()} for name, each in truth.estimands().items()
    }
    known["planned"] = truth.planned.model_dump()
    times = LARGE // truth.clinic.clients
    size = {"clients": LARGE, "therapists": truth.clinic.therapists * times}
    large = truth.model_copy(update={"clinic": truth.clinic.model_copy(update=size)})
    s, found = sw.simulate(large, seed=SEED), {}
    for name, one in ESTIMATORS.items():
        if not one.asked_in(regime):
            continue
        if one.known:
            found[name] = {term: known[one.known][term] for term in one.terms}
        else:
            found[name] = asked(name, s)["estimate"].round(4).to_dict()
    return found


def clinic(regime: str, known: dict[str, dict[str, float]], number: int) -> list[dict]:
    """Simulate one clinic and ask; a refused fit leaves a row without a term."""
    s = sw.simulate(REGIMES[regime].truth, seed=SEED + number)
    rows = []
    for name, true in known.items():
        line = {"clinic": number, "question": name, "term": None}
        found = asked(name, s)
        if found is None:
            rows.append(line)
            continue
        for term, value in true.items():
            one = found.loc[term]
            rows.append({**line, "term": term, "true": value, "estimate": one["estimate"],
                         "std_error": one["std_error"],
                         "covered": float(one["low"] <= value <= one["high"])})  # fmt: skip
    return rows


def recovered(
    regime: str, numbers: range, workers: int = 2, known: dict | None = None
) -> pd.DataFrame:
    """Give one row per clinic and term; what is known is worked out unless it is given."""
    ask = partial(clinic, regime, known or truths(regime))
    if workers == 1:
        return pd.DataFrame([row for number in numbers for row in ask(number)])
    with ProcessPoolExecutor(workers) as pool:
        found = pool.map(ask, numbers, chunksize=5)
        return pd.DataFrame([row for rows in found for row in rows])


def table_of(found: pd.DataFrame, regime: str) -> pd.DataFrame:
    """Give the summary of one regime, and the mean of its first clinics."""
    table = summary(found)
    first = found[found["clinic"] < FIRST].groupby(["question", "term"])["estimate"].mean()
    table["first"] = [first.get(key, np.nan) for key in zip(table["question"], table["term"])]
    refused = found.drop_duplicates(["clinic", "question"]).set_index("question")["term"].isna()
    table["refused"] = table["question"].map(refused.groupby(level=0).mean())
    table.insert(0, "regime", regime)
    return table.round(5).assign(seed=SEED)


def quoted(table: pd.DataFrame) -> str:
    """Give bias in per cent of the truth and coverage, by estimator, term and regime."""
    names = [name for name in REGIMES if name != "appointments"]
    heads = " | ".join(REGIMES[name].words for name in names)
    lines = [f"| Estimator | Term | {heads} |", "|---" * (len(names) + 2) + "|"]
    for name, one in ESTIMATORS.items():
        shown = one.only or names
        for term in one.terms:
            rows = table[(table["question"] == name) & (table["term"] == term)].set_index("regime")
            cells = [cell(rows.loc[regime]) for regime in shown if regime in rows.index]
            cells += [""] * (len(names) - len(cells))
            lines.append(f"| {one.words} | {term.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def with_quote(text: str, table: pd.DataFrame) -> str:
    """Put the quoted table between its marks."""
    return between_marks(text, BEGIN, quoted(table))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, help="of each regime, for a look: nothing is kept")
    given = parser.parse_args()
    made_by = hashlib.sha256(code().encode() + Path(__file__).read_bytes()).hexdigest()
    tables = []
    for name, regime in REGIMES.items():
        clinics = given.clinics or (PLAIN_CLINICS if name == "plain" else CLINICS)
        by = made_by + truth_in_toml(regime.truth)
        tables.append(
            table_of(resumed(f"staying-{name}", by, clinics, partial(recovered, name)), name)
        )
    table = pd.concat(tables, ignore_index=True)
    print(table.to_string(index=False))
    if not given.clinics:
        table.to_csv(FILE, index=False, lineterminator="\n")
        PAGE.write_text(with_quote(PAGE.read_text("utf-8"), table), "utf-8")


if __name__ == "__main__":
    main()
