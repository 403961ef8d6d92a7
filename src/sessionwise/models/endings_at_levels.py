"""Cumulative incidence that a Fine–Gray model predicts at three early alliances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from sessionwise.engine.subdistribution_curve import predicted_incidence
from sessionwise.models.cumulative_incidence import CURVE_COLUMNS
from sessionwise.models.early_alliance_ending import IncidenceFit, how_ended
from sessionwise.models.fit import Curve, Unanswered


def incidence_by_early_alliance(fit: IncidenceFit | Unanswered) -> Curve | Unanswered:
    """How many does the model say have ended this way by each session, at three early alliances?

    Parameters
    ----------
    fit
        From :func:`~sessionwise.models.early_alliance_ending.early_alliance_and_ending`; one that
        was not answered is handed back.

    Returns
    -------
    Curve
        One group for an early alliance one standard deviation below the mean, at it, and above
        it, no further than the lowest and the highest there was; the covariates at their means.
        ``at_risk`` counts all courses of the model seen at that session, as each curve rests on
        all of them.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = sw.early_alliance_and_ending(sw.example())
    >>> incidence_by_early_alliance(fit).estimates["group"].nunique()
    3
    """
    if isinstance(fit, Unanswered):
        return fit
    solved, terms = fit.solution, fit.estimates["term"].tolist()
    times = np.unique(fit.seen)
    at_risk = len(fit.seen) - np.searchsorted(fit.seen, times, "left")
    center, deviation = solved.x.mean(axis=0), fit.scales["alliance_between"]
    place = terms.index(fit.alliance)
    seen = solved.x[:, place].min(), solved.x[:, place].max()
    label = fit.labels.get(fit.alliance.removesuffix("_early"), "alliance")
    pieces = []
    for word, steps in (("low", -1), ("average", 0), ("high", 1)):
        profile = center.copy()
        profile[place] = np.clip(profile[place] + steps * deviation, *seen)
        curve = predicted_incidence(solved, profile, times)
        group = f"early {label} {profile[place]:.1f}, {word}"
        shown = [curve.estimate, curve.std_error, curve.low, curve.high]
        values = [group, f"{fit.ending} ending", times, at_risk, *shown]
        pieces.append(pd.DataFrame(dict(zip(CURVE_COLUMNS, values, strict=True))))
    recipe = replace(
        fit.recipe,
        kind="cumulative incidence predicted by a Fine–Gray model",
        estimation="Breslow's baseline",
        reference="log–log limits",
    )
    return Curve(
        f"By each session, how many have ended {how_ended(fit.ending)}, at three early alliances?",
        pd.concat(pieces, ignore_index=True),
        fit.rows,
        recipe,
    )
