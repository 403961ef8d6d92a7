"""Where a mixed model fits best: its variances found, those of zero taken out or named."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from sessionwise.engine.orthogonal_columns import ScaledModel
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.residual_search import MarkedModel
from sessionwise.engine.search_start import first_look
from sessionwise.engine.variance_boundary import degenerate, vanishing
from sessionwise.engine.variance_search import Summit, highest
from sessionwise.errors import Refused
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.random_part import RandomPart
from sessionwise.models.random_tables import singular_names
from sessionwise.models.residual_solution import best_structure
from sessionwise.models.residual_structure import ResidualStructure

FLAT = 1e-5
"""A fit converged if no slope of the log-likelihood exceeds this, per standard error of what it is
a slope in."""

LARGEST = 1e9
"""A variance this many times the residual variance means there is no residual left."""


def solved(
    made: Design,
    part: RandomPart,
    scaled: ScaledModel,
    origin: tuple[pd.DataFrame, Formula],
    *,
    reml: bool,
    keep_zero: bool,
    structure: ResidualStructure | None = None,
) -> tuple[MixedSolution, list[str]]:
    """Find the best variances; a deviation whose variance is none is taken out, unless kept.

    With a ``structure`` the residuals' parameters are found with them.

    Returns
    -------
    tuple
        The solution, and what was taken out, in words.

    Raises
    ------
    Refused
        The likelihood is not flat where the search ended, or no residual variance is left.
    """
    used, formula = origin
    dropped: list[str] = []
    asked, residual = part, None
    while True:
        factors, _ = part.factors()
        if structure is not None:
            marked = MarkedModel(
                scaled.basis, scaled.response, tuple(factors), structure.rows, reml
            )
            residual = best_structure(marked, structure, asked)
            if residual is None:
                structure = structure.without_correlation()
                dropped.append("the residuals' correlation: it was estimated as zero")
                continue
            model, summit = residual.found.whitened.model, residual.found.summit
        else:
            model = LinearMixedModel.of(scaled.basis, scaled.response, factors, reml=reml)
            start = first_look(scaled.basis, scaled.response, factors, reml=reml)
            summit = highest(model, start)
        check_summit(summit, part)
        found = MixedSolution(
            used, replace(formula, random=part.terms), made, part, scaled, model, summit,
            residual=residual,
        )  # fmt: skip
        gone = vanishing(model, summit, found.root, found.triangle)
        if not gone.size or keep_zero:
            return replace(found, singular=_singular(found, gone)), dropped
        ratios = (found.root**2).sum(axis=1)
        zero, part = part.without(int(gone[np.argmin(ratios[gone])]))
        dropped.append(f"{zero}: its variance was estimated as zero")


def solved_again(found: MixedSolution, response: np.ndarray) -> MixedSolution:
    """Find the best variances of another response on the same rows; none is taken out.

    The formula, the fixed part and the cross-products of the columns are kept; the search starts
    where the variances were best before.

    Raises
    ------
    Refused
        The fixed terms give the response exactly; or as by :func:`solved`.
    """
    outcome = found.made.outcome
    scaled = found.scaled.with_response(response, outcome)
    model = found.model.with_response(scaled.basis, scaled.response)
    summit = highest(model, near=found.summit.roots)
    check_summit(summit, found.part)
    again = replace(
        found,
        used=found.used.assign(**{outcome: response}),
        made=replace(found.made, response=response),
        scaled=scaled,
        model=model,
        summit=summit,
    )
    return replace(
        again, singular=_singular(again, vanishing(model, summit, again.root, again.triangle))
    )


def _singular(found: MixedSolution, gone: np.ndarray) -> tuple[str, ...]:
    return singular_names(found.part, gone, partial(degenerate, found.model, found.summit))


def check_summit(best: Summit, part: RandomPart) -> None:
    """Refuse a search that did not end on a summit.

    Raises
    ------
    Refused
        The residual variance is zero, or the likelihood is not flat there.
    """
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
