"""The lagged hybrid: alliance after one session, outcome before the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sessionwise.errors import Unanswerable
from sessionwise.features.intake import need_intake
from sessionwise.features.lags import lag_losses, preceding, preceding_column
from sessionwise.features.splits import refuse_lost_rows, within_between
from sessionwise.models.fit import Fit, Recipe, Rows
from sessionwise.models.grouping import grouped
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import COURSE_KEY, Sessions


def alliance_and_next_outcome(
    s: Sessions, alliance: str = "srs", outcome: str = "ors", adjust: Sequence[str] = ()
) -> Fit:
    """Does a better alliance precede a better outcome at the next session?

    The alliance last rated before the outcome was filled in is split into the client's own mean
    and the deviation from it (lag first, then split, on the rows of the model). *Within*: after a
    session this client rated higher than usual, is the next outcome higher than usual? *Between*:
    do clients with a higher mean have a higher outcome? Concurrent scores are not used: where the
    outcome is filled in first they show what the outcome does to the alliance.

    Parameters
    ----------
    s
        The records.
    alliance, outcome
        Columns, in scale points.
    adjust
        Intake covariates.

    Returns
    -------
    Fit
        Linear mixed model, REML; terms ``Intercept, session, X_within, X_between`` and the
        covariates, in outcome points per alliance point (or per session). ``scales`` holds the
        within-client and between-client standard deviations of both scores.

    Raises
    ------
    Unanswerable
        A column is missing.
    Refused
        The fit did not converge, or the rows cannot carry it.

    Notes
    -----
    Long form::

        s = sw.lagged(sw.first_therapist(s), "srs")
        s = sw.within_between(s, ["srs_lag1"], complete=["ors", "session", "first_therapist"])
        sw.mixed("ors ~ session + srs_lag1_within + srs_lag1_between"
                 " + (1 + session || client) + (1 | first_therapist)", s)

    Neuhaus & Kalbfleisch 1998, Biometrics 54:638; Falkenström, Finkel, Sandell, Rubel & Holmqvist
    2017, J Consult Clin Psychol 85:537. The between term uses the whole course: it compares
    clients, and is no prediction.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = alliance_and_next_outcome(sw.example())
    >>> fit.health.converged, fit.outcome
    (True, 'ors')
    """
    s.need([alliance, outcome], "Alliance and the next outcome")
    need_intake(s, adjust, "Alliance and the next outcome")
    if s.clock == "time":
        raise Unanswerable(
            "Alliance and the next outcome are followed from session to session, and these records "
            "hold assessments, not sessions."
        )
    earlier = preceding_column(s, alliance, outcome)
    lagged = preceding(s, alliance, outcome)
    group = grouped(lagged, [earlier, outcome, *adjust])
    used = [outcome, "session", *adjust, *group.columns]
    split = within_between(group.s, [earlier], complete=used)
    within, between = f"{earlier}_within", f"{earlier}_between"
    fixed = " + ".join(["session", within, between, *adjust])
    frame = split.frame
    rows = frame[within].notna()
    refuse_few_clients(frame[rows])
    refuse_lost_rows(frame[rows], [within, between, *used])
    fit = mixed(f"{outcome} ~ {fixed} + {group.random}", frame[rows])
    return fit.replace(
        question=_question(s, alliance, outcome, group.notes),
        rows=_rows(fit, group.s, alliance, earlier, used),
        recipe=_recipe(fit, group.notes, lagged=earlier != alliance),
        scales=_scales(frame[rows], earlier, outcome),
        outcome=outcome,
        better=s.instruments[outcome].better if outcome in s.instruments else "",
        labels=term_labels(split.columns, [*fit.estimates["term"], alliance, outcome]),
    )


def _question(s: Sessions, alliance: str, outcome: str, notes: tuple[str, ...]) -> str:
    """Word the question with what the model assumes."""
    lagged = preceding_column(s, alliance, outcome) != alliance
    when = "at the next session" if lagged else "at the end of the same session"
    return (
        f"Does a higher {s.columns[alliance].label or alliance} precede a different "
        f"{s.columns[outcome].label or outcome} {when}? {' '.join(notes)}"
    )


def _rows(fit: Fit, s: Sessions, alliance: str, earlier: str, used: list[str]) -> Rows:
    """Count the sessions left out between the records and the model, by the first reason."""
    frame = s.frame
    open_rows = pd.Series(s.attended, index=frame.index)
    left: list[tuple[str, int]] = []
    if earlier != alliance:
        reasons = lag_losses(s, alliance)
        for reason in ("first session", "gap in session numbers", "earlier score missing"):
            lost = open_rows & (reasons == reason)
            left.append((f"{_called(s, alliance)}: {reason}", int(lost.sum())))
            open_rows &= ~lost
    for name in [name for name in [alliance, *used] if name != alliance or earlier == alliance]:
        lost = open_rows & frame[name].isna()
        left.append((f"{_called(s, name)}: missing", int(lost.sum())))
        open_rows &= ~lost
    clients = frame.loc[open_rows, ["clinic", "client"]].drop_duplicates().shape[0]
    kept = tuple(one for one in left if one[1])
    return replace(fit.rows, left_out=(*s.left_out, *kept), unit="sessions", clients=clients)


def _called(s: Sessions, name: str) -> str:
    return s.columns[name].label or name


def _recipe(fit: Fit, notes: tuple[str, ...], *, lagged: bool) -> Recipe:
    """Add what a methods section must say of this model."""
    done = "lagged first and then split" if lagged else "split"
    clock = (
        "The alliance was rated at a session; the outcome was given at the next one."
        if lagged
        else "The alliance and the outcome were given at one session, the alliance first."
    )
    own = (
        clock,
        f"The alliance score was {done} into the client's mean and the deviation from it, on the "
        "rows of the model.",
        *notes,
    )
    sources = ("hybrid", "timing", *fit.recipe.sources)
    return replace(fit.recipe, notes=(*own, *fit.recipe.notes), sources=sources)


def _scales(frame: pd.DataFrame, earlier: str, outcome: str) -> dict[str, float]:
    """Standard deviations within and between courses on the rows of the model, in points."""
    scales = {}
    for word, name in (("alliance", earlier), ("outcome", outcome)):
        by_course = frame.groupby(COURSE_KEY, sort=False, observed=True)[name]
        swings = frame[name] - by_course.transform("mean")
        courses = by_course.ngroups
        scales[f"{word}_within"] = float(np.sqrt((swings**2).sum() / max(len(frame) - courses, 1)))
        scales[f"{word}_between"] = float(by_course.mean().std())
    return scales
