"""Between which limits a score of the records may lie, if an instrument says so."""

from __future__ import annotations

from sessionwise.errors import Unanswerable
from sessionwise.records.sessions import Sessions


def score_range(s: Sessions, name: str) -> tuple[float, float] | None:
    """Give the lowest and highest possible value of a score, or nothing if no instrument says it.

    A score called ``WHOLE_PART``, where an instrument has a subscale of that name, is held for
    that subscale.

    Examples
    --------
    >>> import sessionwise as sw
    >>> score_range(sw.example(), "srs"), score_range(sw.example(), "severity")
    ((0.0, 40.0), None)
    """
    named = s.columns[name].instrument
    own = s.instruments.get(name)
    own = own or next((one for one in s.instruments.values() if named and one.id == named), None)
    if own is None:
        return None
    part = next((part for part in own.subscales or () if name.endswith(f"_{part}")), "total")
    try:
        low, high = own.range_of(part)
    except Unanswerable:
        return None
    return float(low), float(high)
