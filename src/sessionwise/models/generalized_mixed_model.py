"""Generalised linear mixed models: what `sw.mixed` does for outcomes that are no measurements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sessionwise.engine.fixed_likelihood import fixed_only
from sessionwise.engine.marginal_search import BEYOND
from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.errors import Refused
from sessionwise.features.leaving import Episodes, refuse_the_future
from sessionwise.models.fit import FURTHER_COLUMNS, Health, Recipe
from sessionwise.models.fixed_effects import refuse_unjudged
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design, complete_rows, design, parse
from sessionwise.models.generalized_mixed_fit import GeneralizedMixedFit
from sessionwise.models.generalized_outcome import (
    KINDS,
    Outcome,
    categories_of,
    outcome_of,
)
from sessionwise.models.generalized_request import Asked, check_formula, check_groups
from sessionwise.models.generalized_solution import (
    FixedColumns,
    GeneralizedSolution,
    highest_of,
    likelihood_of,
    singular_terms,
    vanished,
)
from sessionwise.models.latent_scale import HALF
from sessionwise.models.model_rows import counted, left_out_before, model_frame, standard_deviations
from sessionwise.models.random_part import RandomPart, random_part_of
from sessionwise.models.separation import separating_terms
from sessionwise.models.wald import estimates_frame
from sessionwise.models.weak_prior import PRIORS, prior_precision

FLAT = 1e-5
"""A fit converged if no slope of the log-likelihood exceeds this, per standard error."""

FURTHEST = 15.0
"""A linear predictor beyond this makes one look for terms that give the outcome away."""

LAPLACE_MOST = 7.0
"""A standard deviation this many times that of the latent residual is none Laplace can tell."""

FEW_ROWS = 5
"""Rows per level below which Laplace's approximation of a 0/1 outcome is said to be doubtful."""

NO_DISPERSION = 12.0
"""A log θ above this: the counts vary no more than Poisson's."""


class EndlessVariance(Refused):
    """Differences between clients or therapists were estimated as endless."""


def generalized_mixed(formula: str, data: Any, asked: Asked) -> GeneralizedMixedFit:
    """Fit a generalised mixed model by maximum likelihood; see `sw.mixed`."""
    frame = model_frame(data)
    parsed = parse(formula, frame.columns)
    check_formula(parsed, asked, frame)
    if isinstance(data, Episodes):
        refuse_the_future(data, parsed.columns, parsed.outcome)
    needed = [*parsed.columns, *([asked.trials] if asked.trials else [])]
    used, left_out = complete_rows(frame, list(dict.fromkeys(needed)))
    numbers, categories = used, ()
    if asked.family == "ordinal" and len(used):
        codes, categories = categories_of(parsed.outcome, used[parsed.outcome])
        numbers = used.assign(**{parsed.outcome: codes})
    made = design(parsed, numbers, asked.aliased)
    trials = used[asked.trials].to_numpy(float) if asked.trials else None
    outcome = outcome_of(made.outcome, made.response, asked.family, asked.link, trials, categories)
    check_groups(parsed, used, outcome)
    part = random_part_of(parsed.random, used, "allowed")
    refuse_unjudged(made, part)
    aliases = [f"`{term}`: a combination of the terms before it" for term in made.aliased]
    made = _without_intercept(made) if asked.family == "ordinal" else made
    solution, dropped = _solved(made, part, outcome, (used, parsed), asked)
    client = part.innermost or parsed.random[-1].group
    rows = counted(used, (*left_out_before(data), *left_out), client=client)
    if outcome.events is not None:
        events = int(frame[made.outcome].eq(1).sum())
        rows = replace(rows, events=outcome.events, events_lost=events - outcome.events)
    return _fit(
        solution, asked, rows, standard_deviations(numbers, parsed.measured), (*aliases, *dropped)
    )


