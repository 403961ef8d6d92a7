"""The therapist's empathy, as other clients had rated it before, and who stays."""

from __future__ import annotations

from sessionwise.errors import Unanswerable
from sessionwise.features.given import need_given
from sessionwise.features.others_ratings import rated_by_others
from sessionwise.models.cumulative_incidence import incidence
from sessionwise.models.curve_comparison import GroupsCompared, groups_compared
from sessionwise.models.fit import Curve
from sessionwise.records.sessions import Sessions

PURPOSE = "Empathy and staying"


def endings_by_empathy(s: Sessions, empathy: str, landmark: int = 3) -> Curve:
    """Do clients of therapists whom others found empathic end unplanned, or as planned, more often?

    Parameters
    ----------
    s
        The records; dated, with therapists.
    empathy
        The score of the therapist's empathy by the client, e.g. ``"care"``.
    landmark
        The session k at which courses are grouped: below the median, and at it or above, of how
        their therapist's *other* clients had rated them on earlier dates.

    Returns
    -------
    Curve
        As :func:`~sessionwise.models.cumulative_incidence.incidence` by that group.

    Raises
    ------
    Unanswerable
        No such score, no dates or therapists; nobody was rated by three others before.

    Examples
    --------
    >>> import sessionwise as sw
    >>> sw.answer(endings_by_empathy, sw.example(), "").kind
    'missing'
    """
    return incidence(_rated(s, empathy), f"{empathy}_by_others", landmark)


def empathy_and_staying(s: Sessions, empathy: str, landmark: int = 3) -> GroupsCompared:
    """Do clients stay longer with therapists whom their other clients found empathic before?

    Parameters and errors as in :func:`endings_by_empathy`.

    Returns
    -------
    GroupsCompared
        Log-rank and Gray's tests, sessions attended and lost, and their differences.

    Examples
    --------
    >>> import sessionwise as sw
    >>> sw.answer(empathy_and_staying, sw.example(), "").kind
    'missing'
    """
    return groups_compared(_rated(s, empathy), f"{empathy}_by_others", landmark)


def _rated(s: Sessions, empathy: str) -> Sessions:
    """Add what others said, or say why nobody had been rated by enough of them."""
    made = rated_by_others(s, empathy)
    need_given(s, [empathy], PURPOSE)
    if made.table[f"{empathy}_by_others"].isna().all():
        raise Unanswerable(
            f"{PURPOSE} takes what three other clients had said on earlier days, and no therapist "
            "had been rated by as many before any session: there are too few clients of one "
            "therapist, or too few dates."
        )
    return made
