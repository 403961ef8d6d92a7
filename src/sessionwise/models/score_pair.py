"""A pair of scores that is asked about: which came first, which sessions have both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused, Unanswerable, nearest
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.features.lags import lag_losses, lagged, preceding, preceding_column
from sessionwise.models.fit import Fit, Rows
from sessionwise.records.sessions import COURSE_KEY, Sessions

Given = Literal["nothing", "previous outcome", "previous alliance"]
Trend = Literal["kept", "removed"]
Slopes = Literal["of time", "of time and alliance"]


@dataclass(frozen=True)
class Asked:
    """What is asked of a pair of scores.

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
    trend
        Whether the client's own line is ``"kept"`` in the swings of what came first, or
        ``"removed"``.
    slopes
        In what clients differ beside their level.
    """

    purpose: str
    predictor: str
    outcome: str
    roles: tuple[str, str] = ("alliance", "outcome")
    given: Given = "nothing"
    trend: Trend = "kept"
    slopes: Slopes = "of time"

    def __post_init__(self) -> None:
        choices = {
            "given": ("nothing", f"previous {self.roles[1]}"),
            "trend": ("kept", "removed"),
            "slopes": ("of time", f"of time and {self.roles[0]}"),
        }
        problems = [
            Problem(f"{name} = '{word}'", "", nearest(str(word), known))
            for name, known in choices.items()
            if (word := getattr(self, name)) not in known
        ]
        if problems:
            raise InvalidInput(problems, self.purpose)
        if self.held and self.trend == "removed":
            raise Refused(
                f"With the {self.given} held and the trend removed, what is estimated would be off "
                "by what nobody here can tell. Ask for one of the two."
            )

    @property
    def held(self) -> bool:
        """Whether the score explained is held as it was at the session before."""
        return self.given != "nothing"

    @property
    def swing(self) -> str:
        """How the column of the client's swings ends."""
        return "within" if self.trend == "kept" else "detrended"

    def lagged_in(self, s: Sessions) -> bool:
        """Whether what came first was given at the session before."""
        return preceding_column(s, self.predictor, self.outcome) != self.predictor

    def timing(self, s: Sessions) -> str:
        """Say what came first."""
        first, then = self.roles
        if self.lagged_in(s):
            return f"The {first} was rated at a session; the {then} was given at the next one."
        return f"The {first} and the {then} were given at one session, the {first} first."


def beside_each_other(
    s: Sessions, asked: Asked, adjust: Sequence[str]
) -> tuple[Sessions, list[str]]:
    """Put what came first beside what is explained, and name the columns to split, it first.

    Raises
    ------
    Unanswerable
        A score or a covariate is missing or empty; the records hold no sessions.
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
    beside, own = preceding(s, predictor, outcome), [preceding_column(s, predictor, outcome)]
    if asked.held:
        beside, own = lagged(beside, outcome), [*own, f"{outcome}_lag1"]
    return beside, own


def rows_of(
    fit: Fit, s: Sessions, asked: Asked, used: Sequence[str], reasons: Mapping[str, str]
) -> Rows:
    """Count the sessions left out between the records and the model, by the first reason.

    Parameters
    ----------
    fit, s, asked
        The fit, the records with its columns, and what was asked.
    used
        The columns of the model, in the order in which they are looked at.
    reasons
        Column → why it is missing, where a form that was not filled in is not why.
    """
    frame = s.frame
    open_rows = pd.Series(s.attended, index=frame.index)
    left: list[tuple[str, int]] = []
    behind = [asked.predictor] if asked.lagged_in(s) else []
    for name in [*behind, *([asked.outcome] if asked.held else [])]:
        because = lag_losses(s, name)
        for reason in ("first session", "gap in session numbers", "earlier score missing"):
            lost = open_rows & (because == reason)
            left.append((f"{called(s, name)}: {reason}", int(lost.sum())))
            open_rows &= ~lost
    for name in used:
        lost = open_rows & frame[name].isna()
        left.append((reasons.get(name, f"{called(s, name)}: missing"), int(lost.sum())))
        open_rows &= ~lost
    clients = frame.loc[open_rows, ["clinic", "client"]].drop_duplicates().shape[0]
    kept = tuple(one for one in left if one[1])
    return replace(fit.rows, left_out=(*s.left_out, *kept), unit="sessions", clients=clients)


def called(s: Sessions, name: str) -> str:
    """Give the label of a column, or its name."""
    return s.columns[name].label or name


def deviations(frame: pd.DataFrame, scores: Sequence[str]) -> dict[str, float]:
    """Give standard deviations within and between courses on the rows of a model, in points.

    Returns
    -------
    dict
        ``X_within`` and ``X_between`` for each score.
    """
    found = {}
    for name in scores:
        by_course = frame.groupby(COURSE_KEY, sort=False, observed=True)[name]
        swings = frame[name] - by_course.transform("mean")
        free = max(len(frame) - by_course.ngroups, 1)
        found[f"{name}_within"] = float(np.sqrt((swings**2).sum() / free))
        found[f"{name}_between"] = float(by_course.mean().std())
    return found
