"""Whether hazard ratios hold throughout therapy: the test, and each effect as time goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.natural_smooth import smooth
from sessionwise.engine.proportional_hazards import (
    ProportionalTest,
    Transform,
    proportional_test,
)
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.fit import Rows
from sessionwise.models.risk_rows import RiskRows

EVERYTHING = "all terms"
MOST_POINTS = 80
"""Times at which a smooth line is worked out."""


@dataclass(frozen=True, eq=False)
class EffectsOverTime:
    """How the effects of a Cox model run over time.

    Attributes
    ----------
    question
        What was asked.
    tests
        ``term, statistic, df, p``, one row per term and the last for all of them.
    lines
        ``term, time, estimate, low, high``: a smooth line through the points with 95 % limits.
    early_late
        ``term, early, late, estimate_early, estimate_late``: that line at the quartiles of the
        times of events.
    points
        ``term, time, estimate``: one per event, the scaled Schoenfeld residual and the coefficient.
        Of whom is not in it.
    fitted
        Term → the coefficient that was fitted (1 for a term of several columns, whose joint effect
        is relative to the fit).
    relative
        Terms of several columns.
    transform
        The scale of time that was tested on.
    unit
        What time counts.
    rows, labels
        As in `Fit`.
    """

    question: str
    tests: pd.DataFrame
    lines: pd.DataFrame
    early_late: pd.DataFrame
    points: pd.DataFrame = field(repr=False)
    fitted: Mapping[str, float]
    relative: tuple[str, ...]
    transform: Transform
    unit: str
    rows: Rows
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"{self.question}\n{self.tests.to_string(index=False)}"


def held_against_time(rows: RiskRows, transform: Transform) -> ProportionalTest:
    """Run the test of a fit's rows.

    Raises
    ------
    InvalidInput
        A transform that is none.
    Refused
        No column to test; events at one time only; the logarithm of an end at 0 or before.
    """
    if transform not in get_args(Transform):
        found = nearest(transform, get_args(Transform))
        raise InvalidInput([Problem(f"'{transform}' is no scale of time", "", found)], "the test")
    if not rows.columns:
        raise Refused("The model has no column whose hazard ratio could change with time.")
    if rows.times.time.size < 2:
        raise Refused("All events happen at one time, so nothing says how a ratio goes with time.")
    if transform == "log" and (rows.stop <= 0).any():
        raise Refused(
            f"{int((rows.stop <= 0).sum())} rows end at 0 or before, which has no logarithm. Take "
            "another scale of time: km, identity, rank."
        )
    return proportional_test(
        rows.steps,
        rows.coefficients,
        list(rows.terms.values()),
        (rows.start, rows.stop, rows.event),
        transform,
    )


def holding_table(rows: RiskRows, transform: Transform) -> pd.DataFrame:
    """Tabulate the test; see `CoxFit.proportional`."""
    return _tests(rows, held_against_time(rows, transform))


def _tests(rows: RiskRows, found: ProportionalTest) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "term": pd.Series([*rows.terms, EVERYTHING], dtype="str"),
            "statistic": found.statistic,
            "df": found.df,
            "p": found.p,
        }
    )


def over_time(
    rows: RiskRows, transform: Transform, counted: Rows, unit: str, labels: Mapping[str, str]
) -> EffectsOverTime:
    """Follow the effects over time; see `CoxFit.effects_over_time`."""
    found = held_against_time(rows, transform)
    terms = list(rows.terms)
    grid = _grid(found.time)
    places = np.interp(grid, *_scale(found))
    lines, ends, points = [], [], []
    early, late = _quartiles(found.time)
    half = float(stats.norm.ppf(0.975))
    for k, term in enumerate(terms):
        told = np.isfinite(found.scaled[:, k])
        moment, value, time = found.moment[told], found.scaled[told, k], found.time[told]
        line, leverage = smooth(moment, value, places)
        error = half * np.sqrt(leverage * found.variance[k, k])
        lines.append(_piece(term, time=grid, estimate=line, low=line - error, high=line + error))
        points.append(_piece(term, time=time, estimate=value))
        two, _ = smooth(moment, value, np.interp([early, late], *_scale(found)))
        ends.append((term, early, late, *two))
    relative = tuple(term for term, columns in rows.terms.items() if len(columns) > 1)
    fitted = {
        term: 1.0 if term in relative else float(rows.coefficients[columns[0]])
        for term, columns in rows.terms.items()
    }
    return EffectsOverTime(
        question="Do the hazard ratios hold throughout?",
        tests=_tests(rows, found),
        lines=pd.concat(lines, ignore_index=True),
        early_late=pd.DataFrame(
            ends, columns=["term", "early", "late", "estimate_early", "estimate_late"]
        ),
        points=pd.concat(points, ignore_index=True),
        fitted=fitted,
        relative=relative,
        transform=transform,
        unit=unit,
        rows=counted,
        labels=labels,
    )


def _grid(time: np.ndarray) -> np.ndarray:
    """Give the times of events, or a spread of them where there are many."""
    distinct = np.unique(time)
    if distinct.size <= MOST_POINTS:
        return distinct
    return np.linspace(distinct[0], distinct[-1], MOST_POINTS)


def _quartiles(time: np.ndarray) -> tuple[float, float]:
    """Give the times by which a quarter and three quarters of the events had happened."""
    early, late = np.quantile(time, [0.25, 0.75], method="inverted_cdf")
    return (early, late) if early < late else (time.min(), time.max())


def _scale(found: ProportionalTest) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct times of events and where each lies on the tested scale."""
    distinct, first = np.unique(found.time, return_index=True)
    return distinct, found.moment[first]


def _piece(term: str, **columns: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    frame.insert(0, "term", pd.Series([term] * len(frame), dtype="str"))
    return frame
