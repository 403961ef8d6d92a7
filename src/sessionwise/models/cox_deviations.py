"""A Cox model in which therapists differ: a normal deviation of each one's log hazard."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.frailty_search import FrailtyVariance, frailty_variance, variance_limits
from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit_on_risks import FitOnRisks
from sessionwise.models.generalized_tests import wald_chi_square
from sessionwise.models.hypothesis import Test
from sessionwise.models.likelihood_ratio import no_variance, ratio_test
from sessionwise.models.random_part import RandomPart
from sessionwise.models.random_tables import check_factor, mode_table

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
        how, highest = self._highest()
        statistic = 2 * (highest.at.integrated - highest.without.loglik)
        return ratio_test(how, statistic, (1, 1), no_variance(what, 1), other_zero=False)

    def _highest(self) -> tuple[str, FrailtyVariance]:
        """Say how the deviations were integrated out, and where that likelihood is highest."""
        return "Laplace", frailty_variance(self.model, "laplace")
