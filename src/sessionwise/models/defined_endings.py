"""Records whose endings are those of one definition of dropout, so that every model follows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sessionwise.engine.reliable_change import verdicts
from sessionwise.errors import InvalidInput, Refused, Unanswerable
from sessionwise.features.counted_endings import count_endings
from sessionwise.features.course_verdicts import (
    DROPOUT,
    ENDED,
    NOT_JUDGED,
    STAYED,
    VERDICTS,
    WITHOUT_NUMBERS,
    before_improvement,
    course_facts,
    ended_before,
    last_session_before,
    never_reached_cutoff,
    openfit,
    scores_of_courses,
)
from sessionwise.features.dropout_rule import (
    MEANINGS,
    OUTCOME_CAUTION,
    Definition,
    DropoutRule,
    misfits,
)
from sessionwise.features.given import need_given
from sessionwise.features.leaving import need_endings
from sessionwise.features.long_silences import late_returns
from sessionwise.models.clinical_change import reliable_change
from sessionwise.records.codebook import validated
from sessionwise.records.ending_rules import NOT_COUNTED, EndingRule
from sessionwise.records.recounting import VERDICT, as_recorded, recounted
from sessionwise.records.sessions import Column, Sessions
from sessionwise.records.small_counts import many

WEEKS = 4.0
"""Weeks without a return by which somebody has left, where nobody says another number."""


def dropout(s: Sessions, definition: Definition = "declared", **options: Any) -> Sessions:
    """Let endings count as dropout by one definition, in every model of leaving that follows.

    Parameters
    ----------
    s
        The records; a definition given before is undone, what kinds of ending count as is kept.
    definition
        ``"declared"`` (as recorded), ``"missed last appointment"``, ``"no return after intake"``,
        ``"ended before n sessions"``, ``"before reliable improvement"``, ``"before clinically
        significant change"``, ``"never reached the cut-off"`` or ``"OpenFIT"``.
    **options
        ``weeks`` without a return (of the first two after ``"declared"``; 4); ``sessions`` (n; the
        median of the courses their clients ended); ``outcome`` (a score), ``reliability`` or
        ``criterion``, ``cutoff``, as in ``sw.reliable_change``.

    Returns
    -------
    Sessions
        ``ending``: ``"unplanned"`` is dropout, ``"planned"`` any other ending of the client's;
        ``ending_recorded``; ``dropout``: the verdict on the course. Decisions are worked out anew:
        a row is at risk only if dropout and staying would both have been seen, which takes so many
        weeks after the next appointment, and at most n − 1 sessions. ``rule``: what every fit says.

    Raises
    ------
    InvalidInput
        A definition or an option that is none, or one the definition does not use; all of them.
    Unanswerable
        The records cannot carry the definition.

    Notes
    -----
    Hatchett & Park 2003, Psychotherapy: Theory, Research, Practice, Training 40:226, compare the
    first four; Swift, Callahan & Levine 2009, Psychotherapy 46:328, use clinically significant
    change. Those with the outcome in them carry a caution wherever their estimates go.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = dropout(sw.example(), "ended before n sessions", sessions=6)
    >>> int(sw.episodes(s).frame["session"].max())
    5
    """
    given = {"definition": definition, **options}
    rule: DropoutRule = validated(DropoutRule, given, "the definition of dropout")
    if problems := misfits(rule):
        raise InvalidInput(problems, "the definition of dropout")
    return defined(s, rule)


def defined(s: Sessions, rule: DropoutRule) -> Sessions:
    """Let endings count by a rule; numbers its definition does not use are passed over.

    As :func:`dropout`, whose errors it shares.
    """
    if s.rule.definition != "declared":
        s = count_endings(s, **s.rule.roles)
    if rule.definition == "declared":
        return s
    if VERDICT in s.columns:
        raise Refused(
            f"These records have a column `{VERDICT}`, and that is what a verdict by a definition "
            "is called. Give it another name in the codebook; it would be overwritten."
        )
    if s.clock == "time":
        need_endings(s)
    if rule.definition != "missed last appointment":
        need_endings(s)
    weeks = _weeks(s, rule)
    facts = course_facts(s, weeks)
    verdict, (last_session, possible_until), numbers = _judged(s, rule, facts)
    notes = _notes(s, rule, verdict, (weeks, numbers))
    meaning = MEANINGS[rule.definition]
    caution = OUTCOME_CAUTION if meaning.uses_outcome else ""
    roles, source = s.rule.roles, meaning.source
    ending_rule = EndingRule(rule.definition, notes, caution, roles, last_session, source)
    endings = _endings(facts["ending"], verdict)
    made = recounted(s, endings, ending_rule, weeks, possible_until)
    courses = made.courses
    courses[VERDICT] = pd.Categorical(verdict, categories=list(VERDICTS))
    column = Column(VERDICT, "category", "course", "course", label="dropout by the definition")
    return replace(made, _courses=courses, columns={**made.columns, VERDICT: column})


def verdicts_of(s: Sessions) -> pd.Series:
    """Give the verdict on each course by the definition the records are under.

    Examples
    --------
    >>> import sessionwise as sw
    >>> verdicts_of(sw.example()).value_counts().sum().item()
    120
    """
    if s.rule.definition == "declared":
        return WITHOUT_NUMBERS["declared"](course_facts(s))
    return s.courses[VERDICT].astype("str")


def _weeks(s: Sessions, rule: DropoutRule) -> float | None:
    """Give the weeks without a return, or ``None``; refuse where silence cannot be told."""
    if "weeks" not in MEANINGS[rule.definition].options:
        return None
    dated = "date" in s.table and s.table["date"].notna().any() and s.observation is not None
    needed = rule.definition == "missed last appointment"
    if needed and s.attended.all():
        raise Unanswerable(
            "A last appointment that was missed is not in these records: every appointment in them "
            "was attended. If missed ones are exported, add [columns.attendance] to the codebook."
        )
    if not dated and (needed or rule.weeks is not None):
        why = "no row has a date" if s.observation else "they say themselves what was `decided`"
        raise Unanswerable(
            f"Whether nobody came back within weeks cannot be told from these records: {why}. "
            "Name the date of the appointment as [columns.date] in the codebook."
        )
    return (rule.weeks or WEEKS) if dated else None


def _judged(
    s: Sessions, rule: DropoutRule, facts: pd.DataFrame
) -> tuple[pd.Series, tuple[int | None, pd.Series | None], str]:
    """Judge every course; give the last session at risk, of all or of each, and the numbers."""
    if rule.definition in WITHOUT_NUMBERS:
        last = 1 if rule.definition == "no return after intake" else None
        return WITHOUT_NUMBERS[rule.definition](facts), (last, None), ""
    if rule.definition == "ended before n sessions":
        sessions, said = _sessions(facts, rule)
        return ended_before(facts, sessions), (sessions - 1, None), said
    improved, possible_until, said = _reached(s, rule)
    judges = {"OpenFIT": openfit, "never reached the cut-off": never_reached_cutoff}
    judge = judges.get(rule.definition, before_improvement)
    return judge(facts, improved), (None, possible_until), said


def _sessions(facts: pd.DataFrame, rule: DropoutRule) -> tuple[int, str]:
    """Give n: as the study says, or so that fewer are those below the service's median."""
    if rule.sessions is not None:
        return rule.sessions, f"The number is {rule.sessions} sessions, as given."
    length = facts.loc[facts["ending"].isin(ENDED) & (facts["sessions"] > 0), "sessions"]
    middle = float(length.median()) if len(length) else 0.0
    sessions = int(np.ceil(middle))
    if sessions < 2:
        raise Unanswerable(
            f"The courses that clients ended have a median length of {middle:g}, and nobody can "
            "end before a first session. Give the number as `sessions`."
        )
    return sessions, (
        f"The number is {sessions} sessions: {middle:g} is the median of the courses that clients "
        "ended."
    )