def _fit(
    solution: GeneralizedSolution, asked: Asked, rows: Any, scales: dict[str, float],
    dropped: tuple[str, ...],
) -> GeneralizedMixedFit:  # fmt: skip
    made, summit = solution.made, solution.summit
    p = len(made.terms)
    estimate = solution.coefficients(solution.theta)
    covariance = solution.covariance_of(solution.coefficients)
    return GeneralizedMixedFit(
        question=f"What goes with `{made.outcome}`, within and between clients?",
        estimates=estimates_frame(list(made.terms), estimate[:p], covariance[:p, :p], np.inf),
        variances=solution.variances,
        health=Health(
            converged=True,
            singular=solution.singular,
            gradient=summit.gradient,
            optimiser="quasi-Newton, then Newton",
            evaluations=summit.evaluations,
            dropped=dropped,
        ),
        rows=rows,
        recipe=_recipe(solution, asked),
        loglik=summit.loglik,
        covariance=covariance[:p, :p],
        scales=scales,
        outcome=made.outcome,
        further=_further(solution, estimate[p:], np.sqrt(np.diag(covariance)[p:])),
        solution=solution,
        nodes=asked.quadrature,
    )


def _further(
    solution: GeneralizedSolution, estimate: np.ndarray, error: np.ndarray
) -> pd.DataFrame:
    """Lay out thresholds, or θ with the limits of log θ; see `Fit.further`."""
    ends = [estimate, estimate - HALF * error, estimate + HALF * error]
    names = solution.outcome.categories
    kinds, of = "threshold", [f"{one}|{other}" for one, other in zip(names, names[1:])]
    if solution.outcome.kind == "negative-binomial":
        ends = [np.exp(end) for end in ends]
        kinds, of, error = "theta", [""], error * ends[0]
    values = (kinds, of, "", ends[0], error, *ends[1:])
    return pd.DataFrame(dict(zip(FURTHER_COLUMNS, values)), index=range(estimate.size))


def _without_intercept(made: Design) -> Design:
    """Take the intercept out of a fixed part: thresholds stand for it."""
    place = made.terms.index("Intercept")
    kept = made.encoding.kept.copy()
    kept[np.flatnonzero(kept)[place]] = False
    return replace(
        made,
        terms=tuple(term for term in made.terms if term != "Intercept"),
        matrix=np.delete(made.matrix, place, axis=1),
        encoding=replace(made.encoding, kept=kept),
    )


def _columns(made: Design, outcome: Outcome, prior: str | None) -> FixedColumns:
    """Bring the fixed part to columns at right angles, centred where thresholds take the mean."""
    n, p = made.matrix.shape
    if not p:
        return FixedColumns(made.matrix, np.eye(0), np.zeros(0), np.zeros((0, 0)))
    centred = outcome.kind == "ordinal"
    shift = made.matrix.mean(axis=0) if centred else np.zeros(p)
    basis, triangle = orthogonal(made.matrix - shift)
    back = np.linalg.inv(triangle)
    precision = back.T @ prior_precision(made.matrix, prior) @ back
    return FixedColumns(basis, triangle, shift, precision)


def _solved(
    made: Design, part: RandomPart, outcome: Outcome, origin: tuple[pd.DataFrame, Formula],
    asked: Asked,
) -> tuple[GeneralizedSolution, list[str]]:  # fmt: skip
    """Find the best parameters; a deviation whose variance is none is taken out, unless kept."""
    used, formula = origin
    fixed = _columns(made, outcome, asked.prior)
    start = _started(made, outcome, fixed)
    dropped: list[str] = []
    while True:
        likelihood, triangle = likelihood_of(fixed, part, outcome, asked.quadrature)
        found = GeneralizedSolution(
            used, replace(formula, random=part.terms), made, part, outcome, fixed, likelihood,
            None, triangle,
        )  # fmt: skip
        found = highest_of(found, start)
        _check_summit(found, asked)
        gone = vanished(found)
        if not gone.size or asked.keep_zero:
            return replace(found, singular=singular_terms(found, gone)), dropped
        ratios = (found.root**2).sum(axis=1)
        zero, part = part.without(int(gone[np.argmin(ratios[gone])]))
        dropped.append(f"{zero}: its variance was estimated as zero")


def _started(made: Design, outcome: Outcome, fixed: FixedColumns) -> tuple[np.ndarray, np.ndarray]:
    """Fit the fixed part alone, and refuse terms that give the outcome away."""
    n, p = made.matrix.shape
    level = fixed.basis.T @ np.full(n, outcome.centre) / n
    effect, phi, flat = fixed_only(
        fixed.basis, outcome.family, level, outcome.start, fixed.precision
    )
    far = p and np.abs(fixed.basis @ effect).max() > FURTHEST
    if (far or not flat) and not fixed.precision.any():
        _refuse_separation(made, outcome)
    if outcome.kind == "negative-binomial":
        phi = np.clip(phi, -3, 5)
    return effect, phi


