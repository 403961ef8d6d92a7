"""Alliance and attendance: the named question, on appointments that were kept or missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from sessionwise.errors import Refused
from sessionwise.features.attendance import (
    EVENT_WORDS,
    Event,
    attendance_flags,
    before_appointments,
    kept_or_missed,
    need_event,
    rows_asked,
)
from sessionwise.features.given import need_given
from sessionwise.features.intake import as_names, need_intake
from sessionwise.models.fit import Fit, Rows, Unanswered
from sessionwise.models.generalized_mixed_fit import GeneralizedMixedFit
from sessionwise.models.grouping import innermost_units
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import COURSE_KEY, Sessions

PURPOSE = "Alliance and attendance"
CLOCKS = {
    "no_show": "Each row is an appointment that was attended or missed, from the second on; what "
    "explains it is from earlier sessions.",
    "cancelled": "Each row is an appointment, from the second on; what explains it is from earlier "
    "sessions.",
}
QUESTIONS = {
    "no_show": "coming to the next appointment that was made",
    "cancelled": "not cancelling the next appointment that was made",
}
FEW_ROWS = 10
"""Rows per client below which Laplace's approximation gets a caution."""


def alliance_and_attendance(
    s: Sessions, alliance: str = "srs", adjust: Sequence[str] = (), event: Event = "no_show"
) -> Fit:
    """Does a better alliance precede coming to the next appointment that was made?

    Not whether anybody leaves, which is decided between sessions, but who did not come to an
    appointment without cancelling it. All that explains it was known before: ``X_so_far``, the mean
    of the scores of earlier sessions, is what the client usually says; ``X_last_change``, the last
    score minus that mean, is the last swing. Appointments that were cancelled are left out and
    counted: they are neither. With ``event="cancelled"`` it is asked who cancels, among all.

    Parameters
    ----------
    s
        The records.
    alliance
        A score, in scale points.
    adjust
        Intake covariates.
    event
        ``"no_show"``: neither came nor cancelled; ``"cancelled"``: cancelled, of all appointments.

    Returns
    -------
    Fit
        Logistic mixed model of the event, by Laplace's approximation; terms ``Intercept,
        sessions_so_far, X_so_far, X_last_change``, ``modality`` where it is recorded of
        appointments that were missed too, and the covariates: log odds per alliance point (or per
        session), of a client and a therapist who differ from others as they do. Random levels of
        the client (of the course, where some have several) and of the therapist of the appointment.
        ``scales``: ``alliance_between`` (standard deviation of the courses' means at their last
        row) and ``alliance_within`` (of the last changes, from the second score on), in points.

    Raises
    ------
    Unanswerable, Refused
        The records hold no missed appointment, or assessments; a column is missing or was not known
        before; the fit may not be reported.

    Notes
    -----
    Long form, where everything is recorded::

        s = attendance_flags(before_appointments(s, "srs"))
        rows = s.frame[s.frame["cancelled"].eq(0) & s.frame["appointment"].gt(1)]
        sw.mixed("no_show ~ sessions_so_far + srs_so_far + srs_last_change"
                 " + (1 | client) + (1 | therapist)", rows, family="binomial")

    Where one share of the appointments somebody does not come to is cancelled, whoever it is,
    leaving cancellations out lowers the log odds by one number, and changes no other term.

    Examples
    --------
    >>> import sessionwise as sw
    >>> sw.answer(alliance_and_attendance, sw.example()).kind
    'missing'
    """
    adjust = as_names(adjust)
    s.need([alliance], PURPOSE)
    need_intake(s, adjust, PURPOSE)
    need_given(s, [alliance, *adjust], PURPOSE)
    s = attendance_flags(before_appointments(s, alliance))
    need_event(s, event)
    s, unit, notes = innermost_units(s)
    fixed = ["sessions_so_far", f"{alliance}_so_far", f"{alliance}_last_change", *adjust]
    modality, said = _modality(s, fixed, event)
    fixed += modality
    groups, alone = _groups(s, unit, fixed, event)
    rows, left_out = rows_asked(s, [*fixed, *groups], cancelled=event == "cancelled")
    left_out = (*((one.reason, one.rows) for one in s.origin.ledger if one.rows), *left_out)
    refuse_few_clients(rows)
    formula = f"{event} ~ {' + '.join([*fixed, *(f'(1 | {group})' for group in groups)])}"
    fit = mixed(formula, rows, family="binomial")
    words = s.columns[alliance].label or alliance
    lost = [name for name in fixed[1:3] if name not in set(fit.estimates["term"])]
    if lost:
        raise Refused(
            f"{', '.join(f'`{name}`' for name in lost)} cannot be told from the other terms in the "
            f"{len(rows)} rows of the model, so nothing says what goes with the {words}."
        )
    return fit.replace(
        question=f"Does a better {words} precede {QUESTIONS[event]}?",
        rows=_counted(fit, s, rows, left_out),
        recipe=replace(
            fit.recipe,
            clock="session",
            notes=(CLOCKS[event], *notes, *said, *alone, *fit.recipe.notes),
            caution=_caution(len(rows) / rows[unit].nunique()),
        ),
        scales={**fit.scales, **_scales(rows, alliance)},
        labels=term_labels(s.columns, [*fit.estimates["term"], event, alliance]),
    )


