"""How well the risks of a Cox fit order the events: its concordance, with an error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.compared_pairs import concordance_pairs
from sessionwise.models.risk_rows import RiskRows, levels_of

DECIMALS = 10
"""Log hazards closer than this are equal: rows with the same columns, whatever the rounding."""


def concordance_row(rows: RiskRows, by: str) -> pd.Series:
    """Work out the concordance; see `CoxFit.concordance`."""
    risk = np.round(rows.linear, DECIMALS)
    found = concordance_pairs(risk, rows.start, rows.stop, rows.event, rows.strata)
    error = found.std_error(levels_of(rows, by) if by else None)
    half = float(stats.norm.ppf(0.975)) * error
    return pd.Series(
        {
            "estimate": found.estimate,
            "std_error": error,
            "low": found.estimate - half,
            "high": found.estimate + half,
            "concordant": found.concordant,
            "discordant": found.discordant,
            "tied": found.tied,
        }
    )
