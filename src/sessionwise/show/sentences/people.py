"""A sentence on who is in the records."""

from __future__ import annotations

from sessionwise.features.assessment_times import usual_gap
from sessionwise.features.counts import came_at_all
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.show.curve_words import moment
from sessionwise.show.display import Sentence
from sessionwise.show.numbers import count, number, percent
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.words import counted


def came(s: Sessions, name: str = "came") -> Sentence:
    """Say how many came, to how many sessions, and how their courses ended.

    Parameters
    ----------
    s
        The records.
    name
        Anchor.

    Examples
    --------
    >>> import sessionwise as sw
    >>> str(came(sw.example())).startswith("The records hold 120 clients")
    True
    """
    counts = s.counts()
    held = f"The records hold {counted(counts['clients'], 'client')}"
    if s.clock == "time":
        return Sentence(name, f"{held}, {_assessed(s)}.")
    therapists = count(counts["therapists"], "therapist")
    of = f" of {therapists}" if counts["therapists"] else ""
    text = (
        f"{held}{of}, {counted(counts['courses'], 'course')} of therapy and "
        f"{counted(counts['sessions'], 'attended session')}{_length(s)}."
    )
    return Sentence(name, " ".join(part for part in (text, _never(s), _ended(s)) if part))


def _length(s: Sessions) -> str:
    """Say how many sessions a course that began had."""
    each = s.table.loc[s.attended].groupby(COURSE_KEY, observed=True).size()
    if each.empty:
        return ""
    length = float(each.median())
    that_began = "" if came_at_all(s).all() else " that began"
    return f" (median {number(length, 0 if length.is_integer() else 1)} a course{that_began})"


def _never(s: Sessions) -> str:
    """Say in how many courses nobody ever came, where there are such courses."""
    never = int((~came_at_all(s)).sum())
    if not never:
        return ""
    return f"In {counted(never, 'course')} no session was attended."


def _assessed(s: Sessions) -> str:
    """Say when clients were assessed: all at the same times, or each at their own."""
    gap = usual_gap(s)
    if not gap:
        return f"each due to be assessed at {count(s.table['time'].nunique(), 'time')}"
    each = s.table.loc[s.attended].groupby(COURSE_KEY, observed=True).size().median()
    return (
        f"each assessed at times of their own, {number(each, 0)} times in the median, usually "
        f"{moment(gap, s.time_unit)} apart"
    )


def _ended(s: Sessions) -> str:
    """Say how many courses ended unplanned, as planned, and were still open."""
    ending = s.courses["ending"].astype("str")
    words = {"unplanned": "ended unplanned", "planned": "as planned", "ongoing": "were still open"}
    many = {kind: int((ending == kind).sum()) for kind in words}
    if many["ongoing"] == len(ending) or any(0 < n < SMALLEST for n in many.values()):
        return ""
    said = [f"{percent(many[kind] / len(ending))} {words[kind]}" for kind in words]
    rest = len(ending) - sum(many.values())
    if 0 < rest < SMALLEST:
        return ""
    last = f" and {percent(rest / len(ending))} had ended in other ways" if rest else ""
    return f"When they were taken, {said[0]}, {said[1]}, {said[2]}{last}."
