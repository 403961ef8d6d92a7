"""Early alliance and how many ever end one way: the cumulative incidence from a landmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.engine.incidence_curves import ROUNDING
from sessionwise.engine.subdistribution import Subdistribution, fine_gray
from sessionwise.errors import InvalidInput, Problem, Refused, Unanswerable, nearest
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.features.leaving import CAUSES, courses_at_risk, early_mean
from sessionwise.models.curve_groups import refuse_own_levels
from sessionwise.models.ending_notes import as_counted
from sessionwise.models.fit import VARIANCE_COLUMNS, Fit, Health, Recipe, Rows
from sessionwise.models.formulas import Design, design, parse
from sessionwise.models.labels import term_labels
from sessionwise.models.wald import estimates_frame
from sessionwise.records.sessions import COURSE_KEY, Column, Sessions
from sessionwise.records.small_counts import many

PURPOSE = "Early alliance and how courses end"
EVENTS_PER_TERM = 10
TIME, CAUSE = "last seen", "ended as"  # no column of anybody's is called so
KIND = "subdistribution hazard model (Fine–Gray)"


@dataclass(frozen=True, eq=False, repr=False)
class IncidenceFit(Fit):
    """A :class:`Fit` of the cumulative incidence, with what its predicted curves need.

    Attributes
    ----------
    alliance
        The term of the early mean.
    ending
        ``"unplanned"`` or ``"planned"``.
    solution
        Estimates, baseline and each course's share in them.
    seen
        Last session seen of each course, sorted, shape (n,).
    """

    alliance: str = ""
    ending: str = ""
    solution: Subdistribution | None = field(default=None, repr=False)
    seen: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)


def early_alliance_and_ending(
    s: Sessions,
    alliance: str = "srs",
    adjust: Sequence[str] = (),
    landmark: int = 3,
    ending: Literal["unplanned", "planned"] = "unplanned",
    *,
    censored_by: str = "",
) -> IncidenceFit:
    """Do more, or fewer, of those with a better early alliance ever end unplanned (or planned)?

    Among courses that attended session ``landmark``, with the mean alliance of sessions 1 to
    ``landmark`` and intake covariates, all fixed there. The ratio is one of *cumulative incidence*,
    the other ending counted as what it is: a course that ended as planned can no longer end
    unplanned. It is no ratio of rates among those still there: a covariate that only brings planned
    endings forward lowers the incidence of unplanned ones and leaves their rate as it was. Read it
    beside the hazard of the same ending (:func:`hazard`), and both endings beside each other.

    Parameters
    ----------
    s
        The records.
    alliance
        A score, in points.
    adjust
        Intake covariates.
    landmark
        The session k, 1 or later; endings count from the decision after it on.
    ending
        Which one.
    censored_by
        Groups whose courses are followed for different times, e.g. ``"clinic"`` where records end
        on different days: each has its own curve of censoring. Empty: one curve.

    Returns
    -------
    IncidenceFit
        Terms ``X_early`` and the covariates; log subdistribution hazard ratios, above 0 more end
        this way. ``scales["alliance_between"]``: standard deviation of the early means, in points.

    Raises
    ------
    InvalidInput
        A landmark before session 1, or an unknown ending.
    Unanswerable, Refused
        A column or every ending is missing; the fit may not be reported.

    Notes
    -----
    Fine & Gray 1999, J Am Stat Assoc 94:496. Scores given at the landmark session are known when
    the client decides about the next; a planned ending directly after it was decided before.

    Examples
    --------
    >>> import sessionwise as sw
    >>> early_alliance_and_ending(sw.example()).estimates["term"].tolist()
    ['srs_early']
    """
    _check(landmark, ending)
    s.need([alliance], PURPOSE)
    beside = list(dict.fromkeys([*adjust, *({censored_by} - {"", "clinic"})]))
    need_intake(s, beside, PURPOSE)
    need_given(s, [alliance, *adjust], PURPOSE)
    early = f"{alliance}_early"
    names = [early, *adjust]
    each, left = _courses(s, alliance, beside, landmark)
    complete = each[[early, *beside]].notna().all(axis=1)
    used = each[complete].reset_index(drop=True)
    if used.empty:
        raise Unanswerable(f"No course at session {landmark} has all of {', '.join(names)}.")
    event = each[CAUSE] == CAUSES[ending]
    if not event[complete].any():
        raise Unanswerable(
            f"Of {many(len(used), 'courses')} that attended session {landmark}, none was seen to "
            f"end {how_ended(ending)} after it: nothing can go with that."
        )
    made = _covariates(used, names)
    terms = [term for term in made.terms if term != "Intercept"]
    x = made.matrix[:, [made.terms.index(term) for term in terms]]
    if censored_by:
        refuse_own_levels(used[censored_by], censored_by)
    followed = used[censored_by].astype("str").to_numpy() if censored_by else None
    time, cause = used[TIME].to_numpy(), used[CAUSE].to_numpy()
    solved = fine_gray(time, cause, x, CAUSES[ending], followed)
    if not np.diag(solved.covariance).min() > ROUNDING**2:
        raise Refused(
            "These courses say nothing of how sure the ratio is: its robust error is 0, as where "
            "all of them ended the same way after the same session."
        )
    rows = Rows(
        used=len(used),
        clients=used[["clinic", "client"]].drop_duplicates().shape[0],
        events=int(event[complete].sum()),
        events_lost=int(event[~complete].sum()),
        left_out=(*((one.reason, one.courses) for one in left), *_missing(s, each, early, beside)),
        unit="courses",
    )
    label = s.columns[alliance].label or alliance
    column = Column(early, "number", "after", label=f"{label}, mean of {_window(landmark)}")
    return IncidenceFit(
        question=f"Do more, or fewer, with a higher early {label} ever end {how_ended(ending)}?",
        estimates=estimates_frame(terms, solved.estimate, solved.covariance, np.inf),
        variances=pd.DataFrame(columns=list(VARIANCE_COLUMNS)),
        health=Health(
            True, (), solved.gradient, "Newton's method", solved.iterations, (), made.aliased
        ),
        rows=rows,
        recipe=as_counted(
            _recipe((names, terms), (landmark, ending, censored_by), rows, dict(made.references)), s
        ),
        loglik=solved.loglik,
        covariance=solved.covariance,
        scales={"alliance_between": float(used[early].std())},
        outcome=f"left_{ending}",
        labels=term_labels({**s.columns, early: column}, [*terms, alliance]),
        alliance=early,
        ending=ending,
        solution=solved,
        seen=np.sort(used[TIME].to_numpy(float)),
    )


def _check(landmark: int, ending: str) -> None:
    problems = []
    if landmark < 1:
        problems.append(Problem(f"landmark = {landmark}", "", "Name a session, 1 or later."))
    if ending not in CAUSES:
        problems.append(Problem(f"there is no ending '{ending}'", "", nearest(ending, CAUSES)))
    if problems:
        raise InvalidInput(problems, "what early_alliance_and_ending was given")


def _courses(
    s: Sessions, alliance: str, adjust: Sequence[str], landmark: int
) -> tuple[pd.DataFrame, tuple]:
    """Give the courses at the landmark with what was known there."""
    each, left = courses_at_risk(s, landmark)
    if each.empty:
        raise Unanswerable(f"No course attended session {landmark} and was decided after it.")
    keys = pd.MultiIndex.from_frame(each[COURSE_KEY])
    beside = s.courses.set_index(COURSE_KEY)[list(adjust)].reindex(keys).reset_index(drop=True)
    early = early_mean(s, alliance, landmark).reindex(keys).to_numpy(float)
    each = each.reset_index(drop=True).rename(columns={"time": TIME, "cause": CAUSE})
    return pd.concat([each, beside], axis=1).assign(**{f"{alliance}_early": early}), left


def _covariates(used: pd.DataFrame, names: list[str]) -> Design:
    """Lay covariates out as columns; what stands left of the tilde is not looked at."""
    any_number = f"{names[0]}_row"
    frame = used.assign(**{any_number: np.arange(-1.0, len(used) - 1)})
    if len(used) == 1:
        raise Unanswerable("One course alone says nothing of what goes with its ending.")
    return design(parse(f"{any_number} ~ {' + '.join(names)}", frame.columns), frame)


def _missing(
    s: Sessions, each: pd.DataFrame, early: str, adjust: Sequence[str]
) -> list[tuple[str, int]]:
    """Count the courses lost to each missing value, in turn."""
    lost, still = [], each
    for name in (early, *adjust):
        gone = still[name].isna()
        label = "no early score" if name == early else f"{s.columns[name].label or name}: missing"
        if gone.any():
            lost.append((label, int(gone.sum())))
        still = still[~gone]
    return lost


def _recipe(
    model: tuple[list[str], list[str]],
    asked: tuple[int, str, str],
    rows: Rows,
    references: dict[str, str],
) -> Recipe:
    """Say how it was made, and what it is not."""
    (names, terms), (landmark, ending, censored_by) = model, asked
    notes = [
        "A ratio is of the cumulative incidence: of how many ever end this way, other endings "
        "counted as such. It is not a ratio of rates among clients still in therapy.",
        f"Everything is fixed at session {landmark}; endings count from the decision after it on.",
        "Courses are taken for independent, and censoring for unrelated to the covariates.",
    ]
    if censored_by:
        notes.append(
            f"Each level of {censored_by.replace('_', ' ')} has its own curve of censoring."
        )
    if ending == "planned":
        notes.append(
            f"A planned ending directly after session {landmark} was decided before the scores of "
            "that session were given; it is in the model."
        )
    if rows.events < EVENTS_PER_TERM * len(terms):
        notes.append(
            f"There are {many(rows.events)} such endings for {len(terms)} terms, under "
            f"{EVENTS_PER_TERM} each: the estimates may be far off."
        )
    return Recipe(
        kind=KIND,
        formula=f"left_{ending} ~ {' + '.join(names)}",
        estimation="weighted partial likelihood (Breslow's ties)",
        link="cloglog",
        errors="robust",
        reference="normal",
        references=tuple(references.items()),
        notes=tuple(notes),
        sources=("fine_gray", "landmark"),
    )


def how_ended(ending: str) -> str:
    """Word an ending as an adverb.

    Examples
    --------
    >>> how_ended("planned")
    'as planned'
    """
    return "as planned" if ending == "planned" else ending


def _window(landmark: int) -> str:
    return "session 1" if landmark == 1 else f"sessions 1–{landmark}"
