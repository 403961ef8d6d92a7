"""How the hazard of leaving goes from session to session: lines, curves, or steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.errors import Refused, Unanswerable, nearest
from sessionwise.features.leaving import Episodes
from sessionwise.models.formulas import Design
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import Column

Baseline = Literal["linear", "polynomial", "spline", "steps"]
SHAPES = {
    "linear": "session",
    "polynomial": "poly(session, 3)",
    "spline": "ns(session, df=3)",
    "steps": "session_step",
}
"""The term of each shape, beside a step at session 1."""

ENOUGH = 5
"""Endings in each step at least."""

OWN_STEP = (
    "At session 1 the change is 0 and the baseline has a step of its own, so that no "
    "ending after a first session is lost."
)


def with_baseline(
    at_risk: Episodes, used: Sequence[str], shape: Baseline
) -> tuple[Episodes, tuple[str, ...], tuple[str, ...]]:
    """Give the rows the columns of a baseline, its terms, and what must be said of them.

    Session 1 has a step of its own, or is left out if the step has no estimate: if nobody left
    after a first session (or everybody did) the step is infinite, and the other estimates are those
    of the model without first sessions: rows it fits perfectly say nothing.

    Parameters
    ----------
    at_risk
        The decisions, with a ``first_session`` (0/1).
    used
        The other columns of the model; rows that lack one are not counted.
    shape
        ``"linear"``, ``"polynomial"`` (of degree 3), ``"spline"`` (natural cubic, 3 columns) or
        ``"steps"`` (sessions joined until each step has at least five endings).

    Returns
    -------
    tuple
        Episodes, terms, sentences.

    Raises
    ------
    Refused
        No such shape; fewer than two steps.

    References
    ----------
    Singer & Willett (2003), Applied Longitudinal Data Analysis, section 12.1.
    """
    if shape not in SHAPES:
        raise Refused(f"There is no baseline '{shape}'. {nearest(shape, SHAPES)}")
    at_risk, first, notes = _first_session(at_risk, used)
    if shape != "steps":
        return at_risk, (*first, SHAPES[shape]), notes
    frame = at_risk.frame
    complete = frame[frame[list(used)].notna().all(axis=1)]
    steps = joined_sessions(complete, "left_unplanned", own=bool(first))
    if len(steps) < 2:
        raise Refused(
            f"Steps need at least {ENOUGH} unplanned endings each, and these rows carry only one. "
            'Take baseline="linear".'
        )
    starts = np.array([one for one, _ in steps])
    place = np.clip(np.searchsorted(starts, frame["session"], side="right") - 1, 0, None)
    labels = [_label(*one) for one in steps]
    column = pd.Series(pd.Categorical.from_codes(place, labels), frame.index)
    made = Column("session_step", "category", "before", made_from=("session",), label="session")
    told = f"The baseline is in {len(steps)} steps (sessions {', '.join(labels)}), "
    told += f"joined until each holds at least {ENOUGH} unplanned endings."
    notes = (told, OWN_STEP.replace("the baseline has a step of its own", "it is a step by itself"))
    notes = notes if first else (told,)
    at_risk = replace(
        at_risk,
        frame=frame.assign(session_step=column),
        columns={**at_risk.columns, "session_step": made},
    )
    return at_risk, (SHAPES[shape],), notes


def joined_sessions(frame: pd.DataFrame, outcome: str, *, own: bool) -> list[tuple[int, float]]:
    """Join sessions into steps that each hold enough endings, from the first session on.

    Parameters
    ----------
    frame
        Rows with ``session`` and a 0/1 ``outcome``.
    outcome
        Its name.
    own
        Session 1 is a step by itself, however few endings it holds.

    Returns
    -------
    list
        First and last session of each step; the last one is endless. What is left over at the end
        joins the step before.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": [1, *[2] * 9, *[3] * 9, *[4] * 9], "left": 0})
    >>> rows.loc[[0, 1, 2, 3, 12, 13, 25, 26, 27], "left"] = 1  # 1, 3, 2 and 3 endings
    >>> joined_sessions(rows, "left", own=True)
    [(1, 1), (2, inf)]
    >>> rows.loc[20:24, "left"] = 1  # and now 8 after session 4
    >>> joined_sessions(rows, "left", own=True)
    [(1, 1), (2, 3), (4, inf)]
    """
    each = frame.groupby("session")[outcome].agg(["sum", "size"]).sort_index()
    starts, left, rows = [], ENOUGH, np.inf
    for session, many, of in zip(each.index, each["sum"], each["size"]):
        if left >= ENOUGH and rows > left:
            starts.append(int(session))
            left, rows = 0, 0
        left, rows = left + int(many), rows + int(of)
        if own and session == 1:
            left, rows = ENOUGH, np.inf
    if len(starts) > 1 and not (left >= ENOUGH and rows > left):
        starts.pop()
    ends = [*(begin - 1 for begin in starts[1:]), np.inf]
    return list(zip(starts, ends))


def flagged_first(at_risk: Episodes) -> Episodes:
    """Give first sessions a column of their own (0/1)."""
    first = at_risk.frame["session"].eq(1).astype("int64")
    step = Column("first_session", "flag", "before", made_from=("session",), label="first session")
    return replace(
        at_risk,
        frame=at_risk.frame.assign(first_session=first),
        columns={**at_risk.columns, "first_session": step},
    )


def with_first_session(at_risk: Episodes, swing: str, score: str) -> Episodes:
    """Give session 1 a swing of 0 where it was scored, and a column to tell it from the others.

    Parameters
    ----------
    at_risk
        The decisions.
    swing, score
        Columns: what is missing at a first score, and the score.

    Raises
    ------
    Unanswerable
        No decision after a later session than the first was seen.
    """
    if not at_risk.frame["session"].gt(1).any():
        raise Unanswerable(
            "After a first session there is a score and no change yet, and no decision after a "
            "later one was seen: a level and a change cannot be told apart."
        )
    at_risk = flagged_first(at_risk)
    frame = at_risk.frame
    first = frame["first_session"].eq(1) & frame[score].notna()
    return replace(at_risk, frame=frame.assign(**{swing: frame[swing].mask(first, 0.0)}))


def baseline_values(
    made: Design, rows: pd.DataFrame, sessions: np.ndarray
) -> dict[str, np.ndarray]:
    """Give the columns of a baseline at some sessions, by term.

    They are functions of the session alone: those of a session without a row of the model are
    taken from the session nearest to it.

    Parameters
    ----------
    made
        The model's matrix, on ``rows``.
    rows
        With their ``session``, numbered from 0.
    sessions
        Shape (sessions,).
    """
    seen = rows["session"].drop_duplicates()
    nearest = np.abs(seen.to_numpy(int)[None, :] - sessions[:, None]).argmin(axis=1)
    matrix = made.matrix[seen.index.to_numpy()[nearest]]
    own = {"first_session", *SHAPES.values()}
    places = [k for k, term in enumerate(made.terms) if term.split("[")[0] in own]
    found = {made.terms[k]: matrix[:, k] for k in places}
    return {**found, **({"session": sessions.astype(float)} if "session" in found else {})}


def _first_session(
    at_risk: Episodes, used: Sequence[str]
) -> tuple[Episodes, tuple[str, ...], tuple[str, ...]]:
    """Give the baseline a step at session 1, or start at session 2 if the step has no estimate."""
    frame = at_risk.frame
    first = frame["first_session"].eq(1) & frame[list(used)].notna().all(axis=1)
    seen = frame.loc[first, "left_unplanned"]
    if 0 < seen.sum() < len(seen):
        return at_risk, ("first_session",), (OWN_STEP,)
    many = "No" if seen.sum() == 0 else "Every"
    note = (
        f"{many} first session with its scores was followed by an unplanned ending; the model "
        "starts at session 2."
    )
    fewer, left = frame[~first].reset_index(drop=True), at_risk.left_out
    if first.any():
        left = (*left, Left("first sessions, which all ended alike", int(first.sum())))
    return replace(at_risk, frame=fewer, left_out=left), (), (note,)


def _label(begin: int, end: float) -> str:
    """Name a step by its sessions."""
    if np.isinf(end):
        return f"{begin} and later"
    return f"{begin}" if end == begin else f"{begin}–{end:.0f}"


def baseline_words(terms: Sequence[str]) -> dict[str, str]:
    """Give words for the terms of a baseline that are columns of a curve.

    Examples
    --------
    >>> baseline_words(["session", "poly(session, 3)[1]"])
    {'poly(session, 3)[1]': 'session number, polynomial 1'}
    """
    kinds = {f"{SHAPES[shape]}[": shape for shape in ("polynomial", "spline")}
    return {
        term: f"session number, {shape} {term.removeprefix(start).rstrip(']')}"
        for term in terms
        for start, shape in kinds.items()
        if term.startswith(start)
    }
