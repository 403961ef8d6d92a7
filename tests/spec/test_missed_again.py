"""Appointments missed again and again: each on its place on both clocks, and what is held against
what."""

import numpy as np
import pandas as pd
import pytest
from tables import agrees, frame_of

import sessionwise as sw
from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.models.missed_again import with_spells

PAGE = """
    client course appointment no_show start stop gap_start gap_stop
    a      1      2           0       1     2    0         1
    a      1      3           1       2     3    1         2
    a      1      4           0       3     4    0         1
    a      1      6           1       5     6    2         3
    a      1      7           0       6     7    0         1
    b      1      2           1       1     2    0         1
    b      1      3           1       2     3    0         1
    b      2      3           0       2     3    0         1
"""


def test_the_gap_is_counted_from_the_last_appointment_missed():
    """Appointment 5 of a was cancelled: nobody was at risk there, and the clock went on."""
    said = frame_of(PAGE).assign(clinic="")
    rows = with_spells(said[["clinic", "client", "course", "appointment", "no_show"]], "no_show")
    agrees(rows[["start", "stop", "gap_start", "gap_stop"]], said[["start", "stop", "gap_start",
                                                                   "gap_stop"]])  # fmt: skip


def test_spells_with_few_events_are_taken_together():
    """Eleven clients miss once, two of them twice: what follows a second is with the second."""
    rows = pd.DataFrame({"client": np.repeat(np.arange(11), 3), "appointment": [2, 3, 4] * 11})
    rows["no_show"] = [1, 1, 0] * 2 + [1, 0, 0] * 9
    rows = with_spells(rows.assign(clinic="", course=1), "no_show")
    assert rows["spell"].tolist() == [0] * 33
    many = with_spells(rows.assign(no_show=[1, 1, 0] * 11), "no_show")
    assert many["spell"].tolist() == [0, 1, 1] * 11


@pytest.fixture(scope="module")
def clinic():
    truth = sw.Truth(clinic={"clients": 300}).switched_on("attendance")
    return sw.simulate(truth, seed=4)


class TestTheQuestion:
    def test_its_long_form_is_a_cox_model_of_appointments(self, clinic):
        fit = sw.alliance_and_missing_again(clinic)
        s = sw.attendance_flags(clinic)
        table = sw.running(s, "srs").frame
        last = table["srs"].groupby(table["client"]).ffill().groupby(table["client"]).shift()
        table = table.assign(swing=last - table["srs_so_far"], before=table["appointment"] - 1)
        rows = table[(table["appointment"] > 1) & (table["cancelled"] == 0)]
        rows = rows[rows["sessions_so_far"] > 0]
        long = sw.cox(
            "no_show ~ srs_so_far + swing", rows, start="before", stop="appointment",
            cluster="client",
        )  # fmt: skip
        assert fit.rows.used == long.rows.used and fit.rows.events == long.rows.events
        np.testing.assert_allclose(fit.estimates["estimate"], long.estimates["estimate"])
        np.testing.assert_allclose(fit.estimates["std_error"], long.estimates["std_error"])

    def test_it_says_whom_it_compares(self, clinic):
        assert sw.alliance_and_missing_again(clinic).recipe.kind == "Andersen–Gill model"
        gap = sw.alliance_and_missing_again(clinic, clock="gap")
        assert "had as many" in gap.recipe.notes[0] and gap.recipe.cluster == "client"
        assert "Prentice, R. L., Williams" in gap._repr_mimebundle_()["text/html"]

    def test_events_lost_to_a_missing_score_are_counted(self, clinic):
        fit = sw.alliance_and_missing_again(clinic)
        s = sw.attendance_flags(clinic)
        later = s.table[(s.table["appointment"] > 1) & (s.table["sessions_so_far"] > 0)]
        assert fit.rows.events + fit.rows.events_lost == later["no_show"].sum()

    def test_words_and_records_that_do_not_fit(self, clinic):
        with pytest.raises(InvalidInput) as told:
            sw.alliance_and_missing_again(clinic, event="late", clock="hours")
        assert "'late'" in str(told.value) and "'hours'" in str(told.value)
        with pytest.raises(
            Unanswerable, match="Whether appointments were cancelled is not in these records"
        ):
            sw.alliance_and_missing_again(sw.example(), event="cancelled")


class TestWhoCancels:
    def test_all_appointments_are_asked_and_the_long_form_gives_the_same(self, clinic):
        fit = sw.alliance_and_attendance(clinic, event="cancelled")
        s = sw.attendance_flags(clinic)
        table = sw.running(s, "srs").frame
        last = table["srs"].groupby(table["client"]).ffill().groupby(table["client"]).shift()
        rows = table.assign(swing=last - table["srs_so_far"])
        rows = rows[(rows["appointment"] > 1) & (rows["sessions_so_far"] > 0)]
        assert fit.rows.events + fit.rows.events_lost == rows["cancelled"].sum()
        long = sw.mixed(
            "cancelled ~ sessions_so_far + srs_so_far + swing + (1 | client) + (1 | therapist)",
            rows, family="binomial",
        )  # fmt: skip
        assert fit.rows.used == long.rows.used
        np.testing.assert_allclose(
            fit.estimates.iloc[:4][["estimate", "std_error"]],
            long.estimates[["estimate", "std_error"]],
            rtol=1e-5,
        )

    def test_it_is_said_of_cancelled_appointments(self, clinic):
        fit = sw.alliance_and_attendance(clinic, event="cancelled")
        assert "odds of a cancelled appointment" in str(sw.show.missed(fit))
        with pytest.raises(InvalidInput, match="'late'"):
            sw.alliance_and_attendance(clinic, event="late")


def test_what_happened_on_appointments_without_a_score_has_happened():
    """a missed its first two appointments, before any score: its third comes after two events."""
    frame = frame_of(PAGE).assign(clinic="")
    among = frame[["clinic", "client", "course", "appointment", "no_show"]]
    early = among[(among["client"] == "a") & (among["appointment"] == 2)]
    theirs = among[among["client"] == "a"].assign(no_show=1)
    early = pd.concat([early.assign(appointment=1, no_show=1), theirs])
    later = among[among["appointment"] == 4].assign(no_show=0)
    rows = with_spells(later, "no_show", early)
    assert rows[["gap_start", "gap_stop", "start", "stop"]].to_numpy().tolist() == [[0, 1, 3, 4]]
    many = pd.concat([early.assign(client=f"a{k}") for k in range(12)])
    rows = with_spells(many[many["appointment"] > 1], "no_show", many)
    assert rows.groupby("appointment")["spell"].unique().map(list).to_dict() == {
        2: [1], 3: [2], 4: [3], 6: [4], 7: [5]
    }  # fmt: skip


def test_an_event_on_a_row_left_out_counts_for_the_rows_after_it(clinic):
    """Every model's row has as many events before it as its course has had, whatever was used."""
    table = sw.attendance_flags(clinic).frame
    before = table.groupby(["clinic", "client", "course"])["no_show"].cumsum() - table["no_show"]
    fit = sw.alliance_and_missing_again(clinic, clock="gap")
    used = fit.risks.used
    key = ["clinic", "client", "course", "appointment"]
    told = used[key].merge(table[key].assign(before=before), on=key)["before"].to_numpy()
    most = used["spell"].max()
    np.testing.assert_array_equal(used["spell"], np.minimum(told, most))
    assert (used["gap_start"] >= 0).all()
