"""Linear mixed models of clients in therapists. The one file that knows statsmodels' MixedLM.

MixedLM looks for the variances; everything that is reported (estimates, errors, likelihood,
health) is computed here and in `engine` at those variances, after Newton steps of our own have
made the likelihood flat. Its own errors and convergence flags are not used.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams, VCSpec

from sessionwise.engine.containment import containment_df
from sessionwise.engine.gls import GeneralisedFit, Pieces, generalised_fit, loadings, pieces
from sessionwise.engine.orthogonal_columns import ScaledModel, scaled_model
from sessionwise.engine.variance_ratios import Summit, climb, degenerate, vanishing
from sessionwise.errors import Refused
from sessionwise.models.fit import VARIANCE_COLUMNS, Fit, Health, Recipe
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design, complete_rows, design, parse
from sessionwise.models.model_rows import counted, left_out_before, model_frame, standard_deviations
from sessionwise.models.nesting import Nesting, nested, written
from sessionwise.models.wald import estimates_frame

FLAT = 1e-5
"""A fit converged if no slope of the log-likelihood exceeds this, per unit of log variance."""

BOTH = {
    True: "Differences in level and in slope may go together.",
    False: "Differences in level and in slope are taken as independent.",
}

LARGEST = 1e9
"""A variance this many times the residual variance means there is no residual left."""


def mixed(formula: str, data: Any, reml: bool = True) -> Fit:
    """Say how a score goes with others, within and between clients who differ from one another.

    Clients differ in level, ``(1 | client)``, and in how fast they change: with
    ``(session | client)`` level and slope may go together (as in lme4, with an intercept unless
    ``0 +`` takes it out), with ``(1 + session || client)`` they are taken as independent. Clients
    may lie in therapists, ``+ (1 | therapist)``, each client in one. A variance that comes out as
    zero is taken out, the model is fitted again without it, and ``health.dropped`` names it; a
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

    Returns
    -------
    Fit
        Estimates in units of the outcome per unit of the column; errors from (X′V⁻¹X)⁻¹ at the
        estimated variances; t statistics on containment degrees of freedom. ``loglik`` as lme4's.
        ``variances`` has a row per variance, per covariance of two that go together, and the
        residual last.

    Raises
    ------
    InvalidInput
        A problem of the formula or a column.
    Refused
        Crossed random terms, which this engine cannot fit; a factor with one level, or with as many
        deviations as rows; an outcome that does not vary; no convergence.

    References
    ----------
    Laird & Ware (1982), Biometrics 38:963–974. What the terms mean: Bates, Mächler, Bolker & Walker
    (2015), J Stat Softw 67(1), table 2. Degrees of freedom: Pinheiro & Bates (2000),
    Mixed-Effects Models in S and S-PLUS, p. 91.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
    >>> mixed("y ~ 1 + (1 | client)", frame).variances["variance"].round(4).tolist()
    [5.75, 1.0]
    """
    frame = model_frame(data)
    parsed = parse(formula, frame.columns)
    _check_random(parsed)
    used, left_out = complete_rows(frame, parsed.columns)
    made = design(parsed, used)
    nesting = nested(parsed.random, used)
    _df(made, nesting)
    scaled = scaled_model(made.matrix, made.response, made.outcome)
    dropped: list[str] = []
    while True:
        found = _estimate(scaled, nesting, reml=reml)
        if found.zero is None:
            break
        gone, nesting = nesting.without(found.zero)
        dropped.append(f"{gone}: its variance was estimated as zero")
    estimate, covariance, loglik = scaled.unscaled(found.at, reml=reml)
    return Fit(
        question=f"What goes with `{made.outcome}`, within and between clients?",
        estimates=estimates_frame(list(made.terms), estimate, covariance, _df(made, nesting)),
        variances=_variances(found, nesting, scaled.spread),
        health=replace(found.health, dropped=tuple(dropped)),
        rows=counted(
            used,
            (*left_out_before(data), *left_out),
            client=nesting.innermost or parsed.random[-1].group,
        ),
        recipe=_recipe(replace(parsed, random=nesting.terms), made, reml=reml),
        loglik=loglik,
        covariance=covariance,
        scales=standard_deviations(used, parsed.measured),
        outcome=made.outcome,
    )


def _check_random(parsed: Formula) -> None:
    """Refuse what this engine cannot fit, before any row is looked at."""
    if not parsed.random:
        raise Refused("A mixed model needs a random term. Add (1 | client), or use glm.")


@dataclass(frozen=True, eq=False)
class _Found:
    """The fit at the best variances; ``zero`` numbers a deviation whose variance is none.

    ``ratios`` is the covariance of the deviations, as written, over the residual variance.
    """

    at: GeneralisedFit
    ratios: np.ndarray
    health: Health
    zero: int | None


def _estimate(scaled: ScaledModel, nesting: Nesting, *, reml: bool) -> _Found:
    """Find the variances, by as many optimisers as it takes; refuse if none gets there."""
    outermost = next(iter(nesting.levels), np.zeros(scaled.response.size, int))
    terms, triangle = nesting.scaled()
    blocks = loadings(terms, outermost)
    given = pieces(scaled.basis, scaled.response, blocks, outermost)
    search = _Search(scaled, blocks, outermost, reml)
    best, start = None, np.full(len(nesting.deviations), 0.1)
    for method in ("lbfgs", "powell") if nesting.deviations else ():
        start = search.run(method, start)
        summit = climb(given, np.clip(start, 1e-3, 1e3), nesting.together, reml=reml)
        if best is None or summit.loglik > best.loglik:
            best = summit
        if best.gradient <= FLAT:
            break
    best = best or climb(given, start, nesting.together, reml=reml)
    _check_summit(best, nesting)
    gone = np.flatnonzero(vanishing(given, best, triangle, reml=reml))
    zero = int(gone[np.argmin(best.ratios[gone])]) if gone.size else None
    back = np.linalg.solve(triangle, best.factor)
    health = Health(
        converged=True,
        singular=_singular(given, best, nesting, reml=reml),
        gradient=best.gradient,
        optimiser=", ".join([*search.ran, "newton"]) if search.ran else "closed form",
        evaluations=best.steps,
        warnings=search.warnings,
    )
    return _Found(generalised_fit(given, best.factor, reml=reml), back @ back.T, health, zero)


def _singular(given: Pieces, best: Summit, nesting: Nesting, *, reml: bool) -> tuple[str, ...]:
    """Name the terms whose deviations go together perfectly."""
    return tuple(
        f"the correlation{'s' if len(bundle) > 2 else ''} of {written(bundle, correlated=True)}"
        for bundle, place in nesting.placed
        if len(bundle) > 1 and degenerate(given, best, place, reml=reml)
    )


class _Search:
    """MixedLM's search for variance ratios, as a start for our own."""

    def __init__(
        self, scaled: ScaledModel, blocks: list[list[np.ndarray]], groups: np.ndarray, reml: bool
    ) -> None:
        self.scaled, self.blocks, self.groups, self.reml = scaled, blocks, groups, reml
        self.ran: list[str] = []
        self.warnings: tuple[str, ...] = ()

    def run(self, method: str, start: np.ndarray) -> np.ndarray:
        """Give the ratios one optimiser stops at; where it breaks down, the start.

        MixedLM's warnings on errors and boundaries are left out: it holds a variance below 0.01,
        in whatever units, for a boundary, and its errors are not used. Health judges both.
        """
        terms = range(len(start))
        names = [str(k) for k in terms]
        columns = [[list(map(str, range(b[k].shape[1]))) for b in self.blocks] for k in terms]
        spec = VCSpec(names, columns, [[b[k] for b in self.blocks] for k in terms])
        first = MixedLMParams.from_components(vcomp=np.maximum(start, 1e-3))
        self.ran.append(method)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = MixedLM(self.scaled.response, self.scaled.basis, self.groups, exog_vc=spec)
            try:
                result = model.fit(start_params=first, reml=self.reml, method=[method])
                ratios = np.asarray(result.vcomp, float) / float(result.scale)
            except np.linalg.LinAlgError:
                ratios = start
        said = (" ".join(str(warning.message).split()) for warning in caught)
        judged_here = ("boundary", "Hessian", "singular")
        kept = [words for words in said if not any(word in words for word in judged_here)]
        self.warnings = tuple(dict.fromkeys([*self.warnings, *kept]))
        return np.where(np.isfinite(ratios), ratios, start)


