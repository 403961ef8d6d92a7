"""Who dropped out: one page for each definition, courses left of the bar, its verdict right of it.

Records end on 30 June, appointments are a week apart. A course is over where it has an ending.
"""

import pandas as pd
import pytest
from tables import frame_of, halves

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused, Unanswerable
from sessionwise.features.dropout_rule import OUTCOME_CAUTION
from sessionwise.records.observation import Observation
from sessionwise.records.sessions import Sessions

WORDS = {
    "dropout": "dropout",
    "stayed": "no dropout",
    "open": "not known yet",
    "none": "not judged",
}
KEPT = Observation(pd.Timestamp("2024-06-30"), interval_days=7)


def judged(page: str, definition: str, **options: object) -> Sessions:
    """Read a page with one row per appointment, the verdict of each course on its first row."""
    given, expected = halves(page)
    s = sw.dropout(Sessions.of(given, observation=KEPT), definition, **options)
    verdict = expected["verdict"].dropna().map(WORDS).tolist()
    assert s.courses["dropout"].tolist() == verdict
    return s


def decisions(s: Sessions) -> list[tuple[str, int, int, int]]:
    """Give client, session, unplanned and planned of every decision that was seen."""
    rows = sw.episodes(s).frame
    names = ["client", "session", "left_unplanned", "left_planned"]
    return [tuple(row) for row in rows[names].itertuples(index=False)]


def test_declared_is_what_was_recorded():
    page = "client session ending\na 1 unplanned\na 2 unplanned\nb 1 planned\nc 1 ."
    s = Sessions.of(frame_of(page), observation=KEPT)
    assert sw.dropout(s) is s
    assert decisions(sw.dropout(s)) == [("a", 1, 0, 0), ("a", 2, 1, 0), ("b", 1, 0, 1)]


def test_missed_last_appointment_whatever_the_therapist_recorded():
    s = judged(
        """
        client date       attendance ending      | verdict
        a      2024-01-01 attended   planned     | dropout
        a      2024-01-08 no_show    planned     | .
        b      2024-01-01 no_show    unplanned   | stayed
        b      2024-01-08 attended   unplanned   | .
        c      2024-01-01 attended   transferred | none
        c      2024-01-08 cancelled  transferred | .
        """,
        "missed last appointment",
        weeks=4,
    )
    assert decisions(s) == [("a", 1, 1, 0), ("b", 1, 0, 1)]
    assert s.courses["ending"].tolist() == ["unplanned", "planned", "transferred"]
    assert s.courses["ending_recorded"].tolist() == ["planned", "unplanned", "transferred"]


def test_silence_is_dropout_once_records_were_kept_so_many_weeks_after_the_appointment_missed():
    """Until 30 June: 28 days after the appointment of 2 June it is known, after that of 3 June not.

    c came to the last appointment and is open: still to come, or gone, nobody knows.
    """
    s = judged(
        """
        client date       attendance ending | verdict
        a      2024-05-26 attended   .      | dropout
        a      2024-06-02 no_show    .      | .
        b      2024-05-27 attended   .      | open
        b      2024-06-03 no_show    .      | .
        c      2024-01-01 attended   .      | open
        d      2024-01-01 attended   planned | stayed
        """,
        "missed last appointment",
        weeks=4,
    )
    assert decisions(s) == [("a", 1, 1, 0), ("d", 1, 0, 1)]


def test_the_weeks_count_from_the_first_appointment_missed():
    """a has been absent since 20 May though an appointment of last week was made and missed too."""
    s = judged(
        """
        client date       attendance ending | verdict
        a      2024-05-13 attended   .      | dropout
        a      2024-05-20 no_show    .      | .
        a      2024-06-24 no_show    .      | .
        b      2024-06-03 attended   .      | open
        b      2024-06-10 no_show    .      | .
        b      2024-06-24 no_show    .      | .
        c      2024-01-01 attended   planned | stayed
        """,
        "missed last appointment",
        weeks=4,
    )
    assert decisions(s) == [("a", 1, 1, 0), ("c", 1, 0, 1)]


