"""Scores so far: what could be known of a course at each of its sessions."""

import pytest
from tables import agrees, halves, records

from sessionwise.errors import Unanswerable
from sessionwise.features.leaving import early_mean
from sessionwise.features.running_means import running
from sessionwise.features.therapists import changed_therapist, first_therapist
from sessionwise.records.sessions import Sessions


def check(page: str, **described: object) -> None:
    given, expected = halves(page)
    agrees(running(Sessions.of(given, **described), "srs").table, expected)


def test_so_far_leaves_today_out_and_to_date_takes_it_in():
    check(
        """
        client session srs | srs_so_far srs_to_date srs_change
        a      1       30  |  .         30           .
        a      2       34  | 30         32           4
        a      3       35  | 32         33           3
        a      4       29  | 33         32          -4
        """
    )


def test_a_missing_score_is_left_out_of_the_means():
    check(
        """
        client session srs | srs_so_far srs_to_date srs_change
        a      1        .  |  .          .           .
        a      2       30  |  .         30           .
        a      3        .  | 30         30           .
        a      4       36  | 30         33           6
        a      5        .  | 33         33           .
        """
    )


def test_a_new_course_begins_anew():
    check(
        """
        client course session srs | srs_so_far srs_to_date srs_change
        a      1      1       30  |  .         30           .
        a      1      2       34  | 30         32           4
        a      2      1       20  |  .         20           .
        a      2      2       21  | 20         20.5         1
        """
    )


def test_a_missed_appointment_adds_nothing_even_if_a_form_was_filed_with_it():
    check(
        """
        client appointment attendance session srs | srs_so_far srs_to_date srs_change
        a      1           attended   1       30  |  .         30           .
        a      2           no_show    .       10  | 30         30           .
        a      3           attended   2       34  | 30         32           4
        """
    )


def test_the_early_mean_is_fixed_at_the_landmark():
    s = records(
        """
        client session srs
        a      1       30
        a      2        .
        a      3       36
        a      4       10
        b      1       20
        c      1        .
        c      2        .
        """
    )
    early = early_mean(s, "srs", landmark=3)
    assert early.index.get_level_values("client").tolist() == ["a", "b", "c"]
    assert early.fillna(-1).tolist() == [33, 20, -1]  # session 4 comes after the landmark


def test_a_client_who_changes_is_counted_with_the_therapist_of_the_first_session():
    given, expected = halves(
        """
        client appointment attendance session therapist | first_therapist
        a      1           attended   1       kim       | kim
        a      2           attended   2       lee       | kim
        b      1           no_show    .       kim       | lee
        b      2           attended   1       lee       | lee
        c      1           attended   1       kim       | kim
        """
    )
    s = first_therapist(Sessions.of(given))
    agrees(s.table, expected)
    assert changed_therapist(s) == 1  # only a's therapist changed between attended sessions
    assert s.columns["first_therapist"].known == "before"


def test_where_the_first_session_names_none_it_is_the_first_one_named():
    """Where no session of a course names one, there is none: courses do not lend theirs."""
    given, expected = halves(
        """
        client course appointment attendance session therapist | first_therapist
        a      1      1           attended   1       .         | kim
        a      1      2           attended   2       kim       | kim
        a      2      1           attended   1       lee       | lee
        b      1      1           attended   1       .         | .
        b      1      2           no_show    .       kim       | .
        c      1      1           attended   1       kim       | kim
        c      1      2           attended   2       lee       | kim
        c      1      3           attended   3       kim       | kim
        """
    )
    s = first_therapist(Sessions.of(given))
    agrees(s.table, expected)
    assert changed_therapist(s) == 1  # c's; a has one in each course


@pytest.mark.parametrize("asked", [first_therapist, changed_therapist])
def test_without_therapists_there_is_no_first_one(asked):
    with pytest.raises(Unanswerable, match="needs `therapist`"):
        asked(records("client session\na 1"))


def test_a_mean_of_words_is_refused():
    s = records("client session mood\na 1 calm\na 2 tense")
    with pytest.raises(Unanswerable, match="needs numbers, and `mood` holds none"):
        running(s, "mood")