def _reached(s: Sessions, rule: DropoutRule) -> tuple[pd.Series, pd.Series | None, str]:
    """Say of each course whether it reached what the definition asks for, and what that is.

    Between them stands the last session after which a course may still end in dropout: before a
    score on the healthy side, where one such score rules it out for good; none at all where the
    course cannot be judged by the change; no limit where a change may be lost again.
    """
    purpose = f"Dropout by the definition '{rule.definition}'"
    s.need_score(rule.outcome, purpose) if rule.outcome else s.need([""], purpose)
    need_given(s, [rule.outcome], purpose)
    if rule.outcome not in s.instruments:
        reliable_change(s, rule.outcome)  # says what is missing
    instrument = s.instruments[rule.outcome]
    scores = scores_of_courses(s, rule.outcome, instrument.better)
    label, until = s.columns[rule.outcome].label or rule.outcome, None
    scored = scores["last"].notna()
    if rule.definition in ("never reached the cut-off", "OpenFIT"):
        cutoff = instrument.cutoff_value() if rule.cutoff is None else rule.cutoff
        reached = _healthy(scores["best"], cutoff, instrument.better)
        there = _healthy(s.table[rule.outcome], cutoff, instrument.better)
        until = last_session_before(s, there.fillna(False).to_numpy(bool))
        said = (
            f"The cut-off of the {label} is {cutoff:g}. Who reached it is no longer at risk, and "
            "counts as planned from the session before."
        )
    else:
        crossed = rule.definition == "before clinically significant change"
        limits = {"reliability": rule.reliability, "criterion": rule.criterion}
        if rule.criterion is not None:
            limits["reliability"] = None
        cutoff = rule.cutoff if crossed else 0.0  # improvement alone asks for none
        change = reliable_change(s, rule.outcome, cutoff=cutoff, **limits)
        ends = scores["first"].to_numpy(), scores["last"].to_numpy()
        found = verdicts(*ends, change.criterion, change.cutoff, change.better)
        reached = pd.Series(np.isin(found, ["recovered", *["improved"] * (not crossed)]))
        said = f"A change of the {label} counts from {change.criterion:.2f} points on"
        said += f", across the cut-off of {change.cutoff:g}." if crossed else "."
        if crossed:
            began = _healthy(scores["first"], change.cutoff, change.better).fillna(False)
            scored = scored & ~began.astype(bool)
            until = pd.Series(0, index=scores.index, dtype="Int64").where(began.astype(bool))
            said += (
                f" On its healthy side began {many(int(began.sum()), 'courses')}: they cannot show "
                "it, and are neither judged nor at risk."
            )
    values = reached.set_axis(scores.index).astype(object)
    return values.where(scored, None), until, said


