"""What a mixed model said, and all it can be asked afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit import Recipe, Rows
from sessionwise.models.fit_on_rows import FitOnRows
from sessionwise.models.fixed_effects import Judged, judged_effects
from sessionwise.models.fixed_terms_test import wald_test
from sessionwise.models.hypothesis import Test
from sessionwise.models.likelihood_ratio import nested_fits_test, random_terms_test
from sessionwise.models.mixed_intervals import (
    By,
    check_intervals,
    profile_intervals,
    wald_intervals,
)
from sessionwise.models.mixed_search import solved_again
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.model_rows import standard_deviations
from sessionwise.models.new_responses import given_response, simulated_rows
from sessionwise.models.parametric_bootstrap import bootstrap
from sessionwise.models.random_tables import check_factor
from sessionwise.models.residual_solution import parameter_table
from sessionwise.models.wald import estimates_frame


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MixedFit(FitOnRows):
    """A `Fit` of a linear mixed model, which can be tested, drawn from and fitted again."""

    def simulate(self, draws: int = 1, seed: int = 1) -> pd.DataFrame:
        """Draw new responses of the same rows from the fitted model.

        Parameters
        ----------
        draws
            How many.
        seed
            Of the random numbers; draw k of a seed is the same however many are asked for.

        Returns
        -------
        DataFrame
            One column per draw, in units of the outcome; one row per row of the model, under the
            index the data had (a frame, so that a response can go back beside its rows).

        Raises
        ------
        InvalidInput
            Less than one draw.
        Refused
            Residuals that correlate or differ in size.
        """
        self.solution.need_independent("Drawing new responses")
        return simulated_rows(self.solution, draws, seed)

    def refit(self, response: pd.Series | np.ndarray) -> MixedFit:
        """Fit the same model to another response of the same rows.

        Nothing more is taken out: a variance of zero stays, and ``health.singular`` names it; what
        the fit left out stays out, and ``health.dropped`` names it.

        Parameters
        ----------
        response
            One number per row of the model, in the order of its rows, or a Series with their index.

        Raises
        ------
        InvalidInput
            Another number of rows, another index, or a value that is no finite number.
        Refused
            As `mixed`.
        """
        self.solution.need_independent("Fitting again")
        solution = solved_again(self.solution, given_response(self.solution, response))
        rule = "satterthwaite" if self.judged.rule == "residual" else self.judged.rule
        judged = judged_effects(solution, rule)
        return fit_of_solution(
            solution,
            judged,
            rows=self.rows,
            recipe=self.recipe,
            dropped=self.health.dropped,
        )

    def intervals(
        self, by: By = "profile", level: float = 0.95, draws: int = 1000, seed: int = 1
    ) -> pd.DataFrame:
        """Give limits of the parameters.

        Parameters
        ----------
        by
            ``"profile"``: the values that the likelihood does not contradict, of every parameter
            (of a fit by REML: the full likelihood, as lme4 has it); ``"bootstrap"``: quantiles of
            refits to responses drawn from the model; ``"wald"``: estimate and error of the fixed
            effects, on the fit's degrees of freedom.
        level
            Coverage.
        draws, seed
            For the bootstrap; see `bootstrap`.

        Returns
        -------
        DataFrame
            ``term, estimate, low, high``: fixed effects, standard deviations ``sd(…)`` and
            correlations ``cor(…)``, in units of the outcome per unit of the column.

        Raises
        ------
        InvalidInput
            No such way; a level that is none.
        """
        check_intervals(by, level)
        if by != "wald":
            self.solution.need_independent("A profile or a bootstrap")
        if by == "profile":
            return profile_intervals(self.solution, level)
        if by == "bootstrap":
            return bootstrap(self, draws, seed).intervals(level).drop(columns="draws")
        table = self.estimates
        return wald_intervals(
            table["term"].tolist(),
            table["estimate"].to_numpy(float),
            self.covariance,
            table["df"].to_numpy(float),
            level,
        )

    def test(self, *what: str | MixedFit) -> Test:
        """Test that terms are zero, or that a smaller model would do.

        Parameters
        ----------
        what
            Fixed terms, ``"session", "srs"``, together: a Wald F on the degrees of freedom of the
            fit's own rule; the name of a categorical column stands for all its terms. Or random
            terms, ``"(1 | therapist)"``: the likelihood ratio of the model without them, judged as
            on the boundary where a variance is zero. Or one smaller fit of the same rows: the
            likelihood ratio of the two.

        Returns
        -------
        Test
            Statistic, degrees of freedom, p, and the null hypothesis in words.

        Raises
        ------
        InvalidInput
            A name that is none, kinds mixed, or fits that cannot be compared.
        Refused
            Fits by REML with different fixed terms; too few groups for so many terms.
        """
        names = [one for one in what if isinstance(one, str)]
        random = ["|" in name for name in names]
        if len(what) == 1 and isinstance(what[0], MixedFit):
            return nested_fits_test(self.solution, what[0].solution)
        if not names or len(names) < len(what) or len(set(random)) > 1:
            remedy = "Give names of fixed terms, or random terms, or one smaller fit."
            found = f"a test of {len(names)} names among {len(what)} things, or of mixed kinds"
            raise InvalidInput([Problem(found, "", remedy)], "the test")
        if random[0]:
            return random_terms_test(self.solution, names)
        return wald_test(self.solution, self.judged, self.covariance, names)

    def modes(self, group: str) -> pd.DataFrame:
        """Give how far each level of a factor lies from what the fixed effects say.

        Parameters
        ----------
        group
            The factor, as ``variances`` names it.

        Returns
        -------
        DataFrame
            ``level, term, mode, std_error``: the conditional mode (shrunken towards 0) in units of
            the outcome per unit of the column, and its standard error given the variances.

        Raises
        ------
        KeyError
            The fit has no such factor; the message lists those there are.
        """
        check_factor(self.solution.part, group)
        return self.solution.modes(group)


def fit_of_solution(
    solution: MixedSolution,
    judged: Judged,
    *,
    rows: Rows,
    recipe: Recipe,
    dropped: tuple[str, ...] = (),
) -> MixedFit:
    """Make what a solved model says of it.

    Parameters
    ----------
    solution, judged
        The model at its best variances, and how its fixed effects are judged.
    rows, recipe
        Which rows it used; how it was made.
    dropped
        What was left out of it, with reasons.
    """
    made = solution.made
    estimate, covariance, loglik = solution.scaled.unscaled(solution.summit.at, reml=solution.reml)
    covariance = covariance if judged.covariance is None else judged.covariance
    return MixedFit(
        question=f"What goes with `{made.outcome}`, within and between clients?",
        estimates=estimates_frame(list(made.terms), estimate, covariance, judged.df),
        variances=solution.variances,
        health=replace(solution.health, dropped=dropped),
        rows=rows,
        recipe=recipe,
        loglik=loglik,
        covariance=covariance,
        scales=standard_deviations(solution.used, solution.formula.measured),
        outcome=made.outcome,
        solution=solution,
        judged=judged,
        further=parameter_table(solution.residual),
    )
