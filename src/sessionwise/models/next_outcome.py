"""The lagged hybrid: alliance after one session, outcome before the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.lags import lag_losses, preceding, preceding_column
from sessionwise.features.splits import within_between
from sessionwise.features.therapists import first_therapist
from sessionwise.models.fit import Fit, Recipe, Rows
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
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

        s = sw.within_between(sw.lagged(s, "srs"), ["srs_lag1"], complete=["ors", "session"])
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
    s.need([alliance, outcome, *adjust], "Alliance and the next outcome")
    if s.clock == "time":
        raise Unanswerable(
            "Alliance and the next outcome are followed from session to session, and these records "
            "hold assessments at fixed times."
        )
    earlier = preceding_column(s, alliance, outcome)
    used = [outcome, "session", *adjust]
    split = within_between(preceding(s, alliance, outcome), [earlier], complete=used)
    within, between = f"{earlier}_within", f"{earlier}_between"
    fixed = " + ".join(["session", within, between, *adjust])
    random, split, notes = _grouping(split)
    frame = split.frame
    rows = frame[within].notna()
    if frame.loc[rows, COURSE_KEY].drop_duplicates().shape[0] < 3:
        raise Refused("Fewer than three clients have two sessions with both scores.")
    fit = mixed(f"{outcome} ~ {fixed} + {random}", frame[rows])
    return fit.replace(
        question=_question(s, alliance, outcome, notes),
        rows=_rows(fit, s, alliance, earlier, used),
        recipe=_recipe(fit, notes),
        scales=_scales(frame[rows], earlier, outcome),
        outcome=outcome,
        better=s.instruments[outcome].better if outcome in s.instruments else "",
        labels=term_labels(split.columns, [*fit.estimates["term"], alliance, outcome]),
    )


def _grouping(s: Sessions) -> tuple[str, Sessions, tuple[str, ...]]:
    """Give the random part: clients, in the therapist of the first session if there are several."""
    clients = "(1 + session || client)"
    if "therapist" not in s.columns:
        return clients, s, ("No therapist is recorded; clients are not nested in therapists.",)
    s, changed = first_therapist(s)
    if s.table["first_therapist"].nunique() < 2:
        return clients, s, ("All clients had one therapist, so therapists cannot be compared.",)
    moved = f"{changed} changed later" if changed else "none changed later"
    said = f"Each client is counted with the therapist of the first session ({moved})."
    return f"{clients} + (1 | first_therapist)", s, (said,)


def _question(s: Sessions, alliance: str, outcome: str, notes: tuple[str, ...]) -> str:
    """Word the question with what the model assumes."""
    return (
        f"Does a higher {s.columns[alliance].label or alliance} precede a different "
        f"{s.columns[outcome].label or outcome} at the next session? {' '.join(notes)}"
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


def _recipe(fit: Fit, notes: tuple[str, ...]) -> Recipe:
    """Add what a methods section must say of this model."""
    own = (
        "The alliance score was lagged first and then split into the client's mean and the "
        "deviation from it, on the rows of the model.",
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
