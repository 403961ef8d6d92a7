"""What a Cox fit can be asked afterwards: does it hold, whom does it miss, what does it expect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

from sessionwise.engine.proportional_hazards import Transform
from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.models.fit import Curve, Fit
from sessionwise.models.predicted_staying import (
    CENSORED_OTHERS,
    baseline_table,
    described,
    outside,
    staying_curve,
)
from sessionwise.models.risk_order import concordance_row
from sessionwise.models.risk_residuals import Kind, influence_of, residuals_of
from sessionwise.models.risk_rows import RiskRows
from sessionwise.models.time_varying_effects import EffectsOverTime, holding_table, over_time


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class FitOnRisks(Fit):
    """A `Fit` of a Cox model that still has its rows.

    Attributes
    ----------
    risks
        The rows, covariates and risk sets behind it.
    """

    risks: RiskRows = field(repr=False)

    def proportional(self, transform: Transform = "km") -> pd.DataFrame:
        """Test whether the hazard ratios hold throughout.

        Parameters
        ----------
        transform
            The scale of time in proportion to which an effect might change: ``"km"``, one minus
            the Kaplan–Meier curve (early sessions, which most attend, count most); ``"identity"``;
            ``"rank"``; ``"log"``.

        Returns
        -------
        DataFrame
            ``term, statistic, df, p``: the χ² of a score test for each term, all its columns
            together, and for all terms. As ``cox.zph`` of R's survival, 3.0 and later.

        Raises
        ------
        InvalidInput, Refused
            No such scale; no terms.

        References
        ----------
        Grambsch & Therneau (1994), Biometrika 81:515–526.

        Examples
        --------
        >>> import sessionwise as sw
        >>> fit = sw.cox("left_unplanned ~ srs + severity", sw.example())
        >>> fit.proportional()["term"].tolist()
        ['srs', 'severity', 'all terms']
        """
        return holding_table(self.risks, transform)

    def effects_over_time(self, transform: Transform = "km") -> EffectsOverTime:
        """Follow each effect over time, for ``sw.show.effects_over_time``.

        Parameters
        ----------
        transform
            As in `proportional`; the smooth line is a natural spline on this scale.

        Returns
        -------
        EffectsOverTime
            Tests, smooth lines with 95 % limits, and one point per event.

        Examples
        --------
        >>> import sessionwise as sw
        >>> fit = sw.cox("left_unplanned ~ srs + severity", sw.example())
        >>> sorted(fit.effects_over_time().fitted)
        ['severity', 'srs']
        """
        return over_time(self.risks, transform, self.rows, _unit(self), self.labels)

    def residuals(self, kind: Kind = "martingale", by: str = "") -> pd.DataFrame:
        """Give what is left unexplained of each row of the model.

        Parameters
        ----------
        kind
            ``"martingale"``: events less those expected, at most 1 for one event; ``"deviance"``:
            the same, made symmetric; ``"cox-snell"``: the events expected, which of courses of a
            right model lie like exponential times; ``"score"``: the part of the slope of the
            likelihood; ``"dfbeta"``: what the row moves each coefficient by, to first order;
            ``"schoenfeld"``: for each event, its covariates less those expected then.
        by
            A column: residuals summed over each of its values, ``"client"``, say. Of whom a sum is
            is not given.

        Returns
        -------
        DataFrame
            With the index of the rows, or numbered from 0 where summed: the residual and
            ``event``; of score and dfbeta a column per coefficient; of Schoenfeld's ``time`` and a
            column per coefficient, one row per event in the order of time.

        Raises
        ------
        InvalidInput
            No such kind or column.
        Refused
            Score or dfbeta of a model with deviations of therapists.

        References
        ----------
        Therneau, Grambsch & Fleming (1990), Biometrika 77:147–160; Therneau & Grambsch (2000),
        Modeling Survival Data, chapters 4 and 7.

        Examples
        --------
        >>> import sessionwise as sw
        >>> fit = sw.cox("left_unplanned ~ srs + severity", sw.example())
        >>> bool(abs(fit.residuals()["martingale"].sum()) < 1e-8)
        True
        """
        return residuals_of(self.risks, kind, by)

    def influence(self, by: str = "client") -> pd.DataFrame:
        """Say how far the estimates would move without each client, therapist or clinic.

        Parameters
        ----------
        by
            The column that tells them apart.

        Returns
        -------
        DataFrame
            From the most influential on: ``rows, events, expected`` (events the model expected),
            ``displacement`` (twice the fall of the log-likelihood at the estimates without it, to
            first order) and ``change[term]`` (estimate with it less that without it, the sum of its
            dfbeta). Who it is does not stand in it.

        References
        ----------
        Cain & Lange (1984), Biometrics 40:493–499; Pettitt & Bin Daud (1989), Appl Stat 38:51–67.

        Examples
        --------
        >>> import sessionwise as sw
        >>> fit = sw.cox("left_unplanned ~ srs + severity", sw.example())
        >>> list(fit.influence("therapist"))[:4]
        ['rows', 'events', 'expected', 'displacement']
        """
        return influence_of(self.risks, by)

    def concordance(self, by: str = "") -> pd.Series:
        """Say how often of two rows the one with the higher risk ended first.

        Only rows at risk at the same time are compared, so that scores that change are taken as
        they were then. 0.5 is no better than chance.

        Parameters
        ----------
        by
            The column whose rows go together in the error, ``"client"`` or ``"therapist"``; empty:
            each row is one observation.

        Returns
        -------
        Series
            ``estimate, std_error, low, high, concordant, discordant, tied``; the error is the
            infinitesimal jackknife's, as R's ``concordance`` has it.

        References
        ----------
        Harrell et al. (1982), JAMA 247:2543–2546; Therneau & Watson (2017), Mayo Clinic technical
        report 85.

        Examples
        --------
        >>> import sessionwise as sw
        >>> fit = sw.cox("left_unplanned ~ srs + severity", sw.example())
        >>> 0 < float(fit.concordance("client")["std_error"]) < 0.1
        True
        """
        return concordance_row(self.risks, by)

    def baseline_hazard(self, at: Literal["zero", "means"] = "zero") -> pd.DataFrame:
        """Give the cumulative hazard that the ratios multiply.

        Parameters
        ----------
        at
            With every column at zero, or at its mean over the rows.

        Returns
        -------
        DataFrame
            ``stratum, time, at_risk, events, hazard, std_error``, one row per event time. By Efron
            or Breslow, as the fit takes ties.

        Raises
        ------
        InvalidInput
            A place that is neither.

        References
        ----------
        Breslow (1972), J R Stat Soc B 34:216–217; Tsiatis (1981), Ann Stat 9:93–108.

        Examples
        --------
        >>> import sessionwise as sw
        >>> fit = sw.cox("left_unplanned ~ srs + severity", sw.example())
        >>> bool(fit.baseline_hazard("means")["hazard"].is_monotonic_increasing)
        True
        """
        if at not in ("zero", "means"):
            remedy = nearest(str(at), ("zero", "means"))
            found = f"'{at}' is no place of the columns"
            raise InvalidInput([Problem(found, "", remedy)], "the baseline hazard")
        return baseline_table(self.risks, centred=at == "means")

    def curves(self, profiles: pd.DataFrame, path: str = "") -> Curve:
        """Say what the model expects of somebody described.

        Parameters
        ----------
        profiles
            One row per curve, with every column of the model but time, event and strata; an index
            of text names the curves. Covariates are held throughout: nobody's score changes.
        path
            A column of ``profiles``: its rows of one value are one curve of somebody whose
            covariates change, each row holding while ``start`` < t ≤ ``stop``. Counted from the
            first ``start``, among those still there; shown up to the last ``stop``.

        Returns
        -------
        Curve
            exp(−cumulative hazard), a curve per profile and stratum, with 95 % limits symmetric for
            log(−log), as R's ``survfit(…, conf.type = "log-log")``. Where other endings were
            censored it is not the probability of staying, and a note says so; another names columns
            in which somebody lies beyond all rows of the model.

        Raises
        ------
        InvalidInput, Refused
            A column that is not there, a category not seen, a missing value; more than twelve
            profiles; a path with gaps.

        Examples
        --------
        >>> import sessionwise as sw
        >>> fit = sw.cox("left_unplanned ~ srs + severity", sw.example())
        >>> low = pd.DataFrame({"srs": [26.0], "severity": [0.0]}, index=["low alliance"])
        >>> fit.curves(low).estimates["group"].unique().tolist()
        ['low alliance']
        """
        found = described(self.risks, profiles, path)
        notes = (*outside(self.risks, profiles), *self.recipe.notes)
        return staying_curve(
            self.risks,
            found,
            replace(self.recipe, notes=notes),
            (_state(self.outcome), self.rows, _unit(self)),
        )


def _unit(fit: Fit) -> str:
    """Name what time counts, in the plural."""
    return f"{fit.recipe.step}s" if fit.recipe.step else "time"


def _state(outcome: str) -> str:
    """Name what the curves are the probability of."""
    return CENSORED_OTHERS.get(outcome, f"still without {outcome.replace('_', ' ')}")
