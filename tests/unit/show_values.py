"""Fits and curves written by hand for the tests of what is shown."""

from dataclasses import replace

import numpy as np
import pandas as pd

from sessionwise.models.fit import VARIANCE_COLUMNS, Curve, Fit, Health, Recipe, Rows

SCALES = {
    "alliance_within": 2.9,
    "alliance_between": 3.0,
    "srs_lag1_within": 2.9,
    "srs_lag1_between": 3.0,
    "ors_within": 4.0,
    "ors_between": 5.0,
}
MIXED = Recipe(
    "linear mixed model",
    "ors ~ session + srs_lag1_within + srs_lag1_between + (1 | client)",
    estimation="REML",
    reference="t with containment df",
    sources=("hybrid", "containment"),
)
HAZARD = Recipe(
    "discrete-time hazard",
    "left_unplanned ~ session + srs_to_date + srs_change",
    estimation="iteratively reweighted least squares",
    link="cloglog",
    errors="CR2",
    cluster="therapist",
    reference="t with G−1 = 29 df",
    sources=("discrete_hazard", "cr2"),
)
SESSIONS = Rows(2981, clients=402, therapists=30, unit="sessions")


def fit(terms, recipe=MIXED, rows=SESSIONS, health=None, variances=(), **more):
    """A fit from ``term: (estimate, low, high)``; errors and p follow from a normal interval.

    ``more``: ``scales``, ``outcome``, ``better``, ``labels`` of the `Fit`.
    """
    lines = [
        (term, middle, (high - low) / 3.92, 29.0, 0.0, 0.0004, low, high)
        for term, (middle, low, high) in terms.items()
    ]
    names = ["term", "estimate", "std_error", "df", "statistic", "p", "low", "high"]
    return Fit(
        "Does a better alliance precede a better outcome?",
        pd.DataFrame(lines, columns=names),
        pd.DataFrame(list(variances), columns=list(VARIANCE_COLUMNS)),
        health or Health(converged=True, gradient=1.2e-5, optimiser="lbfgs"),
        rows,
        recipe,
        -1234.5,
        np.eye(len(lines)),
        **{"scales": SCALES, "outcome": "ors", **more},
    )


def hybrid(within=(0.29, 0.25, 0.34), between=(0.40, 0.25, 0.55), **more):
    terms = {
        "Intercept": (20.0, 19.0, 21.0),
        "session_within": (0.3, 0.2, 0.4),
        "session_between": (0.1, -0.2, 0.4),
        "srs_lag1_within": within,
        "srs_lag1_between": between,
    }
    return fit(terms, **{"better": "higher", **more})


def growth_fit(term, limits, step="session", **more):
    """A growth model: one clock, and what one step of it is."""
    return fit({term: limits}, **{"recipe": replace(MIXED, clock=term, step=step), **more})


def trial_fit(limits, by="arm", level="BtheB", other="TAU", **more):
    """A model with a group of two among its terms."""
    recipe = replace(MIXED, references=((by, other),))
    return fit({"time": (-1.0, -1.5, -0.5), f"{by}[{level}]": limits}, **{"recipe": recipe, **more})


def leaving_fit(to_date=(-0.10, -0.15, -0.05), change=(-0.02, -0.06, 0.02), **more):
    rows = Rows(2981, 402, 30, 120, 3, (("srs missing", 31), ("no decision", 44)), "sessions")
    terms = {"Intercept": (-2.0, -3.0, -1.0), "srs_to_date": to_date, "srs_change": change}
    return fit(terms, **{"recipe": HAZARD, "rows": rows, **more})


def curve(values, unit="sessions", estimation="product limit", clients=402):
    """A curve from rows of ``group, state, time, at_risk, estimate``; limits 5 points aside."""
    frame = pd.DataFrame(values, columns=["group", "state", "time", "at_risk", "estimate"])
    frame = frame.astype({"estimate": float, "time": float}).assign(std_error=0.025)
    frame["low"] = (frame["estimate"] - 0.05).clip(lower=0)
    frame["high"] = (frame["estimate"] + 0.05).clip(upper=1)
    recipe = Recipe("Aalen–Johansen cumulative incidence", "", estimation=estimation)
    rows = Rows(402, clients=clients)
    return Curve("How likely is an ending by each session?", frame, rows, recipe, unit)


def endings_curve(groups=("all",)):
    return curve(
        [
            (group, state, time, 200 - 15 * time, round(rate * (1 + i) * time, 3))
            for i, group in enumerate(groups)
            for state, rate in (("unplanned ending", 0.02), ("planned ending", 0.01))
            for time in range(1, 13)
        ]
    )
