"""The hybrid model: what one score of a client preceded in another, within and between clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from sessionwise.engine.dynamic_bias import nickell_bias
from sessionwise.features.own_lines import FEWEST, detrended
from sessionwise.features.splits import refuse_lost_rows, within_between
from sessionwise.models.fit import Fit, Recipe
from sessionwise.models.grouping import grouped
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.models.score_pair import Asked, beside_each_other, called, deviations, rows_of
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.records.small_counts import many

SHORTEST = 2
"""Mean rows a course from which on the size of the bias of short courses can be told."""


def hybrid(s: Sessions, asked: Asked, adjust: Sequence[str] = ()) -> Fit:
    """Fit the lagged hybrid of one pair of scores.

    Lag first, then split, on the rows of the model. If the previous score of what is explained is
    held, it is lagged and split as well, and its within part alone is a term. Raw, it would hold
    the client's own level and take it for a weight of the past; and its mean is the client's mean
    but for one session, so that as a term it would leave nothing between clients to explain. The
    within part has the known bias of short courses. With the trend removed, what is left of the
    swings about the client's own line takes the place of the within part.

    Parameters
    ----------
    s
        The records.
    asked
        Which scores, in which order, and how.
    adjust
        Intake covariates.

    Returns
    -------
    Fit
        Linear mixed model, REML; terms ``Intercept, session, X_within`` (or ``X_detrended``),
        ``X_between``, ``Y_lag1_within`` if the previous score is held, and the covariates.

    Raises
    ------
    Unanswerable, Refused
        A column is missing; the rows cannot carry the model.
    """
    beside, own = beside_each_other(s, asked, adjust)
    earlier, outcome = own[0], asked.outcome
    swing = f"{earlier}_{asked.swing}"
    slopes = ("session", swing) if asked.slopes != "of time" else None
    group = grouped(beside, [*own, outcome, *adjust], slopes=slopes)
    used = [outcome, "session", *adjust, *group.columns]
    split = within_between(group.s, own, complete=used)
    if asked.trend == "removed":
        split = detrended(split, earlier, complete=used)
    parts = [swing, f"{earlier}_between", *(f"{name}_within" for name in own[1:])]
    frame = split.frame[split.frame[swing].notna()]
    refuse_few_clients(frame)
    refuse_lost_rows(frame, [*parts, *used])
    fit = mixed(
        f"{outcome} ~ {' + '.join(['session', *parts, *adjust])} + {group.random}",
        frame,
        aliased="refuse",
    )
    notes = (*_too_short(split, f"{earlier}_within", swing), *group.notes)
    few = {swing: f"fewer than {FEWEST} such sessions in the course, so no line of its own"}
    return fit.replace(
        question=_question(s, asked, group.notes),
        rows=rows_of(fit, split, asked, [*own, *used, swing], few),
        recipe=_recipe(fit, asked, asked.timing(s), notes, frame),
        scales=deviations(frame, (earlier, outcome)),
        outcome=outcome,
        better=s.instruments[outcome].better if outcome in s.instruments else "",
        labels=term_labels(split.columns, [*fit.estimates["term"], asked.predictor, outcome]),
    )


def _too_short(split: Sessions, swing: str, left: str) -> tuple[str, ...]:
    """Count the courses in which nothing is left over about a line."""
    frame = split.frame
    courses = len(
        frame.loc[frame[swing].notna() & frame[left].isna(), COURSE_KEY].drop_duplicates()
    )
    if not courses:
        return ()
    said = many(courses, "courses").capitalize()
    return (f"{said} with fewer than {FEWEST} sessions have no such line and are left out.",)


def _question(s: Sessions, asked: Asked, notes: tuple[str, ...]) -> str:
    """Word the question with what the model assumes."""
    when = "at the next session" if asked.lagged_in(s) else "at the end of the same session"
    held = ", given the previous one" if asked.held else ""
    return (
        f"Does a higher {called(s, asked.predictor)} precede a different "
        f"{called(s, asked.outcome)} {when}{held}? {' '.join(notes)}"
    ).strip()


def _recipe(
    fit: Fit, asked: Asked, timing: str, notes: tuple[str, ...], frame: pd.DataFrame
) -> Recipe:
    """Add what a methods section must say of this model."""
    first, then = asked.roles
    done = "lagged first and then split" if "at the next" in timing else "split"
    before = f"The {then} of the session before is"
    own = [
        timing,
        f"The {first} score was {done} into the client's mean and the deviation from it, on the "
        "rows of the model.",
    ]
    sources, caution = ("hybrid", "timing", *fit.recipe.sources), ""
    if asked.trend == "removed":
        own.append(
            "In place of that deviation stands what is left of it about the client's own straight "
            "line over the sessions of the model."
        )
        sources = (*sources, "detrending")
    if asked.slopes != "of time":
        own.append(
            f"Clients differ in what the {first} precedes within them, independently of their "
            "level and of their slope over time."
        )
        sources = (*sources, "random_slopes")
    own.append(
        f"{before} held as its deviation from the client's mean."
        if asked.held
        else f"{before} not held: what it does to both scores is in the estimates."
    )
    if asked.held:
        sources, caution = (*sources, "nickell"), _short_courses(fit, asked, frame)
    return replace(
        fit.recipe, notes=(*own, *notes, *fit.recipe.notes), sources=sources, caution=caution
    )


def _short_courses(fit: Fit, asked: Asked, frame: pd.DataFrame) -> str:
    """Say that the estimates are biased, why, which way, and by how much where theory tells."""
    rows = len(frame) / frame.groupby(COURSE_KEY, sort=False, observed=True).ngroups
    weight = float(fit.term(f"{asked.outcome}_lag1_within")["estimate"])
    size = ""
    if rows >= SHORTEST and abs(weight) < 1:
        size = f", other things being equal by about {-nickell_bias(weight, rows):.2f}"
    first, then = asked.roles
    return (
        "Biased in short courses: a client's own mean holds the scores still to come, so with "
        f"{rows:.1f} sessions a course on average the weight of the previous {then} comes out "
        f"too low{size} (Nickell, 1981), and the {first} estimate is off with it, in a direction "
        f"that depends on how the {then} moves the later {first}."
    )
