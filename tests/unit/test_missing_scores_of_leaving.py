"""Endings after a session whose form was not filled in: lost, or kept by the last score given."""

from functools import cache

import numpy as np
import pytest
from tables import agrees, frame_of, halves

import sessionwise as sw
from sessionwise.errors import Unanswerable
from sessionwise.models.fit import Unanswered
from sessionwise.models.leaving_missing import missing_score_fits
from sessionwise.records.sessions import Sessions
from sessionwise.show.display import Note

KEPT = ["client", "session", "therapist", "srs", "ending"]


def test_the_last_score_given_its_age_and_its_swing():
    given, expected = halves(
        """
        client session srs | srs_last srs_age srs_last_swing srs_missing
        a      1       .   | .        .       .              1
        a      2       30  | 30       0       0              0
        a      3       .   | 30       1       0              1
        a      4       34  | 34       0       4              0
        a      5       .   | 34       1       4              1
        a      6       .   | 34       2       4              1
        b      1       20  | 20       0       0              0
        """
    )
    s = sw.last_given(Sessions.of(given), "srs")
    agrees(s.table, expected)
    assert s.columns["srs_last"].known == "after"
    assert s.columns["srs_age"].unit == "sessions"


def test_an_appointment_that_was_missed_has_none():
    given, expected = halves(
        """
        client appointment attendance session srs | srs_last srs_missing
        a      1           attended   1       30  | 30       0
        a      2           no_show    .       .   | .        .
        a      3           attended   2       .   | 30       1
        """
    )
    agrees(sw.last_given(Sessions.of(given), "srs").table, expected)


def test_complete_cases_are_the_hazard_written_out():
    s = sw.example()
    fits = missing_score_fits(s, "srs", ["severity"])
    fit, _ = fits["complete cases"]
    at_risk = sw.episodes(sw.running(s, "srs"))
    frame = at_risk.frame
    later = frame[frame["session"] > 1].dropna(subset=["srs_change"])
    first = frame[(frame["session"] == 1) & frame["srs"].notna()]
    assert fit.rows.used == len(later) + len(first)
    assert fit.rows.events == later["left_unplanned"].sum() + first["left_unplanned"].sum()


@cache
def with_gaps() -> Sessions:
    """A clinic where three forms in ten are not filled in, whatever they would have said."""
    truth = sw.Truth(clinic={"therapists": 12, "clients": 240}, missing={"alliance": 0.3})
    return sw.simulate(truth, seed=4)


def test_each_version_keeps_at_least_the_endings_of_the_one_before():
    found = sw.leaving_with_missing_scores(with_gaps())
    kept = found.drop_duplicates("version")
    assert kept["events"].is_monotonic_increasing
    total = kept["events"] + kept["events_lost"]
    assert total.nunique() == 1
    assert kept["events_lost"].iloc[-1] == 0
    assert kept["events_lost"].iloc[0] > 0


def test_where_nobody_left_after_an_empty_form_those_sessions_say_nothing():
    """Their indicator would be endless. What remains are complete cases, and second sessions with
    the first score of a course, where there is no swing yet.
    """
    found = sw.leaving_with_missing_scores(sw.example())
    each = found.pivot(index="version", columns="effect", values="estimate")
    last, empty = each.loc["last score given"], each.loc["not filled in"]
    np.testing.assert_allclose(last, empty, atol=1e-8)
    np.testing.assert_allclose(last, each.loc["complete cases"], atol=0.01)
    assert "no ending followed" in found["reason"].iloc[-1]


def test_where_every_form_was_filled_in_all_three_say_the_same():
    truth = sw.Truth(clinic={"therapists": 12, "clients": 120}, missing={"alliance": 0.0})
    s = sw.simulate(truth, seed=3)
    assert s.table.loc[s.attended, "srs"].notna().all()
    found = sw.leaving_with_missing_scores(s)
    assert (found["events_lost"] == 0).all()
    each = found.pivot(index="version", columns="effect", values="estimate")
    np.testing.assert_allclose(each - each.iloc[0], 0, atol=1e-8)


def test_a_covariate_from_the_future_is_refused_as_everywhere():
    answer = sw.answer(sw.leaving_with_missing_scores, sw.example(), "srs", ["ending"])
    assert isinstance(answer, Unanswered)


def test_after_first_sessions_alone_nothing_is_said_of_a_change_nor_of_what_was_lost():
    page = "\n".join(f"c{c} 1 {'un' * (c % 2)}planned {10 + c}" for c in range(30))
    s = Sessions.of(frame_of(f"client session ending srs\n{page}"))
    with pytest.raises(Unanswerable, match="no change yet"):
        sw.leaving_with_missing_scores(s)
    assert "no change yet" in str(sw.answer(sw.alliance_and_leaving, s))
    unplanned = with_gaps().table.assign(ending="planned")
    none = sw.leaving_with_missing_scores(Sessions.of(unplanned[KEPT]))
    assert none["estimate"].isna().all()
    assert str(sw.show.endings_kept(none)).startswith("Nothing is known of endings lost")
    assert sw.show.missing_scores(none).frame["events_lost"].isna().all()


def test_the_table_and_the_sentence_say_what_was_lost():
    found = sw.leaving_with_missing_scores(with_gaps())
    table = sw.show.missing_scores(found)
    assert len(table.frame) == len(found) == 6
    ratio = np.exp(found["estimate"].iloc[0])
    assert table.frame["ratio"].iloc[0] == pytest.approx(ratio, abs=0.01)
    said = str(sw.show.endings_kept(found))
    assert said.startswith("Complete cases hold ")
    assert "not filled in" in said
    assert isinstance(sw.show.missing_scores(Unanswered("?", "none")), Note)