def test_who_came_back_is_at_risk_only_if_not_coming_back_would_have_been_known_too():
    """After the session of 3 June the next appointment was on the 10th; four weeks later nobody
    was watching any more, so the return of a says nothing that leaving could have said.
    """
    s = judged(
        """
        client date       attendance ending | verdict
        a      2024-05-20 attended   .      | open
        a      2024-06-03 attended   .      | .
        a      2024-06-10 attended   .      | .
        b      2024-01-01 attended   .      | dropout
        b      2024-01-08 no_show    .      | .
        """,
        "missed last appointment",
        weeks=2,
    )
    assert decisions(s) == [("a", 1, 0, 0), ("a", 2, 0, 0), ("b", 1, 1, 0)]
    later = sw.dropout(s, "missed last appointment", weeks=4)
    assert decisions(later) == [("b", 1, 1, 0)]


def test_a_return_after_a_long_silence_is_a_gap_and_said():
    s = judged(
        """
        client date       attendance ending  | verdict
        a      2024-01-01 attended   planned | stayed
        a      2024-01-08 no_show    planned | .
        a      2024-04-01 attended   planned | .
        b      2024-01-01 attended   planned | dropout
        b      2024-01-08 no_show    planned | .
        """,
        "missed last appointment",
    )
    assert any("came back after more than 4 weeks" in note for note in s.rule.notes)
    assert decisions(s)[:2] == [("a", 1, 0, 0), ("a", 2, 0, 1)]


def test_no_return_after_intake_is_decided_after_the_first_session_only():
    s = judged(
        """
        client date       ending    | verdict
        a      2024-01-01 planned   | dropout
        b      2024-01-01 unplanned | stayed
        b      2024-01-08 unplanned | .
        c      2024-01-01 .         | dropout
        d      2024-06-20 .         | open
        e      2024-01-01 transferred | none
        """,
        "no return after intake",
        weeks=4,
    )
    assert decisions(s) == [("a", 1, 1, 0), ("b", 1, 0, 0), ("c", 1, 1, 0)]


def test_ended_before_n_sessions_planned_or_not_and_nobody_at_risk_after_n_minus_1():
    s = judged(
        """
        client session ending    | verdict
        a      1       planned   | dropout
        b      1       unplanned | stayed
        b      2       unplanned | .
        b      3       unplanned | .
        c      1       .         | open
        c      2       .         | .
        """,
        "ended before n sessions",
        sessions=3,
    )
    assert decisions(s) == [("a", 1, 1, 0), ("b", 1, 0, 0), ("b", 2, 0, 0), ("c", 1, 0, 0)]


def test_without_a_number_n_is_the_median_of_the_courses_that_clients_ended():
    """They had 1, 3 and 4 sessions: fewer than 3 is dropout. Who others ended is not counted."""
    s = judged(
        """
        client session ending  | verdict
        a      1       planned | dropout
        b      1       planned | stayed
        b      2       planned | .
        b      3       planned | .
        c      1       unplanned | stayed
        c      2       unplanned | .
        c      3       unplanned | .
        c      4       unplanned | .
        d      1       external  | none
        """,
        "ended before n sessions",
    )
    assert s.rule.last_session == 2
    assert "3 is the median" in " ".join(s.rule.notes)


SCORED = """
    client session ors ending    | verdict
    a      1       15  unplanned | {}
    a      2       27  unplanned | .
    b      1       15  planned   | {}
    b      2       22  planned   | .
    c      1       27  unplanned | {}
    c      2       20  unplanned | .
    d      1       15  unplanned | {}
    d      2       26  unplanned | .
    d      3       18  unplanned | .
    e      1       .   unplanned | {}
    f      1       15  unplanned | {}
    g      1       15  unplanned | {}
    g      2       16  unplanned | .
"""
"""The cut-off is 25, a change counts from 6 points on. Better by 12, by 7, worse by 7; c began
above the cut-off, which no change can cross then; d was above it once and fell back; e gave no
score, f one."""


