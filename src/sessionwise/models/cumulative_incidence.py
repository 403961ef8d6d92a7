"""Curves of ending: planned beside unplanned, and still in therapy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sessionwise.engine.incidence_curves import aalen_johansen, kaplan_meier
from sessionwise.errors import Unanswerable
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.features.leaving import courses_at_risk, courses_followed, early_mean
from sessionwise.models.ending_notes import as_counted
from sessionwise.models.fit import Curve, Recipe, Rows
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import COURSE_KEY, Sessions

STATES = ("unplanned ending", "planned ending")
CURVE_COLUMNS = ["group", "state", "time", "at_risk", "estimate", "std_error", "low", "high"]


def incidence(s: Sessions, by: str = "", landmark: int = 0, alliance: str = "srs") -> Curve:
    """How likely is an unplanned, and a planned, ending by each session?

    Each kind of ending takes courses away from the other; one minus Kaplan–Meier, which treats
    planned endings as if they could still drop out, is too high and is never given here.

    Parameters
    ----------
    s
        The records.
    by
        Empty: one group. ``"early_alliance"``: courses below the median, and at or above it, of
        the mean alliance of sessions 1 to ``landmark``, among those still there. Otherwise a
        column of the course known at intake.
    landmark
        0: from the start. k: courses that attended session k and whose decision after it was
        seen; endings count from the decision after session k on.
    alliance
        The score ``early_alliance`` is made of.

    Returns
    -------
    Curve
        States ``"unplanned ending"`` and ``"planned ending"``; time counts attended sessions; at
        time t, the probability that the course ended after session t or earlier.

    Raises
    ------
    Unanswerable
        No endings, no such column, or nobody reached the landmark.

    Notes
    -----
    Aalen & Johansen 1978, Scand J Stat 5:141. A planned ending directly after the landmark session
    was decided before that session's scores were given; it is in the curve.

    Examples
    --------
    >>> import sessionwise as sw
    >>> incidence(sw.example()).estimates["state"].unique().tolist()
    ['unplanned ending', 'planned ending']
    """
    each, left = _grouped(s, courses_at_risk(s, landmark), by, landmark, alliance)
    pieces = []
    for group, time, cause in _groups(each):
        curves = aalen_johansen(time, cause)
        for k, state in enumerate(STATES):
            there = k < curves.estimate.shape[1]
            shown = [
                part[:, k] if there else np.full(len(curves.times), blank)
                for part, blank in (
                    (curves.estimate, 0.0),
                    (curves.std_error, 0.0),
                    (curves.low, np.nan),
                    (curves.high, np.nan),
                )
            ]
            pieces.append(_piece(group, state, curves.times, curves.at_risk, shown))
    return _curve(
        "How likely is an unplanned, and a planned, ending by each session?",
        pieces,
        each,
        left,
        as_counted(
            _recipe(
                "Aalen–Johansen cumulative incidence",
                "aalen_johansen",
                landmark,
                "Courses that others ended, or the limit did, are censored at their last decision.",
            ),
            s,
        ),
    )


def still_in_therapy(s: Sessions, by: str = "", landmark: int = 0, alliance: str = "srs") -> Curve:
    """How many are still in therapy after each session, whatever ended it?

    Kaplan–Meier of *any* ending, transfers and the end of the service included; only courses still
    open are censored. Parameters, errors and time as in :func:`incidence`.

    Returns
    -------
    Curve
        State ``"still in therapy"``.

    Examples
    --------
    >>> import sessionwise as sw
    >>> curve = still_in_therapy(sw.example()).estimates
    >>> bool(curve["estimate"].is_monotonic_decreasing)
    True
    """
    each, left = _grouped(s, courses_followed(s, landmark), by, landmark, alliance)
    pieces = []
    for group, time, ended in _groups(each):
        curve = kaplan_meier(time, ended)
        shown = [curve.estimate, curve.std_error, curve.low, curve.high]
        pieces.append(_piece(group, "still in therapy", curve.times, curve.at_risk, shown))
    return _curve(
        "How many are still in therapy after each session, whatever ended it?",
        pieces,
        each,
        left,
        as_counted(_recipe("Kaplan–Meier curve of any ending", "kaplan_meier", landmark), s),
    )


def _grouped(
    s: Sessions,
    courses: tuple[pd.DataFrame, tuple[Left, ...]],
    by: str,
    landmark: int,
    alliance: str,
) -> tuple[pd.DataFrame, tuple[Left, ...]]:
    """Give the courses with their group."""
    each, left = courses
    if each.empty:
        when = f"session {landmark}" if landmark else "its first session"
        raise Unanswerable(f"No course attended {when} and was decided after it.")
    keys = pd.MultiIndex.from_frame(each[COURSE_KEY])
    if not by:
        return each.assign(group="all"), left
    if by == "early_alliance":
        need_given(s, [alliance], "Early alliance")
        early = early_mean(s, alliance, landmark or 1).reindex(keys).to_numpy()
        each = each.assign(group=_halves(early, f"early {s.columns[alliance].label or alliance}"))
    else:
        need_intake(s, [by], "Comparing groups")
        each = each.assign(group=s.courses.set_index(COURSE_KEY)[by].reindex(keys).array)
    missing = int(each["group"].isna().sum())
    if missing:
        left = (*left, Left(f"courses without {by.replace('_', ' ')}", 0, missing))
    each = each.dropna(subset=["group"]).reset_index(drop=True)
    if each.empty:
        raise Unanswerable(f"No course has {by.replace('_', ' ')}, so there are no groups.")
    return each, left


def _halves(score: np.ndarray, label: str) -> pd.Series:
    """Part courses at the median: below it, and at it or above."""
    cut = float(np.nanmedian(score)) if np.isfinite(score).any() else 0.0
    names = [f"{label} below {cut:.1f}", f"{label} {cut:.1f} or more"]
    codes = np.where(np.isnan(score), -1, score >= cut).astype(int)
    return pd.Series(pd.Categorical.from_codes(codes, names))


def _groups(each: pd.DataFrame) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for group, rows in each.groupby("group", sort=True, observed=True):
        yield str(group), rows["time"].to_numpy(), rows["cause"].to_numpy()


def _piece(
    group: str, state: str, times: np.ndarray, at_risk: np.ndarray, shown: list[np.ndarray]
) -> pd.DataFrame:
    """Lay one curve out as rows."""
    values = [group, state, times, at_risk, *shown]
    return pd.DataFrame(dict(zip(CURVE_COLUMNS, values, strict=True)))


def _curve(
    question: str,
    pieces: list[pd.DataFrame],
    each: pd.DataFrame,
    left: tuple[Left, ...],
    recipe: Recipe,
) -> Curve:
    """Put the pieces together with what they were made of."""
    rows = Rows(
        used=len(each),
        clients=each[["clinic", "client"]].drop_duplicates().shape[0],
        events=int((each["cause"] > 0).sum()),
        left_out=tuple((one.reason, one.courses) for one in left),
        unit="courses",
    )
    return Curve(question, pd.concat(pieces, ignore_index=True), rows, recipe, "sessions")


def _recipe(kind: str, source: str, landmark: int, *notes: str) -> Recipe:
    """Say how a curve was made."""
    return Recipe(
        kind=kind + (f" among courses that attended session {landmark}" if landmark else ""),
        formula="",
        estimation="product limit",
        errors="Greenwood",
        reference="log–log limits",
        notes=notes,
        sources=(source, *(("landmark",) if landmark else ())),
    )
