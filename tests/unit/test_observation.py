"""How long the records were kept, and what was assumed about it."""

import pandas as pd
import pytest
from tables import records

from sessionwise.records.observation import NO_DECISION, Observation
from sessionwise.records.sessions import ENDINGS


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
        ("2024-01-15", [True, False, False]),  # due on the very last day: seen
        ("2024-01-22", [True, True, False]),
        ("2024-01-29", [True, True, True]),
    ],
)
def test_a_decision_is_seen_if_the_next_appointment_was_due_by_the_last_day(until, expected):
    assert seen(DATED, until=pd.Timestamp(until), interval_days=7) == expected


def test_a_longer_interval_makes_fewer_decisions_seen():
    day = pd.Timestamp("2024-01-29")
    assert seen(DATED, until=day, interval_days=14) == [True, True, False]
    assert seen(DATED, until=day, interval_days=7) == [True, True, True]


def test_a_session_without_a_date_is_not_seen_to_be_decided_either_way():
    page = "client session date ending\na 1 2024-01-01 .\na 2 . .\na 3 2024-01-15 .\nb 1 . planned"
    until = pd.Timestamp("2024-03-01")
    assert seen(page, until=until, interval_days=7) == [True, False, True, False]


def test_only_attended_appointments_have_a_decision():
    page = """
        client date       attendance ending
        a      2024-01-01 attended   .
        a      2024-01-08 no_show    .
        a      2024-01-15 cancelled  .
    """
    s = records(page, "date", observation=Observation(pd.Timestamp("2024-03-01"), 7))
    assert s.table["decided"].tolist() == [True, False, False]


def test_the_limit_holds_with_and_without_dates():
    assert (
        seen("client session ending\na 1 .\na 2 .\na 3 .", session_limit=2) == [True] + [False] * 2
    )
    late = pd.Timestamp("2024-06-01")
    assert seen(DATED, until=late, interval_days=7, session_limit=2) == [True, False, True]


def test_what_was_given_is_not_noted_as_assumed():
    s = records(DATED, observation=Observation(pd.Timestamp("2024-02-01"), interval_days=7))
    assert s.origin.notes == ()


def test_without_dates_and_without_a_column_the_assumption_is_said():
    s = records("client session ending\na 1 .\na 2 .")
    assert s.origin.notes == (
        "Without dates, a course still open is counted as undecided after its last session.",
    )


def test_endings_that_were_not_the_clients_are_words_of_the_vocabulary():
    assert set(NO_DECISION) < set(ENDINGS)
    assert not {"planned", "unplanned", "ongoing", "never_started"} & set(NO_DECISION)
