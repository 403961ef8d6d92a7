"""What each kind of ending counts as, and which silences are gaps, new courses or open ends."""

import pandas as pd
import pytest
from tables import frame_of

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused, Unanswerable
from sessionwise.records.observation import Observation
from sessionwise.records.sessions import Sessions

PAGE = """
    client session ending
    a      1       unplanned
    b      1       planned
    c      1       transferred
    d      1       external
    e      1       limit_reached
    f      1       .
"""


def decisions(s: Sessions) -> list[tuple[str, int, int]]:
    rows = sw.episodes(s).frame
    names = ["client", "left_unplanned", "left_planned"]
    return [tuple(row) for row in rows[names].itertuples(index=False)]


def test_only_the_clients_own_endings_are_decisions_unless_somebody_says_otherwise():
    s = Sessions.of(frame_of(PAGE))
    assert decisions(s) == [("a", 1, 0), ("b", 0, 1)]


def test_a_transfer_may_count_as_the_event_a_limit_as_planned_and_a_planned_ending_as_nothing():
    s = Sessions.of(frame_of(PAGE))
    roles = {"transferred": "unplanned", "limit_reached": "planned", "planned": "censored"}
    counted = sw.count_endings(s, **roles)
    assert decisions(counted) == [("a", 1, 0), ("c", 1, 0), ("e", 0, 1)]
    reasons = {left.reason: left.rows for left in sw.episodes(counted).left_out}
    assert reasons["last sessions of courses whose ending is not counted"] == 1
    assert decisions(sw.count_endings(counted)) == decisions(s)


def test_the_ledger_and_every_model_say_what_changed():
    counted = sw.count_endings(Sessions.of(frame_of(PAGE)), transferred="unplanned")
    said = "Endings recorded as transferred count as unplanned (fewer than 5 courses)."
    assert said in sw.show.ledger(counted).note
    assert said in sw.episodes(counted).notes
    assert said in sw.incidence(counted).recipe.notes
    assert said in sw.still_in_therapy(counted).recipe.notes


def test_roles_hold_under_a_definition_of_dropout_too():
    counted = sw.count_endings(Sessions.of(frame_of(PAGE)), transferred="unplanned")
    by_length = sw.dropout(counted, "ended before n sessions", sessions=3)
    assert by_length.courses["dropout"].tolist() == [
        *["dropout"] * 3,
        *["not judged"] * 2,
        "not known yet",
    ]


def test_the_table_says_what_counts_as_what_and_how_many():
    counted = sw.count_endings(Sessions.of(frame_of(PAGE)), transferred="unplanned")
    table = sw.ending_roles(counted).set_index("ending")
    assert table["counts_as"].to_dict() == {
        "planned": "planned",
        "unplanned": "unplanned",
        "transferred": "unplanned",
        "limit_reached": "censored",
        "external": "censored",
        "ongoing": "open",
    }
    assert table["courses"].sum() == 6
    assert table["decided"].to_dict()["transferred"] == 1
    assert table["decided"].to_dict()["external"] == 0


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({"transfered": "planned"}, "Did you mean 'transferred'"),
        ({"transferred": "unpland"}, "Did you mean 'unplanned'"),
        ({"ongoing": "unplanned"}, "a definition of dropout says when silence counts"),
        ({"never_started": "unplanned", "external": "event"}, "2 problems"),
    ],
)
def test_what_is_no_ending_or_no_role_is_refused_all_of_it(roles, said):
    with pytest.raises(InvalidInput, match=said):
        sw.count_endings(Sessions.of(frame_of(PAGE)), **roles)


SILENT = """
    client course date       ending
    a      1      2024-01-01 planned
    a      1      2024-04-01 planned
    b      1      2024-01-01 unplanned
    b      2      2024-05-01 planned
    c      1      2024-01-01 .
    d      1      2024-06-28 .
    e      1      2024-01-01 transferred
"""
KEPT = Observation(pd.Timestamp("2024-06-30"), interval_days=7)


def test_five_kinds_of_silence_are_told_apart():
    """a came back within the course, b for another one; c is silent, d was here yesterday."""
    s = Sessions.of(frame_of(SILENT), "date", observation=KEPT)
    assert sw.silences(s, weeks=8)["courses"].tolist() == [1, 1, 1, 1, 1]
    assert sw.silences(s, weeks=20)["courses"].tolist() == [0, 1, 1, 1, 1]


