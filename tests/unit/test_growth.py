"""The course of the outcome: what is an outcome, in which unit of time, for whom."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from question_records import again, left_out
from tables import agrees, frame_of, records

from sessionwise.errors import Refused, Unanswerable
from sessionwise.models.growth import mean_course, outcome_over_time
from sessionwise.records.sessions import Sessions


class TestGrowth:
    @staticmethod
    def trial(at_intake=30):
        """Twelve clients, each from ``at_intake`` down by about a point a month."""
        lines = ["client time bdi pre arm"]
        for client in range(12):
            arm = "BtheB" if client % 2 else "TAU"
            lines.append(f"{client} 0 {at_intake} {client} {arm}")
            for time in (2, 3, 5):
                swing = (client * 7 + time * 5) % 4 - 1.5
                lines.append(f"{client} {time} {25 - time + client % 5 + swing} {client} {arm}")
        frame = frame_of("\n".join(lines))
        frame["arm"] = frame["arm"].astype("category").cat.reorder_categories(["TAU", "BtheB"])
        level = {"pre": "course", "arm": "course"}
        return Sessions.of(frame, "time", level=level, time_unit="months")

    def test_the_assessment_at_intake_is_no_outcome(self):
        fit = outcome_over_time(self.trial(), "bdi", "arm", ["pre"])
        assert fit.rows.left_out == (("assessments at intake, before anything could change", 12),)
        assert (fit.rows.used, fit.rows.clients, fit.rows.unit) == (36, 12, "assessments")
        other = outcome_over_time(self.trial(at_intake=63), "bdi", "arm", ["pre"])
        pd.testing.assert_frame_equal(fit.estimates, other.estimates)

    def test_time_is_told_in_its_unit_and_groups_with_their_reference(self):
        recipe = outcome_over_time(self.trial(), "bdi", "arm", ["pre"]).recipe
        assert (recipe.clock, recipe.step) == ("time", "month")
        assert dict(recipe.references) == {"arm": "TAU"}
        assert recipe.estimation == "ML"

    def test_of_sessions_every_one_counts(self, clinic):
        fit = outcome_over_time(clinic)
        assert (fit.recipe.clock, fit.recipe.step, fit.better) == ("session", "session", "higher")
        assert fit.rows.left_out == (("ORS: missing", int(clinic.table["ors"].isna().sum())),)

    def test_with_the_clock_of_dates_it_is_counted_in_sessions_too(self, clinic):
        frame = clinic.frame[["client", "date", "session", "therapist", "ors"]]
        fit = outcome_over_time(Sessions.of(frame, "date"))
        assert (fit.recipe.clock, fit.recipe.step) == ("session", "session")
        pd.testing.assert_frame_equal(
            fit.estimates,
            outcome_over_time(clinic).estimates,
            rtol=1e-6,  # two searches for the same maximum
        )

    def test_sessions_of_clients_without_a_therapist_leave_openly(self, clinic):
        some = clinic.table["client"].isin(clinic.courses["client"].head(7))
        s = again(clinic, therapist=clinic.table["therapist"].mask(some))
        fit = outcome_over_time(s)
        scored = some & clinic.table["ors"].notna()
        assert dict(fit.rows.left_out)["therapist of the first session: missing"] == scored.sum()
        assert fit.rows.used + left_out(fit) == clinic.counts()["sessions"]

    @pytest.mark.parametrize("late", ["srs", "therapist", "ending"])
    def test_what_was_not_known_at_intake_neither_groups_nor_adjusts(self, clinic, late):
        said = f"The course of the outcome takes what was known at intake, and `{late}`"
        with pytest.raises(Unanswerable, match=said):
            outcome_over_time(clinic, by=late)
        with pytest.raises(Unanswerable, match=said):
            outcome_over_time(clinic, adjust=[late])

    def test_a_line_through_four_clients_is_refused(self):
        page = "client session ors\n" + "\n".join(
            f"{c} {t} {20 + c * t % 5 + t}" for c in range(4) for t in (1, 2, 3)
        )
        with pytest.raises(Refused, match="Fewer than 5 clients"):
            outcome_over_time(records(page))

    def test_and_one_through_five_of_whom_one_has_no_therapist(self):
        page = "client session ors therapist\n" + "\n".join(
            f"{c} {t} {20 + c * t % 5 + t} {['kim', 'lee', 'kim', 'lee', '.'][c]}"
            for c in range(5)
            for t in (1, 2, 3)
        )
        with pytest.raises(Refused, match="Fewer than 5 clients"):
            outcome_over_time(records(page))

    def test_the_mean_course_of_those_whose_group_was_not_recorded_is_one_of_its_own(self):
        s = records(
            """
            client session ors arm
            a      1       20  TAU
            b      1       22  TAU
            c      1       27  .
            """,
            level={"arm": "course"},
        )
        found = mean_course(s, "ors", by="arm").set_index("group")
        assert found["mean"].to_dict() == {"TAU": 21, "not recorded": 27}

    def test_the_mean_course_by_hand(self):
        """20, 22 and 27: mean 23, squares 26 on 2, error √(13/3).

        The t distribution with 2 df has its 97.5 % point at √(2 × .95² / (.05 × 1.95)).
        """
        s = records("client session ors\na 1 20\nb 1 22\nc 1 27\nd 1 .\na 2 25\nb 2 .")
        half = sqrt(2 * 0.95**2 / (0.05 * 1.95)) * sqrt(13 / 3)
        found = mean_course(s, "ors")
        agrees(
            found,
            pd.DataFrame(
                {
                    "group": "all",
                    "time": [1.0, 2.0],
                    "mean": [23.0, 25.0],
                    "low": [23 - half, np.nan],
                    "high": [23 + half, np.nan],
                    "n": [3.0, 1.0],
                }
            ),
        )
