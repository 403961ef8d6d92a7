"""What a generalised mixed model said, and all it can be asked afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused
from sessionwise.models.fit import Fit
from sessionwise.models.generalized_intervals import limits_of
from sessionwise.models.generalized_solution import GeneralizedSolution
from sessionwise.models.generalized_tests import random_terms_ratio, wald_chi_square
from sessionwise.models.hypothesis import Test
from sessionwise.models.latent_scale import latent_share_table, median_ratio_table
from sessionwise.models.mixed_intervals import By
from sessionwise.models.population_average import Of, averaged, expected
from sessionwise.models.random_tables import check_factor


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GeneralizedMixedFit(Fit):
    """A `Fit` of a generalised linear mixed model.

    Attributes
    ----------
    solution
        The rows, matrices and parameters behind it.
    nodes
        How many nodes its likelihood was integrated with.
    """

    solution: GeneralizedSolution = field(repr=False)
    nodes: int = 1

    def test(self, *what: str) -> Test:
        """Test that fixed terms are zero, or that levels do not differ.

        Parameters
        ----------
        what
            Fixed terms, ``"session", "modality"``, together: a Wald χ²; the name of a categorical
            column stands for all its terms. Or random terms, ``"(1 | therapist)"``: the likelihood
            ratio of the model without them, judged as on the boundary where a variance is zero.

        Returns
        -------
        Test
            Statistic, degrees of freedom, p, and the null hypothesis in words.

        Raises
        ------
        InvalidInput
            A name that is none, or kinds mixed.
        Refused
            Random terms of a fit with a prior: its likelihood is not at its highest.
        """
        random = ["|" in str(name) for name in what]
        if not what or len(set(random)) > 1:
            found = f"a test of {len(what)} names, or of mixed kinds"
            remedy = "Give names of fixed terms, or random terms."
            raise InvalidInput([Problem(found, "", remedy)], "the test")
        if not random[0]:
            return wald_chi_square(self.estimates, self.covariance, what)
        if self.solution.fixed.precision.any():
            raise Refused(
                "With a prior the likelihood is not at its highest, so that two cannot be "
                "compared by their ratio. Fit both without one."
            )
        return random_terms_ratio(self.solution, self.nodes, what)

    def intervals(self, by: By = "profile", level: float = 0.95) -> pd.DataFrame:
        """Give limits of the parameters.

        Parameters
        ----------
        by
            ``"profile"``: the values that the likelihood does not contradict, of every parameter
            but correlations; ``"wald"``: estimate and error, of fixed effects only.
        level
            Coverage.

        Returns
        -------
        DataFrame
            ``term, estimate, low, high``: fixed effects, thresholds or θ, and the standard
            deviations ``sd(…)``, whose lower limit may be 0, on the scale of the linear predictor.

        Raises
        ------
        InvalidInput, Refused
            No such way; a level that is none; a bootstrap; the profile of a fit with a prior.
        """
        return limits_of(self.solution, self.nodes, by, level)

    def modes(self, group: str) -> pd.DataFrame:
        """Give how far each level of a factor lies from what the fixed effects say.

        Parameters
        ----------
        group
            The factor, as ``variances`` names it.

        Returns
        -------
        DataFrame
            ``level, term, mode, std_error``: the most likely deviation on the scale of the linear
            predictor, and its standard error given all parameters.

        Raises
        ------
        KeyError
            The fit has no such factor; the message lists those there are.
        """
        check_factor(self.solution.part, group)
        return self.solution.modes(group)

    def latent_shares(self) -> pd.DataFrame:
        """Say which share of the differences lies between clients, between therapists.

        Of the variance of a continuous outcome behind the 0/1 one (or behind categories), given
        the fixed effects. Its residual variance is π²/3 with the logit, π²/6 with the cloglog and
        1 with the probit link, so that shares of different links are not comparable. With slopes
        that differ, the variance of a factor is its mean over the rows.

        Returns
        -------
        DataFrame
            ``group, share, std_error, low, high``; limits symmetric in the log odds of the share.

        Raises
        ------
        Refused
            A count.

        References
        ----------
        Snijders & Bosker (2012), Multilevel Analysis, 2nd ed., ch. 17; Goldstein, Browne &
        Rasbash (2002), Understanding Statistics 1:223–231. π²/6: Nakagawa, Johnson &
        Schielzeth (2017), J R Soc Interface 14:20170213.

        Examples
        --------
        >>> import sessionwise as sw
        >>> frame = pd.DataFrame({"came": [0, 0, 0, 1, 1, 1, 0, 1, 1], "client": list("aaabbbccc")})
        >>> fit = sw.mixed("came ~ 1 + (1 | client)", frame, family="binomial")
        >>> fit.latent_shares()["share"].round(3).tolist()
        [0.683]
        """
        return latent_share_table(self.solution)

    def median_ratios(self) -> pd.DataFrame:
        """Say by how much two clients, or two therapists, differ, drawn at random.

        The median over all pairs of the odds ratio (logit), hazard ratio (cloglog) or rate ratio
        (log) of the higher to the lower, all else equal: 1 where they do not differ, and comparable
        with the ratios of the fixed effects.

        Returns
        -------
        DataFrame
            ``group, ratio, estimate, std_error, low, high``; limits from those of the log variance.

        Raises
        ------
        Refused
            The probit link, which has no such ratio.

        References
        ----------
        Larsen & Merlo (2005), Am J Epidemiol 161:81–88; for hazards Austin, Wagner & Merlo
        (2017), Stat Med 36:928–938; for rates Austin, Stryhn, Leckie & Merlo (2018), Stat Med
        37:572–589.
        """
        return median_ratio_table(self.solution)

    def predict(self, data: Any = None, of: Of = "average") -> pd.DataFrame:
        """Say what the model expects of each row, and how surely.

        Parameters
        ----------
        data
            Rows with the columns of the model, the outcome apart; by default the model's own. They
            go through the model's own design: categories, knots, means are those it was fitted to.
        of
            The ``"average"`` over clients and therapists not seen yet, or somebody ``"typical"``,
            all of whose deviations are zero; behind a link that bends the two differ.

        Returns
        -------
        DataFrame
            ``estimate, std_error, low, high`` of the probability or the mean count, with the index
            of the rows; a row that lacks something holds nothing. Of an ordinal outcome, a row per
            ``category``, and none where something lacks. Limits are symmetric in the logit (log),
            and take account of what is not known of fixed effects, variances and thresholds.

        Raises
        ------
        InvalidInput, Refused
            A column that is not there, a category the model has not seen; no complete row.

        References
        ----------
        Zeger, Liang & Albert (1988), Biometrics 44:1049–1060.
        """
        return expected(self.solution, data, of)

    def population_average(self, data: Any = None, by: str | None = None) -> pd.DataFrame:
        """Say what is expected on average over clients and therapists.

        The coefficients compare clients who deviate alike; the average over all of them is nearer
        to one half. It is the mean over the rows and over the deviations of new levels.

        Parameters
        ----------
        data
            The rows to average over; by default those of the model.
        by
            A column: every row is given each of its values in turn, all else as it is.

        Returns
        -------
        DataFrame
            ``estimate, std_error, low, high`` of the probability, of that of each ``category``, or
            of the mean count; a row per value of ``by``. Limits are symmetric in its logit (log),
            and take account of what is not known of fixed effects, variances and thresholds.

        Raises
        ------
        InvalidInput, Refused
            No such column; a column with more than twenty values; no complete row.

        References
        ----------
        Zeger, Liang & Albert (1988), Biometrics 44:1049–1060; averaging over the rows:
        Lane & Nelder (1982), Biometrics 38:613–621.
        """
        return averaged(self.solution, data, by)