def _refuse_separation(made: Design, outcome: Outcome) -> None:
    guilty = separating_terms(made.matrix, made.terms, outcome)
    if guilty:
        raise Refused(
            f"{', '.join(f'`{term}`' for term in guilty)} gives `{outcome.name}` away "
            "(separation): there is no finite estimate. Leave the term out, join categories in "
            "which all or none happened, or take sw.mixed(…, prior='weak')."
        )


def _check_summit(found: GeneralizedSolution, asked: Asked) -> None:
    """Refuse a search that did not end on a summit, or on one that is none."""
    summit, outcome = found.summit, found.outcome
    sizes = np.sqrt(np.diag(found.deviation_covariance(found.theta)))
    scaled = np.sqrt(np.concatenate([(r**2).sum(axis=1) for r in summit.roots] or [np.zeros(1)]))
    if summit.runaway or (outcome.single and scaled.max() > 1.8 * LAPLACE_MOST):
        worst = found.part.deviations[int(np.argmax(scaled))]
        more = (
            "Ask quadrature=15, which is no Laplace approximation, or take simpler terms."
            if asked.quadrature == 1 and len(found.part.deviations) == 1
            else "Take simpler random terms, or more rows per level."
        )
        size = f"beyond {BEYOND:g}" if summit.runaway else f"{sizes.max():.3g}"
        raise EndlessVariance(
            f"Differences between `{worst.group}` in `{worst.term}` are estimated as endless (a "
            f"standard deviation of {size} on the scale of the linear predictor): hardly any "
            f"{worst.group} has rows that differ in `{outcome.name}`. {more}"
        )
    if outcome.kind == "negative-binomial" and summit.place.phi[0] > NO_DISPERSION:
        raise Refused(
            f"The counts in `{outcome.name}` vary no more than a Poisson distribution says, so "
            "there is no dispersion to estimate. Take family='poisson'."
        )
    if not summit.gradient <= FLAT:
        _refuse_separation(found.made, outcome)
        raise Refused(
            "The mixed model did not converge: the log-likelihood still changes by "
            f"{summit.gradient:.1e} per standard error (at most {FLAT:g} is accepted), after "
            f"{summit.steps} steps. Take simpler terms."
        )


def _few_rows(part: RandomPart) -> list[str]:
    """Warn where Laplace's approximation has too little to go by (Joe 2008, CSDA 52:5066)."""
    group = part.innermost
    each = part.codes[group].size / (int(part.codes[group].max()) + 1)
    if each >= FEW_ROWS:
        return []
    more = (
        " Compare quadrature=15."
        if len(part.deviations) == 1
        else f" Compare (1 | {group}) alone with quadrature=15."
    )
    return [
        f"There are {each:.1f} rows for each `{group}`; with so few of a 0/1 outcome Laplace's "
        f"approximation may be far off in how much they differ.{more}"
    ]


def _recipe(solution: GeneralizedSolution, asked: Asked) -> Recipe:
    kind = f"{KINDS[asked.family]} mixed model"
    nodes = f"adaptive Gauss–Hermite quadrature, {asked.quadrature} nodes"
    how = "Laplace approximation" if asked.quadrature == 1 else nodes
    notes = []
    if not solution.part.bundles:
        kind, how = f"{KINDS[asked.family]} model", ""
    elif asked.quadrature == 1 and solution.outcome.single:
        notes += _few_rows(solution.part)
    if asked.prior:
        notes.append(PRIORS[asked.prior])
    if asked.trials:
        notes.append(f"Each row counts successes of `{asked.trials}` trials.")
    estimation = "penalised maximum likelihood" if asked.prior else "maximum likelihood"
    return Recipe(
        kind=kind,
        formula=str(solution.formula),
        estimation=f"{estimation} ({how})" if how else estimation,
        link=asked.link,
        errors="Hessian",
        reference="normal",
        references=tuple(solution.made.references.items()),
        notes=tuple(notes),
        sources=(
            *("generalized_mixed", *(["quadrature"] if asked.quadrature > 1 else ["laplace"])),
            *(["ordinal"] if asked.family == "ordinal" else []),
            *(["weak_prior"] if asked.prior else []),
        ),
    )
