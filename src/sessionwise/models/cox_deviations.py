"""A Cox model in which therapists differ: a normal deviation of each one's log hazard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.frailty_curvature import MOST_CELLS
from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.frailty_search import FrailtyVariance, frailty_variance, variance_limits
from sessionwise.errors import InvalidInput, Problem, Refused
from sessionwise.models.fit import Health
from sessionwise.models.fit_on_risks import FitOnRisks
from sessionwise.models.formula_terms import RandomTerm
from sessionwise.models.generalized_tests import wald_chi_square
from sessionwise.models.hypothesis import Test
from sessionwise.models.likelihood_ratio import no_variance, ratio_test
from sessionwise.models.random_part import RandomPart, random_part_of
from sessionwise.models.random_tables import check_factor, mode_table, variance_table
from sessionwise.models.wald import estimates_frame

MOST_LEVELS = 4_000
"""Levels whose second derivatives are taken whole; of more, those between two are left out.

Unless there are few event times, as on the clock of sessions: then it takes any number of them.
"""

HELD = "Standard errors hold the variance of the deviations fixed at its estimate."
DIAGONAL = "Second derivatives between two levels were left out, there being so many."
QUARTER = float(np.sqrt(2) * stats.norm.ppf(0.75))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CoxDeviationsFit(FitOnRisks):
    """A `Fit` of a Cox model with deviations of therapists.

    Its log-likelihood is the partial likelihood with the deviations integrated out by Laplace.

    Attributes
    ----------
    part
        The random term on the rows.
    model, frailty
        The rows in groups; the variance found and the model there.
    """

    part: RandomPart = field(repr=False)
    model: SharedFrailty = field(repr=False)
    frailty: FrailtyVariance = field(repr=False)

    def modes(self, group: str) -> pd.DataFrame:
        """Give how far each therapist's log hazard lies from what the fixed effects say.

        Parameters
        ----------
        group
            The factor, as ``variances`` names it.

        Returns
        -------
        DataFrame
            ``level, term, mode, std_error``: the most likely deviation (shrunken towards 0; above:
            clients leave sooner), and its standard error given the variance.

        Raises
        ------
        KeyError
            The fit has no such factor.

        Examples
        --------
        >>> import sessionwise as sw
        >>> rows = {"stop": [1, 2, 7, 3, 8, 4, 9, 6], "left": 1, "x": [0, 1, 2, 0, 1, 0, 0, 2]}
        >>> frame = pd.DataFrame(rows).assign(therapist=list("aaaabbbb"))
        >>> fit = sw.cox("left ~ x + (1 | therapist)", frame, stop="stop")
        >>> fit.modes("therapist")["mode"].round(2).tolist()
        [0.62, -0.62]
        """
        check_factor(self.part, group)
        at = self.frailty.at
        known = (at.deviations[None], at.deviation_variance[None, None])
        return mode_table(self.part, group, known, np.eye(1))

    def median_ratios(self) -> pd.DataFrame:
        """Say by how much the hazards of two therapists differ, drawn at random.

        Returns
        -------
        DataFrame
            ``group, ratio, estimate, low, high``: the median over all pairs of the hazard ratio of
            the one with the higher hazard. Limits are those of the variances that the integrated
            likelihood does not contradict.

        References
        ----------
        Larsen, Petersen, Budtz-Jørgensen & Endahl (2000), Biometrics 56:909–914.

        Examples
        --------
        >>> import sessionwise as sw
        >>> rows = {"stop": [1, 2, 7, 3, 8, 4, 9, 6], "left": 1, "x": [0, 1, 2, 0, 1, 0, 0, 2]}
        >>> frame = pd.DataFrame(rows).assign(therapist=list("aaaabbbb"))
        >>> fit = sw.cox("left ~ x + (1 | therapist)", frame, stop="stop")
        >>> fit.median_ratios()["estimate"].round(1).tolist()
        [2.7]
        """
        spread = np.sqrt([self.frailty.theta, *variance_limits(self.model)])
        estimate, low, high = np.exp(QUARTER * spread)
        group = self.part.innermost
        line = (group, "median hazard ratio", estimate, low, high)
        return pd.DataFrame([line], columns=["group", "ratio", "estimate", "low", "high"])

    def test(self, *what: str) -> Test:
        """Test that fixed terms are zero, or that therapists do not differ.

        Parameters
        ----------
        what
            Fixed terms, ``"srs", "modality"``, together: a Wald χ². Or ``"(1 | therapist)"``: the
            likelihood ratio of the model without it, likelihoods integrated by Laplace and each at
            its own highest, judged as on the boundary where a variance is zero.

        Returns
        -------
        Test
            Statistic, degrees of freedom, p, and the null hypothesis in words.

        Raises
        ------
        InvalidInput
            A name that is none, or kinds mixed.
        """
        random = ["|" in str(name) for name in what]
        if not what or len(set(random)) > 1:
            found = f"a test of {len(what)} names, or of mixed kinds"
            remedy = "Give names of fixed terms, or the random term."
            raise InvalidInput([Problem(found, "", remedy)], "the test")
        if not random[0]:
            return wald_chi_square(self.estimates, self.covariance, what)
        own = str(self.part.terms[0])
        if [name.replace(" ", "") for name in what] != [own.replace(" ", "")]:
            raise InvalidInput([Problem(f"the model has the random term {own} alone")], "the test")
        highest = frailty_variance(self.model, "laplace")
        statistic = 2 * (highest.at.integrated - highest.without.loglik)
        return ratio_test("Laplace", statistic, (1, 1), no_variance(what, 1), other_zero=False)


def with_deviations(fit: FitOnRisks, random: Sequence[RandomTerm]) -> FitOnRisks:
    """Let the levels of a factor differ in a fitted Cox model.

    Parameters
    ----------
    fit
        The model without, with model errors.
    random
        The random terms of the formula: one, of the level alone.

    Returns
    -------
    FitOnRisks
        A `CoxDeviationsFit`; where the variance is estimated as zero, the fit as it was, and
        ``health.dropped`` names the term.

    Raises
    ------
    Refused
        Several random terms, or slopes; a factor in no level of which there are two events.
    """
    term = _only_level(random)
    risks = fit.risks
    part = random_part_of(random, risks.used)
    group = part.codes[term.group]
    _refuse_once(term.group, np.bincount(group, risks.event > 0))
    levels = int(group.max()) + 1
    moments = risks.times.time.size
    narrow = 2 * moments < levels and moments * levels <= MOST_CELLS
    curvature = "full" if levels <= MOST_LEVELS or narrow else "diagonal"
    model = SharedFrailty(risks.times, risks.x - risks.centre, group, levels, risks.ties, curvature)
    found = frailty_variance(model)
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


def _refuse_once(group: str, events: np.ndarray) -> None:
    """Refuse deviations of those to whom the event happens once at most."""
    if events.max() < 2:
        raise Refused(
            f"No `{group}` has two events, so nothing but the form of the model says how much they "
            "differ, and an approximated likelihood finds differences where there are none. Take "
            "(1 | therapist), each of whom has several, or cluster the errors."
        )


def _fit(
    fit: FitOnRisks, part: RandomPart, model: SharedFrailty, found: FrailtyVariance
) -> CoxDeviationsFit:
    """Say what was found in the words of a fit."""
    at, risks = found.at, fit.risks
    notes = (*fit.recipe.notes, HELD, *([DIAGONAL] if model.curvature == "diagonal" else []))
    return CoxDeviationsFit(
        question=fit.question,
        estimates=estimates_frame(list(risks.columns), at.coefficients, at.covariance, np.inf),
        variances=variance_table(part, np.array([[found.theta]])),
        health=Health(
            converged=True,
            gradient=abs(found.slope),
            optimiser="Newton, then the equation of the variance",
            evaluations=found.evaluations,
            dropped=fit.health.dropped,
        ),
        rows=fit.rows,
        recipe=replace(
            fit.recipe,
            kind=f"{fit.recipe.kind} with random effects",
            estimation=f"penalised {fit.recipe.estimation}, variance by REML",
            errors="model",
            cluster="",
            notes=notes,
            sources=(*fit.recipe.sources, "cox_deviations"),
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
