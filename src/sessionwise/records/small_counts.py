"""Counts of people in words: fewer than five could be a person, and is said as such."""

from __future__ import annotations

FEWEST = 5


def many(count: int, noun: str = "") -> str:
    """Write a count, or that there are fewer than five.

    Examples
    --------
    >>> many(12, "clients"), many(3, "clients"), many(0)
    ('12 clients', 'fewer than 5 clients', '0')
    """
    number = f"fewer than {FEWEST}" if 0 < count < FEWEST else f"{count:,}"
    return f"{number} {noun}".strip()
