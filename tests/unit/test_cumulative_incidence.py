"""Curves of ending, by hand: planned beside unplanned, and still in therapy."""

import numpy as np
import pandas as pd
import pytest
from question_records import again
from tables import agrees, frame_of, records

from sessionwise.errors import Unanswerable
from sessionwise.models.cumulative_incidence import incidence, still_in_therapy
from sessionwise.records.sessions import Sessions


class TestCurvesByHand:
    PAGE = """
        client session ending
        a      1       unplanned
        b      1       planned
        c      1       unplanned
        c      2       unplanned
        d      1       .
        d      2       .
        e      1       planned
        e      2       planned
        e      3       planned
    """

    def test_each_ending_in_the_presence_of_the_other(self):
        """After session 1 five decide: one leaves, one ends as planned. After session 2 two are
        left whose decision is seen (d's is not): one leaves. After session 3 the last one ends.
        """
        agrees(
            incidence(records(self.PAGE)).estimates,
            frame_of(
                """
                state            time at_risk estimate
                unplanned_ending 1    5       0.2
                unplanned_ending 2    2       0.5
                unplanned_ending 3    1       0.5
                planned_ending   1    5       0.2
                planned_ending   2    2       0.2
                planned_ending   3    1       0.5
                """
            ).assign(state=lambda frame: frame["state"].str.replace("_", " ")),
        )

    def test_still_in_therapy_whatever_ended_it(self):
        """(1 − 2/5), times (1 − 1/2), times nought; together with the endings it is one."""
        left = still_in_therapy(records(self.PAGE)).estimates
        np.testing.assert_allclose(left["estimate"], [0.6, 0.3, 0], atol=1e-12)
        ended = incidence(records(self.PAGE)).estimates.groupby("time")["estimate"].sum()
        np.testing.assert_allclose(ended.to_numpy() + left["estimate"], 1, rtol=1e-12)

    def test_from_a_landmark_and_who_was_there(self):
        """Of five, c and e attended session 2 and were decided after it; d was not."""
        curve = incidence(records(self.PAGE), landmark=2)
        agrees(
            curve.estimates[["time", "at_risk", "estimate"]],
            frame_of("time at_risk estimate\n2 2 0.5\n3 1 0.5\n2 2 0\n3 1 0.5"),
        )
        assert curve.rows.unit == "courses"
        assert (curve.rows.used, curve.rows.events) == (2, 2)
        assert curve.rows.left_out == (
            ("courses over, or not yet decided, before session 2 was attended", 3),
        )

    def test_nobody_at_the_landmark_is_said(self):
        with pytest.raises(Unanswerable, match="No course attended session 4"):
            incidence(records(self.PAGE), landmark=4)

    def test_groups_by_what_was_known_at_intake_in_the_order_of_its_categories(self):
        given = frame_of(self.PAGE)
        given["arm"] = given["client"].map(dict.fromkeys("ac", "TAU") | dict.fromkeys("be", "IPT"))
        given["arm"] = given["arm"].astype("category").cat.reorder_categories(["TAU", "IPT"])
        s = Sessions.of(given, level={"arm": "course"})
        curve = still_in_therapy(s, by="arm")
        agrees(
            curve.estimates[["group", "time", "estimate"]],
            frame_of("group time estimate\nTAU 1 0.5\nTAU 2 0\nIPT 1 0.5\nIPT 3 0"),
        )
        assert curve.rows.left_out == (("courses without arm", 1),)

    def test_a_score_is_one_of_a_session(self, clinic):
        with pytest.raises(Unanswerable, match="say at which one clients are parted"):
            incidence(clinic, "srs")

    @pytest.mark.parametrize("by", ["ending"])
    def test_groups_that_are_made_later_are_refused(self, clinic, by):
        with pytest.raises(Unanswerable, match=f"takes what was known at intake, and `{by}`"):
            incidence(clinic, by=by)
            still_in_therapy(clinic, by=by)

    def test_where_nobody_has_a_group_there_are_none(self):
        with pytest.raises(Unanswerable, match="Early alliance needs `srs`, and no row holds"):
            incidence(records("client session srs ending\na 1 . planned"), "early_alliance", 1)
        late = records("client session srs ending\na 1 . planned\na 2 30 planned")
        with pytest.raises(Unanswerable, match="No course has early alliance"):
            incidence(late, "early_alliance", 1)
        given = frame_of(self.PAGE).assign(arm=pd.Series(pd.NA, range(9), "str"))
        s = Sessions.of(given, level={"arm": "course"})
        with pytest.raises(Unanswerable, match="No course has arm, so there are no groups"):
            still_in_therapy(s, by="arm")


