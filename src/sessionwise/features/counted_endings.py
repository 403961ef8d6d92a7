"""What each kind of ending counts as in models of leaving, and how many courses ended so."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.features.leaving import need_endings
from sessionwise.records.ending_rules import (
    CHANGEABLE,
    DEFAULT_ROLES,
    NOT_COUNTED,
    EndingRule,
    Role,
)
from sessionwise.records.recounting import as_recorded, recounted
from sessionwise.records.sessions import ENDINGS, Sessions
from sessionwise.records.small_counts import many

FIXED = {
    "ongoing": "A course still open stays open; a definition of dropout says when silence counts.",
    "never_started": "Nobody came, so there was no session after which to leave.",
}


def count_endings(s: Sessions, **roles: Role) -> Sessions:
    """Let kinds of ending count as something else in every model of leaving.

    Parameters
    ----------
    s
        The records; a definition of dropout given before is undone.
    **roles
        Kind of ending → ``"unplanned"`` (the event), ``"planned"`` (the ending that competes with
        it) or ``"censored"`` (nothing was decided after the last session).

    Returns
    -------
    Sessions
        With ``ending`` in the words of what it counts as, ``ending_recorded`` beside it, and the
        decisions worked out anew. ``rule.notes``, which the ledger and every model of leaving
        show, say what changed and for how many courses.

    Raises
    ------
    InvalidInput
        A kind of ending or a role that is none; every one of them.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = count_endings(sw.example(), external="unplanned")
    >>> (s.courses["ending"] == "external").any().item()
    False
    """
    if problems := role_problems(roles):
        raise InvalidInput(problems, "what endings count as")
    chosen = {**DEFAULT_ROLES, **roles}
    changed = {kind: role for kind, role in chosen.items() if role != DEFAULT_ROLES[kind]}
    recorded = as_recorded(s)
    notes = tuple(
        f"Endings recorded as {kind.replace('_', ' ')} count as {role} "
        f"({many(int((recorded == kind).sum()), 'courses')})."
        for kind, role in changed.items()
    )
    words = recorded.replace({kind: _word(role) for kind, role in changed.items()})
    return recounted(s, words, EndingRule(notes=notes, roles=chosen))


def role_problems(roles: Mapping[str, str], where: str = "") -> list[Problem]:
    r"""Say everything that is wrong with what endings are to count as.

    Examples
    --------
    >>> print(*role_problems({"ongoing": "unplanned", "transfered": "planned"}), sep="\n")
    `ongoing` cannot count as 'unplanned'. A course still open stays open; a definition of ...
    There is no ending 'transfered'. Did you mean 'transferred'?
    """
    problems = []
    for kind, role in roles.items():
        if kind not in DEFAULT_ROLES:
            problems.append(Problem(f"There is no ending '{kind}'", where, nearest(kind, ENDINGS)))
        elif role == DEFAULT_ROLES[kind]:
            continue
        elif kind in FIXED:
            problems.append(Problem(f"`{kind}` cannot count as '{role}'", where, FIXED[kind]))
        elif role not in CHANGEABLE:
            found = f"`{kind}` is to count as '{role}'"
            problems.append(Problem(found, where, nearest(str(role), CHANGEABLE)))
    return problems


def ending_roles(s: Sessions) -> pd.DataFrame:
    """How did the courses end, what does each kind of ending count as, and how many are there?

    Returns
    -------
    DataFrame
        ``ending`` (as recorded), ``counts_as``, ``courses``, ``decided`` (of how many the decision
        that ended them was seen, so that they are an event or stand beside it), kinds that occur
        only; by a definition of dropout one kind may count as several things.

    Raises
    ------
    Unanswerable
        No ending is recorded, or the rows are assessments.

    Examples
    --------
    >>> import sessionwise as sw
    >>> ending_roles(sw.example())["counts_as"].tolist()[:2]
    ['planned', 'unplanned']
    """
    need_endings(s)
    courses, table = s.courses, s.table
    came = s.attended
    last = came & ~table["session"].isna().to_numpy()
    positions = s.course_positions()
    decided = pd.Series(0, index=courses.index)
    final = pd.Series(table["decided"].to_numpy(bool)[last], index=positions[last])
    decided.update(final.groupby(level=0).last().astype("int64"))
    frame = pd.DataFrame(
        {
            "ending": pd.Categorical(as_recorded(s), categories=list(ENDINGS)),
            "counts_as": [counted_as(word) for word in courses["ending"].astype("str")],
            "decided": decided,
        }
    )
    each = frame.groupby(["ending", "counts_as"], observed=True)["decided"]
    counted = each.agg(courses="size", decided="sum").reset_index()
    return counted.astype({"ending": "str"})


def counted_as(ending: str) -> Role:
    """Give what an ending counts as, once a rule has made its words.

    Examples
    --------
    >>> counted_as("service_ended"), counted_as("not_counted")
    ('censored', 'censored')
    """
    return "censored" if ending == NOT_COUNTED else DEFAULT_ROLES[ending]


def _word(role: str) -> str:
    """Give the ending that counts as a role."""
    return NOT_COUNTED if role == "censored" else role