@pytest.mark.parametrize(
    ("definition", "verdicts", "options"),
    [
        (
            "before reliable improvement",
            ("stayed", "stayed", "dropout", "dropout", "none", "dropout", "dropout"),
            {"criterion": 6},
        ),
        (
            "before clinically significant change",
            ("stayed", "dropout", "none", "dropout", "none", "dropout", "dropout"),
            {"criterion": 6},
        ),
        (
            "never reached the cut-off",
            ("stayed", "dropout", "stayed", "stayed", "none", "dropout", "dropout"),
            {},
        ),
        ("OpenFIT", ("stayed", "stayed", "stayed", "stayed", "none", "dropout", "dropout"), {}),
    ],
)
def test_definitions_made_of_the_outcome_and_marked_so(definition, verdicts, options):
    s = judged(SCORED.format(*verdicts), definition, outcome="ors", **options)
    assert s.rule.caution == OUTCOME_CAUTION
    events = sw.episodes(s).frame.groupby("client")["left_unplanned"].sum()
    assert events.reindex(list("abcdefg")).fillna(0).tolist() == [
        float(verdict == "dropout") for verdict in verdicts
    ]
    assert s.courses["ending"].tolist()[4] == "not_counted"


REACHING = """
    client session ors ending
    a      1       15  unplanned
    a      2       18  unplanned
    a      3       27  unplanned
    a      4       14  unplanned
    b      1       30  unplanned
    b      2       20  unplanned
    c      1       15  unplanned
    c      2       .   unplanned
    d      1       15  ongoing
    d      2       .   ongoing
    d      3       26  ongoing
"""


@pytest.mark.parametrize("definition", ["never reached the cut-off", "OpenFIT"])
def test_who_reached_the_cut_off_is_complete_and_no_longer_at_risk(definition):
    """a reached it at session 3, so that dropout was possible up to the decision after session 2,
    and the course is complete then, though it went on and ended unplanned; b began there and was
    never at risk; c never did; d did, and is open."""
    s = sw.dropout(Sessions.of(frame_of(REACHING), observation=KEPT), definition, outcome="ors")
    assert decisions(s) == [
        ("a", 1, 0, 0), ("a", 2, 0, 1),
        ("c", 1, 0, 0), ("c", 2, 1, 0),
        ("d", 1, 0, 0), ("d", 2, 0, 1),
    ]  # fmt: skip
    left = {one.reason: one.rows for one in sw.episodes(s).left_out}
    assert left["sessions of courses in which the definition no longer allows a dropout"] == 5
    curve = sw.incidence(s).estimates
    last = curve[curve["time"] == 2].set_index("state")["estimate"]
    assert last["planned ending"] == pytest.approx(2 / 3)
    assert last["unplanned ending"] == pytest.approx(1 / 3)


def test_who_began_on_the_healthy_side_is_not_at_risk_of_leaving_before_a_change_across_it():
    """c began there; the others may gain the change and lose it again, and stay at risk."""
    definition, options = "before clinically significant change", {"outcome": "ors", "criterion": 6}
    page = SCORED.format("stayed", "dropout", "none", "dropout", "none", "dropout", "dropout")
    s = judged(page, definition, **options)
    at_risk = sw.episodes(s).frame.groupby("client").size()
    assert at_risk.to_dict() == {"a": 2, "b": 2, "d": 3, "f": 1, "g": 2}
    assert "On its healthy side began fewer than 5 courses" in " ".join(s.rule.notes)


def test_the_limit_is_gone_with_the_definition_that_set_it():
    s = Sessions.of(frame_of(REACHING), observation=KEPT)
    before = decisions(s)
    again = sw.dropout(sw.dropout(s, "OpenFIT", outcome="ors"), "declared")
    assert decisions(again) == before


