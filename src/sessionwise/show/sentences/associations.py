"""Sentences about correlations: how large, beside what the field has published."""

from __future__ import annotations

from sessionwise.models.association import Association
from sessionwise.models.benchmarks import Benchmark
from sessionwise.show.display import Sentence, answered
from sessionwise.show.numbers import correlation
from sessionwise.show.words import counted


@answered
def early_alliance(found: Association, name: str = "early-alliance") -> Sentence:
    """Say how closely the early alliance and the last outcome went together, given the first.

    Compared with the published average by its interval, never by its point: an estimate may lie
    near an average by chance, and far from it for want of clients.

    Parameters
    ----------
    found
        Of ``early_alliance_and_outcome``.
    name
        Anchor.
    """
    alliance = f"alliance ({found.labels.get(found.alliance, found.alliance)})"
    outcome = f"outcome ({found.labels.get(found.outcome, found.outcome)})"
    whom = f"{counted(found.rows.used, 'course')} of {counted(found.rows.clients, 'client')}"
    size, limits = effect(found)
    had = f"a partial correlation of {size}" if _clear(found) else f"no clear correlation, {size}"
    start = (
        f"The mean {alliance} of {_window(found.early)} and the last {outcome}, given the first, "
        f"had {had} ({limits}, bootstrap by {found.recipe.cluster}; {whom})"
    )
    if _clear(found):
        way = "better" if found.estimate > 0 else "worse"
        start += f"; the better the early alliance, the {way} the last outcome"
    beside = compared(found, found.published[0])
    held = (
        f"This is of those who came to session {found.early + 1} at least, and says nothing of who "
        "left before."
    )
    said = [f"{start}.", beside, found.recipe.caution, held]
    return Sentence(name, " ".join(part for part in said if part), f"{start}. {beside}")


def effect(found: Association) -> tuple[str, str]:
    """Write a correlation, and its interval.

    With three decimals, as the published ones: it is their limits it is held against.

    Examples
    --------
    >>> import sessionwise as sw
    >>> effect(sw.early_alliance_and_outcome(sw.example()))[0]
    'r = −.009'
    """
    low, high = correlation(found.low, 3), correlation(found.high, 3)
    return f"r = {correlation(found.estimate, 3)}", f"95 % CI {low} to {high}"


def compared(found: Association, published: Benchmark) -> str:
    """Set an interval beside a published one.

    Examples
    --------
    >>> import sessionwise as sw
    >>> found = sw.early_alliance_and_outcome(sw.example())
    >>> compared(found, found.published[0])[:40]
    'The published average of 295 studies (ad'
    """
    places = published.places
    low, high = correlation(published.low, places), correlation(published.high, places)
    said = (
        f"The published average of {published.studies} studies ({published.of}: r = "
        f"{correlation(published.estimate, places)}, 95 % CI {low} to {high}; {published.cited})"
    )
    return f"{said} {relation(found, published)}."


def relation(found: Association, published: Benchmark) -> str:
    """Say how the published interval lies to the one found.

    Examples
    --------
    >>> import sessionwise as sw
    >>> found = sw.early_alliance_and_outcome(sw.example())
    >>> relation(found, found.published[0])
    'lies wholly above this interval'
    """
    if published.low > found.high:
        return "lies wholly above this interval"
    if published.high < found.low:
        return "lies wholly below this interval"
    if found.low <= published.low and published.high <= found.high:
        return "lies wholly inside this interval, which holds much else besides"
    if published.low <= found.low and found.high <= published.high:
        return "has an interval that holds this one"
    return "has an interval that overlaps this one"


def _window(early: int) -> str:
    return f"sessions 1 to {early}" if early > 1 else "session 1"


def _clear(found: Association) -> bool:
    return found.low > 0 or found.high < 0
