"""A small packaged simulation, for examples."""

from __future__ import annotations

from functools import cache

from sessionwise.records.sessions import Sessions
from sessionwise.records.simulation import simulate
from sessionwise.records.truth import Truth


@cache
def example() -> Sessions:
    """Give a small simulated clinic: 12 therapists, 120 clients, always the same.

    Examples
    --------
    >>> example().counts()["therapists"]
    12
    """
    return simulate(Truth(clinic={"therapists": 12, "clients": 120}), seed=2026)
