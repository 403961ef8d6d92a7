"""The questions on how the alliance moves, asked of records of every kind."""

import pandas as pd
import pytest
from moving_records import moving, with_cards

import sessionwise as sw
from sessionwise.models.fit import Unanswered
from sessionwise.records.sessions import Sessions

OF_RECORDS = (sw.alliance_by_phase, sw.alliance_levels, sw.alliance_swings, sw.at_ceiling,
              sw.ceiling_by_session, sw.two_views, sw.agreement, sw.mean_views)  # fmt: skip
VIEWS = {"wai": "WAI", "wai_therapist": "WAI, therapist"}


def frame():
    names = ["client", "therapist", "session", "wai", "wai_therapist"]
    return moving().frame[names].copy()


def by_date():
    start = pd.Timestamp("2024-01-01")
    rows = frame()
    days = pd.to_timedelta(7 * rows["session"].astype(int), unit="D")
    return Sessions.of(rows.assign(date=(start + days).astype("datetime64[us]")), "date")


def several_courses():
    """Every client's sessions after the sixth are a second course."""
    rows = frame()
    second = rows["session"].astype(int) > 6
    rows["course"] = second.astype(int) + 1
    rows["session"] = rows["session"].astype(int) - 6 * second
    return Sessions.of(rows)


def one_therapist():
    rows = frame().assign(therapist="kim")
    return Sessions.of(rows[rows["client"].isin(rows["client"].unique()[:12])])


def no_therapist():
    return Sessions.of(frame().drop(columns="therapist"))


@pytest.mark.parametrize("made", [by_date, several_courses, one_therapist, no_therapist])
def test_every_question_has_an_answer_and_every_answer_can_be_shown(made):
    s = with_cards(made(), VIEWS)
    answers = {ask.__name__: sw.answer(ask, s, "wai") for ask in OF_RECORDS}
    assert {n: a.reason for n, a in answers.items() if isinstance(a, Unanswered)} == {}
    shape, levels = answers["alliance_by_phase"], answers["alliance_levels"]
    shares = sw.variance_shares(levels, s)
    dependable = sw.dependability(shares, levels)
    shown = [
        sw.show.phases(sw.phase_means(shape, s), shape, s),
        sw.show.shape(shape),
        sw.show.levels(shares, dependable, levels),
        sw.show.swinging(answers["alliance_swings"], s, "wai"),
        sw.show.at_the_top(answers["at_ceiling"], s, "wai"),
        sw.show.views(answers["two_views"], answers["agreement"]),
        sw.show.views_over_sessions(answers["mean_views"], s),
    ]
    words = " ".join(getattr(one, "text", getattr(one, "alt", "")) for one in shown)
    assert "nan" not in words and "–" not in words.replace("sessions 1–3", "")
    assert shares["share"].sum() == pytest.approx(1)


def test_no_question_names_a_client():
    s = with_cards(several_courses(), VIEWS)
    tables = [sw.alliance_swings(s, "wai"), sw.at_ceiling(s, "wai"), sw.agreement(s, "wai")]
    for table in tables:
        assert not {"client", "therapist", "dyad"} & set(table.columns)
