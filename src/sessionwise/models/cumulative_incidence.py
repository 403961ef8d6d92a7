"""Curves of ending: planned beside unplanned, and still in therapy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sessionwise.engine.incidence_curves import aalen_johansen, kaplan_meier
from sessionwise.features.leaving import courses_at_risk, courses_followed
from sessionwise.models.curve_groups import WHOLE, Cut, grouped
from sessionwise.models.ending_notes import as_counted
from sessionwise.models.fit import Curve, Recipe, Rows
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import Sessions

STATES = ("unplanned ending", "planned ending")
CURVE_COLUMNS = ["group", "state", "time", "at_risk", "estimate", "std_error", "low", "high"]


def incidence(
    s: Sessions, by: str = "", landmark: int = 0, alliance: str = "srs", cut: Cut = "median"
) -> Curve:
    """How likely is an unplanned, and a planned, ending by each session?

    Each kind of ending takes courses away from the other; one minus Kaplan–Meier, which treats
    planned endings as if they could still drop out, is too high and is never given here.

    Parameters
    ----------
    s
        The records.
    by
        Empty: one group. ``"early_alliance"``: the mean alliance of sessions 1 to ``landmark``,
        cut among those still there. Otherwise a column known at intake, or one of the session at
        the landmark: its ``"modality"``, how other clients had rated the therapist
        (:func:`rated_by_others`), or ``"therapist"``: without names, by the number of clients.
    landmark
        0: from the start. k: courses that attended session k and whose decision after it was
        seen; endings count from the decision after session k on.
    alliance
        The score ``early_alliance`` is made of.
    cut
        Where a number is cut: two groups at its ``"median"``, three at its ``"terciles"``.

    Returns
    -------
    Curve
        States ``"unplanned ending"`` and ``"planned ending"``; time counts attended sessions; at
        time t, the probability that the course ended after session t or earlier.

    Raises
    ------
    Unanswerable
        No endings, no such column, nobody reached the landmark, or fewer than five therapists
        with ten clients there.

    Notes
    -----
    Aalen & Johansen 1978, Scand J Stat 5:141. A planned ending directly after the landmark session
    was decided before that session's scores were given; it is in the curve. By therapist a curve
    ``"all"`` of these therapists' clients together comes first; therapists differ by chance too.

    Examples
    --------
    >>> import sessionwise as sw
    >>> incidence(sw.example()).estimates["state"].unique().tolist()
    ['unplanned ending', 'planned ending']
    """
    seen = courses_at_risk(s, landmark)
    each, left = grouped(s, seen, by, (landmark, alliance, cut))
    pieces = []
    for group, time, cause in _groups(each, by):
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
        curve_rows(each, left, seen[0]),
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


def still_in_therapy(
    s: Sessions, by: str = "", landmark: int = 0, alliance: str = "srs", cut: Cut = "median"
) -> Curve:
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
    seen = courses_followed(s, landmark)
    each, left = grouped(s, seen, by, (landmark, alliance, cut))
    pieces = []
    for group, time, ended in _groups(each, by):
        curve = kaplan_meier(time, ended)
        shown = [curve.estimate, curve.std_error, curve.low, curve.high]
        pieces.append(_piece(group, "still in therapy", curve.times, curve.at_risk, shown))
    return _curve(
        "How many are still in therapy after each session, whatever ended it?",
        pieces,
        curve_rows(each, left, seen[0]),
        as_counted(_recipe("Kaplan–Meier curve of any ending", "kaplan_meier", landmark), s),
    )


def _groups(each: pd.DataFrame, by: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Give each group its times and endings; before many therapists, all of them together."""
    if by == "therapist":
        yield WHOLE, each["time"].to_numpy(), each["cause"].to_numpy()
    for group, rows in each.groupby("group", sort=True, observed=True):
        yield str(group), rows["time"].to_numpy(), rows["cause"].to_numpy()


def _piece(
    group: str, state: str, times: np.ndarray, at_risk: np.ndarray, shown: list[np.ndarray]
) -> pd.DataFrame:
    """Lay one curve out as rows."""
    values = [group, state, times, at_risk, *shown]
    return pd.DataFrame(dict(zip(CURVE_COLUMNS, values, strict=True)))


def curve_rows(each: pd.DataFrame, left: tuple[Left, ...], seen: pd.DataFrame) -> Rows:
    """Count the courses of curves, and what was left out of those seen, endings among them.

    Parameters
    ----------
    each
        The courses of the curves, with ``cause``: above 0 if the course was seen to end.
    left
        What was left out.
    seen
        All courses that were seen, with or without a group.
    """
    events = int((each["cause"] > 0).sum())
    return Rows(
        used=len(each),
        clients=each[["clinic", "client"]].drop_duplicates().shape[0],
        events=events,
        events_lost=int((seen["cause"] > 0).sum()) - events,
        left_out=tuple((one.reason, one.courses) for one in left),
        unit="courses",
    )


def _curve(question: str, pieces: list[pd.DataFrame], rows: Rows, recipe: Recipe) -> Curve:
    """Put the pieces together with what they were made of."""
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
