"""Linear mixed models: `sw.mixed`, on the engine of our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from sessionwise.engine.containment import containment_df
from sessionwise.engine.orthogonal_columns import ScaledModel, scaled_model
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.search_start import first_look
from sessionwise.engine.variance_boundary import degenerate, vanishing
from sessionwise.engine.variance_search import Summit, highest
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.fit import VARIANCE_COLUMNS, Fit, Health, Recipe
from sessionwise.models.fixed_effects import RULES, SOURCES, DegreesOfFreedom, judged_effects
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design, complete_rows, design, parse
from sessionwise.models.model_rows import counted, left_out_before, model_frame, standard_deviations
from sessionwise.models.random_part import RandomPart, random_part_of, written
from sessionwise.models.wald import estimates_frame

FLAT = 1e-5
"""A fit converged if no slope of the log-likelihood exceeds this, per standard error of what it is
a slope in."""

LARGEST = 1e9
"""A variance this many times the residual variance means there is no residual left."""

BOTH = {
    True: "Differences in level and in slope may go together.",
    False: "Differences in level and in slope are taken as independent.",
}

Zero = Literal["refit", "keep"]
Aliased = Literal["drop", "refuse"]


def mixed(
    formula: str,
    data: Any,
    reml: bool = True,
    df: DegreesOfFreedom = "auto",
    zero: Zero = "refit",
    aliased: Aliased = "drop",
) -> Fit:
    """Say how a score goes with others, within and between clients who differ from one another.

    Clients differ in level, ``(1 | client)``, and in how fast they change: with
    ``(session | client)`` level and slope may go together (as in lme4, with an intercept unless
    ``0 +`` takes it out), with ``(1 + session || client)`` they are taken as independent. Clients
    may lie in therapists, ``+ (1 | therapist)``, or change therapist, so that the two cross; any
    number of factors may. A variance that comes out as zero is taken out, the model is fitted again
    without it, and ``health.dropped`` names it; a
    correlation that comes out as ±1 makes the fit singular, ``health.singular`` names it, and it
    is no finding: take the two as independent, or leave one out.

    Parameters
    ----------
    formula
        ``"ors ~ session + srs_lag1_within + (1 + session || client) + (1 | therapist)"``.
    data
        A data frame, or anything with a ``frame`` (`Sessions`).
    reml
        Restricted maximum likelihood (variances not too small; models with different fixed terms
        not comparable), or full maximum likelihood.
    df
        Degrees of freedom: ``"kenward-roger"``, which corrects the errors too, ``"satterthwaite"``,
        or by ``"containment"`` (factors that do not cross). By default the first (REML, at most
        20,000 rows, at most 100 levels of the factor with fewest), else the second.
    zero
        What a variance of zero does: the model is fitted again without it, or kept with it, and
        ``health.singular`` names it.
    aliased
        What becomes of a fixed term that is constant or a combination of those before it: it is
        dropped, and ``health.dropped`` names it, or the model is refused.

    Returns
    -------
    Fit
        Estimates in units of the outcome per unit of the column; errors from (X′V⁻¹X)⁻¹ at the
        estimated variances, by Kenward–Roger with what estimating these adds. ``loglik`` as lme4's.
        ``variances`` has a row per variance, per covariance of two that go together, and the
        residual last.

    Raises
    ------
    InvalidInput
        A problem of the formula or a column.
    Refused
        A factor with one level, or with as many deviations as rows; an outcome that does not vary;
        no convergence.

    References
    ----------
    Laird & Ware (1982), Biometrics 38:963–974. What the terms mean: Bates, Mächler, Bolker & Walker
    (2015), J Stat Softw 67(1), table 2. Degrees of freedom: Kenward & Roger
    (1997), Biometrics 53:983–997; Giesbrecht & Burns (1985),
    Biometrics 41:477–486; Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, p. 91.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
    >>> mixed("y ~ 1 + (1 | client)", frame).variances["variance"].round(4).tolist()
    [5.75, 1.0]
    """
    for given, known in ((df, DegreesOfFreedom), (zero, Zero), (aliased, Aliased)):
        if given not in get_args(known):
            problem = Problem(f"'{given}' is no choice", "", nearest(str(given), get_args(known)))
            raise InvalidInput([problem], "the mixed model")
    frame = model_frame(data)
    parsed = parse(formula, frame.columns)
    _check_random(parsed)
    used, left_out = complete_rows(frame, parsed.columns)
    made = design(parsed, used, aliased)
    part = random_part_of(parsed.random, used)
    _check_judged(made, part)
    scaled = scaled_model(made.matrix, made.response, made.outcome)
    dropped = [f"`{term}`: a combination of the terms before it" for term in made.aliased]
    while True:
        found = _estimate(scaled, part, reml=reml)
        if found.zero is None or zero == "keep":
            break
        gone, part = part.without(found.zero)
        dropped.append(f"{gone}: its variance was estimated as zero")
    estimate, covariance, loglik = scaled.unscaled(found.summit.at, reml=reml)
    judged = judged_effects(made, part, (found.model, found.summit), scaled, df)
    covariance = covariance if judged.covariance is None else judged.covariance
    return Fit(
        question=f"What goes with `{made.outcome}`, within and between clients?",
        estimates=estimates_frame(list(made.terms), estimate, covariance, judged.df),
        variances=_variances(found, part, scaled.spread),
        health=replace(found.health, dropped=tuple(dropped)),
        rows=counted(
            used,
            (*left_out_before(data), *left_out),
            client=part.innermost or parsed.random[-1].group,
        ),
        recipe=_recipe(replace(parsed, random=part.terms), made, judged.rule, reml=reml),
        loglik=loglik,
        covariance=covariance,
        scales=standard_deviations(used, parsed.measured),
        outcome=made.outcome,
        levels=partial(_modes, found, part, scaled.spread),
    )


def _modes(found: _Found, part: RandomPart, spread: float, group: str) -> pd.DataFrame:
    """Conditional modes of one factor, in the columns as written."""
    place = list(part.by_factor).index(group)
    values, covariance = found.model.modes(found.summit.roots)[place]
    terms = [deviation.term for deviation in part.deviations if deviation.group == group]
    ends = np.cumsum([len(root) for root in found.summit.roots])
    own = slice(int(ends[place]) - len(terms), int(ends[place]))
    back = spread * np.linalg.inv(part.factors()[1][own, own])
    values = back @ values
    variance = np.einsum("ab,bcl,ac->al", back, covariance, back)
    names = part.names[group]
    return pd.DataFrame(
        {
            "level": np.repeat(names, len(terms)),
            "term": pd.Series(terms * len(names), dtype="str"),
            "mode": values.T.ravel(),
            "std_error": np.sqrt(variance.T.ravel()),
        }
    )


def _check_random(parsed: Formula) -> None:
    """Refuse what this engine cannot fit, before any row is looked at."""
    if not parsed.random:
        raise Refused("A mixed model needs a random term. Add (1 | client), or use glm.")


@dataclass(frozen=True, eq=False)
class _Found:
    """The fit at the best variances.

    ``ratios`` is the covariance of the deviations as written, over the residual variance; ``zero``
    numbers a deviation whose variance is none.
    """

    model: LinearMixedModel
    summit: Summit
    ratios: np.ndarray
    health: Health
    zero: int | None


def _estimate(scaled: ScaledModel, part: RandomPart, *, reml: bool) -> _Found:
    """Find the variances, and say how healthy the fit is; refuse one that is not flat."""
    factors, triangle = part.factors()
    model = LinearMixedModel.of(scaled.basis, scaled.response, factors, reml=reml)
    start = first_look(scaled.basis, scaled.response, factors, reml=reml)
    summit = highest(model, start)
    _check_summit(summit, part)
    root = block_diag(*summit.roots) if factors else np.empty((0, 0))
    root = np.linalg.solve(triangle, root)
    ratios = root @ root.T
    gone = vanishing(model, summit, root, triangle)
    named = [f"the variance of {written((part.deviations[k],), correlated=False)}" for k in gone]
    named += [
        f"the correlation{'s' if len(bundle) > 2 else ''} of {written(bundle, correlated=True)}"
        for bundle, place in part.placed
        if len(bundle) > 1
        and not set(gone) & set(range(place.start, place.stop))
        and degenerate(model, summit, place)
    ]
    health = Health(
        converged=True,
        singular=tuple(named),
        gradient=summit.gradient,
        optimiser="newton" if factors else "closed form",
        evaluations=summit.evaluations,
    )
    zero = int(gone[np.argmin(np.diag(ratios)[gone])]) if gone.size else None
    return _Found(model, summit, ratios, health, zero)


def _check_summit(best: Summit, part: RandomPart) -> None:
    """Refuse a search that did not end on a summit."""
    sizes = np.concatenate([(root**2).sum(axis=1) for root in best.roots] or [np.zeros(0)])
    if (sizes > LARGEST).any():
        name = part.deviations[int(np.argmax(sizes))]
        raise Refused(
            f"Once the {name.group}s' own `{name.term}` is known nothing is left to vary: the "
            "residual variance is zero. Look for rows that repeat one value."
        )
    if best.gradient > FLAT:
        raise Refused(
            "The mixed model did not converge: the log-likelihood still changes by "
            f"{best.gradient:.1e} per standard error of a variance (at most {FLAT:g} is accepted), "
            f"after {best.steps} Newton steps. Take simpler random terms."
        )


def _check_judged(made: Design, part: RandomPart) -> None:
    """Refuse a term that too few groups differ in.

    Before the fit: fixed terms that use up all therapists leave the likelihood flat in their
    variance, which must not be read as a variance of zero.
    """
    outermost = list(part.codes.values())
    levels = outermost if part.nested else outermost[:1]
    left = containment_df(made.matrix, levels)
    bare = [term for term, one in zip(made.terms, left) if one < 1]
    if bare:
        raise Refused(
            f"Too few groups differ in {', '.join(f'`{term}`' for term in bare)} to judge it by. "
            "Leave it out."
        )


def _variances(found: _Found, part: RandomPart, spread: float) -> pd.DataFrame:
    """The table of variances, each bundle's covariances after them, residual last."""
    residual = found.summit.at.residual_variance * spread**2
    covariance = residual * found.ratios
    sd = np.sqrt(np.diag(covariance))
    lines: list[tuple[str, str, str, float, float, float]] = []
    for bundle, place in part.placed:
        own, own_sd = covariance[place, place], sd[place]
        for i, deviation in enumerate(bundle):
            lines.append((deviation.group, deviation.term, "", own[i, i], own_sd[i], np.nan))
        for i, j in combinations(range(len(bundle)), 2):
            terms = (bundle[i].term, bundle[j].term)
            correlation = own[i, j] / (own_sd[i] * own_sd[j])
            lines.append((bundle[i].group, *terms, own[i, j], np.nan, correlation))
    lines.append(("Residual", "", "", residual, np.sqrt(residual), np.nan))
    table = pd.DataFrame(lines, columns=list(VARIANCE_COLUMNS))
    return table.astype(dict.fromkeys(("group", "term1", "term2"), "str"))


def _recipe(fitted: Formula, made: Design, rule: str, *, reml: bool) -> Recipe:
    both = {term.correlated for term in fitted.random if term.intercept and term.slopes}
    notes = [note for correlated, note in BOTH.items() if correlated in both]
    return Recipe(
        kind="linear mixed model" if fitted.random else "linear model",
        formula=str(fitted),
        estimation="REML" if reml else "ML",
        errors="Kenward–Roger" if rule == "kenward-roger" else "GLS",
        reference=f"t with {RULES[rule]} degrees of freedom",
        references=tuple(made.references.items()),
        notes=tuple(notes),
        sources=("mixed_model", *(["reml"] if reml else []), *SOURCES[rule]),
    )
