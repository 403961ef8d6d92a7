"""Which group a course lies in: fixed at intake or at a landmark, never by what came later."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Unanswerable, nearest
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.features.leaving import early_mean
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.records.small_counts import FEWEST, many

Cut = Literal["median", "terciles"]
CUTS: dict[str, tuple[float, ...]] = {"median": (1 / 2,), "terciles": (1 / 3, 2 / 3)}
WHOLE = "all"
MOST_LEVELS = 4
EXACT = 9
"""Decimals of a score that count: sums taken in another order differ in later ones."""

FEWEST_CLIENTS = 10
"""A therapist with fewer clients at the landmark has no curve of their own."""
PURPOSE = "Comparing groups"


def grouped(
    s: Sessions,
    courses: tuple[pd.DataFrame, tuple[Left, ...]],
    by: str,
    at: tuple[int, str, Cut],
) -> tuple[pd.DataFrame, tuple[Left, ...]]:
    """Give courses their group, and count those without one.

    Parameters
    ----------
    s
        The records.
    courses
        From :func:`~sessionwise.features.leaving.courses_at_risk` or its like.
    by
        Empty: everybody is ``"all"``. ``"early_alliance"``: the mean of sessions 1 to the
        landmark. ``"therapist"``: that of the landmark session, as ``"therapist 1"`` (most
        clients), ``"therapist 2"``, …; those with fewer than ten clients there are left out.
        Otherwise a column known at intake, or one of the landmark session; a number is cut, and
        up to four whole ones are groups themselves.
    at
        The landmark, the alliance score, and where numbers are cut: at the ``"median"`` or
        ``"terciles"`` of the courses there.

    Returns
    -------
    tuple
        The courses with an ordered category ``group``; what was left out.

    Raises
    ------
    InvalidInput
        A word for ``cut`` that is none, or a landmark that is no session.
    Unanswerable
        No course, no such column, one known only later, or fewer than five therapists.
    """
    landmark, alliance, cut = at
    each, left = courses
    problems = []
    if cut not in CUTS:
        problems.append(Problem(f"there is no cut '{cut}'", "", nearest(cut, CUTS)))
    if landmark < 0 or landmark != int(landmark):
        remedy = "Name a session, or 0 to begin at the start."
        problems.append(Problem(f"landmark = {landmark}", "", remedy))
    if problems:
        raise InvalidInput(problems, PURPOSE)
    if each.empty:
        when = f"session {landmark}" if landmark else "its first session"
        raise Unanswerable(f"No course attended {when} and was decided after it.")
    each = each.reset_index(drop=True)
    if not by:
        return each.assign(group=pd.Categorical([WHOLE] * len(each))), left
    value, label = _value(s, each, by, landmark, alliance)
    missing = int(value.isna().sum())
    what = label if by.endswith("_by_others") else by.replace("_", " ")
    if missing == len(each):
        raise Unanswerable(f"No course has {what}, so there are no groups.")
    if missing:
        left = (*left, Left(f"courses without {what}", 0, missing))
    if by == "therapist":
        group, few = _therapists(value, each[["clinic", "client"]], landmark)
        reason = f"courses of therapists with fewer than {FEWEST_CLIENTS} clients at the landmark"
        left = (*left, Left(reason, 0, few)) if few else left
    elif by == "early_alliance" or _is_number(s, by, value):
        group = _parts(value.to_numpy(float, na_value=np.nan), label, CUTS[cut])
    else:
        refuse_own_levels(value, by)
        group = value.astype("category").cat.remove_unused_categories()
        if by not in s.courses:  # levels of our own, such as in_person
            group = group.cat.rename_categories(lambda level: str(level).replace("_", " "))
    kept = each.assign(group=group).dropna(subset=["group"]).reset_index(drop=True)
    return kept, left


def _value(
    s: Sessions, each: pd.DataFrame, by: str, landmark: int, alliance: str
) -> tuple[pd.Series, str]:
    """Give what courses are parted by, one value each, and what it is called."""
    keys = pd.MultiIndex.from_frame(each[COURSE_KEY])
    if by == "early_alliance":
        need_given(s, [alliance], "Early alliance")
        early = early_mean(s, alliance, landmark or 1).reindex(keys)
        return early.reset_index(drop=True), f"early {s.columns[alliance].label or alliance}"
    s.need([by], PURPOSE)
    if by == "clinic":
        return each["clinic"].reset_index(drop=True), by
    if by in COURSE_KEY or s.columns[by].type == "date":
        raise Unanswerable(f"`{by}` is another one for each course, and parts nobody into groups.")
    label = s.columns[by].label or by
    if s.columns[by].level == "course" or s.columns[by].known == "course":
        need_intake(s, [by], PURPOSE)
        return s.courses.set_index(COURSE_KEY)[by].reindex(keys).reset_index(drop=True), label
    if landmark < 1:
        raise Unanswerable(
            f"`{by}` is one of each session: say at which one clients are parted, e.g. landmark=1. "
            "Groups by a later session would know who came to it."
        )
    need_given(s, [by], PURPOSE)
    table = s.table
    there = s.attended & table["session"].eq(landmark).fillna(False).to_numpy(bool)
    at = table.loc[there].set_index(COURSE_KEY)[by]
    return at.reindex(keys).reset_index(drop=True), label


def refuse_own_levels(value: pd.Series, name: str) -> None:
    """Refuse what is nearly another word for each course: no group, and often a name or a text.

    Raises
    ------
    Unanswerable
        More than four levels, and more than one to five courses.

    Examples
    --------
    >>> refuse_own_levels(pd.Series(list("aabbbccccdd")), "diagnosis")
    """
    levels, courses = value.nunique(), int(value.notna().sum())
    if levels > max(MOST_LEVELS, courses / FEWEST):
        raise Unanswerable(
            f"`{name}` has {levels} different values in {courses} courses: groups of fewer than "
            f"{FEWEST} say nothing. Join values that belong together."
        )


def _is_number(s: Sessions, by: str, value: pd.Series) -> bool:
    """Say whether a column is cut: a number, unless a few whole ones are its groups."""
    if s.columns[by].type == "whole":
        return value.nunique() > MOST_LEVELS
    return s.columns[by].type == "number"


def _parts(score: np.ndarray, label: str, shares: tuple[float, ...]) -> pd.Categorical:
    """Part courses at quantiles: below the first, …, at the last or above; a cut lies above."""
    score = np.round(score, EXACT)  # values that are alike are not parted by their last bits
    cuts = np.unique(np.nanquantile(score, shares).round(EXACT))
    cuts = cuts[cuts > np.nanmin(score)]
    if not len(cuts):
        raise Unanswerable(f"{label} is alike in too many courses to part them.")
    codes = np.where(np.isnan(score), -1, np.searchsorted(cuts, score, "right"))
    said = _written(cuts, score[~np.isnan(score)])
    between = [f"{label} {low} to {high}" for low, high in zip(said, said[1:])]
    names = [f"{label} below {said[0]}", *between, f"{label} {said[-1]} or more"]
    return pd.Categorical.from_codes(codes, names, ordered=True)


def _written(cuts: np.ndarray, score: np.ndarray) -> list[str]:
    """Write each cut with the fewest decimals, one at least, that say truly who lies above it."""
    said = []
    for cut in cuts:
        under, over = score[score < cut].max(), score[score >= cut].min()
        for places in range(1, EXACT + 1):
            rounded = round(float(cut), places), math.floor(over * 10**places) / 10**places
            fits = [value for value in rounded if under < value <= over]
            if fits:
                break
        said.append(f"{fits[0] if fits else cut:.{places}f}")
    return said


def _therapists(
    therapist: pd.Series, client: pd.DataFrame, landmark: int
) -> tuple[pd.Categorical, int]:
    """Name therapists by their rank in clients at the landmark; count courses of the small ones.

    Of two with as many clients the first by name: by no order of clients or rows.
    """
    each = client.assign(therapist=therapist.to_numpy()).drop_duplicates()
    sizes = each["therapist"].astype("str").value_counts().sort_index()
    sizes = sizes[sizes >= FEWEST_CLIENTS].sort_values(ascending=False, kind="stable")
    if len(sizes) < FEWEST:
        found = f"{many(len(sizes), 'therapists')} had" if len(sizes) else "no therapist had"
        raise Unanswerable(
            f"Curves by therapist need {FEWEST} therapists with {FEWEST_CLIENTS} clients at "
            f"session {landmark}, and {found} so many: a curve could be known to be somebody's."
        )
    codes = pd.Index(sizes.index).get_indexer(therapist.astype("str"))
    names = [f"therapist {place}" for place in range(1, len(sizes) + 1)]
    few = int(((codes < 0) & therapist.notna().to_numpy()).sum())
    return pd.Categorical.from_codes(codes, names, ordered=True), few
