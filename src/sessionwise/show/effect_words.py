"""The words of one effect: its size, its direction, and what it is per standard deviation."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit import Fit
from sessionwise.show.numbers import decimals, interval, number
from sessionwise.show.words import CLOCKS

Better = Literal["higher", "lower", ""]


def split_column(fit: Fit) -> str:
    """Find the score that was split within and between clients.

    Raises
    ------
    InvalidInput
        The fit has no such pair of terms.
    """
    terms = set(fit.estimates["term"])
    for term in fit.estimates["term"]:
        base = term.removesuffix("_within").removesuffix("_detrended")
        if base != term and base not in CLOCKS and f"{base}_between" in terms:
            return base
    problem = Problem(
        "the fit has no pair of terms X_within and X_between",
        f"terms {', '.join(fit.estimates['term'])}",
        "Give the fit of alliance_and_next_outcome, or one with a score split the same way.",
    )
    raise InvalidInput([problem], source="a sentence on the next outcome")


def within_term(fit: Fit) -> str:
    """Give the term of the client's own swings: about the mean, or about the client's own line."""
    base = split_column(fit)
    lined = f"{base}_detrended"
    return lined if lined in set(fit.estimates["term"]) else f"{base}_within"


def trend_removed(fit: Fit) -> bool:
    """Say whether swings are those about the client's own line."""
    return within_term(fit).endswith("_detrended")


def holds_previous(fit: Fit) -> bool:
    """Say whether the previous outcome is among the terms."""
    return f"{fit.outcome}_lag1_within" in set(fit.estimates["term"])


def clear(row: pd.Series) -> bool:
    """Say whether the interval leaves 0 out."""
    return bool(row["low"] > 0 or row["high"] < 0)


def points(row: pd.Series) -> tuple[str, str]:
    """Give the size of an estimate without its sign, and its interval."""
    places = decimals(row["low"], row["high"])
    return number(abs(row["estimate"]), places), interval(row["low"], row["high"], places)


def signed(row: pd.Series) -> str:
    """Give an estimate with its sign."""
    return number(row["estimate"], decimals(row["low"], row["high"]))


def side(row: pd.Series, better: Better) -> str:
    """Name the direction, and whether it is the better one."""
    way = "higher" if row["estimate"] > 0 else "lower"
    if not better:
        return way
    return f"{way} ({'better' if way == better else 'worse'})"


def per_deviation(
    row: pd.Series, fit: Fit, predictor: str, outcome: str, level: Literal["within", "between"]
) -> str:
    """Give an estimate per standard deviation of the predictor, in points and in deviations."""
    spread = fit.scales.get(row["term"].replace("_detrended", "_within"), np.nan)
    unit = fit.scales.get(f"{fit.outcome}_{level}", np.nan)
    if not spread > 0:
        return ""
    many = row["estimate"] * spread
    shown = abs(many) if clear(row) else many
    of = f"the {level}-client standard deviation of {outcome}"
    share = f", {number(shown / unit)} of {of}" if unit > 0 else ""
    return (
        f"Per {level}-client standard deviation of {predictor} ({number(spread, 1)} points) that "
        f"is {number(shown)} points{share}."
    )
