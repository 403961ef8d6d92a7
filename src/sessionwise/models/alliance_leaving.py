"""Alliance and leaving: the named question, and what its model says session by session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special, stats

from sessionwise.errors import Refused
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.features.leaving import Episodes, episodes
from sessionwise.features.running_means import running
from sessionwise.models.discrete_hazard import Link, hazard
from sessionwise.models.fit import Fit, Unanswered
from sessionwise.models.labels import term_labels
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import COURSE_KEY, Column, Sessions

FEWEST = 5
"""Fewest decisions after a session for a probability to be given."""


def alliance_and_leaving(
    s: Sessions, alliance: str = "srs", adjust: Sequence[str] = (), link: Link = "cloglog"
) -> Fit:
    """Does a lower alliance, or a fall in it, precede an unplanned ending?

    Row t is the decision after session t, so the alliance rated at the end of session t may
    explain it. ``X_to_date``, the mean of sessions up to t, is what the client usually says;
    ``X_change``, session t minus the mean before it, is the last swing. A whole-course mean would
    know how long the course lasted. At session 1 there is no change yet: it is 0 there and the
    baseline has a step of its own, so that no first-session ending is lost.

    Parameters
    ----------
    s
        The records.
    alliance
        A score known after the session, in scale points.
    adjust
        Intake covariates.
    link
        As in :func:`hazard`.

    Returns
    -------
    Fit
        Terms ``Intercept, first_session, session, X_to_date, X_change`` and the covariates, in log
        hazard per alliance point; without ``first_session``, and from session 2 on, where all
        first sessions ended alike. ``scales``: ``alliance_between`` (standard deviation of the
        courses' means at their last row) and ``alliance_within`` (of the changes), in points.

    Raises
    ------
    Unanswerable, Refused
        A column or every ending is missing; the fit may not be reported.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = alliance_and_leaving(sw.example())
    >>> fit.rows.events > 0
    True
    """
    s.need([alliance], "Alliance and leaving")
    need_intake(s, adjust, "Alliance and leaving")
    need_given(s, [alliance, *adjust], "Alliance and leaving")
    at_risk = _with_first_session(episodes(running(s, alliance)), alliance)
    to_date, change = f"{alliance}_to_date", f"{alliance}_change"
    at_risk, step, note = _with_baseline(at_risk, [to_date, change, *adjust])
    terms = [*step, "session", to_date, change, *adjust]
    fit = hazard(f"left_unplanned ~ {' + '.join(terms)}", at_risk, link)
    return fit.replace(
        question=f"Does a lower {s.columns[alliance].label or alliance}, or a fall in it, precede "
        "an unplanned ending?",
        recipe=replace(fit.recipe, notes=(note, *fit.recipe.notes)),
        scales=_scales(at_risk.frame, to_date, change),
        labels={**fit.labels, **term_labels(s.columns, [alliance])},
    )


def hazard_by_session(fit: Fit | Unanswered, s: Sessions) -> pd.DataFrame:
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
        the last session; covariates at their means. 95 % limits from the linear predictor.
        Sessions after which at least five decisions were seen.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = sw.example()
    >>> hazard_by_session(sw.alliance_and_leaving(s), s)["group"].nunique()
    3
    """
    if isinstance(fit, Unanswered):
        return fit
    ends = [term for term in fit.estimates["term"] if term.endswith("_to_date")]
    if not ends:
        raise Refused("This fit has no score to date; give that of alliance_and_leaving.")
    alliance = ends[0].removesuffix("_to_date")
    frame = _with_first_session(episodes(running(s, alliance)), alliance).frame
    seen = frame.groupby("session").size()
    sessions = seen[seen >= FEWEST].index.to_numpy(int)
    if "first_session" not in set(fit.estimates["term"]):
        sessions = sessions[sessions > 1]  # the model starts there
    deviation, unit = fit.scales["alliance_between"], s.columns[alliance].label or alliance
    mean = float(frame[f"{alliance}_to_date"].mean())
    pieces = []
    for word, steps in (("low", -1), ("average", 0), ("high", 1)):
        level = mean + steps * deviation
        terms = list(fit.estimates["term"])
        columns = [_profile(frame, term, sessions, level, alliance) for term in terms]
        x = np.column_stack(columns)
        eta = x @ fit.estimates["estimate"].to_numpy()
        error = np.sqrt(np.einsum("ij,jk,ik->i", x, fit.covariance, x))
        half = stats.t.ppf(0.975, fit.estimates["df"].to_numpy()[0]) * error
        limits = (eta - half, eta, eta + half)
        low, estimate, high = (_probability(each, fit.recipe.link) for each in limits)
        group = f"{unit} {level:.1f}, {word}"
        pieces.append(
            pd.DataFrame(
                {
                    "group": group,
                    "session": sessions,
                    "estimate": estimate,
                    "low": low,
                    "high": high,
                }
            )
        )
    return pd.concat(pieces, ignore_index=True)


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


def _probability(eta: np.ndarray, link: str) -> np.ndarray:
    """Turn the linear predictor into a probability."""
    return -np.expm1(-np.exp(eta)) if link == "cloglog" else special.expit(eta)


def _with_baseline(at_risk: Episodes, used: Sequence[str]) -> tuple[Episodes, tuple[str, ...], str]:
    """Give the baseline a step at session 1, or start at session 2 if the step has no estimate.

    If nobody left after a first session (or everybody did) the step is infinite, and the other
    estimates are those of the model without first sessions: rows it fits perfectly say nothing.
    """
    frame = at_risk.frame
    first = frame["first_session"].eq(1) & frame[list(used)].notna().all(axis=1)
    seen = frame.loc[first, "left_unplanned"]
    if 0 < seen.sum() < len(seen):
        note = (
            "At session 1 the change is 0 and the baseline has a step of its own, so that no "
            "ending after a first session is lost."
        )
        return at_risk, ("first_session",), note
    many = "No" if seen.sum() == 0 else "Every"
    note = (
        f"{many} first session with its scores was followed by an unplanned ending; the model "
        "starts at session 2."
    )
    fewer, left = frame[~first].reset_index(drop=True), at_risk.left_out
    if first.any():
        left = (*left, Left("first sessions, which all ended alike", int(first.sum())))
    return replace(at_risk, frame=fewer, left_out=left), (), note


def _with_first_session(at_risk: Episodes, alliance: str) -> Episodes:
    """Give session 1 a change of 0 and a step of its own in the baseline."""
    frame = at_risk.frame.copy(deep=False)
    first = frame["session"].eq(1).to_numpy(bool)
    change = f"{alliance}_change"
    scored = frame[alliance].notna().to_numpy()
    frame["first_session"] = first.astype("int64")
    frame[change] = frame[change].mask(first & scored, 0.0)
    step = Column("first_session", "flag", "before", made_from=("session",), label="first session")
    return replace(at_risk, frame=frame, columns={**at_risk.columns, "first_session": step})


def _scales(frame: pd.DataFrame, to_date: str, change: str) -> dict[str, float]:
    """Standard deviations to read the effects in, in points."""
    last = frame.groupby(COURSE_KEY, sort=False, observed=True)[to_date].last()
    swings = frame.loc[frame["session"] > 1, change]
    return {
        "alliance_between": float(last.std()),
        "alliance_within": float(swings.std()),
    }
