"""How surely the fixed effects of a mixed model are known: errors and degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sessionwise.engine.containment import containment_df
from sessionwise.engine.kenward_roger import KenwardRoger, kenward_roger_adjustment
from sessionwise.engine.random_factors import RandomFactor
from sessionwise.engine.satterthwaite_df import Satterthwaite
from sessionwise.errors import Refused
from sessionwise.models.formulas import Design
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.random_part import RandomPart

DegreesOfFreedom = Literal["auto", "kenward-roger", "satterthwaite", "containment"]

RULES = {
    "kenward-roger": "Kenward–Roger",
    "satterthwaite": "Satterthwaite",
    "containment": "containment",
    "residual": "residual",
}

SOURCES = {
    "kenward-roger": ("kenward_roger",),
    "satterthwaite": ("satterthwaite",),
    "containment": ("containment",),
    "residual": (),
}

MOST_ROWS, MOST_LEVELS = 20_000, 100
"""Up to here Kenward–Roger is the rule where none is named; beyond, it changes next to nothing."""


@dataclass(frozen=True, eq=False)
class Judged:
    """How the fixed effects are judged.

    Attributes
    ----------
    rule
        By which rule.
    df
        Degrees of freedom of each, shape (p,).
    covariance
        Their covariance, shape (p, p), if the rule corrects it.
    known
        What the rule judges several of them at once by, in the scaled columns.
    """

    rule: str
    df: np.ndarray
    covariance: np.ndarray | None = None
    known: KenwardRoger | Satterthwaite | None = None


def judged_effects(found: MixedSolution, rule: DegreesOfFreedom) -> Judged:
    """Judge the fixed effects by a rule, or by the one that suits the rows.

    Raises
    ------
    Refused
        Containment where factors cross; Kenward–Roger by name where the fit is not by REML, where
        the rows cannot tell the variances apart, or where residuals are not independent and alike.
    """
    n, p = found.made.matrix.shape
    part = found.part
    if not part.bundles and found.residual is None:
        return Judged("residual", np.full(p, float(n - p)))
    if rule == "containment":
        return Judged(rule, _by_containment(found.made, part))
    if found.residual is not None:
        return _with_residuals(found, rule)
    if rule == "kenward-roger":
        return _by_kenward_roger(found)
    fewest = min(int(code.max()) + 1 for code in part.codes.values())
    if rule == "auto" and found.reml and n <= MOST_ROWS and fewest <= MOST_LEVELS:
        try:
            return _by_kenward_roger(found)
        except Refused:
            pass  # its doubt about the variances cannot be had; Satterthwaite asks for less
    return _by_satterthwaite(found)


def _with_residuals(found: MixedSolution, rule: DegreesOfFreedom) -> Judged:
    """Satterthwaite's degrees of freedom, the residuals' own parameters among what is uncertain."""
    if rule == "kenward-roger":
        raise Refused(
            "Kenward–Roger is worked out for residuals that are independent and alike, and these "
            "are not. Take df='satterthwaite', which counts their parameters in."
        )
    return _by_satterthwaite(found)


def _by_satterthwaite(found: MixedSolution) -> Judged:
    known = found.satterthwaite
    each = [known.df(row) for row in np.linalg.inv(found.scaled.triangle)]
    return Judged("satterthwaite", np.array(each), known=known)


def _by_containment(made: Design, part: RandomPart) -> np.ndarray:
    if not part.nested:
        raise Refused(
            "Degrees of freedom by containment need factors that do not cross, and "
            f"{' and '.join(f'`{name}`' for name in part.codes)} do. Take df='satterthwaite'."
        )
    return containment_df(made.matrix, list(part.codes.values()))


def reference_of(rule: str) -> str:
    """Say in words what the statistics of a rule are referred to."""
    return f"t with {RULES[rule]} degrees of freedom"


def _kenward_roger(found: MixedSolution) -> KenwardRoger:
    """Kenward–Roger in the scaled model.

    Raises
    ------
    Refused
        The fit is not by REML, or the rows cannot tell the variances apart.
    """
    model, summit, scaled = found.model, found.summit, found.scaled
    if not model.reml:
        raise Refused(
            "Kenward–Roger corrects errors for variances estimated by REML, and this fit is by "
            "full maximum likelihood. Take reml=True, or df='satterthwaite'."
        )
    residual = summit.at.residual_variance
    factors = [
        RandomFactor(factor.level, factor.columns, factor.free, residual * root @ root.T)
        for factor, root in (
            (factor, summit.roots[place])
            for factor, place in zip(model.given.factors, model.given.order)
        )
    ]
    return kenward_roger_adjustment(scaled.basis, factors, residual)


def _by_kenward_roger(found: MixedSolution) -> Judged:
    """Kenward–Roger, brought back to the units of the data."""
    known, scaled = _kenward_roger(found), found.scaled
    back = np.linalg.inv(scaled.triangle)
    covariance = scaled.spread**2 * back @ known.covariance @ back.T
    return Judged(
        "kenward-roger",
        np.array([known.df(row)[0] for row in back]),
        (covariance + covariance.T) / 2,
        known,
    )


def refuse_unjudged(made: Design, part: RandomPart) -> None:
    """Refuse a term that too few groups differ in.

    Before the fit: fixed terms that use up all therapists leave the likelihood flat in their
    variance, which must not be read as a variance of zero.

    Raises
    ------
    Refused
        Names the terms.
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
