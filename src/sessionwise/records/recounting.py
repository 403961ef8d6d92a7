"""Records whose endings count by another rule: endings and decisions are worked out anew."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from sessionwise.records.ending_rules import NOT_COUNTED, EndingRule
from sessionwise.records.observation import UNSEEN, decisions
from sessionwise.records.sessions import COURSE_KEY, ENDINGS, Column, Sessions

RECORDED = "ending_recorded"
VERDICT = "dropout"
"""What the definition that the records are under says of each course."""

POSSIBLE_UNTIL = "dropout_possible_until"
"""The last session after which the definition still allows a course to end in dropout."""


def recounted(
    s: Sessions,
    ending: pd.Series,
    rule: EndingRule,
    weeks: float | None = None,
    possible_until: pd.Series | None = None,
) -> Sessions:
    """Give records with other endings, and say anew after which sessions both answers were seen.

    Parameters
    ----------
    s
        The records.
    ending
        One word per row of ``courses``: one of ``ENDINGS``, or ``"not_counted"``.
    rule
        What made them.
    weeks
        As in :func:`~sessionwise.records.observation.decisions`.
    possible_until
        One session number per row of ``courses``, missing where there is no limit: after a later
        session nobody is at risk, as the definition has ruled dropout out.

    Returns
    -------
    Sessions
        ``ending_recorded`` holds the endings as they were read.
    """
    courses, table = s.courses, s.table
    if RECORDED not in courses:
        courses[RECORDED] = courses["ending"]
    gone = [POSSIBLE_UNTIL, *([VERDICT] if s.rule.definition != "declared" else [])]
    courses = courses.drop(columns=gone, errors="ignore")
    words = pd.Series(list(ending), index=courses.index, dtype="str")
    courses["ending"] = pd.Categorical(words, categories=[*ENDINGS, NOT_COUNTED])
    beside = words.iloc[s.course_positions()].set_axis(table.index)
    if s.observation is None:
        kept = s.attended & table["due"].to_numpy(bool)
        last = ~table.loc[s.attended, COURSE_KEY].duplicated(keep="last")
        last = last.reindex(table.index, fill_value=False).to_numpy(bool)
        due, seen = kept, kept & ~(last & beside.isin(UNSEEN).to_numpy())
    else:
        bare = table.drop(columns=["decided", "due"])
        due, seen, _ = decisions(bare, beside, s.observation, weeks)
    if rule.last_session is not None:
        seen = seen & table["session"].le(rule.last_session).fillna(False).to_numpy(bool)
    described = Column(RECORDED, "category", "course", "course", label="ending as recorded")
    columns = {**s.columns, RECORDED: described}
    columns = {name: column for name, column in columns.items() if name not in gone}
    if possible_until is not None:
        courses[POSSIBLE_UNTIL] = possible_until.astype("Int64").array
        columns[POSSIBLE_UNTIL] = Column(POSSIBLE_UNTIL, "whole", "course", "course")
        limit = courses[POSSIBLE_UNTIL].iloc[s.course_positions()].set_axis(table.index)
        seen = seen & ~table["session"].gt(limit).fillna(False).to_numpy(bool)
    table["due"], table["decided"] = due, seen
    return replace(s, _table=table, _courses=courses, columns=columns, rule=rule)


def as_recorded(s: Sessions) -> pd.Series:
    """Give the endings as they were read, one word per row of ``courses``."""
    courses = s.courses
    return courses[RECORDED if RECORDED in courses else "ending"].astype("str")