def test_where_lower_is_better_the_cut_off_is_reached_from_above():
    page = """
        client session phq9 ending
        a      1       18    unplanned
        a      2       6     unplanned
        b      1       18    unplanned
        b      2       17    unplanned
    """
    s = sw.dropout(Sessions.of(frame_of(page)), "OpenFIT", outcome="phq9", cutoff=10)
    assert s.courses["dropout"].tolist() == ["no dropout", "dropout"]


def test_the_number_of_a_session_says_how_many_there_were_though_rows_are_missing_between():
    """a came to five sessions of which two are in the records, c is in them from the fourth on."""
    page = "client session ending\na 1 planned\na 5 planned\nb 1 planned\nb 2 planned\nc 4 planned"
    s = Sessions.of(frame_of(page), observation=KEPT)
    short = sw.dropout(s, "ended before n sessions", sessions=4)
    assert short.courses["dropout"].tolist() == ["no dropout", "dropout", "no dropout"]
    once = sw.dropout(s, "no return after intake")
    assert once.courses["dropout"].tolist() == ["no dropout"] * 3


def test_no_verdict_outlives_its_definition_and_none_takes_the_place_of_a_column():
    page = "client session ending dropout\na 1 planned yes\na 2 planned yes"
    s = Sessions.of(frame_of(page), level={"dropout": "course"}, observation=KEPT)
    assert sw.count_endings(s, external="unplanned").courses["dropout"].tolist() == ["yes"]
    with pytest.raises(Refused, match="another name"):
        sw.dropout(s, "no return after intake")
    bare = Sessions.of(frame_of(page).drop(columns="dropout"), observation=KEPT)
    again = sw.dropout(sw.dropout(bare, "no return after intake"))
    assert "dropout" not in {*again.courses, *again.columns}


def test_a_second_definition_undoes_the_first_and_declared_gives_back_what_was_recorded():
    page = "client session ending\na 1 unplanned\nb 1 planned\nb 2 planned\nc 1 transferred"
    s = Sessions.of(frame_of(page), observation=KEPT)
    short = sw.dropout(s, "ended before n sessions", sessions=2)
    assert decisions(short) == [("a", 1, 1, 0), ("b", 1, 0, 0)]
    again = sw.dropout(sw.dropout(short, "ended before n sessions", sessions=3), "declared")
    assert again.courses["ending"].tolist() == s.courses["ending"].tolist()
    assert decisions(again) == decisions(s)


@pytest.mark.parametrize(
    ("definition", "options", "said"),
    [
        ("declard", {}, "Did you mean 'declared'"),
        ("declared", {"weeks": 4}, "`weeks` says nothing of 'declared'"),
        ("ended before n sessions", {"sessions": 1}, "`sessions` is not as it should be"),
        ("missed last appointment", {"weeks": -1, "session": 3}, "2 problems"),
        ("OpenFIT", {"weeks": 4, "sessions": 3}, "2 problems"),
    ],
)
def test_what_is_no_definition_is_refused_with_every_problem(definition, options, said):
    s = Sessions.of(frame_of("client session ending\na 1 planned"))
    with pytest.raises(InvalidInput, match=said):
        sw.dropout(s, definition, **options)


@pytest.mark.parametrize(
    ("page", "definition", "said"),
    [
        ("client session ending\na 1 planned", "missed last appointment", "every appointment"),
        (
            "client appointment attendance session ending\na 1 attended 1 planned\na 2 no_show . "
            "planned",
            "missed last appointment",
            "no row has a date",
        ),
        ("client session\na 1\na 2", "ended before n sessions", "No course in these records"),
        ("client session ending\na 1 planned", "ended before n sessions", "a median length of 1"),
        ("client session ending\na 1 planned", "OpenFIT", "names no such score"),
    ],
)
def test_what_records_cannot_carry_is_refused_with_the_reason(page, definition, said):
    with pytest.raises(Unanswerable, match=said):
        sw.dropout(Sessions.of(frame_of(page)), definition)
