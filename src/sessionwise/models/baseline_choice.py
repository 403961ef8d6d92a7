"""Which shape of the hazard from session to session the data want."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.errors import Refused
from sessionwise.features.intake import as_names
from sessionwise.models.alliance_leaving import need_asked, scored_decisions
from sessionwise.models.generalized_linear import glm
from sessionwise.models.leaving_baseline import SHAPES, with_baseline
from sessionwise.records.sessions import Sessions

BEYOND_A_LINE = ("polynomial", "spline")
"""Shapes a line is a special case of; steps are not."""


def leaving_baselines(
    s: Sessions, alliance: str = "srs", adjust: Sequence[str] = ()
) -> pd.DataFrame:
    """Does the hazard of leaving go along a line, a curve or steps from session to session?

    The model of :func:`alliance_and_leaving` in each baseline, on the same rows, by maximum
    likelihood without a random therapist, so that nothing but the baseline differs.

    Parameters
    ----------
    s
        The records.
    alliance, adjust
        As in :func:`alliance_and_leaving`.

    Returns
    -------
    DataFrame
        One row per baseline: ``baseline, parameters`` (of the whole model), ``loglik, aic``,
        ``statistic, df, p`` of the likelihood ratio over the line (missing for steps, which a line
        is no case of), ``alliance, change``: log hazard per point of the mean to date and of the
        change, which should hardly move; ``reason`` why there is none. By falling support: the
        smallest AIC first.

    Raises
    ------
    Unanswerable
        As for :func:`alliance_and_leaving`.

    References
    ----------
    Singer & Willett (2003), Applied Longitudinal Data Analysis, section 12.1.3, table 12.2; Akaike
    (1974), IEEE Trans Autom Control 19:716–723.

    Examples
    --------
    >>> import sessionwise as sw
    >>> sorted(leaving_baselines(sw.example())["baseline"])
    ['linear', 'polynomial', 'spline', 'steps']
    """
    adjust = as_names(adjust)
    need_asked(s, alliance, adjust)
    used = [f"{alliance}_to_date", f"{alliance}_change", *adjust]
    at_risk, lines = scored_decisions(s, alliance), []
    for shape in SHAPES:
        try:
            rows, terms, _ = with_baseline(at_risk, used, shape)
            formula = f"left_unplanned ~ {' + '.join([*terms, *used])}"
            fit = glm(formula, rows.frame, "binomial", "cloglog")
        except Refused as why:
            lines.append((shape, 0, np.nan, np.nan, np.nan, np.nan, str(why)))
            continue
        k, effects = len(fit.estimates), fit.estimates.set_index("term")["estimate"]
        aic = 2 * (k - fit.loglik)
        lines.append((shape, k, fit.loglik, aic, *effects[used[:2]], ""))
    names = ["baseline", "parameters", "loglik", "aic", "alliance", "change", "reason"]
    found = pd.DataFrame(lines, columns=names)
    return _against_the_line(found).sort_values("aic", kind="stable").reset_index(drop=True)


def _against_the_line(found: pd.DataFrame) -> pd.DataFrame:
    """Add the likelihood ratio of each curve over the line."""
    line = found[found["baseline"] == "linear"].iloc[0]
    curve = found["baseline"].isin(BEYOND_A_LINE) & found["loglik"].notna()
    statistic = (2 * (found["loglik"] - line["loglik"])).clip(lower=0).where(curve)
    df = (found["parameters"] - line["parameters"]).astype(float).where(curve)
    found.insert(4, "statistic", statistic)
    found.insert(5, "df", df)
    found.insert(6, "p", stats.chi2.sf(statistic, df))
    return found
