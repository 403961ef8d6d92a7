"""Who changed by more than measurement error, and who came out on the healthy side."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.engine.reliable_change import ChangeError, change_error, verdicts
from sessionwise.errors import InvalidInput, Problem, Refused, Unanswerable
from sessionwise.features.counts import groups_of
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.instruments.instrument import Instrument
from sessionwise.instruments.parts import MEANING
from sessionwise.models.classified import Classified
from sessionwise.models.fit import Recipe, Rows
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import COURSE_KEY, Sessions

PURPOSE = "Reliable change"


def reliable_change(
    s: Sessions,
    outcome: str = "ors",
    by: str = "",
    reliability: float | None = None,
    criterion: float | None = None,
    cutoff: float | None = None,
) -> Classified:
    """Who changed by more than measurement error, and who recovered?

    Jacobson and Truax (1991, pp. 13–15), on the first and the last score of each course. Their
    definition and not a later one (Gulliksen–Lord–Novick, Edwards–Nunnally, Hageman–Arrindell, a
    slope of a mixed model): it is what the field reports, and it needs no assumption on who
    regresses to which mean. It is not everyone's change: who gave one score has none, and who left
    early is judged by what was seen of them.

    Parameters
    ----------
    s
        The records.
    outcome
        A score of an instrument, in points.
    by
        A group known at intake. All groups share one criterion; shares are of the group.
    reliability
        Of the score, between 0 and 1. The criterion is then 1.96 standard errors of a difference,
        from it and the standard deviation of the first scores.
    criterion
        The smallest change that counts, in points; a change of exactly this much does. By default
        that of the instrument's card.
    cutoff
        The lowest score of the upper side, as in ``Cutoff``; by default that of the card.

    Returns
    -------
    Classified
        One row per course with two scores at least.

    Raises
    ------
    InvalidInput
        A setting is out of range, or both a reliability and a criterion were given.
    Unanswerable
        There is no such score, its better direction is not known, or the card has no usable
        criterion or cut-off and none was given.
    Refused
        Fewer than five clients have two scores, or all first scores are the same.

    Examples
    --------
    >>> import sessionwise as sw
    >>> changed = reliable_change(sw.example(), "ors", reliability=0.85)
    >>> changed.cutoff, changed.shares["verdict"].tolist()
    (25.0, ['recovered', 'improved', 'unchanged', 'deteriorated'])
    """
    _check(reliability, criterion, cutoff)
    s.need_score(outcome, PURPOSE)
    need_given(s, [outcome], PURPOSE)
    need_intake(s, [by], PURPOSE)
    instrument = _instrument(s, outcome)
    _need_limits(instrument, reliability if criterion is None else criterion, cutoff)
    label = s.columns[outcome].label or instrument.short
    frame, left = _first_and_last(s, outcome, by, label)
    refuse_few_clients(frame)
    sd = float(frame["first"].std())
    error = _error(sd, reliability, outcome)
    if error is not None:
        smallest = error.criterion
    else:
        smallest = float(instrument.reliable_change_value() if criterion is None else criterion)
    parted = float(instrument.cutoff_value() if cutoff is None else cutoff)
    scores = frame["first"].to_numpy(), frame["last"].to_numpy()
    said = verdicts(*scores, smallest, parted, instrument.better)
    words = _limits_in_words(instrument, (smallest, parted, sd), (reliability, criterion, cutoff))
    return Classified(
        question="Who changed by more than measurement error, and who recovered?",
        frame=frame.assign(verdict=pd.Series(said, index=frame.index, dtype="str")),
        criterion=smallest,
        cutoff=parted,
        reliability=float("nan") if reliability is None else float(reliability),
        sd=sd,
        error=error,
        outcome=outcome,
        label=label,
        better=instrument.better,
        rows=Rows(len(frame), clients=_clients(frame), left_out=left, unit="courses"),
        recipe=Recipe(
            "reliable and clinically significant change",
            "",
            errors="",
            clock=s.clock,
            step=s.time_unit.removesuffix("s"),
            notes=(*words, *_timing(s, outcome, frame)),
            sources=("jacobson_truax",),
        ),
    )


def _clients(frame: pd.DataFrame) -> int:
    return len(frame[["clinic", "client"]].drop_duplicates())


def _error(sd: float, reliability: float | None, outcome: str) -> ChangeError | None:
    """Give the standard errors a reliability leads to; none without one."""
    if reliability is None:
        return None
    if not sd > 0:
        raise Refused(f"All first scores of `{outcome}` are the same: no error can be worked out.")
    return change_error(sd, reliability)


def _check(reliability: float | None, criterion: float | None, cutoff: float | None) -> None:
    """Refuse settings that cannot be."""
    problems = []
    if reliability is not None and not 0 < reliability < 1:
        problems.append(
            Problem(f"reliability = {reliability:g}", "", "Give one between 0 and 1, e.g. 0.9.")
        )
    if criterion is not None and not 0 < criterion < np.inf:
        problems.append(
            Problem(f"criterion = {criterion:g}", "", "Give a change in points, above 0.")
        )
    if cutoff is not None and not np.isfinite(cutoff):
        problems.append(Problem(f"cutoff = {cutoff:g}", "", "Give a score."))
    if reliability is not None and criterion is not None:
        problems.append(
            Problem(
                "Both a reliability and a criterion were given",
                "",
                "Give one: the criterion would be made of the reliability.",
            )
        )
    if problems:
        raise InvalidInput(problems, "the settings of reliable change")


def _instrument(s: Sessions, outcome: str) -> Instrument:
    """Give the instrument of a score; without one its better direction is not known."""
    if outcome not in s.instruments:
        raise Unanswerable(
            f"{PURPOSE} needs to know which direction of `{outcome}` is the better one, and no "
            "instrument says so. Name or describe its `instrument` in the codebook."
        )
    return s.instruments[outcome]


def _need_limits(instrument: Instrument, size: float | None, cutoff: float | None) -> None:
    """Say everything that neither the card nor the user gives, and what to do."""
    lacking = []
    if size is None:
        try:
            instrument.reliable_change_value()
        except Unanswerable as why:
            lacking.append(f"{why} Or give the score's reliability, as `reliability` in the study.")
    if cutoff is None:
        try:
            instrument.cutoff_value()
        except Unanswerable as why:
            lacking.append(str(why))
    if lacking:
        raise Unanswerable(" ".join(lacking))


def _first_and_last(
    s: Sessions, outcome: str, by: str, label: str
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Give the first and last score of each course with two, and the count of the others."""
    rows = s.frame.loc[s.attended]
    rows = rows[rows[outcome].notna()]
    each = rows.groupby(COURSE_KEY, sort=False, observed=True)[outcome]
    scored = each.agg(first="first", last="last", scores="size").astype("float64")
    courses = s.courses
    scored = scored.reindex(pd.MultiIndex.from_frame(courses[COURSE_KEY])).reset_index(drop=True)
    frame = courses[COURSE_KEY].assign(group=groups_of(courses, by), **scored[["first", "last"]])
    many = scored["scores"].fillna(0).to_numpy()
    left = [(left.reason, left.courses) for left in s.origin.ledger]
    left += [(f"{label}: no score", int((many == 0).sum()))]
    left += [(f"{label}: one score only", int((many == 1).sum()))]
    kept = frame[many > 1].reset_index(drop=True)
    kept["change"] = kept["last"] - kept["first"]
    return kept, tuple(one for one in left if one[1])


