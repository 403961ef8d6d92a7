"""What a therapist's other clients said before: never the client's own word, nor a later one."""

import pandas as pd
import pytest
from tables import agrees, frame_of, halves, records

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.features.others_ratings import rated_by_others
from sessionwise.records.sessions import Sessions


def check(page: str, fewest: int = 1) -> None:
    given, expected = halves(page)
    agrees(rated_by_others(Sessions.of(given), "care", fewest).table, expected)


def test_only_other_clients_and_only_earlier_days():
    check(
        """
        client session therapist date       care | care_by_others
        a      1       t         2024-01-01 30   | .
        a      2       t         2024-01-08 20   | 40
        a      3       t         2024-01-15 .    | 27.5
        b      1       t         2024-01-02 40   | 30
        b      2       t         2024-01-09 50   | 25
        c      1       t         2024-01-09 10   | 32.5
        """
    )


def test_each_other_client_counts_once_however_often_they_came():
    check(
        """
        client session therapist date       care | care_by_others
        a      1       t         2024-01-01 30   | .
        a      2       t         2024-01-08 30   | .
        a      3       t         2024-01-15 30   | .
        b      1       t         2024-01-16 50   | 30
        c      1       t         2024-01-17 .    | 40
        d      1       t         2024-01-18 .    | 40
        """
    )


def test_what_was_said_of_another_therapist_is_not_about_this_one():
    check(
        """
        client session therapist date       care | care_by_others
        a      1       t         2024-01-01 30   | .
        a      2       u         2024-01-08 10   | .
        b      1       u         2024-01-09 .    | 10
        b      2       t         2024-01-16 .    | 30
        c      1       .         2024-01-17 .    | .
        d      1       t         .          .    | .
        """
    )


def test_a_later_course_of_the_same_client_does_not_make_another_client():
    check(
        """
        client course session therapist date       care | care_by_others
        a      1      1       t         2024-01-01 30   | .
        a      2      1       t         2024-03-01 .    | .
        b      1      1       t         2024-03-02 .    | 30
        """
    )


def test_too_few_others_are_no_reputation():
    check(
        """
        client session therapist date       care | care_by_others
        a      1       t         2024-01-01 30   | .
        b      1       t         2024-01-02 40   | .
        c      1       t         2024-01-03 50   | 35
        d      1       t         2024-01-04 .    | 40
        """,
        fewest=2,
    )


def test_it_is_known_before_the_session():
    s = records("client session therapist date care\na 1 t 2024-01-01 30")
    column = rated_by_others(s, "care").columns["care_by_others"]
    assert (column.known, column.level) == ("before", "appointment")


def test_what_cannot_be_told():
    dated = "client session therapist date care\na 1 t 2024-01-01 30"
    with pytest.raises(Unanswerable, match="dated"):
        rated_by_others(records("client session therapist care\na 1 t 30"), "care")
    with pytest.raises(Unanswerable, match="therapist"):
        rated_by_others(records("client session date care\na 1 2024-01-01 30"), "care")
    with pytest.raises(InvalidInput, match="fewest"):
        rated_by_others(records(dated), "care", 0)


def test_by_its_definition_on_a_clinic():
    """Slowly, row by row, as the notes say it."""
    page = ["client session therapist date care"]
    for c in range(14):
        for t in range(1, 7):
            date = f"2024-{1 + (c * 3 + t) % 11:02d}-{1 + (c + t * 2) % 5:02d}"
            care = "." if (c + t) % 4 == 0 else 20 + (c * 7 + t * 5) % 31
            page.append(f"c{c} {t} t{(c + t // 4) % 3} {date} {care}")
    lines = frame_of("\n".join(page))
    lines["date"] = lines.groupby("client")["date"].transform(lambda dates: sorted(dates))
    table = rated_by_others(Sessions.of(lines), "care", 2).table
    for row in table.itertuples():
        before = table[
            (table["therapist"] == row.therapist)
            & (table["client"] != row.client)
            & (table["date"] < row.date)
        ]
        means = before.groupby("client")["care"].mean().dropna()
        if len(means) < 2:
            assert pd.isna(row.care_by_others)
        else:
            assert row.care_by_others == pytest.approx(means.mean(), rel=1e-12)
    assert table["care_by_others"].notna().sum() > 30
