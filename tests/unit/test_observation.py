"""How long the records were kept, and what was assumed about it."""

import pandas as pd
import pytest
from tables import records

from sessionwise.records.observation import NO_DECISION, Observation
from sessionwise.records.sessions import ENDINGS


def due(page: str, **kept: object) -> list[bool]:
    return records(page, observation=Observation(**kept)).table["due"].tolist()


def seen(page: str, **kept: object) -> list[bool]:
    return records(page, observation=Observation(**kept)).table["decided"].tolist()


DATED = """
    client session date       ending
    a      1       2024-01-08 .
    a      2       2024-01-15 .
    b      1       2024-01-22 .
"""


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2024-01-14", [False, False, False]),
        ("2024-01-15", [True, False, False]),  # on the very last day: while records were kept
        ("2024-01-22", [True, True, False]),
        ("2024-01-29", [True, True, True]),
    ],
)
def test_the_next_appointment_was_due_while_records_were_kept(until, expected):
    assert due(DATED, until=pd.Timestamp(until), interval_days=7) == expected


@pytest.mark.parametrize("ending", [".", "transferred", "limit_reached", "service_ended"])
def test_then_a_decision_was_seen_but_after_a_last_session_that_nobody_decided(ending):
    page = DATED.replace(" .", f" {ending}")
    late = pd.Timestamp("2024-01-29")
    assert due(page, until=late, interval_days=7) == [True, True, True]
    assert seen(page, until=late, interval_days=7) == [True, False, False]


@pytest.mark.parametrize("ending", ["planned", "unplanned"])
def test_the_last_session_of_a_course_the_client_ended_is_one(ending):
    page = DATED.replace(" .", f" {ending}")
    assert seen(page, until=pd.Timestamp("2024-01-29"), interval_days=7) == [True, True, True]


def test_a_longer_interval_makes_fewer_decisions_seen():
    day = pd.Timestamp("2024-01-29")
    left = DATED.replace(" .", " unplanned")
    assert seen(left, until=day, interval_days=14) == [True, True, False]
    assert seen(left, until=day, interval_days=7) == [True, True, True]


def test_a_session_without_a_date_is_not_seen_to_be_decided_either_way():
    page = """
        client session date       ending
        a      1       2024-01-01 planned
        a      2       .          planned
        a      3       2024-01-15 planned
        b      1       .          planned
    """
    until = pd.Timestamp("2024-03-01")
    assert seen(page, until=until, interval_days=7) == [True, False, True, False]


def test_only_attended_appointments_have_a_decision():
    page = """
        client date       attendance ending
        a      2024-01-01 attended   unplanned
        a      2024-01-08 no_show    unplanned
        a      2024-01-15 cancelled  unplanned
    """
    s = records(page, "date", observation=Observation(pd.Timestamp("2024-03-01"), 7))
    assert s.table["decided"].tolist() == [True, False, False]
    assert s.table["due"].tolist() == [True, False, False]


def test_the_limit_holds_with_and_without_dates():
    assert (
        seen("client session ending\na 1 .\na 2 .\na 3 .", session_limit=2) == [True] + [False] * 2
    )
    late, left = pd.Timestamp("2024-06-01"), DATED.replace(" .", " unplanned")
    assert seen(left, until=late, interval_days=7, session_limit=2) == [True, False, True]
    assert due(left, until=late, interval_days=7, session_limit=2) == [True, True, True]


def test_what_was_given_is_not_noted_as_assumed():
    s = records(DATED, observation=Observation(pd.Timestamp("2024-02-01"), interval_days=7))
    assert s.origin.notes == ()


def test_without_dates_and_without_a_column_the_assumption_is_said():
    s = records("client session ending\na 1 .\na 2 .")
    assert s.origin.notes == (
        "Without dates, a course still open is counted as undecided after its last session.",
    )


def test_where_a_column_says_what_was_decided_it_also_says_what_was_due():
    s = records("client session decided ending\na 1 1 .\na 2 0 .\nb 1 . planned")
    assert s.table["due"].tolist() == s.table["decided"].tolist() == [True, False, False]
    assert s.origin.notes == ("Whether a decision was seen is taken from the column `decided`.",)


def test_both_are_flags_known_when_the_course_is_over():
    columns = records(DATED).columns
    for name in ("due", "decided"):
        assert (columns[name].type, columns[name].known) == ("flag", "course")


def test_endings_that_were_not_the_clients_are_words_of_the_vocabulary():
    assert set(NO_DECISION) < set(ENDINGS)
    assert not {"planned", "unplanned", "ongoing", "never_started"} & set(NO_DECISION)