def chance_of_missing(fit: Fit | Unanswered) -> pd.DataFrame | Unanswered:
    """How likely is it that an appointment is missed, where the alliance so far is low or high?

    Averaged over clients and therapists, so that it is a share of appointments; that of a client
    in the middle would be lower.

    Parameters
    ----------
    fit
        From :func:`alliance_and_attendance`; one that was not answered is handed back.

    Returns
    -------
    DataFrame
        ``group`` (``"low"``, ``"high"``), ``alliance`` (one between-client standard deviation below
        and above the mean of the rows, in points), ``estimate, low, high``: probabilities with
        95 % limits; all else as on the rows of the model, no change at the last session.

    Raises
    ------
    Refused
        Another fit.
    """
    if isinstance(fit, Unanswered):
        return fit
    ends = [term for term in fit.estimates["term"] if term.endswith("_so_far")]
    ends = [term for term in ends if term != "sessions_so_far"]
    if not ends or not isinstance(fit, GeneralizedMixedFit):
        raise Refused("This fit has no score so far; give that of alliance_and_attendance.")
    score, frame = ends[0], fit.solution.used
    still = f"{score.removesuffix('_so_far')}_last_change"
    mean, step = float(frame[score].mean()), fit.scales["alliance_between"]
    lines = []
    for word, level in (("low", mean - step), ("high", mean + step)):
        row = fit.population_average(frame.assign(**{score: level, still: 0.0})).iloc[0]
        lines.append((word, level, row["estimate"], row["low"], row["high"]))
    return pd.DataFrame(lines, columns=["group", "alliance", "estimate", "low", "high"])


def _modality(s: Sessions, fixed: Sequence[str], event: Event) -> tuple[list[str], tuple[str, ...]]:
    """Take the way of meeting in, where it was recorded of what was missed too."""
    if "modality" not in s.columns or "modality" in fixed:
        return [], ()
    frame = s.frame
    rows = frame[
        kept_or_missed(s, cancelled=event == "cancelled") & frame[list(fixed)].notna().all(axis=1)
    ]
    given = rows["modality"].notna()
    missed = rows[event].eq(1)
    if not given[missed].mean() > 0.9 * given[~missed].mean():
        return [], (
            f"The modality is not recorded of appointments that were {EVENT_WORDS[event]}, so it "
            "is not held.",
        )
    each = rows[given].groupby(rows["modality"].astype("str"), observed=True)[event]
    seen = each.agg(["min", "max"])
    if len(seen) < 2:
        return [], ()
    if (seen["min"] == seen["max"]).any():
        return [], (
            f"In one modality all appointments, or none, were {EVENT_WORDS[event]}, so modality is "
            "not held.",
        )
    return ["modality"], ()


def _groups(
    s: Sessions, unit: str, fixed: Sequence[str], event: Event
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the columns that levels differ by; therapists where there are several."""
    frame = s.frame
    if "therapist" not in frame:
        return (unit,), ()
    rows = kept_or_missed(s, cancelled=event == "cancelled") & frame[list(fixed)].notna().all(
        axis=1
    )
    if frame.loc[rows, "therapist"].nunique() < 2:
        alone = "The rows of the model have one therapist, so therapists cannot be compared."
        return (unit,), (alone,)
    return (unit, "therapist"), (
        "Each appointment is counted with the therapist it was made with.",
    )


def _counted(
    fit: Fit, s: Sessions, rows: pd.DataFrame, left_out: tuple[tuple[str, int], ...]
) -> Rows:
    """Count appointments, those missed (or cancelled), and those of them that lack a value."""
    event = fit.outcome
    missed = int(rows[event].sum())
    asked = kept_or_missed(s, cancelled=event == "cancelled")
    return replace(
        fit.rows,
        clients=len(rows[["clinic", "client"]].drop_duplicates()),
        therapists=int(rows["therapist"].nunique()) if "therapist" in rows else 0,
        events=missed,
        events_lost=int(s.table.loc[asked, event].sum()) - missed,
        left_out=left_out,
        unit="appointments",
    )


def _caution(each: float) -> str:
    """Say what the ratios compare, and where Laplace's approximation may be off."""
    about = (
        "Ratios are those given the levels of client and therapist: between shares of all "
        "appointments they are nearer to 1"
    )
    if each >= FEW_ROWS:
        return f"{about}."
    return (
        f"{about}, and with {each:.1f} appointments a client Laplace's approximation may be off in "
        "how much clients differ."
    )


def _scales(rows: pd.DataFrame, alliance: str) -> dict[str, float]:
    """Standard deviations to read the effects in, in points."""
    by_course = rows.groupby(COURSE_KEY, sort=False, observed=True)
    swings = rows.loc[rows["sessions_so_far"] > 1, f"{alliance}_last_change"]
    return {
        "alliance_between": float(by_course[f"{alliance}_so_far"].last().std()),
        "alliance_within": float(swings.std()),
    }