def test_who_never_came_fell_silent_in_no_way():
    """An open course with no session attended has no last session to be at risk before."""
    page = f"{SILENT}z      1      2024-01-01 .\nx      1      2024-01-01 transferred\n"
    frame = frame_of(page).assign(attendance="attended")
    frame.loc[frame["client"].isin(["z", "x"]), "attendance"] = "no_show"
    s = Sessions.of(frame, "date", observation=KEPT)
    assert sw.silences(s, weeks=8)["courses"].tolist() == [1, 1, 1, 1, 1]


def test_a_second_course_begins_at_session_1_and_every_model_says_so():
    s = Sessions.of(frame_of(SILENT), "date", observation=KEPT)
    rows = sw.episodes(s).frame
    assert rows.loc[rows["client"] == "b", ["course", "session"]].to_numpy().tolist() == [
        [1, 1],
        [2, 1],
    ]
    assert "not their client's first" in " ".join(sw.episodes(s).notes)
    assert "not their client's first" in " ".join(sw.incidence(s).recipe.notes)


def test_a_gap_may_begin_a_new_course_and_then_the_first_ended_unplanned():
    s = Sessions.of(frame_of(SILENT), "date", observation=KEPT)
    parted = sw.new_course_after(s, weeks=8)
    theirs = parted.courses[parted.courses["client"] == "a"]
    assert theirs["course"].tolist() == [1, 2]
    assert theirs["ending"].tolist() == ["unplanned", "planned"]
    rows = parted.table[parted.table["client"] == "a"]
    assert rows[["course", "appointment", "session"]].to_numpy().tolist() == [[1, 1, 1], [2, 1, 1]]
    seen = sw.episodes(parted).frame
    assert seen.loc[seen["client"] == "a", "left_unplanned"].tolist() == [1, 0]
    assert "begins a new course" in sw.show.ledger(parted).note


def test_a_gap_in_the_numbers_of_sessions_stays_one_in_the_new_course():
    """Session 2 is not in the records, nor is the second one after the return."""
    page = """
        client session date       ending
        a      1       2024-01-01 .
        a      3       2024-01-15 .
        a      4       2024-05-06 .
        a      6       2024-05-20 .
        b      1       2024-01-01 planned
        b      5       2024-01-29 planned
    """
    s = sw.new_course_after(Sessions.of(frame_of(page), observation=KEPT), 8)
    assert s.table[["client", "course", "session"]].to_numpy().tolist() == [
        ["a", 1, 1], ["a", 1, 3], ["a", 2, 1], ["a", 2, 3], ["b", 1, 1], ["b", 1, 5],
    ]  # fmt: skip


@pytest.mark.parametrize("weeks", [0, -3, float("nan")])
def test_a_silence_of_no_length_is_none(weeks):
    s = Sessions.of(frame_of(SILENT), "date", observation=KEPT)
    for asked in (sw.silences, sw.new_course_after):
        with pytest.raises(InvalidInput, match="weeks"):
            asked(s, weeks)


def test_missed_appointments_in_the_gap_belong_to_the_course_before_it():
    page = """
        client date       attendance ending
        a      2024-01-01 attended   planned
        a      2024-01-08 no_show    planned
        a      2024-05-01 attended   planned
        a      2024-05-08 attended   planned
    """
    parted = sw.new_course_after(Sessions.of(frame_of(page), "date", observation=KEPT), weeks=8)
    assert parted.table["course"].tolist() == [1, 1, 2, 2]
    assert parted.table["appointment"].tolist() == [1, 2, 1, 2]


def test_new_courses_are_begun_before_features_and_definitions():
    s = Sessions.of(frame_of(SILENT).assign(srs=30.0), "date", observation=KEPT)
    with pytest.raises(Refused, match="before features"):
        sw.new_course_after(sw.running(s, "srs"), weeks=8)
    with pytest.raises(Refused, match="Begin new courses first"):
        sw.new_course_after(sw.count_endings(s, transferred="planned"), weeks=8)


def test_without_dates_there_are_no_silences():
    s = Sessions.of(frame_of("client session ending\na 1 planned"))
    with pytest.raises(Unanswerable, match="no dates"):
        sw.silences(s)
    with pytest.raises(Unanswerable, match="no dates"):
        sw.new_course_after(s, weeks=8)
