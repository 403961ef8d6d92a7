"""A Cox model in which therapists differ by a gamma distributed multiplier of the hazard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.frailty_search import FrailtyVariance
from sessionwise.engine.gamma_search import gamma_limits
from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.cox_deviations import CoxDeviationsFit
from sessionwise.models.random_tables import check_factor


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CoxGammaFit(CoxDeviationsFit):
    """A `Fit` of a Cox model with a gamma frailty of therapists.

    Its variance θ is that of what multiplies the hazard, whose mean is 1; its log-likelihood is
    that of the rows with the multipliers integrated out, up to the constant that makes it the
    partial likelihood where θ is 0. ``modes`` are the logarithms of ``multipliers``.
    """

    def multipliers(self, group: str, level: float = 0.95) -> pd.DataFrame:
        """Give what multiplies the hazard of each therapist's clients.

        Parameters
        ----------
        group
            The factor, as ``variances`` names it.
        level
            Coverage of the limits.

        Returns
        -------
        DataFrame
            ``level, events, multiplier, low, high``: the expected multiplier given the data, (1/θ +
            d)/(1/θ + Λ) with d events of which Λ were expected, shrunken towards their mean, 1.
            Limits are those of its gamma distribution given θ, coefficients and baseline.

        Raises
        ------
        KeyError
            The fit has no such factor.
        InvalidInput
            A coverage that is none.

        Examples
        --------
        >>> import sessionwise as sw
        >>> rows = {"stop": [1, 2, 3, 7, 6, 4, 9, 5, 8, 10, 11, 12], "left": 1, "x": [0, 1, 2] * 4}
        >>> frame = pd.DataFrame(rows).assign(therapist=list("aaaabbbbcccc"))
        >>> fit = sw.cox("left ~ x + (1 | therapist)", frame, stop="stop", frailty="gamma")
        >>> fit.multipliers("therapist")["multiplier"].round(2).tolist()
        [1.87, 0.95, 0.18]
        """
        check_factor(self.part, group)
        _check_level(level)
        events = self.model.events
        expected = np.exp(self.frailty.at.deviations)
        shape = 1 / self.frailty.theta + events
        low, high = (
            stats.gamma.ppf(share, shape, scale=expected / shape)
            for share in ((1 - level) / 2, (1 + level) / 2)
        )
        return pd.DataFrame(
            {
                "level": self.part.names[group],
                "events": events.astype(int),
                "multiplier": expected,
                "low": low,
                "high": high,
            }
        )

    def spread(self, level: float = 0.95) -> pd.DataFrame:
        """Say how much therapists differ, in three ways that are functions of the variance.

        Parameters
        ----------
        level
            Coverage of the limits, those variances that the likelihood does not contradict.

        Returns
        -------
        DataFrame
            ``group, measure, estimate, low, high``: ``variance`` θ of the multiplier; ``Kendall's
            tau``, θ/(θ + 2), of the times of two clients of one therapist; ``median hazard ratio``
            of two therapists drawn at random, the higher to the lower.

        Raises
        ------
        InvalidInput
            A coverage that is none.

        References
        ----------
        Clayton (1978), Biometrika 65:141–151; Oakes (1989), J Am Stat Assoc 84:487–493 (τ).

        Examples
        --------
        >>> import sessionwise as sw
        >>> rows = {"stop": [1, 2, 3, 7, 6, 4, 9, 5, 8, 10, 11, 12], "left": 1, "x": [0, 1, 2] * 4}
        >>> frame = pd.DataFrame(rows).assign(therapist=list("aaaabbbbcccc"))
        >>> fit = sw.cox("left ~ x + (1 | therapist)", frame, stop="stop", frailty="gamma")
        >>> fit.spread()["estimate"].round(2).tolist()
        [0.85, 0.3, 2.7]
        """
        _check_level(level)
        thetas = np.array([self.frailty.theta, *gamma_limits(self.model, self.frailty, level)])
        with np.errstate(invalid="ignore"):
            tau = np.where(np.isinf(thetas), 1.0, thetas / (thetas + 2))
        measures = {
            "variance": thetas,
            "Kendall's tau": tau,
            "median hazard ratio": [_median_ratio(theta) for theta in thetas],
        }
        lines = [(self.part.innermost, name, *found) for name, found in measures.items()]
        return pd.DataFrame(lines, columns=["group", "measure", "estimate", "low", "high"])

    def median_ratios(self) -> pd.DataFrame:
        """Say by how much the hazards of two therapists differ, drawn at random.

        Returns
        -------
        DataFrame
            ``group, ratio, estimate, low, high``: the upper quartile of F on 2/θ and 2/θ degrees of
            freedom, which the ratio of two gamma multipliers follows. Limits as in `spread`.
        """
        found = self.spread().iloc[[2]]
        return found.rename(columns={"measure": "ratio"}).reset_index(drop=True)

    def _highest(self) -> tuple[str, FrailtyVariance]:
        """Say how the multipliers were integrated out, and where that likelihood is highest."""
        return "gamma", self.frailty


def _median_ratio(theta: float) -> float:
    """Give the median of the larger to the smaller of two gamma multipliers."""
    if not theta:
        return 1.0
    return float(stats.f.ppf(0.75, 2 / theta, 2 / theta)) if np.isfinite(theta) else np.inf


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        found = f"{level} is no coverage"
        raise InvalidInput([Problem(found, "", "Give a share, such as 0.95.")], "the limits")
