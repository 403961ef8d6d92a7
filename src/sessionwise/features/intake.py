"""Only what was known at intake may adjust a model or part its clients into groups."""

from __future__ import annotations

from collections.abc import Iterable

from sessionwise.errors import Unanswerable
from sessionwise.records.sessions import Sessions


def as_names(adjust: str | Iterable[str]) -> list[str]:
    """Take one name for a list of one.

    Examples
    --------
    >>> as_names("severity"), as_names(("age", "severity", "age"))
    (['severity'], ['age', 'severity'])
    """
    return list(dict.fromkeys([adjust] if isinstance(adjust, str) else adjust))


def need_intake(s: Sessions, names: Iterable[str], purpose: str) -> None:
    """Refuse covariates and groups that were not known when the course began.

    Raises
    ------
    Unanswerable
        Names every column that is missing, or that only the course itself made known.

    Examples
    --------
    >>> import sessionwise as sw
    >>> need_intake(sw.example(), ["severity"], "Comparing groups")
    >>> need_intake(sw.example(), ["ending"], "Comparing groups")
    Traceback (most recent call last):
    sessionwise.errors.Unanswerable: Comparing groups takes what was known at intake, ...
    """
    names = [name for name in ([names] if isinstance(names, str) else names) if name]
    s.need(names, purpose)
    late = [
        f"`{name}`"
        for name in names
        if s.columns[name].level != "course" or s.columns[name].known != "before"
    ]
    if late:
        were, they = ("was", "it") if len(late) == 1 else ("were", "they")
        raise Unanswerable(
            f"{purpose} takes what was known at intake, and {', '.join(late)} {were} not: {they} "
            'would explain the past by what came later. Use columns with level = "course".'
        )
