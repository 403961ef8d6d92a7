"""Curves that a Cox fit expects: the baseline hazard, and staying of somebody described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.baseline_curve import FURTHEST, baseline_hazard, profile_hazard
from sessionwise.engine.efron_steps import tied_steps
from sessionwise.errors import InvalidInput, Problem, Refused
from sessionwise.models.design_matrix import is_numeric
from sessionwise.models.fit import Curve, Recipe, Rows
from sessionwise.models.risk_rows import RiskRows, columns_of

MOST_PROFILES = 12
"""Curves at once; more cannot be told apart."""

CENSORED_OTHERS = {
    "left_unplanned": "still without an unplanned ending",
    "left_planned": "still without a planned ending",
}
"""What is left when one kind of ending is counted and the others are censored."""

ASIDE = (
    "Other endings are taken as if they said nothing of this one: not the probability of staying, "
    "nor one minus that of such an ending."
)
AT_NOUGHT = (
    "A curve is of a therapist whose deviation is 0, and its limits leave out what is not known of "
    "the deviations."
)
HELD = "Covariates are held at their values throughout."
CHANGING = "Covariates change as described, whatever came of them before."
BEGINS, ENDS = "start", "stop"


@dataclass(frozen=True, eq=False)
class Described:
    """Somebody a curve is of: covariates x, shape (k, p), each while start < t ≤ stop."""

    x: np.ndarray
    start: np.ndarray
    stop: np.ndarray


LIMITS = "log–log limits, from the error of the log survival"


def baseline_table(rows: RiskRows, centred: bool) -> pd.DataFrame:
    """Tabulate the baseline; see `CoxFit.baseline_hazard`."""
    x = rows.centre if centred else np.zeros(len(rows.columns))
    held = Described(x[None], np.array([-np.inf]), np.array([np.inf]))
    pieces = [
        pd.DataFrame(
            {
                "stratum": pd.Series([name] * len(time), dtype="str"),
                "time": time,
                "at_risk": at_risk,
                "events": events,
                "hazard": hazard,
                "std_error": error,
            }
        )
        for name, time, at_risk, events, hazard, error in _profile(rows, held)
    ]
    return pd.concat(pieces, ignore_index=True)


def staying_curve(
    rows: RiskRows, profiles: Mapping[str, Described], recipe: Recipe, said: tuple[str, Rows, str]
) -> Curve:
    """Give the curves of somebody described; see `CoxFit.curves`.

    Parameters
    ----------
    rows
        Of the fit.
    profiles
        Name → who it is, as `described` gives them.
    recipe
        Of the fit.
    said
        The state the probability is of, the rows counted, and what time counts.
    """
    state, counted, unit = said
    if not profiles:
        raise Refused("There is nobody to draw a curve of: give at least one row.")
    if len(profiles) > MOST_PROFILES:
        raise Refused(f"{len(profiles)} curves were asked for, and at most {MOST_PROFILES} can be.")
    pieces = []
    for name, one in profiles.items():
        for stratum, time, at_risk, _, hazard, error in _profile(rows, one):
            group = ", ".join(part for part in (name, stratum) if part)
            pieces.append(_piece(group or "all", state, (time, at_risk), hazard, error))
    return Curve(
        question=f"Who is {state} at which time, by what the model knows of them?",
        estimates=pd.concat(pieces, ignore_index=True),
        rows=counted,
        recipe=replace(
            recipe,
            kind=f"Expected by a {recipe.kind}",
            estimation="cumulative hazard",
            reference=LIMITS,
            notes=(*_notes(rows, profiles, state), *recipe.notes),
        ),
        unit=unit,
    )


def _notes(rows: RiskRows, profiles: Mapping[str, Described], state: str) -> list[str]:
    """Say what a reader of the curves must know."""
    changing = any(len(one.x) > 1 for one in profiles.values())
    aside = [ASIDE] if state in CENSORED_OTHERS.values() else []
    return [CHANGING if changing else HELD, *aside, *([AT_NOUGHT] if rows.shift.any() else [])]


def outside(rows: RiskRows, profiles: pd.DataFrame) -> tuple[str, ...]:
    """Say in which columns a profile lies beyond all rows of the model."""
    if rows.made is None:
        return ()
    beyond = []
    for name in rows.made.encoding.formula.measured[1:]:
        seen = rows.used[name]
        if name not in profiles or not is_numeric(seen):
            continue
        low, high = float(seen.min()), float(seen.max())
        if not profiles[name].between(low, high).all():
            beyond.append(f"`{name}` ({_written(low)} to {_written(high)})")
    if not beyond:
        return ()
    return (
        f"Somebody lies beyond what the rows of the model hold of {', '.join(beyond)}: such a "
        "curve rests on the form of the model alone.",
    )


def described(rows: RiskRows, profiles: pd.DataFrame, path: str = "") -> dict[str, Described]:
    """Give each profile a name and the columns of the model; see `CoxFit.curves`.

    An index of text names them; otherwise the columns in which they differ do. Of a path, whose
    rows follow one another, the column that tells paths apart.
    """
    if not isinstance(profiles, pd.DataFrame):
        remedy = "Give a DataFrame with one row per curve: pd.DataFrame([{…}], index=[name])."
        found = f"the profiles are a {type(profiles).__name__}"
        raise InvalidInput([Problem(found, "", remedy)], "the curves")
    matrix = columns_of(rows, profiles)
    if path:
        return _paths(profiles, matrix, path)
    if profiles.index.map(lambda one: isinstance(one, str)).all():
        names = [str(name) for name in profiles.index]
    else:
        telling = [name for name in profiles if profiles[name].nunique() > 1]
        names = [
            ", ".join(f"{name} {_written(value)}" for name, value in line.items())
            for line in profiles[telling].to_dict("records")
        ]
    if len(set(names)) < len(names):
        raise Refused("Two of the profiles have one name or say the same. Take one out.")
    always = np.array([-np.inf]), np.array([np.inf])
    return {name: Described(x[None], *always) for name, x in zip(names, matrix)}


def _paths(profiles: pd.DataFrame, matrix: np.ndarray, path: str) -> dict[str, Described]:
    """Put the rows of each path together."""
    missing = [name for name in (path, BEGINS, ENDS) if name not in profiles]
    if missing:
        remedy = "A path has a column that names it, and when each row holds: `start`, `stop`."
        raise InvalidInput(
            [Problem(f"there is no column `{name}`", "", remedy) for name in missing], "the curves"
        )
    wordy = [name for name in (BEGINS, ENDS) if not is_numeric(profiles[name])]
    if wordy:
        remedy = "Give when each row holds as numbers, on the clock of the fit."
        raise InvalidInput(
            [Problem(f"`{name}` holds no numbers", "", remedy) for name in wordy], "the curves"
        )
    found = {}
    for name, places in profiles.reset_index(drop=True).groupby(path, sort=False).groups.items():
        own = profiles.iloc[places]
        order = np.argsort(own[ENDS].to_numpy(float), kind="stable")
        start, stop = (own[name].to_numpy(float)[order] for name in (BEGINS, ENDS))
        if (start[1:] != stop[:-1]).any() or (start >= stop).any():
            raise Refused(
                "Rows of one path must follow one another: each `start` the `stop` of the row "
                "before, and below its own `stop`."
            )
        found[str(name)] = Described(matrix[places][order], start, stop)
    return found


def _written(value: object) -> str:
    return f"{value:.10g}".replace("-", "−") if isinstance(value, int | float) else str(value)


def _profile(rows: RiskRows, one: Described) -> list[tuple]:
    """Give stratum, time, at risk, events, hazard and its error, stratum by stratum."""
    risk = np.exp(rows.linear)
    base = baseline_hazard(tied_steps(rows.times, rows.x - rows.centre, risk, rows.ties))
    row = np.searchsorted(one.stop, base.time)
    seen = row < len(one.stop)
    seen[seen] = one.start[row[seen]] < base.time[seen]
    base, x = base.only(seen), one.x[row[seen]]
    hazard, error = profile_hazard(base, x - rows.centre, rows.coefficients, rows.covariance)
    columns = (base.time, base.at_risk, base.events, hazard, error)
    found = []
    for code, name in enumerate(rows.strata_names):
        here = base.stratum == code
        found.append((name, *(column[here] for column in columns)))
    return found


def _piece(
    group: str,
    state: str,
    when: tuple[np.ndarray, np.ndarray],
    hazard: np.ndarray,
    error: np.ndarray,
) -> pd.DataFrame:
    """Lay one curve out, with limits symmetric for log(−log)."""
    half = float(stats.norm.ppf(0.975)) * error / hazard
    survival, log = np.exp(-hazard), np.log(hazard)
    low, high = (np.exp(-np.exp(np.clip(log + by, -FURTHEST, FURTHEST))) for by in (half, -half))
    return pd.DataFrame(
        {
            "group": pd.Series([group] * len(hazard), dtype="str"),
            "state": pd.Series([state] * len(hazard), dtype="str"),
            "time": when[0],
            "at_risk": when[1],
            "estimate": survival,
            "std_error": survival * error,
            "low": low,
            "high": high,
        }
    )
