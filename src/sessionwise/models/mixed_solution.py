"""What lies behind a fitted mixed model: its rows, its matrices, its variances."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from sessionwise.engine.orthogonal_columns import ScaledModel
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.search_start import first_look
from sessionwise.engine.variance_boundary import degenerate, vanishing
from sessionwise.engine.variance_search import Summit, highest
from sessionwise.errors import Refused
from sessionwise.models.fit import VARIANCE_COLUMNS, Health
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design
from sessionwise.models.random_part import RandomPart, written

FLAT = 1e-5
"""A fit converged if no slope of the log-likelihood exceeds this, per standard error of what it is
a slope in."""

LARGEST = 1e9
"""A variance this many times the residual variance means there is no residual left."""


@dataclass(frozen=True, eq=False)
class MixedSolution:
    """A linear mixed model on its rows, at its best variances.

    Attributes
    ----------
    used
        The rows of the model, complete, as given.
    formula
        The formula; its random terms are those left.
    made
        Response and fixed part of the rows.
    part
        Random part of the rows.
    scaled
        The same fixed part in orthogonal columns, as the engine has it.
    model, summit
        The engine's model, in the scaled columns, and where its likelihood is highest.
    singular
        The random terms that are singular, in words.
    """

    used: pd.DataFrame
    formula: Formula
    made: Design
    part: RandomPart
    scaled: ScaledModel
    model: LinearMixedModel
    summit: Summit
    singular: tuple[str, ...] = ()

    @property
    def reml(self) -> bool:
        """Whether by restricted maximum likelihood."""
        return self.model.reml

    @property
    def residual_variance(self) -> float:
        """σ², in units of the outcome²."""
        return self.summit.at.residual_variance * self.scaled.spread**2

    @property
    def triangle(self) -> np.ndarray:
        """Columns of the random part as written = those of the engine times it."""
        return self.part.factors()[1]

    @property
    def root(self) -> np.ndarray:
        """A root of the ratios: as written, shape (deviations, deviations)."""
        size = len(self.part.deviations)
        root = block_diag(*self.summit.roots) if size else np.empty((0, 0))
        return np.linalg.solve(self.triangle, root)

    @property
    def deviation_covariance(self) -> np.ndarray:
        """Covariance of the deviations as written, shape (deviations, deviations).

        In the order of ``part.deviations``, units of the outcome² over those of the columns.
        """
        return self.residual_variance * self.root @ self.root.T

    @property
    def placed(self) -> dict[str, slice]:
        """Where the deviations of each factor stand among all."""
        ends = np.cumsum([len(root) for root in self.summit.roots], dtype=int)
        return {
            group: slice(int(end) - len(root), int(end))
            for group, root, end in zip(self.part.by_factor, self.summit.roots, ends)
        }

    @property
    def variances(self) -> pd.DataFrame:
        """The table of variances, each bundle's covariances after them, residual last."""
        covariance = self.deviation_covariance
        sd = np.sqrt(np.diag(covariance))
        lines: list[tuple[str, str, str, float, float, float]] = []
        for bundle, place in self.part.placed:
            own, own_sd = covariance[place, place], sd[place]
            for i, deviation in enumerate(bundle):
                lines.append((deviation.group, deviation.term, "", own[i, i], own_sd[i], np.nan))
            for i, j in combinations(range(len(bundle)), 2):
                terms = (bundle[i].term, bundle[j].term)
                both = own_sd[i] * own_sd[j]
                correlation = own[i, j] / both if both else np.nan
                lines.append((bundle[i].group, *terms, own[i, j], np.nan, correlation))
        residual = self.residual_variance
        lines.append(("Residual", "", "", residual, np.sqrt(residual), np.nan))
        table = pd.DataFrame(lines, columns=list(VARIANCE_COLUMNS))
        return table.astype(dict.fromkeys(("group", "term1", "term2"), "str"))

    @property
    def health(self) -> Health:
        """Whether it may be believed."""
        return Health(
            converged=True,
            singular=self.singular,
            gradient=self.summit.gradient,
            optimiser="newton" if self.part.bundles else "closed form",
            evaluations=self.summit.evaluations,
        )

    def modes(self, group: str) -> pd.DataFrame:
        """Conditional modes of one factor, in the columns as written; see `MixedFit.modes`."""
        place = list(self.part.by_factor).index(group)
        values, covariance = self.model.modes(self.summit.roots)[place]
        terms = [one.term for one in self.part.deviations if one.group == group]
        own = self.placed[group]
        back = self.scaled.spread * np.linalg.inv(self.triangle[own, own])
        values = back @ values
        variance = np.einsum("ab,bcl,ac->al", back, covariance, back)
        names = self.part.names[group]
        return pd.DataFrame(
            {
                "level": np.repeat(names, len(terms)),
                "term": pd.Series(terms * len(names), dtype="str"),
                "mode": values.T.ravel(),
                "std_error": np.sqrt(variance.T.ravel()),
            }
        )


def solved(
    made: Design,
    part: RandomPart,
    scaled: ScaledModel,
    origin: tuple[pd.DataFrame, Formula],
    *,
    reml: bool,
    keep_zero: bool,
) -> tuple[MixedSolution, list[str]]:
    """Find the best variances; a deviation whose variance is none is taken out, unless kept.

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
    while True:
        factors, _ = part.factors()
        model = LinearMixedModel.of(scaled.basis, scaled.response, factors, reml=reml)
        summit = highest(model, first_look(scaled.basis, scaled.response, factors, reml=reml))
        check_summit(summit, part)
        found = MixedSolution(
            used, replace(formula, random=part.terms), made, part, scaled, model, summit
        )
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
    """Name the variances that are zero and the correlations that are ±1."""
    part = found.part
    named = [
        f"the variance of {written((part.deviations[k],), correlated=False)}" for k in gone
    ] + [
        f"the correlation{'s' if len(bundle) > 2 else ''} of {written(bundle, correlated=True)}"
        for bundle, place in part.placed
        if len(bundle) > 1
        and not set(gone) & set(range(place.start, place.stop))
        and degenerate(found.model, found.summit, place)
    ]
    return tuple(named)


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
