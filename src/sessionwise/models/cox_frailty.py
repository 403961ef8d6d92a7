"""Which deviations of therapists a Cox model takes, and the fit in which they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from sessionwise.engine.frailty_curvature import MOST_CELLS
from sessionwise.engine.frailty_penalties import FrailtyShape
from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.frailty_search import FrailtyVariance, frailty_variance
from sessionwise.engine.gamma_search import gamma_variance
from sessionwise.errors import Refused
from sessionwise.models.cox_deviations import CoxDeviationsFit
from sessionwise.models.cox_gamma import CoxGammaFit
from sessionwise.models.fit import Health
from sessionwise.models.fit_on_risks import FitOnRisks
from sessionwise.models.formula_terms import RandomTerm
from sessionwise.models.random_part import RandomPart, random_part_of
from sessionwise.models.random_tables import variance_table
from sessionwise.models.wald import estimates_frame

MOST_LEVELS = 4_000
"""Levels whose second derivatives are taken whole; of more, those between two are left out.

Unless there are few event times, as on the clock of sessions: then it takes any number of them.
"""

HELD = "Standard errors hold the variance of the deviations fixed at its estimate."
DIAGONAL = "Second derivatives between two levels were left out, there being so many."
MULTIPLIES = (
    "The variance is of what multiplies the hazard, gamma distributed with mean 1; that of its "
    "logarithm is {:.3g}."
)
WHY = {
    "normal": "an approximated likelihood finds differences where there are none",
    "gamma": "a hazard ratio that changes over time would be taken for differences",
}
"""Why events that happen once do not tell how much their people differ."""


@dataclass(frozen=True)
class _Wording:
    """What a fit is called that lets therapists differ so."""

    fit: type[CoxDeviationsFit]
    kind: str
    estimation: str
    optimiser: str
    sources: tuple[str, ...]


WORDING = {
    "normal": _Wording(
        CoxDeviationsFit,
        "with random effects",
        "penalised {}, variance by REML",
        "Newton, then the equation of the variance",
        ("cox_deviations",),
    ),
    "gamma": _Wording(
        CoxGammaFit,
        "with a gamma frailty",
        "{} with gamma frailties integrated out, variance by maximum likelihood",
        "Newton, then the slope in the variance",
        ("cox_gamma",),
    ),
}


def with_deviations(
    fit: FitOnRisks, random: Sequence[RandomTerm], shape: FrailtyShape = "normal"
) -> FitOnRisks:
    """Let the levels of a factor differ in a fitted Cox model.

    Parameters
    ----------
    fit
        The model without, with model errors.
    random
        The random terms of the formula: one, of the level alone.
    shape
        How deviations of the log hazard are distributed: normally, or as the logarithm of gamma.

    Returns
    -------
    FitOnRisks
        A `CoxDeviationsFit`, or a `CoxGammaFit`; where the variance is estimated as zero, the fit
        as it was, and ``health.dropped`` names the term.

    Raises
    ------
    Refused
        Several random terms, or slopes; a factor in no level of which there are two events.
    """
    term = _only_level(random)
    risks = fit.risks
    part = random_part_of(random, risks.used)
    group = part.codes[term.group]
    _refuse_once(term.group, np.bincount(group, risks.event > 0), WHY[shape])
    levels = int(group.max()) + 1
    moments = risks.times.time.size
    narrow = 2 * moments < levels and moments * levels <= MOST_CELLS
    curvature = "full" if levels <= MOST_LEVELS or narrow else "diagonal"
    away = risks.x - risks.centre
    model = SharedFrailty(risks.times, away, group, levels, risks.ties, curvature, shape)
    found = frailty_variance(model) if shape == "normal" else gamma_variance(model)
    if not found.theta:
        gone = f"{part.terms[0]}: its variance was estimated as zero"
        return fit.replace(
            health=replace(fit.health, dropped=(*fit.health.dropped, gone)),
            recipe=replace(fit.recipe, formula=fit.recipe.formula.removesuffix(f" + {term}")),
        )
    return _fit(fit, part, model, found)


def _only_level(random: Sequence[RandomTerm]) -> RandomTerm:
    if len(random) == 1 and random[0].intercept and not random[0].slopes:
        return random[0]
    raise Refused(
        f"A Cox model takes one random term of the level, such as (1 | therapist), and this one "
        f"has {', '.join(map(str, random))}. Several terms, or slopes, are fitted by sw.hazard, "
        "whose cloglog link gives hazard ratios too."
    )


def _refuse_once(group: str, events: np.ndarray, why: str) -> None:
    """Refuse deviations of those to whom the event happens once at most."""
    if events.max() < 2:
        raise Refused(
            f"No `{group}` has two events, so nothing but the form of the model says how much they "
            f"differ, and {why}. Take (1 | therapist), each of whom has several, or cluster the "
            "errors."
        )


def _fit(
    fit: FitOnRisks, part: RandomPart, model: SharedFrailty, found: FrailtyVariance
) -> CoxDeviationsFit:
    """Say what was found in the words of a fit."""
    at, risks = found.at, fit.risks
    words = WORDING[model.shape]
    notes = [*fit.recipe.notes, HELD]
    if model.shape == "gamma":
        notes.append(MULTIPLIES.format(float(special.polygamma(1, 1 / found.theta))))
    notes += [DIAGONAL] if model.curvature == "diagonal" else []
    return words.fit(
        question=fit.question,
        estimates=estimates_frame(list(risks.columns), at.coefficients, at.covariance, np.inf),
        variances=variance_table(part, np.array([[found.theta]])),
        health=Health(
            converged=True,
            gradient=abs(found.slope),
            optimiser=words.optimiser,
            evaluations=found.evaluations,
            dropped=fit.health.dropped,
        ),
        rows=fit.rows,
        recipe=replace(
            fit.recipe,
            kind=f"{fit.recipe.kind} {words.kind}",
            estimation=words.estimation.format(fit.recipe.estimation),
            errors="model",
            cluster="",
            notes=tuple(notes),
            sources=(*fit.recipe.sources, *words.sources),
        ),
        loglik=at.integrated,
        covariance=at.covariance,
        scales=fit.scales,
        outcome=fit.outcome,
        better=fit.better,
        labels=fit.labels,
        risks=replace(
            risks,
            coefficients=at.coefficients,
            covariance=at.covariance,
            shift=at.deviations[model.group],
        ),
        part=part,
        model=model,
        frailty=found,
    )
