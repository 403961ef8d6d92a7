"""Numbers as a journal prints them: signs, thousands, percentages, intervals, p values."""

from __future__ import annotations

import math

MINUS = "−"
UNKNOWN = "–"
MOST_DECIMALS = 6


def number(value: float, decimals: int = 2) -> str:
    """Write a number with a real minus sign and commas between thousands.

    Parameters
    ----------
    value
        Any number; a missing or infinite one is written as a dash or ``∞``.
    decimals
        Digits after the point. What rounds to nought has no sign.

    Examples
    --------
    >>> number(-0.295), number(2981, 0), number(-0.001), number(float("nan"))
    ('−0.29', '2,981', '0.00', '–')
    """
    value = float(value)
    if math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    written = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in written for digit in "123456789")
    return MINUS + written if negative else written


def count(many: float, noun: str = "", plural: str = "") -> str:
    """Write a whole number, with its noun in the right form if one is given.

    Examples
    --------
    >>> count(2981, "session"), count(1, "session"), count(2, "course of therapy", "courses")
    ('2,981 sessions', '1 session', '2 courses')
    """
    written = number(many, 0)
    if not noun:
        return written
    return f"{written} {noun if many == 1 else plural or noun + 's'}"


def percent(share: float, decimals: int = 0) -> str:
    """Write a proportion as a percentage.

    Examples
    --------
    >>> percent(0.412), percent(0.0125, 1)
    ('41 %', '1.2 %')
    """
    return f"{number(100 * share, decimals)} %"


def p_value(p: float) -> str:
    """Write a p value as the field does: no nought before the point, never ``.000``.

    Examples
    --------
    >>> p_value(0.0234), p_value(0.00001), p_value(0.9996)
    ('p = .023', 'p < .001', 'p > .999')
    """
    written = p_digits(p)
    return f"p {written}" if written[0] in "<>" else f"p = {written}"


def p_digits(p: float) -> str:
    """Write a p value for a column headed p.

    Examples
    --------
    >>> p_digits(0.0234), p_digits(0.00001)
    ('.023', '< .001')
    """
    if math.isnan(p):
        return UNKNOWN
    if p < 0.001:
        return "< .001"
    return "> .999" if p > 0.999 else f"{p:.3f}".lstrip("0")


def correlation(value: float, places: int = 2) -> str:
    """Write a correlation as the field does, without the nought before the point.

    Examples
    --------
    >>> correlation(0.278, 3), correlation(-0.1), correlation(1.0), correlation(-0.001)
    ('.278', '−.10', '1.00', '.00')
    """
    return number(value, places).replace("0.", ".", 1) if abs(value) < 1 else number(value, places)


def decimals(low: float, high: float, null: float = 0.0) -> int:
    """Say how many decimals an interval needs, at least two.

    Half the interval keeps a digit, and a limit that is not the null value is not printed as if
    it were, so that a sentence never says "clear" beside an interval that seems to touch it.

    Parameters
    ----------
    low, high
        The limits.
    null
        The value of no difference: 0, or 1 for ratios.

    Examples
    --------
    >>> decimals(0.25, 0.34), decimals(0.002, 0.31), decimals(0.0011, 0.0035)
    (2, 3, 3)
    """
    half = (high - low) / 2
    if not math.isfinite(half):
        return 2
    places = 2 if half <= 0 else min(max(2, math.ceil(-math.log10(half))), MOST_DECIMALS)
    while places < MOST_DECIMALS and any(
        limit != null and round(limit, places) == null for limit in (low, high)
    ):
        places += 1
    return places


def interval(low: float, high: float, places: int | None = None, null: float = 0.0) -> str:
    """Write a 95 % confidence interval.

    Examples
    --------
    >>> interval(0.251, 0.338), interval(-0.021, 0.338)
    ('95 % CI 0.25 to 0.34', '95 % CI −0.02 to 0.34')
    """
    places = decimals(low, high, null) if places is None else places
    return f"95 % CI {number(low, places)} to {number(high, places)}"


def with_limits(middle: float, low: float, high: float, null: float = 0.0, gap: str = " ") -> str:
    """Write an estimate with its limits behind it, after a gap.

    Examples
    --------
    >>> with_limits(0.7434, 0.58, 0.9401, null=1)
    '0.74 (0.58 to 0.94)'
    """
    places = decimals(low, high, null)
    return f"{number(middle, places)}{gap}({number(low, places)} to {number(high, places)})"


def percent_interval(low: float, high: float) -> str:
    """Write a 95 % confidence interval of a proportion.

    Examples
    --------
    >>> percent_interval(0.37, 0.458)
    '95 % CI 37 to 46'
    """
    return f"95 % CI {number(100 * low, 0)} to {number(100 * high, 0)}"


def listed(words: list[str], last: str = "and") -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
