"""Alliance and the next outcome: what precedes what, for whom, and what was left out."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from question_records import again, left_out
from tables import records

import sessionwise as sw
from sessionwise.errors import Refused, Unanswerable
from sessionwise.models.next_outcome import alliance_and_next_outcome


class TestWhatIsCounted:
    def test_what_was_left_out_is_named_by_its_first_reason(self):
        """Left out of 20 sessions: five first ones, one after a lost score, one without outcome.

        Client c's score of session 3 was lost, and so was the outcome of session 4 that it would
        have explained: counted once.
        """
        s = records(
            """
            client session srs ors
            a      1       30  .
            a      2       32  12
            a      3       28  14
            a      4       31  .
            b      1       20  20
            b      2       24  18
            b      3       22  20
            b      4       21  22
            c      1       35  25
            c      2       33  26
            c      3       .   25
            c      4       36  .
            d      1       25  .
            d      2       27  15
            d      3       23  18
            d      4       26  16
            e      1       31  .
            e      2       29  21
            e      3       33  19
            e      4       30  24
            """
        )
        rows = alliance_and_next_outcome(s).rows
        assert rows.left_out == (
            ("srs: first session", 5),
            ("srs: earlier score missing", 1),
            ("ors: missing", 1),
        )
        assert (rows.used, rows.clients) == (13, 5)

    def test_rows_whose_client_has_no_therapist_leave_openly(self, clinic):
        """The therapist is missing for the first seven clients, on each of their rows."""
        seven = clinic.courses["client"].head(7)
        some = clinic.table["client"].isin(seven)
        s = again(clinic, therapist=clinic.table["therapist"].mask(some))
        named, everybody = alliance_and_next_outcome(s), alliance_and_next_outcome(clinic)
        lost = dict(named.rows.left_out)["therapist of the first session: missing"]
        assert 0 < lost < some.sum()
        assert named.rows.used == everybody.rows.used - lost
        assert named.rows.used + left_out(named) == clinic.counts()["sessions"]
        others = clinic.keep_courses(~clinic.courses["client"].isin(seven).to_numpy(), "the seven")
        pd.testing.assert_frame_equal(
            named.estimates,
            alliance_and_next_outcome(others).estimates,
            rtol=1e-6,  # two searches for the same maximum
        )

    def test_who_was_without_a_therapist_once_is_counted_with_the_first_one_named(self, clinic):
        first = clinic.table["session"] == 1
        fit = alliance_and_next_outcome(
            again(clinic, therapist=clinic.table["therapist"].mask(first))
        )
        assert "therapist of the first session: missing" not in dict(fit.rows.left_out)


class TestTheScalesByHand:
    def test_within_and_between_on_the_rows_of_the_model(self):
        """The alliance of sessions 1 to 3, the outcome of sessions 2 to 4.

        Alliance: means 30, 22, 35, 25, 33; squared swings 5 × 8 on 15 − 5; means 29 with
        1 + 49 + 36 + 16 + 16 on 4. Outcome: means 13, 20, 27, 17, 23; squared swings
        2 + 8 + 14 + 2 + 14 on 10; means 20 with 49 + 0 + 49 + 9 + 9 on 4.
        """
        s = records(
            """
            client session srs ors
            a      1       30  40
            a      2       32  12
            a      3       28  14
            a      4       1   13
            b      1       20  40
            b      2       24  18
            b      3       22  20
            b      4       1   22
            c      1       35  40
            c      2       33  26
            c      3       37  25
            c      4       1   30
            d      1       25  40
            d      2       27  16
            d      3       23  17
            d      4       1   18
            e      1       33  40
            e      2       31  20
            e      3       35  24
            e      4       1   25
            """
        )
        assert alliance_and_next_outcome(s).scales == pytest.approx(
            {
                "srs_lag1_within": 2,
                "srs_lag1_between": sqrt(118 / 4),
                "ors_within": 2,
                "ors_between": sqrt(116 / 4),
            },
            rel=1e-12,  # the last bits of sums of whole numbers
        )


class TestTherapists:
    def test_a_variance_of_zero_is_left_out_and_named(self, clinic):
        """The client with the highest outcome shares a therapist with the lowest, and so on."""
        means = clinic.table.groupby("client")["ors"].mean().sort_values()
        place = pd.Series(np.arange(len(means)), means.index)
        pair = np.minimum(place, len(means) - 1 - place)
        therapist = clinic.table["client"].map(pair.map("T{}".format))
        fit = alliance_and_next_outcome(again(clinic, therapist=therapist))
        assert "(1 | first_therapist): its variance was estimated as zero" in fit.health.dropped
        assert "first_therapist" not in set(fit.variances["group"])
        assert "first_therapist" not in fit.recipe.formula
        assert fit.health.sound

    def test_a_client_who_changes_crosses_and_that_is_said(self, clinic):
        frame = clinic.table
        change = (frame["client"] == frame["client"].iloc[0]) & (frame["session"] > 1)
        assert change.any()
        fit = alliance_and_next_outcome(
            again(clinic, therapist=frame["therapist"].mask(change, "X"))
        )
        assert any("fewer than 5 changed therapist" in note for note in fit.recipe.notes)


class TestClientsWithSeveralCourses:
    def test_each_course_counts_as_a_client_of_its_own(self, clinic, paired):
        """So the numbers are those of the clinic in which they are clients of their own."""
        one, two = alliance_and_next_outcome(clinic), alliance_and_next_outcome(paired)
        pd.testing.assert_frame_equal(
            one.estimates,
            two.estimates,
            rtol=1e-6,  # two searches for the same maximum
        )
        assert set(two.variances["group"]) == {"course_of_client", "Residual"}

    def test_clients_are_counted_as_clients_and_it_is_said(self, paired):
        fit = alliance_and_next_outcome(paired)
        assert fit.rows.clients == 60
        said = "60 clients have several courses; each counts as a client of its own."
        assert said in fit.recipe.notes
        assert said in fit.question


class TestWhatPrecedesWhat:
    def test_alliance_after_one_session_precedes_the_outcome_before_the_next(self, clinic):
        fit = alliance_and_next_outcome(clinic)
        assert "srs_lag1_within" in set(fit.estimates["term"])
        assert "SRS precede a different ORS at the next session?" in fit.question
        assert any("lagged first and then split" in note for note in fit.recipe.notes)

    def test_a_score_before_the_session_precedes_one_after_it_in_the_same_row(self, clinic):
        fit = alliance_and_next_outcome(clinic, alliance="ors", outcome="srs")
        assert "ors_within" in set(fit.estimates["term"])
        assert "ORS precede a different SRS at the end of the same session?" in fit.question
        assert not any("lagged" in note for note in fit.recipe.notes)
        assert any("score was split into" in note for note in fit.recipe.notes)
        assert not any("first session" in reason for reason, _ in fit.rows.left_out)


class TestWhatIsRefused:
    def test_where_too_few_came_twice(self):
        """Six clients were seen, and four of them have a session with an earlier score."""
        page = "client session srs ors\n" + "\n".join(
            f"{c} 1 30 20\n{c} 2 {31 + c} {21 - c}" for c in range(4)
        )
        with pytest.raises(Refused, match="Fewer than 5 clients have what this model needs"):
            alliance_and_next_outcome(records(page + "\n8 1 29 18\n9 1 30 17"))

    @pytest.mark.parametrize("late", ["srs", "therapist", "ending"])
    def test_a_covariate_that_was_not_known_at_intake(self, clinic, late):
        with pytest.raises(Unanswerable, match=f"takes what was known at intake, and `{late}`"):
            alliance_and_next_outcome(clinic, adjust=["severity", late])


def test_the_long_form_of_the_hybrid_gives_the_same_numbers(clinic):
    s = sw.lagged(sw.first_therapist(clinic), "srs")
    s = sw.within_between(s, ["srs_lag1"], complete=["ors", "session", "first_therapist"])
    rows = s.frame[s.frame["srs_lag1_within"].notna()]
    fit = sw.mixed(
        "ors ~ session + srs_lag1_within + srs_lag1_between + (1 + session || client)"
        " + (1 | first_therapist)",
        rows,
    )
    short = alliance_and_next_outcome(clinic)
    np.testing.assert_allclose(short.estimates["estimate"], fit.estimates["estimate"], rtol=1e-9)