class TestWhateverEndsIt:
    """Of six, one leaves after session 1, two are transferred after session 2, one is discharged
    after session 3; one is open after session 2, and one was in therapy when the service ended.
    """

    PAGE = """
        client session ending
        a      1       unplanned
        b      1       transferred
        b      2       transferred
        c      1       transferred
        c      2       transferred
        d      1       planned
        d      2       planned
        d      3       planned
        e      1       .
        e      2       .
        f      1       service_ended
        f      2       service_ended
        f      3       service_ended
    """

    def test_still_in_therapy_ends_with_transfers_and_the_service_too(self):
        """After session 1 six decide, one goes: 5/6. e is open: of four, two go. Then the rest."""
        curve = still_in_therapy(records(self.PAGE))
        agrees(curve.estimates[["time", "at_risk"]], frame_of("time at_risk\n1 6\n2 4\n3 2"))
        np.testing.assert_allclose(curve.estimates["estimate"], [5 / 6, 5 / 12, 0], atol=1e-12)
        assert (curve.rows.used, curve.rows.events) == (6, 5)

    def test_the_two_kinds_of_ending_take_these_courses_as_censored_and_say_so(self):
        """b and c were last seen to decide after session 1, f after session 2."""
        curve = incidence(records(self.PAGE))
        planned = curve.estimates.query("state == 'planned ending'")
        agrees(planned[["time", "at_risk"]], frame_of("time at_risk\n1 6\n2 2\n3 1"))
        np.testing.assert_allclose(planned["estimate"], [0, 0, 5 / 6], atol=1e-12)
        assert curve.rows.events == 2
        assert curve.recipe.notes == (
            "Courses that others ended, or the limit did, are censored at their last decision.",
        )
        assert still_in_therapy(records(self.PAGE)).recipe.notes == ()

    def test_a_course_without_its_first_session_is_left_out_and_counted(self):
        late = records(self.PAGE + "    g 2 planned\n    g 3 planned")
        for question in (incidence, still_in_therapy):
            curve = question(late)
            assert curve.rows.used == 6
            assert curve.rows.left_out == (
                ("courses whose first session, or what followed it, is not in the records", 1),
            )

    def test_but_not_at_a_landmark_it_attended(self):
        """d, f and g attended session 3 and were decided after it."""
        curve = still_in_therapy(
            records(self.PAGE + "    g 2 planned\n    g 3 planned"), landmark=3
        )
        assert curve.rows.used == 3


def test_a_landmark_is_cited():
    page = records(TestWhateverEndsIt.PAGE)
    assert incidence(page).recipe.sources == ("aalen_johansen",)
    assert incidence(page, landmark=2).recipe.sources == ("aalen_johansen", "landmark")
    assert still_in_therapy(page, landmark=2).recipe.sources == ("kaplan_meier", "landmark")


class TestEarlyAllianceIsFixedAtTheLandmark:
    def test_later_scores_move_nobody(self, clinic):
        late = clinic.table["session"] > 3
        upset = clinic.table["srs"].mask(late, 40 - clinic.table["srs"])
        for question in (incidence, still_in_therapy):
            one = question(again(clinic), "early_alliance", 3).estimates
            other = question(again(clinic, srs=upset), "early_alliance", 3).estimates
            pd.testing.assert_frame_equal(one, other)

    def test_earlier_scores_do(self, clinic):
        third = clinic.table["session"] == 3
        upset = clinic.table["srs"].mask(third, 20 + clinic.table["session"])
        one = incidence(again(clinic), "early_alliance", 3).estimates
        other = incidence(again(clinic, srs=upset), "early_alliance", 3).estimates
        assert one["group"].tolist() != other["group"].tolist()

    def test_halves_are_of_those_still_there_below_the_median_and_not(self):
        """a to d are there at session 2, with means 20, 24, 26, 30: 25 parts them."""
        lines = ["client session srs ending"]
        for client, first, second in (("a", 18, 22), ("b", 24, 24), ("c", 27, 25), ("d", 30, 30)):
            lines += [f"{client} 1 {first} unplanned", f"{client} 2 {second} unplanned"]
        lines += ["e 1 1 unplanned", "f 1 1 unplanned", "g 1 . unplanned", "g 2 . unplanned"]
        curve = incidence(records("\n".join(lines)), "early_alliance", 2)
        unplanned = curve.estimates.query("state == 'unplanned ending'")
        assert unplanned["group"].tolist() == ["early srs below 25.0", "early srs 25.0 or more"]
        assert unplanned["at_risk"].tolist() == [2, 2]
        assert dict(curve.rows.left_out)["courses without early alliance"] == 1
        assert (curve.rows.events, curve.rows.events_lost) == (4, 1)  # g ended, and has no score

    def test_it_needs_the_score(self, clinic):
        with pytest.raises(Unanswerable, match="An early mean needs `wai`"):
            incidence(clinic, "early_alliance", 3, "wai")