def _check_summit(best: Summit, nesting: Nesting) -> None:
    """Refuse a search that did not end on a summit."""
    if (best.ratios > LARGEST).any():
        name = nesting.deviations[int(np.argmax(best.ratios))]
        raise Refused(
            f"Once the {name.group}s' own `{name.term}` is known nothing is left to vary: the "
            "residual variance is zero. Look for rows that repeat one value."
        )
    if best.gradient > FLAT:
        raise Refused(
            "The mixed model did not converge: the log-likelihood still changes by "
            f"{best.gradient:.1e} per unit of a log variance (at most {FLAT:g} is accepted), after "
            "lbfgs, powell and Newton steps. Take simpler random terms."
        )


def _df(made: Design, nesting: Nesting) -> np.ndarray:
    """Containment degrees of freedom; a term with none left is refused.

    Before the fit too: fixed terms that use up all therapists leave the likelihood flat in their
    variance, which must not be read as a variance of zero.
    """
    df = containment_df(made.matrix, nesting.levels)
    bare = [term for term, one in zip(made.terms, df) if one < 1]
    if bare:
        raise Refused(
            f"Too few groups differ in {', '.join(f'`{term}`' for term in bare)} to judge it by. "
            "Leave it out."
        )
    return df


def _variances(found: _Found, nesting: Nesting, spread: float) -> pd.DataFrame:
    """The table of variances, each bundle's covariances after them, residual last."""
    residual = found.at.residual_variance * spread**2
    covariance = residual * found.ratios
    sd = np.sqrt(np.diag(covariance))
    lines: list[tuple[str, str, str, float, float, float]] = []
    for bundle, place in nesting.placed:
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


def _recipe(fitted: Formula, made: Design, *, reml: bool) -> Recipe:
    both = {term.correlated for term in fitted.random if term.intercept and term.slopes}
    notes = [note for correlated, note in BOTH.items() if correlated in both]
    return Recipe(
        kind="linear mixed model" if fitted.random else "linear model",
        formula=str(fitted),
        estimation="REML" if reml else "ML",
        errors="GLS",
        reference="t with containment degrees of freedom",
        references=tuple(made.references.items()),
        notes=tuple(notes),
        sources=("mixed_model", *(["reml"] if reml else []), "containment"),
    )
