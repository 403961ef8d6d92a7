"""Linear mixed models: `sw.mixed`, on the engine of our own."""

from __future__ import annotations

from typing import Any, Literal, get_args

from sessionwise.engine.orthogonal_columns import scaled_model
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.fit import Recipe
from sessionwise.models.fixed_effects import (
    SOURCES,
    DegreesOfFreedom,
    judged_effects,
    reference_of,
    refuse_unjudged,
)
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design, complete_rows, design, parse
from sessionwise.models.generalized_mixed_fit import GeneralizedMixedFit
from sessionwise.models.generalized_mixed_model import generalized_mixed
from sessionwise.models.generalized_outcome import MixedFamily, MixedLink
from sessionwise.models.generalized_request import asked_for
from sessionwise.models.mixed_fit import MixedFit, fit_of_solution
from sessionwise.models.mixed_search import solved
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.model_rows import counted, left_out_before, model_frame
from sessionwise.models.random_part import random_part_of
from sessionwise.models.residual_structure import Residual, residual_structure_of, residual_wish

BOTH = {
    True: "Differences in level and in slope may go together.",
    False: "Differences in level and in slope are taken as independent.",
}

Zero = Literal["refit", "keep"]
Aliased = Literal["drop", "refuse"]


def mixed(  # noqa: PLR0913 - the words a study may say, each with a default
    formula: str,
    data: Any,
    reml: bool = True,
    df: DegreesOfFreedom = "auto",
    zero: Zero = "refit",
    aliased: Aliased = "drop",
    *,
    residual: Residual = "independent",
    residual_by: str = "",
    order: str = "",
    family: MixedFamily = "gaussian",
    link: MixedLink | None = None,
    quadrature: int = 1,
    trials: str | None = None,
    prior: Literal["weak"] | None = None,
) -> MixedFit | GeneralizedMixedFit:
    """Say how an outcome goes with others, within and between clients who differ from one another.

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
    residual
        Residuals of one client's course are independent; ``"ar1"``: they correlate by φ to the
        power of the gap between sessions, those missed counted; ``"car1"``: the same in continuous
        time. Each course must then lie in one level of every factor.
    residual_by
        The column in whose groups residuals differ in size, e.g. ``"modality"``.
    order
        The column the gap is counted in: ``session`` unless named; in continuous time the clock of
        the data (dates count in days).
    family, link
        What the outcome is: ``"gaussian"`` a score, ``"binomial"`` 0/1 or successes of trials
        (logit, cloglog, probit), ``"poisson"`` a count (log), ``"negative-binomial"`` a count of
        variance μ + μ²/θ (log), ``"ordinal"`` an ordered category (cumulative logit). Others than
        gaussian are fitted by maximum likelihood, and their statistics are z.
    quadrature
        How many nodes the likelihood is integrated with, not for gaussian: 1 is the Laplace
        approximation, more are for one factor with one deviation (``(1 | client)``).
    trials
        The column that says of how many trials a binomial outcome counts the successes.
    prior
        ``"weak"`` gives the fixed effects a weak normal prior, which keeps them finite where terms
        separate the outcome; the recipe says so.

    Returns
    -------
    MixedFit or GeneralizedMixedFit
        Estimates in units of the outcome per unit of the column; errors from (X′V⁻¹X)⁻¹ at the
        estimated variances, by Kenward–Roger with what estimating these adds. ``loglik`` as lme4's.
        ``variances`` has a row per variance, per covariance of two that go together, and the
        residual last. ``further`` has φ and the ratios of residual standard deviations;
        errors are those given all of these, Satterthwaite's degrees of freedom count them in.

    Raises
    ------
    InvalidInput
        A problem of the formula or a column.
    Refused
        A factor with one level, or with as many deviations as rows; an outcome that does not vary;
        residuals that correlate where clients change therapist; no convergence.

    References
    ----------
    Laird & Ware (1982), Biometrics 38:963–974. What the terms mean: Bates, Mächler, Bolker & Walker
    (2015), J Stat Softw 67(1), table 2. Residuals: Pinheiro & Bates (2000), Mixed-Effects Models
    in S and S-PLUS, sections 5.2 and 5.3. Degrees of freedom: Kenward & Roger
    (1997), Biometrics 53:983–997; Giesbrecht & Burns (1985),
    Biometrics 41:477–486; Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, p. 91.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
    >>> mixed("y ~ 1 + (1 | client)", frame).variances["variance"].round(4).tolist()
    [5.75, 1.0]
    """
    for given, known in ((df, DegreesOfFreedom), (zero, Zero), (aliased, Aliased)):
        if given not in get_args(known):
            problem = Problem(f"'{given}' is no choice", "", nearest(str(given), get_args(known)))
            raise InvalidInput([problem], "the mixed model")
    asked = asked_for(family, link, quadrature, trials, prior, aliased, keep_zero=zero == "keep")
    if family != "gaussian":
        for_scores = {"df": df != "auto", "residual": residual != "independent"}
        for_scores |= {"residual_by": bool(residual_by), "order": bool(order)}
        problems = [
            Problem(
                f"`{word}` is for scores, and the family is '{family}'", "", f"Leave {word} out."
            )
            for word, given in for_scores.items()
            if given
        ]
        if problems:
            raise InvalidInput(problems, "the mixed model")
        return generalized_mixed(formula, data, asked)
    frame = model_frame(data)
    parsed = parse(formula, frame.columns)
    _check_random(parsed)
    wish = residual_wish(residual, residual_by, order, data, frame)
    needed = dict.fromkeys((*parsed.columns, *wish.columns))
    used, left_out = complete_rows(frame, list(needed))
    made = design(parsed, used, aliased)
    part = random_part_of(parsed.random, used)
    refuse_unjudged(made, part)
    scaled = scaled_model(made.matrix, made.response, made.outcome)
    solution, dropped = solved(
        made, part, scaled, (used, parsed), reml=reml, keep_zero=zero == "keep",
        structure=residual_structure_of(wish, used, part),
    )  # fmt: skip
    judged = judged_effects(solution, df)
    aliases = [f"`{term}`: a combination of the terms before it" for term in made.aliased]
    client = part.innermost or parsed.random[-1].group
    return fit_of_solution(
        solution,
        judged,
        rows=counted(used, (*left_out_before(data), *left_out), client=client),
        recipe=_recipe(solution, made, judged.rule),
        dropped=(*aliases, *dropped),
    )


def _check_random(parsed: Formula) -> None:
    """Refuse what this engine cannot fit, before any row is looked at."""
    if not parsed.random:
        raise Refused("A mixed model needs a random term. Add (1 | client), or use glm.")


def _recipe(solution: MixedSolution, made: Design, rule: str) -> Recipe:
    fitted, reml, residual = solution.formula, solution.reml, solution.residual
    both = {term.correlated for term in fitted.random if term.intercept and term.slopes}
    notes = [note for correlated, note in BOTH.items() if correlated in both]
    notes += [residual.structure.note] if residual else []
    cited = [*(["reml"] if reml else []), *(["residual_structure"] if residual else [])]
    return Recipe(
        kind="linear mixed model" if fitted.random else "linear model",
        formula=str(fitted),
        estimation="REML" if reml else "ML",
        errors="Kenward–Roger" if rule == "kenward-roger" else "GLS",
        reference=reference_of(rule),
        references=tuple(made.references.items()),
        notes=tuple(notes),
        sources=("mixed_model", *cited, *SOURCES[rule]),
    )
