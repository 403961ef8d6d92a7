"""What holds under every definition of dropout, whatever the records."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionwise as sw
from sessionwise.features.course_verdicts import DROPOUT, STAYED, VERDICTS
from sessionwise.features.dropout_rule import MEANINGS, Definition
from sessionwise.models.defined_endings import defined
from sessionwise.records.observation import Observation
from sessionwise.records.recounting import POSSIBLE_UNTIL
from sessionwise.records.sessions import COURSE_KEY, ENDINGS, Sessions

UNTIL = pd.Timestamp("2024-06-30")
ENDS = [word for word in ENDINGS if word != "never_started"]


@st.composite
def clinics(draw) -> Sessions:
    """Draw a clinic: some clients, each with appointments kept or missed, a gap and an ending."""
    rows = []
    for client in range(draw(st.integers(5, 8))):
        day = UNTIL - pd.Timedelta(days=draw(st.integers(0, 170)))
        ending = draw(st.sampled_from(ENDS))
        attendance = [
            "attended",
            *draw(st.lists(st.sampled_from(["attended", "no_show"]), max_size=6)),
        ]
        for kept in attendance:
            if day > UNTIL:
                break
            score = draw(st.one_of(st.none(), st.integers(0, 40)))
            rows.append((f"c{client}", day, kept, None if ending == "ongoing" else ending, score))
            day += pd.Timedelta(days=draw(st.sampled_from([7, 7, 14, 50])))
    frame = pd.DataFrame(rows, columns=["client", "date", "attendance", "ending", "ors"])
    frame["ors"] = frame["ors"].astype("float64").where(frame["attendance"] == "attended")
    return Sessions.of(frame, "date", observation=Observation(UNTIL, interval_days=7))


@pytest.mark.parametrize("definition", get_args(Definition))
@settings(max_examples=12, deadline=None)
@given(s=clinics(), weeks=st.integers(1, 8), sessions=st.integers(2, 5))
def test_one_verdict_a_course_and_nothing_after_the_ending(definition, s, weeks, sessions):
    rule = sw.DropoutRule(
        definition=definition,
        weeks=weeks,
        sessions=sessions,
        outcome="ors",
        criterion=6 if "change" in definition or "improvement" in definition else None,
    )
    try:
        of = defined(s, rule)
    except sw_errors():
        return
    rows = of.frame
    if definition != "declared":
        assert of.courses["dropout"].isin(VERDICTS).all()
        recorded = pd.Series(of.courses["ending_recorded"].astype("str"))
        assert recorded.tolist() == s.courses["ending"].astype("str").tolist()
        unplanned = of.courses["ending"].eq("unplanned")
        assert unplanned[of.courses["dropout"].eq(DROPOUT)].all()
        assert not unplanned[of.courses["dropout"].eq(STAYED)].any()
    assert bool(of.rule.caution) == MEANINGS[definition].uses_outcome
    if of.courses["ending"].astype("str").eq("ongoing").all():
        return
    seen = sw.episodes(of)
    assert seen.caution == of.rule.caution
    frame = seen.frame
    events = frame["left_unplanned"] + frame["left_planned"]
    assert events.isin([0, 1]).all()
    each = frame.assign(event=events).groupby(COURSE_KEY, observed=True)["event"]
    assert (each.sum() <= 1).all()
    assert (each.sum() == each.last()).all()  # the event stands on the last row at risk
    last = rows[of.attended].groupby(COURSE_KEY, observed=True)["session"].max()
    for kind in ("unplanned", "planned"):
        ended = frame[frame[f"left_{kind}"] == 1].set_index(COURSE_KEY)
        on_last = ended["session"] == last.reindex(ended.index)  # the last session attended, or the
        if kind == "planned" and POSSIBLE_UNTIL in frame:  # last before dropout was ruled out
            on_last |= ended["session"] == ended[POSSIBLE_UNTIL]
        assert on_last.all()
    if POSSIBLE_UNTIL in frame:
        assert not frame["session"].gt(frame[POSSIBLE_UNTIL]).fillna(False).any()


@settings(max_examples=20, deadline=None)
@given(s=clinics(), few=st.integers(1, 4), more=st.integers(0, 6))
def test_waiting_longer_makes_fewer_decisions_seen_and_no_more_dropout(s, few, more):
    try:
        short = sw.dropout(s, "missed last appointment", weeks=few)
        long = sw.dropout(s, "missed last appointment", weeks=few + more)
    except sw_errors():
        return
    assert not (long.table["due"] & ~short.table["due"]).any()
    known = long.courses["dropout"].eq(DROPOUT)
    assert short.courses["dropout"][known].eq(DROPOUT).all()


@settings(max_examples=20, deadline=None)
@given(s=clinics())
def test_whoever_dropped_out_by_openfit_ended_unplanned_and_never_reached_the_cut_off(s):
    try:
        both = sw.dropout(s, "OpenFIT", outcome="ors").courses["dropout"].eq(DROPOUT)
        never = sw.dropout(s, "never reached the cut-off", outcome="ors").courses["dropout"]
    except sw_errors():
        return
    unplanned = s.courses["ending"].eq("unplanned")
    expected = never.eq(DROPOUT).to_numpy() & unplanned.to_numpy()
    np.testing.assert_array_equal(both.to_numpy(), expected)


def sw_errors() -> tuple[type[Exception], ...]:
    """Give what says that drawn records cannot carry a definition."""
    from sessionwise.errors import Refused, Unanswerable

    return (Unanswerable, Refused)
