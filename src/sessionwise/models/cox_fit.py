"""`CoxFit`: what a Cox model said, with the tests of its terms."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from sessionwise.errors import InvalidInput, Problem, Refused
from sessionwise.models.fit_on_risks import FitOnRisks
from sessionwise.models.fixed_terms_test import named_terms
from sessionwise.models.generalized_tests import wald_chi_square
from sessionwise.models.hypothesis import Test


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CoxFit(FitOnRisks):
    """A `Fit` of a Cox model.

    Attributes
    ----------
    loglik_null
        Log partial likelihood with every coefficient at zero.
    score_statistic
        Rao's χ² of that, by the information.
    """

    loglik_null: float
    score_statistic: float

    def test(self, *terms: str, by: str = "wald") -> Test:
        """Test that terms are zero together.

        Parameters
        ----------
        terms
            Names of terms; none: all of them.
        by
            ``"wald"``: with the errors of the fit; clustered, an F on clusters less one.
            ``"likelihood ratio"`` and ``"score"``: of all terms, by the partial likelihood, which
            takes rows for independent; a clustered fit has neither.

        Returns
        -------
        Test

        Raises
        ------
        InvalidInput
            A name that is none; a test this fit does not have.
        Refused
            More terms than clusters less one; terms too much alike.
        """
        names = list(self.estimates["term"])
        if by == "wald":
            return self._wald(terms or tuple(names))
        statistics = {
            "likelihood ratio": 2 * (self.loglik - self.loglik_null),
            "score": self.score_statistic,
        }
        problem = None
        if by not in statistics:
            problem = Problem(f"there is no test '{by}'", "", 'Take "wald".')
        elif terms:
            problem = Problem(f"the {by} test is of all terms together", "", "Name none.")
        elif self.recipe.cluster:
            found = f"the {by} test takes rows for independent, and this fit clusters them"
            problem = Problem(found, "", 'Take "wald".')
        if problem:
            raise InvalidInput([problem], "the test")
        value = float(statistics[by])
        p = float(stats.chi2.sf(value, len(names)))
        return Test(by, value, len(names), None, p, "every coefficient is 0")

    def _wald(self, terms: tuple[str, ...]) -> Test:
        """Test by the covariance of the estimates."""
        df = float(self.estimates["df"].iloc[0])
        many = len(named_terms(terms, list(self.estimates["term"])))
        if many > df:
            raise Refused(
                f"{df + 1:.0f} clusters cannot judge {many} terms together: at most {df:.0f}. Name "
                "fewer terms."
            )
        found = wald_chi_square(self.estimates, self.covariance, terms)
        if not self.recipe.cluster:
            return found
        value = found.statistic / found.df
        p = float(stats.f.sf(value, found.df, df))
        return Test(f"Wald F ({self.recipe.errors})", value, found.df, df, p, found.null)
