"""The course of the outcome: its mean at each time, and a growth model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.features.assessment_times import clock_values
from sessionwise.features.counts import groups_of
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.models.fit import Fit
from sessionwise.models.grouping import grouped
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import Sessions


def outcome_over_time(
    s: Sessions, outcome: str = "ors", by: str = "", adjust: Sequence[str] = ()
) -> Fit:
    """How does the outcome change over therapy, and does it differ between groups?

    A straight line in the study's clock for each client. With assessments at times everybody
    shares, clients differ in level (random intercept); at times of their own, in level and slope,
    which may go together. The assessment at time 0 is no outcome: put it among the covariates if
    it is to count. With sessions, clients differ in level and in slope, and lie in their
    therapist; where some change therapist, the two cross.

    Parameters
    ----------
    s
        The records.
    outcome
        A score, in scale points.
    by
        A group known at intake; its term is the difference between groups at every time.
    adjust
        Intake covariates, e.g. the score at intake.

    Returns
    -------
    Fit
        Linear mixed model by maximum likelihood, so that models with other fixed terms can be
        compared; ``session`` or ``time`` in points per session or unit of time.

    Raises
    ------
    Unanswerable, Refused
        A column is missing; the fit did not converge.

    Examples
    --------
    >>> import sessionwise as sw
    >>> outcome_over_time(sw.example()).estimates["term"].tolist()
    ['Intercept', 'session']
    """
    s.need([outcome], "The course of the outcome")
    need_intake(s, [by, *adjust], "The course of the outcome")
    need_given(s, [outcome, by, *adjust], "The course of the outcome")
    clock = "time" if s.clock == "time" else "session"
    group = grouped(s, [outcome, *([by] if by else []), *adjust])
    s, notes = group.s, group.notes
    frame = s.frame.loc[s.attended]
    at_intake = (frame["time"] <= 0) if clock == "time" else pd.Series(False, index=frame.index)
    fixed = [clock, *([by] if by else []), *adjust]
    frame = frame[~at_intake]
    complete = frame[[outcome, *fixed, *group.columns]].notna().all(axis=1)
    refuse_few_clients(frame[complete])
    formula = f"{outcome} ~ {' + '.join(fixed)} + {group.random}"
    fit = mixed(formula, frame[complete], reml=False, aliased="refuse")
    left = [("assessments at intake, before anything could change", int(at_intake.sum()))]
    for name in (outcome, *fixed, *group.columns):
        lost = frame[name].isna()
        left.append((f"{s.columns[name].label or name}: missing", int(lost.sum())))
        frame = frame[~lost]
    rows = replace(
        fit.rows,
        left_out=(*s.left_out, *(one for one in left if one[1])),
        unit="assessments" if clock == "time" else "sessions",
        clients=frame[["clinic", "client"]].drop_duplicates().shape[0],
    )
    label = s.columns[outcome].label or outcome
    return fit.replace(
        question=f"How does the {label} change over therapy? {' '.join(notes)}".strip(),
        rows=rows,
        recipe=replace(
            fit.recipe,
            clock=clock,
            step=s.time_unit.removesuffix("s") if clock == "time" else "session",
            notes=(*notes, *fit.recipe.notes),
        ),
        outcome=outcome,
        better=s.instruments[outcome].better if outcome in s.instruments else "",
        labels=term_labels(s.columns, [*fit.estimates["term"], outcome]),
    )


def mean_course(s: Sessions, outcome: str, by: str = "") -> pd.DataFrame:
    """What was the mean outcome at each time, among those who gave it?

    A plain mean of the scores there are: as clients leave it becomes the mean of those who stay,
    and a rise in it need not be anybody's improvement. Where clients are asked at times of their
    own, scores are gathered at multiples of the usual gap between them.

    Returns
    -------
    DataFrame
        ``group, time, mean, low, high, n``; 95 % limits from the t distribution, missing for one
        score.

    Examples
    --------
    >>> import sessionwise as sw
    >>> int(mean_course(sw.example(), "ors")["n"].iloc[0]) > 100
    True
    """
    s.need_score(outcome, "The course of the outcome")
    need_intake(s, [by], "Comparing groups")
    frame = s.frame.loc[s.attended]
    when = clock_values(s)[s.attended]
    groups = [groups_of(frame, by), when]
    scores = frame[outcome].astype("float64").groupby(groups, observed=True)
    each = scores.agg(mean="mean", sd="std", n="count").reset_index()
    each = each[each["n"] > 0].reset_index(drop=True)
    n = each["n"].to_numpy(float)
    half = stats.t.ppf(0.975, np.maximum(n - 1, 1)) * each["sd"] / np.sqrt(n)
    made = {"low": each["mean"] - half, "high": each["mean"] + half}
    each["group"] = each["group"].astype("str")
    renamed = each.rename(columns={when.name: "time"}).assign(**made)
    return renamed[["group", "time", "mean", "low", "high", "n"]].astype({"time": "float64"})
