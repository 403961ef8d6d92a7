"""A question needs scores that somebody gave."""

from __future__ import annotations

from collections.abc import Iterable

from sessionwise.errors import Unanswerable
from sessionwise.records.sessions import Sessions


def need_given(s: Sessions, names: Iterable[str], purpose: str) -> None:
    """Refuse columns that hold no value at all: what lacks is no larger cohort.

    Raises
    ------
    Unanswerable
        Names every column nobody filled in.

    Examples
    --------
    >>> import sessionwise as sw
    >>> need_given(sw.example(), ["srs", "severity"], "A model")
    """
    held = {**s.table, **s.courses}
    empty = [f"`{name}`" for name in names if name in held and held[name].isna().all()]
    if empty:
        it = "it" if len(empty) == 1 else "them"
        raise Unanswerable(
            f"{purpose} needs {' and '.join(empty)}, and no row holds a value of {it}: nobody "
            "filled the form in, or `missing` in the codebook takes every value away."
        )
