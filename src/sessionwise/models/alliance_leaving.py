"""Alliance and leaving: does a low alliance, or a fall in it, come before an unplanned ending?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pandas as pd

from sessionwise.errors import Refused, nearest
from sessionwise.features.given import need_given
from sessionwise.features.intake import as_names, need_intake
from sessionwise.features.landmark_level import level_at_landmark
from sessionwise.features.leaving import Episodes, episodes
from sessionwise.features.running_means import running
from sessionwise.features.steps_and_slopes import since_last, slope_to_date
from sessionwise.models.discrete_hazard import Link
from sessionwise.models.fit import Fit
from sessionwise.models.labels import term_labels
from sessionwise.models.leaving_baseline import (
    Baseline,
    baseline_words,
    with_baseline,
    with_first_session,
)
from sessionwise.models.leaving_errors import hazard_by_therapist
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import COURSE_KEY, Sessions

PURPOSE = "Alliance and leaving"
Swing = Literal["change", "since_last", "slope_to_date"]
SWINGS = {"change": running, "since_last": since_last, "slope_to_date": slope_to_date}


def alliance_and_leaving(
    s: Sessions,
    alliance: str = "srs",
    adjust: Sequence[str] = (),
    link: Link = "cloglog",
    baseline: Baseline = "linear",
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
    baseline
        How the hazard goes from session to session: ``"linear"``, ``"polynomial"``, ``"spline"`` or
        ``"steps"``; :func:`leaving_baselines` compares them.

    Returns
    -------
    Fit
        Terms ``Intercept, first_session, session, X_to_date, X_change`` and the covariates, in log
        hazard per alliance point; without ``first_session``, and from session 2 on, where all
        first sessions ended alike; other baselines have their own terms for ``session``.
        ``scales``: ``alliance_between`` (standard deviation of the courses' means at their last
        row) and ``alliance_within`` (of the changes), in points. From ten therapists on they have
        a random term; with fewer, errors are clustered (:func:`hazard_by_therapist`).

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
    adjust = as_names(adjust)
    need_asked(s, alliance, adjust)
    to_date, change = f"{alliance}_to_date", f"{alliance}_change"
    used = [to_date, change, *adjust]
    at_risk, terms, notes = with_baseline(scored_decisions(s, alliance), used, baseline)
    fit = hazard_by_therapist(f"left_unplanned ~ {' + '.join([*terms, *used])}", at_risk, link)
    return _asked(fit, s, alliance, notes).replace(
        question=f"Does a lower {s.columns[alliance].label or alliance}, or a fall in it, precede "
        "an unplanned ending?",
        scales=_scales(at_risk.frame, to_date, change),
    )


def alliance_and_leaving_from_landmark(
    s: Sessions,
    alliance: str = "srs",
    adjust: Sequence[str] = (),
    landmark: int = 3,
    swing: Swing = "change",
) -> Fit:
    """Does a lower early alliance, or a later swing from it, precede an unplanned ending?

    A mean to date moves with the swings, so that its effect is partly theirs. Here the level is the
    mean of sessions 1 to k and stays what it was; who is asked are those who came to session k, and
    what is explained are the decisions after sessions k, k + 1, …

    Parameters
    ----------
    s
        The records.
    alliance
        A score known after the session, in scale points.
    adjust
        Intake covariates.
    landmark
        k, 1 or more.
    swing
        ``"change"``: session t minus the mean of the sessions before it. ``"since_last"``: minus
        session t − 1. ``"slope_to_date"``: points per session of the client's own line so far,
        from the third score on.

    Returns
    -------
    Fit
        Terms ``Intercept, session, X_early``, ``X_change`` (or ``X_since_last``,
        ``X_slope_to_date``) and the covariates, in log hazard per point, or per point a session;
        complementary log-log link. ``scales``: ``alliance_between`` (standard deviation of the
        courses' early means) and ``alliance_within`` (of the swings).

    Raises
    ------
    Unanswerable, Refused
        As for :func:`alliance_and_leaving`; no such swing.

    References
    ----------
    Anderson, Cain & Gelber (1983), J Clin Oncol 1:710–719 (landmarks); van Houwelingen & Putter
    (2012), Dynamic Prediction in Clinical Survival Analysis, ch. 7.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = alliance_and_leaving_from_landmark(sw.example(), swing="since_last")
    >>> fit.estimates["term"].tolist()
    ['Intercept', 'session', 'srs_early', 'srs_since_last']
    """
    if swing not in SWINGS:
        raise Refused(f"There is no swing '{swing}'. {nearest(swing, SWINGS)}")
    adjust = as_names(adjust)
    need_asked(s, alliance, adjust)
    early, moved = f"{alliance}_early", f"{alliance}_{swing}"
    made = SWINGS[swing](level_at_landmark(s, alliance, landmark), alliance)
    at_risk = episodes(made)
    frame = at_risk.frame
    from_then_on = frame["session"].ge(landmark)
    left = Left(f"decisions before session {landmark}", int((~from_then_on).sum()))
    at_risk = replace(
        at_risk,
        frame=frame[from_then_on].reset_index(drop=True),
        left_out=(*at_risk.left_out, *([left] if left.rows else [])),
    )
    used, step, notes = [early, moved, *adjust], (), ()
    if landmark == 1 and swing != "slope_to_date":
        at_risk = with_first_session(at_risk, moved, alliance)
        at_risk, step, notes = with_baseline(at_risk, used, "linear")
        step = tuple(term for term in step if term != "session")
    terms = [*step, "session", *used]
    fit = hazard_by_therapist(f"left_unplanned ~ {' + '.join(terms)}", at_risk, "cloglog")
    level = f"the mean of sessions 1 to {landmark}" if landmark > 1 else "the score of session 1"
    note = (
        f"The level is {level} and does not move; the rows are decisions after session {landmark} "
        "and later ones."
    )
    rows = at_risk.frame[at_risk.frame[used].notna().all(axis=1)]
    each = rows.groupby(COURSE_KEY, sort=False, observed=True)[early].first()
    swings = rows.loc[rows["session"] > 1, moved]
    return _asked(fit, s, alliance, (note, *notes)).replace(
        question=f"Does a lower early {s.columns[alliance].label or alliance}, or a later swing, "
        "precede an unplanned ending?",
        scales={"alliance_between": float(each.std()), "alliance_within": float(swings.std())},
    )


def scored_decisions(s: Sessions, alliance: str) -> Episodes:
    """Lay out the decisions with the mean to date and the change, which is 0 at session 1."""
    return with_first_session(episodes(running(s, alliance)), f"{alliance}_change", alliance)


def need_asked(s: Sessions, alliance: str, adjust: Sequence[str]) -> None:
    """Refuse what is not recorded, was never filled in, or was not known at intake."""
    s.need([alliance], PURPOSE)
    need_intake(s, adjust, PURPOSE)
    need_given(s, [alliance, *adjust], PURPOSE)


def _asked(fit: Fit, s: Sessions, alliance: str, notes: tuple[str, ...]) -> Fit:
    """Add what is said of the rows, and the words of the score."""
    return fit.replace(
        recipe=replace(fit.recipe, notes=(*notes, *fit.recipe.notes)),
        labels={
            **fit.labels,
            **term_labels(s.columns, [alliance]),
            **baseline_words(list(fit.estimates["term"])),
        },
    )


def _scales(frame: pd.DataFrame, to_date: str, change: str) -> dict[str, float]:
    """Standard deviations to read the effects in, in points."""
    last = frame.groupby(COURSE_KEY, sort=False, observed=True)[to_date].last()
    swings = frame.loc[frame["session"] > 1, change]
    return {
        "alliance_between": float(last.std()),
        "alliance_within": float(swings.std()),
    }
