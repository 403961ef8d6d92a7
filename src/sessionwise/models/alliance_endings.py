"""Alliance and both kinds of ending: leaving beside ending as planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sessionwise.errors import Unanswerable
from sessionwise.features.attendance import before_appointments
from sessionwise.features.given import need_given
from sessionwise.features.intake import as_names, need_intake
from sessionwise.features.leaving import Episodes, episodes
from sessionwise.models.alliance_leaving import alliance_and_leaving
from sessionwise.models.discrete_hazard import ENDS
from sessionwise.models.fit import Fit
from sessionwise.models.labels import term_labels
from sessionwise.models.leaving_errors import hazard_by_therapist
from sessionwise.models.wald import estimates_frame
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import COURSE_KEY, Sessions

PURPOSE = "Alliance and both kinds of ending"
ONE_OF_TWO = (
    "Each kind of ending takes away the chance of the other: the hazards are cause-specific, of "
    "one ending among all who came, and say nothing of a world in which the other did not exist."
)

NOT_WILD = (
    "The difference between the two kinds is judged by CR2 errors with t: with so few therapists "
    "it is called clear too often."
)


@dataclass(frozen=True, eq=False, repr=False)
class EndingHazards:
    """The hazards of both kinds of ending.

    Attributes
    ----------
    unplanned, planned
        On the same rows with the same columns, all known *before* the session, as a planned ending
        is decided by then: ``X_so_far`` and ``X_last_change``.
    at_decision
        The unplanned ending by what was known when the client decided: ``X_to_date``, ``X_change``
        (:func:`alliance_and_leaving`).
    differences
        ``term, estimate, std_error, df, statistic, p, low, high``: the log hazard ratio of the
        unplanned ending less that of the planned one, for the two alliance terms.
    """

    unplanned: Fit
    planned: Fit
    at_decision: Fit
    differences: pd.DataFrame

    def __repr__(self) -> str:
        apart = self.differences[["term", "estimate", "std_error", "p", "low", "high"]]
        table = apart.to_string(index=False, float_format=lambda x: f"{x:.4g}")
        return f"{self.unplanned}\n\n{self.planned}\n\nUnplanned less planned\n{table}"


def alliance_and_endings(
    s: Sessions, alliance: str = "srs", adjust: Sequence[str] = ()
) -> EndingHazards:
    """Does the alliance go with leaving, with ending as planned, or with both?

    A low alliance that precedes fewer planned endings and more unplanned ones says something other
    than one that precedes more of both. A planned ending is agreed on before the last session, so
    only what was known before it may explain it; to compare, leaving is explained by the same.

    Parameters
    ----------
    s
        The records.
    alliance
        A score known after the session, in scale points.
    adjust
        Intake covariates.

    Returns
    -------
    EndingHazards
        Terms of both ``Intercept, session, X_so_far`` (mean of the scores before the session),
        ``X_last_change`` (the last of them minus that mean, 0 while there is one score) and the
        covariates; log hazards, complementary log-log link, from the second session on.

    Raises
    ------
    Unanswerable, Refused
        A kind of ending is not recorded; as for :func:`alliance_and_leaving`.

    Notes
    -----
    The likelihood of both falls apart into the two (Prentice et al. 1978, Biometrics 34:541), so
    their estimates are independent but for what therapists have in common; the errors of
    ``differences`` take them so. In one session at most one of the two happens: rows with the other
    ending count as no ending, which is right to the order of the product of two hazards.

    Examples
    --------
    >>> import sessionwise as sw
    >>> both = alliance_and_endings(sw.example())
    >>> both.planned.rows.used == both.unplanned.rows.used
    True
    """
    adjust = as_names(adjust)
    s.need([alliance], PURPOSE)
    need_intake(s, adjust, PURPOSE)
    need_given(s, [alliance, *adjust], PURPOSE)
    at_risk = _from_the_second(episodes(before_appointments(s, alliance)))
    for kind in ("unplanned", "planned"):
        if not at_risk.frame[f"left_{kind}"].any():
            raise Unanswerable(
                f"No {kind} ending from the second session on is in these records, so the two "
                "kinds cannot be set side by side."
            )
    used = [f"{alliance}_so_far", f"{alliance}_last_change", *adjust]
    fits = [_fitted(at_risk, kind, used, s, alliance) for kind in ("unplanned", "planned")]
    if any(fit.recipe.errors == "wild" for fit in fits):
        fits = [
            fit.replace(recipe=replace(fit.recipe, notes=(*fit.recipe.notes, NOT_WILD)))
            for fit in fits
        ]
    return EndingHazards(
        *fits,
        at_decision=alliance_and_leaving(s, alliance, adjust),
        differences=_differences(*fits, used[:2]),
    )


def _from_the_second(at_risk: Episodes) -> Episodes:
    """Leave out first sessions, before which there is no alliance."""
    later = at_risk.frame["session"].gt(1)
    left = Left("first sessions, before which no alliance was rated", int((~later).sum()))
    return replace(
        at_risk,
        frame=at_risk.frame[later].reset_index(drop=True),
        left_out=(*at_risk.left_out, *([left] if left.rows else [])),
    )


def _fitted(at_risk: Episodes, kind: str, used: list[str], s: Sessions, alliance: str) -> Fit:
    """Fit the hazard of one kind of ending."""
    fit = hazard_by_therapist(f"left_{kind} ~ session + {' + '.join(used)}", at_risk, "cloglog")
    rows = at_risk.frame[at_risk.frame[used].notna().all(axis=1)]
    last = rows.groupby(COURSE_KEY, sort=False, observed=True)[used[0]].last()
    swings = rows.loc[rows["session"] > 2, used[1]]
    words = s.columns[alliance].label or alliance
    return fit.replace(
        question=f"Does the {words} before a session go with {ENDS[f'left_{kind}']} after it?",
        recipe=replace(fit.recipe, notes=(ONE_OF_TWO, *fit.recipe.notes)),
        scales={"alliance_between": float(last.std()), "alliance_within": float(swings.std())},
        labels={**fit.labels, **term_labels(s.columns, [alliance])},
    )


def _differences(unplanned: Fit, planned: Fit, terms: list[str]) -> pd.DataFrame:
    """Say by how much the two hazards differ in what goes with them."""
    one, other = (fit.estimates.set_index("term").loc[terms] for fit in (unplanned, planned))
    variance = one["std_error"] ** 2 + other["std_error"] ** 2
    df = pd.concat([one["df"], other["df"]], axis=1).min(axis=1).to_numpy(float)
    estimate = (one["estimate"] - other["estimate"]).to_numpy(float)
    return estimates_frame(terms, estimate, np.diag(variance), df)
