"""The hybrid model: what one score of a client preceded in another, within and between clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.engine.dynamic_bias import nickell_bias
from sessionwise.errors import InvalidInput, Problem, Unanswerable, nearest
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.features.lags import lag_losses, lagged, preceding, preceding_column
from sessionwise.features.splits import refuse_lost_rows, within_between
from sessionwise.models.fit import Fit, Recipe, Rows
from sessionwise.models.grouping import grouped
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import COURSE_KEY, Sessions

Given = Literal["nothing", "previous outcome", "previous alliance"]
SHORTEST = 2
"""Mean rows a course from which on the size of the bias of short courses can be told."""


@dataclass(frozen=True)
class Asked:
    """What a hybrid is asked.

    Attributes
    ----------
    purpose
        The question in a few words, for what is said where it cannot be answered.
    predictor, outcome
        Columns: what came first, and what is explained.
    roles
        What the two are to the study: ``"alliance"`` or ``"outcome"``, in the same order.
    given
        ``"nothing"``, or ``"previous"`` and the role of the score explained: that score of the
        session before is held.
    """

    purpose: str
    predictor: str
    outcome: str
    roles: tuple[str, str] = ("alliance", "outcome")
    given: Given = "nothing"

    def __post_init__(self) -> None:
        known = ("nothing", f"previous {self.roles[1]}")
        if self.given not in known:
            problem = Problem(f"given = '{self.given}'", "", nearest(self.given, known))
            raise InvalidInput([problem], self.purpose)

    @property
    def held(self) -> bool:
        """Whether the score explained is held as it was at the session before."""
        return self.given != "nothing"


def hybrid(s: Sessions, asked: Asked, adjust: Sequence[str] = ()) -> Fit:
    """Fit the lagged hybrid of one pair of scores.

    Lag first, then split, on the rows of the model. If the previous score of what is explained is
    held, it is lagged and split as well, and its within part alone is a term. Raw, it would hold
    the client's own level and take it for a weight of the past; and its mean is the client's mean
    but for one session, so that as a term it would leave nothing between clients to explain. The
    within part has the known bias of short courses.

    Parameters
    ----------
    s
        The records.
    asked
        Which scores, in which order, and what is held.
    adjust
        Intake covariates.

    Returns
    -------
    Fit
        Linear mixed model, REML; terms ``Intercept, session, X_within, X_between``,
        ``Y_lag1_within`` if the previous score is held, and the covariates.

    Raises
    ------
    Unanswerable, Refused
        A column is missing; the rows cannot carry the model.
    """
    predictor, outcome = asked.predictor, asked.outcome
    s.need([predictor, outcome], asked.purpose)
    need_intake(s, adjust, asked.purpose)
    need_given(s, [predictor, outcome, *adjust], asked.purpose)
    if s.clock == "time":
        raise Unanswerable(
            f"{asked.purpose} are followed from session to session, and these records hold "
            "assessments, not sessions."
        )
    earlier = preceding_column(s, predictor, outcome)
    beside, own = preceding(s, predictor, outcome), [earlier]
    if asked.held:
        beside, own = lagged(beside, outcome), [earlier, f"{outcome}_lag1"]
    group = grouped(beside, [*own, outcome, *adjust])
    used = [outcome, "session", *adjust, *group.columns]
    split = within_between(group.s, own, complete=used)
    parts = [f"{earlier}_within", f"{earlier}_between", *(f"{name}_within" for name in own[1:])]
    frame = split.frame[split.frame[parts[0]].notna()]
    refuse_few_clients(frame)
    refuse_lost_rows(frame, [*parts, *used])
    fit = mixed(
        f"{outcome} ~ {' + '.join(['session', *parts, *adjust])} + {group.random}",
        frame,
        aliased="refuse",
    )
    return fit.replace(
        question=_question(s, asked, group.notes),
        rows=_rows(fit, group.s, asked, [*own, *used]),
        recipe=_recipe(fit, asked, _timing(s, asked), group.notes, frame),
        scales=_scales(frame, (earlier, outcome)),
        outcome=outcome,
        better=s.instruments[outcome].better if outcome in s.instruments else "",
        labels=term_labels(split.columns, [*fit.estimates["term"], predictor, outcome]),
    )


def _lagged(s: Sessions, asked: Asked) -> bool:
    return preceding_column(s, asked.predictor, asked.outcome) != asked.predictor


def _question(s: Sessions, asked: Asked, notes: tuple[str, ...]) -> str:
    """Word the question with what the model assumes."""
    when = "at the next session" if _lagged(s, asked) else "at the end of the same session"
    held = ", given the previous one" if asked.held else ""
    return (
        f"Does a higher {_called(s, asked.predictor)} precede a different "
        f"{_called(s, asked.outcome)} {when}{held}? {' '.join(notes)}"
    ).strip()


def _timing(s: Sessions, asked: Asked) -> str:
    """Say what came first."""
    first, then = asked.roles
    if _lagged(s, asked):
        return f"The {first} was rated at a session; the {then} was given at the next one."
    return f"The {first} and the {then} were given at one session, the {first} first."


def _rows(fit: Fit, s: Sessions, asked: Asked, used: list[str]) -> Rows:
    """Count the sessions left out between the records and the model, by the first reason."""
    frame = s.frame
    open_rows = pd.Series(s.attended, index=frame.index)
    left: list[tuple[str, int]] = []
    behind = [asked.predictor] if _lagged(s, asked) else []
    for name in [*behind, *([asked.outcome] if asked.held else [])]:
        reasons = lag_losses(s, name)
        for reason in ("first session", "gap in session numbers", "earlier score missing"):
            lost = open_rows & (reasons == reason)
            left.append((f"{_called(s, name)}: {reason}", int(lost.sum())))
            open_rows &= ~lost
    for name in used:
        lost = open_rows & frame[name].isna()
        left.append((f"{_called(s, name)}: missing", int(lost.sum())))
        open_rows &= ~lost
    clients = frame.loc[open_rows, ["clinic", "client"]].drop_duplicates().shape[0]
    kept = tuple(one for one in left if one[1])
    return replace(fit.rows, left_out=(*s.left_out, *kept), unit="sessions", clients=clients)


def _called(s: Sessions, name: str) -> str:
    return s.columns[name].label or name


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
        f"{before} held as its deviation from the client's mean."
        if asked.held
        else f"{before} not held: what it does to both scores is in the estimates.",
    ]
    sources, caution = ("hybrid", "timing", *fit.recipe.sources), ""
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


def _scales(frame: pd.DataFrame, scores: Sequence[str]) -> dict[str, float]:
    """Standard deviations within and between courses on the rows of the model, in points."""
    scales = {}
    for name in scores:
        by_course = frame.groupby(COURSE_KEY, sort=False, observed=True)[name]
        swings = frame[name] - by_course.transform("mean")
        courses = by_course.ngroups
        scales[f"{name}_within"] = float(np.sqrt((swings**2).sum() / max(len(frame) - courses, 1)))
        scales[f"{name}_between"] = float(by_course.mean().std())
    return scales
