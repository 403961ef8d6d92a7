"""A sentence on who changed by more than measurement error."""

from __future__ import annotations

import pandas as pd

from sessionwise.models.classified import Classified
from sessionwise.show.change_tables import verdict_counts
from sessionwise.show.display import Nothing, Sentence, answered
from sessionwise.show.numbers import count, listed, number, percent
from sessionwise.show.suppression import WITHHELD
from sessionwise.show.who_tables import EVERYBODY
from sessionwise.show.words import counted

VERBS = {
    "recovered": "recovered",
    "improved": "improved without crossing the cut-off",
    "unchanged": "did not change by more than measurement error",
    "deteriorated": "deteriorated",
}


@answered
def changed(classified: Classified, name: str = "changed") -> Sentence | Nothing:
    """Say how many recovered, improved, did not change, or deteriorated, by group.

    Parameters
    ----------
    classified
        The courses with their verdicts.
    name
        Anchor.

    Returns
    -------
    Sentence or Nothing
        The headline says the shares, the text also what counted as change.

    Examples
    --------
    >>> import sessionwise as sw
    >>> said = changed(sw.reliable_change(sw.example(), "ors", reliability=0.85))
    >>> said.text[:43]
    'Of 112 courses with two ORS scores or more,'
    """
    counts = verdict_counts(classified)
    score = classified.label
    told = [
        _group(str(group), part, total, score)
        for (group, part), total in zip(counts.groupby("group", sort=False), _totals(classified))
    ]
    headline = f"{'; '.join(told)}."
    headline = f"{headline[:1].upper()}{headline[1:]}"
    limits = (
        f"A change counted from {number(classified.criterion, 1)} points on, and the cut-off was "
        f"{number(classified.cutoff, 1).removesuffix('.0')}."
    )
    once = dict(classified.rows.left_out).get(f"{score}: one score only", 0)
    left = f"{_left(once)} gave one score only and could not be judged." if once else ""
    return Sentence(name, " ".join(part for part in (headline, limits, left) if part), headline)


def _totals(classified: Classified) -> list[int]:
    """Count the courses of each group, in order."""
    return classified.shares.groupby("group", sort=False)["courses"].sum().tolist()


def _group(group: str, part: pd.DataFrame, total: int, score: str) -> str:
    """Say what became of one group; the one verdict that may be withheld is that of the others."""
    whom = "" if group == EVERYBODY else f" in {group}"
    of = f"of {counted(total, 'course')}{whom} with two {score} scores or more"
    told = part[part["courses"] != WITHHELD]
    if told.empty:
        return f"{of}, too few recovered or changed to be told apart"
    said = [f"{_amount(row.courses, row.share)} {VERBS[row.verdict]}" for row in told.itertuples()]
    said += [
        f"the others {VERBS[word]}" for word in part["verdict"] if word not in set(told["verdict"])
    ]
    return f"{of}, {listed(said)} from the first to the last"


def _amount(courses: int | str, share: float | str) -> str:
    """Write a count with its share of the group, or that it is small."""
    if isinstance(courses, str):
        return f"fewer than {courses.removeprefix('< ')}"
    return f"{count(courses)} ({percent(float(share))})" if courses else "none"


def _left(many: int) -> str:
    written = counted(many, "course")
    return written[:1].upper() + written[1:]
