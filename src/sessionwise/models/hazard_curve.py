"""What a model of alliance and leaving says after each session, at a low and a high alliance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special, stats

from sessionwise.errors import Refused
from sessionwise.features.leaving import Episodes
from sessionwise.models.alliance_leaving import scored_decisions
from sessionwise.models.fit import Fit, Unanswered
from sessionwise.models.formulas import design, parse
from sessionwise.models.leaving_baseline import SHAPES, baseline_values, with_baseline
from sessionwise.records.sessions import Sessions

FEWEST = 5
"""Fewest decisions after a session for a probability to be given."""

OWN = ("left_unplanned", "session", "first_session", "session_step")
"""Columns of the baseline and the outcome."""

NODES = 21
"""Of the integral over therapists who differ."""


def hazard_by_session(fit: Fit | Unanswered, s: Sessions) -> pd.DataFrame | Unanswered:
    """How likely does the model say an unplanned ending is after each session?

    Parameters
    ----------
    fit
        From :func:`alliance_and_leaving`; one that was not answered is handed back.
    s
        What it was fitted to.

    Returns
    -------
    DataFrame
        ``group, session, estimate, low, high``: probabilities for a client whose alliance to date
        is one between-client standard deviation below the mean, at it, and above it; no change at
        the last session; covariates at their means. 95 % limits from the linear predictor; where
        therapists have a random term, averaged over therapists who differ as estimated. Sessions
        after which at least five decisions were seen.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = sw.example()
    >>> hazard_by_session(sw.alliance_and_leaving(s), s)["group"].nunique()
    3
    """
    if isinstance(fit, Unanswered):
        return fit
    terms = list(fit.estimates["term"])
    ends = [term for term in terms if term.endswith("_to_date")]
    if not ends or ends[0].endswith("_slope_to_date"):
        raise Refused("This fit has no score to date; give that of alliance_and_leaving.")
    alliance = ends[0].removesuffix("_to_date")
    at_risk = scored_decisions(s, alliance)
    frame = at_risk.frame
    seen = frame.groupby("session").size()
    sessions = seen[seen >= FEWEST].index.to_numpy(int)
    if "first_session" not in terms and dict(fit.recipe.references).get("session_step") != "1":
        sessions = sessions[sessions > 1]  # the model starts there
    curves = _baseline(fit, at_risk, sessions)
    deviation, unit = fit.scales["alliance_between"], s.columns[alliance].label or alliance
    mean, pieces = float(frame[f"{alliance}_to_date"].mean()), []
    for word, steps in (("low", -1), ("average", 0), ("high", 1)):
        level = mean + steps * deviation
        columns = [
            curves[term] if term in curves else _profile(frame, term, sessions, level, alliance)
            for term in terms
        ]
        x = np.column_stack(columns)
        eta = x @ fit.estimates["estimate"].to_numpy()
        error = np.sqrt(np.einsum("ij,jk,ik->i", x, fit.covariance, x))
        half = stats.t.ppf(0.975, fit.estimates["df"].to_numpy()[0]) * error
        low, estimate, high = (_averaged(each, fit) for each in (eta - half, eta, eta + half))
        told = {"estimate": estimate, "low": low, "high": high}
        group = f"{unit} {level:.1f}, {word}"
        pieces.append(pd.DataFrame({"group": group, "session": sessions, **told}))
    return pd.concat(pieces, ignore_index=True)


def probability_of(eta: np.ndarray, link: str) -> np.ndarray:
    """Turn the linear predictor into a probability.

    Examples
    --------
    >>> probability_of(np.array([0.0]), "logit")
    array([0.5])
    """
    return -np.expm1(-np.exp(eta)) if link == "cloglog" else special.expit(eta)


def _baseline(fit: Fit, at_risk: Episodes, sessions: np.ndarray) -> dict[str, np.ndarray]:
    """Give the columns of a baseline that is no line, as the fit has them, for each session."""
    terms = {term.split("[")[0] for term in fit.estimates["term"]}
    shape = next((one for one, term in SHAPES.items() if term in terms - {"session"}), None)
    if shape is None:
        return {}
    columns = parse(fit.recipe.formula, {*at_risk.frame.columns, *OWN}).columns
    used = list(dict.fromkeys([*columns, *([fit.recipe.cluster] if fit.recipe.cluster else [])]))
    used = [name for name in used if name not in OWN]
    rows = with_baseline(at_risk, used, shape)[0].frame
    rows = rows[rows[used].notna().all(axis=1)].reset_index(drop=True)
    made = design(f"left_unplanned ~ {SHAPES[shape]}", rows)
    return baseline_values(made, rows, sessions)


def _profile(
    frame: pd.DataFrame, term: str, sessions: np.ndarray, level: float, alliance: str
) -> np.ndarray:
    """Give the values of one term for the client described, one for each session."""
    fixed = {"Intercept": 1.0, f"{alliance}_to_date": level, f"{alliance}_change": 0.0}
    if term in fixed:
        return np.full(len(sessions), fixed[term])
    if term == "session":
        return sessions.astype(float)
    if term == "first_session":
        return (sessions == 1).astype(float)
    column, _, category = term.partition("[")
    values = frame[column].astype("str") == category[:-1] if category else frame[column]
    return np.full(len(sessions), float(values.mean()))


def _averaged(eta: np.ndarray, fit: Fit) -> np.ndarray:
    """Average the probability over therapists, where they have a random term."""
    spread = float(np.sqrt(fit.variances["variance"].sum())) if len(fit.variances) else 0.0
    if not spread:
        return probability_of(eta, fit.recipe.link)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    each = probability_of(eta[:, None] + spread * nodes, fit.recipe.link)
    return each @ weights / weights.sum()
