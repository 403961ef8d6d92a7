"""In which phase a session lies, and how many steps a course has taken in each."""

import numpy as np
import pandas as pd
import pytest
from moving_records import moving
from tables import records

import sessionwise as sw
from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.phases import in_phases
from sessionwise.models.alliance_phases import alliance_by_phase, phase_means


def steps(s):
    found = in_phases(s)
    return found.s.table[list(found.steps)].to_numpy(float).tolist()


class TestSteps:
    def test_without_a_record_sessions_1_to_3_are_agreeing(self):
        s = records("client session srs\n" + "\n".join(f"a {t} 30" for t in range(1, 6)))
        assert steps(s) == [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2]]
        assert in_phases(s).names == ("agreeing", "working")

    def test_a_step_belongs_to_the_phase_of_the_later_session(self):
        s = records(
            """
            client session srs phase
            a      1       30  agreeing
            a      2       30  agreeing
            a      3       30  working
            a      4       30  working
            a      5       30  ending
            b      1       30  working
            b      2       30  working
            """
        )
        assert in_phases(s).names == ("agreeing", "working", "ending")
        assert steps(s) == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 2, 0], [1, 2, 1],
                            [0, 0, 0], [0, 1, 0]]  # fmt: skip

    def test_a_session_whose_phase_is_missing_and_all_later_ones_are_not_known(self):
        s = records("client session srs phase\na 1 30 agreeing\na 2 30 .\na 3 30 agreeing")
        assert np.isnan(np.array(steps(s))).ravel().tolist() == [False, True, True]

    def test_both_ways_count_alike_where_the_record_says_the_same(self):
        s = sw.example()
        said = np.where(s.table["session"].astype(float) <= 3, "agreeing", "working")
        frame = s.frame[["client", "session", "srs"]].assign(phase=said)
        np.testing.assert_array_equal(steps(s), steps(sw.Sessions.of(frame)))

    def test_steps_use_no_later_session(self):
        """What is known of session t is the same if the course had ended there."""
        s = moving()
        found = in_phases(s)
        early = s.table["session"].astype(float) <= 5
        frame = s.frame.loc[early, ["client", "session", "wai", "phase"]]
        again = in_phases(sw.Sessions.of(frame))
        whole = found.s.table.loc[early, list(again.steps)].reset_index(drop=True)
        pd.testing.assert_frame_equal(again.s.table[list(again.steps)], whole)

    def test_a_phase_of_the_whole_course_is_none_of_a_session(self):
        s = records("client session srs phase\na 1 30 x\na 2 30 x", level={"phase": "course"})
        assert not in_phases(s).recorded

    def test_assessments_at_fixed_times_have_no_phases(self):
        with pytest.raises(Unanswerable, match="assessments, not sessions"):
            in_phases(records("client time srs\na 0 30\na 2 31", "time"))


class TestShape:
    def test_it_says_where_the_phases_come_from_and_that_an_ending_is_not_among_them(self):
        fit = alliance_by_phase(sw.example())
        assert "sessions 1 to 3 are taken as agreeing" in fit.recipe.notes[0]
        assert "cannot be told without a record" in fit.recipe.notes[0]
        assert (fit.recipe.clock, fit.rows.unit, fit.outcome) == ("session", "sessions", "srs")

    def test_recorded_phases_have_a_slope_each(self):
        fit = alliance_by_phase(moving(), "wai")
        assert fit.estimates["term"].tolist() == [
            "Intercept", "steps_agreeing", "steps_working", "steps_ending",
        ]  # fmt: skip
        assert fit.health.sound and fit.labels["steps_ending"] == "session, ending phase"
        assert fit.term("steps_agreeing")["estimate"] > fit.term("steps_working")["high"]

    def test_rows_used_and_left_out_are_all_there_are(self):
        s = moving()
        fit = alliance_by_phase(s, "srs")
        assert fit.rows.used + sum(many for _, many in fit.rows.left_out) == s.attended.sum()

    def test_a_slope_of_its_own_zero_is_found_where_nothing_moves(self):
        """Scores that rise by exactly 2 a session in agreeing and by nothing after."""
        draw = np.random.default_rng(4)
        lines = [
            {"client": str(c), "session": t, "srs": 20 + c % 7 + 2 * min(t - 1, 2)}
            for c in range(30)
            for t in range(1, 9)
        ]
        frame = pd.DataFrame(lines)
        frame["srs"] += draw.normal(0, 0.2, len(frame))
        fit = alliance_by_phase(sw.Sessions.of(frame))
        assert fit.term("steps_agreeing")["low"] < 2 < fit.term("steps_agreeing")["high"]
        assert fit.term("steps_working")["low"] < 0 < fit.term("steps_working")["high"]

    def test_nobody_at_two_sessions(self):
        s = records("client session srs\n" + "\n".join(f"{c} 1 30" for c in range(8)))
        with pytest.raises(Refused, match="nothing can have moved"):
            alliance_by_phase(s)

    @pytest.mark.parametrize("name", ["", "wai", "severity"])
    def test_without_a_score_it_says_what_is_missing(self, name):
        with pytest.raises(Unanswerable, match="The shape of the alliance"):
            alliance_by_phase(sw.example(), name)


class TestMeans:
    def test_the_line_is_the_fit_and_the_dots_are_the_means(self):
        s = sw.example()
        fit = alliance_by_phase(s)
        found = phase_means(fit, s).set_index("time")
        start, early, late = fit.estimates["estimate"]
        assert found.loc[1.0, "fitted"] == pytest.approx(start)
        assert found.loc[6.0, "fitted"] == pytest.approx(start + 2 * early + 3 * late)
        score = s.table.loc[s.table["session"] == 6, "srs"]
        assert found.loc[6.0, "mean"] == pytest.approx(score.mean())
        assert found.loc[6.0, "n"] == score.notna().sum()
