"""What a mixed model says of its rows and of who is in them: predictions, influence, shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sessionwise.models.explained_variance import explained, share_table
from sessionwise.models.fit import Fit
from sessionwise.models.fixed_effects import rule_of
from sessionwise.models.influence import Variances, influence_table
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.predictions import Interval, Of, predicted
from sessionwise.models.residuals import residual_table


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class FitOnRows(Fit):
    """A `Fit` of a linear mixed model that still has its rows.

    Attributes
    ----------
    solution
        The rows, matrices and variances behind it.
    """

    solution: MixedSolution

    def predict(
        self,
        data: Any = None,
        of: Of = "population",
        interval: Interval = "mean",
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Say what the model expects of rows, and how surely.

        Three questions that are easily taken for one another. ``"population"``: the mean of all
        whose fixed terms are these, x′β̂, its error from the covariance of the estimates.
        ``"levels"``: the mean of these very clients and therapists, x′β̂ + z′b̂, its error
        Henderson's, which counts what is not known of β and of b together, given the variances.
        ``"new levels"``: the mean of a client and a therapist not seen yet, every factor new: again
        x′β̂, but its error holds how far they may lie from the others, z′Gz.

        Parameters
        ----------
        data
            Rows with the columns of the model, the outcome apart; by default the model's own. They
            go through the model's own design: categories, knots, means and polynomials are those
            of the rows it was fitted to.
        of
            What is expected of whom.
        interval
            Limits for the ``"mean"``, or for one ``"observation"``, whose error holds σ² too. For
            the next session of a client not seen yet take ``of="new levels"``: an observation
            ``of="population"`` is that of somebody all of whose deviations are zero.
        level
            Coverage of the limits.

        Returns
        -------
        DataFrame
            ``estimate, std_error, df, low, high`` in units of the outcome, with the index of the
            rows. A row that lacks something it needs is there and holds nothing. Limits by t: for
            means of the population by the rule of the fit (by containment the fewest of the terms),
            so that an intercept comes out as in the table of estimates; otherwise on
            Satterthwaite's degrees of freedom of the whole error variance.

        Raises
        ------
        InvalidInput
            A column or a level that is not there, a category the model has not seen. Levels are
            counted, not named.

        References
        ----------
        Henderson (1975), Biometrics 31:423–447; McLean, Sanders & Stroup (1991), Am Stat
        45:54–64 (narrow and broad inference).

        Examples
        --------
        >>> import sessionwise as sw
        >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
        >>> fit = sw.mixed("y ~ 1 + (1 | client)", frame)
        >>> fit.predict(pd.DataFrame({"client": [2]}), of="levels")["estimate"].round(3).tolist()
        [6.3]
        """
        rule = (rule_of(self.recipe), self.estimates["df"].to_numpy(float))
        return predicted(self.solution, data, rule, (of, interval), level)

    def residuals(self) -> pd.DataFrame:
        """Give what is left unexplained of each row of the model.

        Returns
        -------
        DataFrame
            With the index of the rows: ``marginal``, y − Xβ̂, and ``conditional``, y − Xβ̂ − Zb̂, in
            units of the outcome; ``standardised``, the conditional residual over its own error
            σ√(1 − h), so that a row the model bends to does not look small; and ``leverage``, h,
            between 0 and 1, the diagonal of what makes Xβ̂ + Zb̂ of y, given the variances (its sum
            is how many parameters the fitted values are worth). A row of leverage 1 has no
            standardised residual.

        References
        ----------
        Nobre & Singer (2007), Biom J 49:863–875; Demidenko & Stukel (2005), Stat Med
        24:893–909.

        Examples
        --------
        >>> import sessionwise as sw
        >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
        >>> sw.mixed("y ~ 1 + (1 | client)", frame).residuals()["leverage"].round(3).tolist()
        [0.473, 0.473, 0.473, 0.473, 0.473, 0.473]
        """
        return residual_table(self.solution)

    def influence(
        self,
        by: str = "client",
        variances: Variances = "held",
        only: Iterable | None = None,
    ) -> pd.DataFrame:
        """Say what becomes of the estimates without each client, therapist or clinic.

        A table for the researcher: it names levels. No table or figure of a report shows it, and
        a client's identifier should not stand in one.

        Parameters
        ----------
        by
            A factor of the model, or any column of its rows: a level is deleted with all its rows.
        variances
            ``"held"`` at those of all rows, exact and in closed form; or ``"re-estimated"`` by a
            fit without each level, for at most 200.
        only
            The levels asked for; by default all.

        Returns
        -------
        DataFrame
            One row per level: ``level``; ``rows``; ``cook_distance``, how far the estimates move
            together, (β̂ − β̂₍ᵢ₎)′ X′V⁻¹X (β̂ − β̂₍ᵢ₎)/p; ``covratio``, |Cov β̂₍ᵢ₎|/|Cov β̂|, above 1
            where the level makes the estimates more precise; and ``change[term]``, β̂ − β̂₍ᵢ₎, in
            units of the estimate. Nothing where an estimate cannot be had without the level.

        Raises
        ------
        InvalidInput
            No such column, or one that is missing in some rows; levels that are not there.
        Refused
            More levels than the model may be fitted again for, or that touch too much at once.

        References
        ----------
        Christensen, Pearson & Johnson (1992), Technometrics 34:38–45; Nieuwenhuis, te Grotenhuis &
        Pelzer (2012), R J 4(2):38–47 (with re-estimated variances).

        Examples
        --------
        >>> import sessionwise as sw
        >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
        >>> fit = sw.mixed("y ~ 1 + (1 | client)", frame)
        >>> fit.influence()["change[Intercept]"].round(3).tolist()
        [-1.25, 1.25, 0.0]
        """
        return influence_table(self.solution, by, variances, only)

    def shares(self, at: Mapping[str, float] | None = None, level: float = 0.95) -> pd.DataFrame:
        """Say which share of the variance that the fixed terms leave lies at each level.

        With random slopes the variance of a factor differs from row to row: ``share`` is by its
        mean over the rows of the model, ``share_at`` by its value where the slopes' columns are.

        Parameters
        ----------
        at
            Values of slopes' columns, e.g. ``{"session": 1}``; by default their means.
        level
            Coverage of the limits.

        Returns
        -------
        DataFrame
            Per factor, the residual last: ``group, variance, share, low, high, share_at``; limits
            by profile likelihood for one or two factors that differ in level only, otherwise none.
            ``levels``; ``size``, Σm²/Σm, the size of the level an average row lies in; ``icc``, how
            two rows of one level correlate: its share, and those of the factors it lies in;
            ``design_effect``, 1 + (size − 1)·icc: how many rows weigh as one would alone, for a
            mean over all rows.

        Raises
        ------
        InvalidInput
            A column that has no random slope, a level that is no share.

        References
        ----------
        Johnson (2014), Methods Ecol Evol 5:944–946; Kish (1965), Survey Sampling, ch. 5; Kerry &
        Bland (2001), Stat Med 20:377–390 (levels of unlike size).

        Examples
        --------
        >>> import sessionwise as sw
        >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
        >>> sw.mixed("y ~ 1 + (1 | client)", frame).shares()["share"].round(3).tolist()
        [0.852, 0.148]
        """
        return share_table(self.solution, at, level)

    def r_squared(self) -> pd.Series:
        """Say which share of the whole variance the model explains.

        Returns
        -------
        Series
            ``marginal``, by the fixed terms: the variance of Xβ̂ over the rows in that plus those
            of all levels plus the residual; and ``conditional``, with the levels. The variance of a
            factor with random slopes is its mean over the rows.

        References
        ----------
        Nakagawa & Schielzeth (2013), Methods Ecol Evol 4:133–142; Johnson (2014),
        Methods Ecol Evol 5:944–946.

        Examples
        --------
        >>> import sessionwise as sw
        >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
        >>> sw.mixed("y ~ 1 + (1 | client)", frame).r_squared().round(3).tolist()
        [0.0, 0.852]
        """
        return explained(self.solution)
