"""Ratios as they are printed, from their logarithms: none is 0.00, none has twenty digits."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sessionwise.show.numbers import UNKNOWN, decimals, number

FURTHEST = 700.0
"""Logarithms beyond this have no ratio a computer could hold; it is the last one that is shown."""

LARGEST = 10_000
"""Ratios above this are not written out."""


def ratio_of(log: float) -> float:
    """Give the ratio of a logarithm: 0 or endless only where the logarithm is endless.

    Examples
    --------
    >>> ratio_of(0.0), ratio_of(-math.inf), ratio_of(-1e6) > 0, ratio_of(1e6) < math.inf
    (1.0, 0.0, True, True)
    """
    return math.exp(max(-FURTHEST, min(FURTHEST, log)) if math.isfinite(log) else log)


def ratio(value: float, places: int = 2) -> str:
    """Write a ratio; one that would round to nought, or is very large, is written as a bound.

    Examples
    --------
    >>> ratio(0.83), ratio(0.0004), ratio(0.0004, 4), ratio(2e7), ratio(0.0), ratio(math.inf)
    ('0.83', '< 0.01', '0.0004', '> 10,000', '0', '∞')
    """
    if value == 0:
        return "0"
    if value > 0 and round(value, places) == 0:
        return f"< {10.0**-places:.{places}f}"
    if LARGEST < value < math.inf:
        return f"> {LARGEST:,}"
    return number(value, places)


def rounded_ratio(value: float, places: int) -> float:
    """Round a ratio as it is printed; a tiny one keeps its size.

    Examples
    --------
    >>> rounded_ratio(0.8349, 2), rounded_ratio(0.00041234, 2)
    (0.83, 0.00041)
    """
    found = round(value, places)
    return found if found or not value else float(f"{value:.2g}")


def ratios_of(row: Mapping[str, float], per: float = 1.0) -> tuple[float, float, float]:
    """Give the ratio and its limits of a row of logarithms, ``estimate, low, high``, per so many.

    Examples
    --------
    >>> ratios_of({"estimate": 0.0, "low": -math.inf, "high": 0.0}, 2.0)
    (1.0, 0.0, 1.0)
    """
    return tuple(ratio_of(float(row[key]) * per) for key in ("estimate", "low", "high"))


def limits_text(low: float, high: float, places: int) -> str:
    """Write the limits of a ratio.

    Examples
    --------
    >>> limits_text(0.251, 0.338, 2), limits_text(0.0, math.inf, 2)
    ('0.25 to 0.34', '0 to ∞')
    """
    return f"{ratio(low, places)} to {ratio(high, places)}"


def ratio_with_limits(row: Mapping[str, float], per: float = 1.0) -> str:
    """Write the ratio of a row of logarithms with its 95 % interval, per so many units.

    Examples
    --------
    >>> ratio_with_limits({"estimate": -0.1, "low": -0.2, "high": 0.0}, 2.0)
    '0.82, 95 % CI 0.67 to 1.00'
    """
    middle, low, high = ratios_of(row, per)
    places = decimals(low, high, 1.0)
    return f"{ratio(middle, places)}, 95 % CI {limits_text(low, high, places)}"


def in_points(spread: float) -> str:
    """Write a standard deviation in points, to one decimal or as many as it takes.

    Examples
    --------
    >>> in_points(2.04), in_points(0.0172)
    ('2.0', '0.017')
    """
    if spread >= 0.1:
        return number(spread, 1)
    return number(spread, 1 - math.floor(math.log10(spread))) if spread > 0 else number(spread, 1)


def ratio_per_deviation(row: Mapping[str, float], spread: float) -> str:
    """Write a ratio per standard deviation and per point; per point only where there is none.

    Examples
    --------
    >>> ratio_per_deviation({"estimate": -0.1, "low": -0.2, "high": 0.0}, 2.0)
    '0.82, 95 % CI 0.67 to 1.00; per point 0.90, 0.82 to 1.00'
    """
    if not spread > 0:
        return ratio_with_limits(row)
    each = ratio_with_limits(row).replace("95 % CI ", "")
    return f"{ratio_with_limits(row, spread)}; per point {each}"


def ratio_cells(row: Mapping[str, float], gap: str = " ") -> tuple[list[float], str]:
    """Give a ratio and its limits, rounded as they are written, and as a table writes them.

    Examples
    --------
    >>> ratio_cells({"estimate": -0.1, "low": -0.2, "high": -0.05})
    ([0.9, 0.82, 0.95], '0.90 (0.82 to 0.95)')
    """
    middle, low, high = ratios_of(row)
    if math.isnan(middle):
        return [math.nan] * 3, UNKNOWN
    places = decimals(low, high, 1.0)
    written = f"{ratio(middle, places)}{gap}({limits_text(low, high, places)})"
    return [rounded_ratio(value, places) for value in (middle, low, high)], written