def _healthy(score: pd.Series, cutoff: float, better: str) -> pd.Series:
    """Mark scores on the healthy side of a cut-off, the lowest score of its upper side."""
    return score.ge(cutoff) if better == "higher" else score.lt(cutoff)


def _endings(recorded: pd.Series, verdict: pd.Series) -> pd.Series:
    """Put verdicts into the words of endings."""
    theirs = recorded.isin(ENDED)
    words = recorded.mask(verdict.eq(STAYED) & theirs, "planned")
    words = words.mask(verdict.eq(NOT_JUDGED) & theirs, NOT_COUNTED)
    return words.mask(verdict.eq(DROPOUT), "unplanned")


def _notes(
    s: Sessions, rule: DropoutRule, verdict: pd.Series, numbers: tuple[float | None, str]
) -> tuple[str, ...]:
    """Say what the definition is, and what it changed."""
    weeks, said = numbers
    meaning, found = MEANINGS[rule.definition], verdict.eq(DROPOUT)
    recorded = as_recorded(s).eq("unplanned")
    silence = f" ({weeks:g} weeks)" if weeks is not None else ""
    notes = [
        f"Dropout is {meaning.words}{silence}: {many(int(found.sum()), 'courses')}, where "
        f"{many(int(recorded.sum()), 'courses')} are recorded as unplanned and "
        f"{many(int((found & recorded).sum()), 'courses')} are both. Clients' other endings count "
        "as planned."
    ]
    if weeks is not None and (returns := late_returns(s, weeks)):
        notes.append(
            f"{many(returns, 'times')} somebody came back after more than {weeks:g} weeks: that is "
            "a gap in one course, and no dropout."
        )
    return (*s.rule.notes, *notes, *([said] if said else []))