def _limits_in_words(
    instrument: Instrument,
    numbers: tuple[float, float, float],
    given: tuple[float | None, float | None, float | None],
) -> tuple[str, str]:
    """Say how large a change counts and which scores are clinical, and by whose word."""
    (smallest, parted, sd), (reliability, criterion, cutoff) = numbers, given
    counts = f"A change counts from {_plain(smallest)} points on"
    if reliability is not None:
        from_what = (
            f": 1.96 standard errors of a difference, with a reliability of {reliability:g}, as "
            f"given, and the standard deviation of the first scores, {_plain(sd)} points."
        )
    else:
        from_what = _whose(instrument, "reliable_change", criterion)
    side = "at or above" if instrument.better == "lower" else "below"
    clinical = f"Scores {side} {_plain(parted)} are clinical{_whose(instrument, 'cutoff', cutoff)}"
    return f"{counts}{from_what}", clinical


def _plain(points: float) -> str:
    """Write points with two decimals at most."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _whose(
    instrument: Instrument, part: Literal["reliable_change", "cutoff"], given: float | None
) -> str:
    """Say who gives a number: the user, or the card with its status and source."""
    if given is not None:
        return ", as given."
    known = f"{MEANING[instrument.status[part]]}: {instrument.sources[part]}"
    return f", as the card of the {instrument.short} has it ({known})."


def _timing(s: Sessions, outcome: str, frame: pd.DataFrame) -> tuple[str, ...]:
    """Say what the first and the last score do not hold."""
    notes = []
    if s.clock != "time" and s.columns[outcome].known == "before":
        notes.append("A last score, filled in before its session, does not hold that one's effect.")
    if s.columns[outcome].known == "after":
        notes.append("A first score, filled in after its session, holds that one's effect already.")
    ending = s.courses.set_index(COURSE_KEY)["ending"].astype("str")
    if s.clock != "time" and ending.reindex(frame.set_index(COURSE_KEY).index).eq("ongoing").any():
        notes.append("Courses still open are judged by their last score so far.")
    return tuple(notes)
