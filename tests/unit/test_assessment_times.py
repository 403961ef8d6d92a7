"""Times that everybody shares, and times of each one's own."""

import numpy as np
import pandas as pd
import pytest
from tables import agrees, frame_of, records

import sessionwise as sw
from sessionwise.errors import Unanswerable
from sessionwise.features.assessment_times import clock_values, usual_gap
from sessionwise.features.counts import filled_in
from sessionwise.models.grouping import grouped
from sessionwise.models.growth import mean_course, outcome_over_time
from sessionwise.records.sessions import Sessions
from sessionwise.show.sentences.people import came

OWN = "client time bdi\na 0 30\na 6 20\na 14 10\nb 1 20\nb 8 10\nb 17 12\nc 0 10\nc 9 12\nc 13 .\n"
SHARED = "client time bdi\na 0 30\na 2 20\na 5 10\nb 0 20\nb 2 .\nb 5 .\nc 0 20\nc 2 18\nc 5 .\n"


def weekly(clients=30, seed=5):
    """Clients with lines of their own, asked about weekly on whatever day."""
    draw = np.random.default_rng(seed)
    each = draw.integers(6, 12, clients)
    client = np.repeat(np.arange(clients), each)
    day = np.concatenate([np.cumsum(np.r_[0, draw.integers(5, 10, n - 1)]) for n in each])
    level, slope = draw.normal(20, 5, clients), draw.normal(-0.1, 0.08, clients)
    bdi = np.clip(level[client] + slope[client] * day + draw.normal(0, 2, day.size), 0, 63)
    frame = pd.DataFrame({"client": client.astype(str), "time": day * 1.0, "bdi": bdi})
    return Sessions.of(frame, clock="time", time_unit="days")


class TestWhichTimes:
    def test_shared_ones_are_as_many_as_anybody_has(self):
        s = records(SHARED, clock="time")
        assert usual_gap(s) == 0
        assert clock_values(s).tolist() == s.table["time"].tolist()

    def test_a_late_one_does_not_make_them_ones_own(self):
        assert usual_gap(records(SHARED.replace("c 5 .", "c 6 14"), clock="time")) == 0

    def test_ones_own_are_a_usual_gap_apart(self):
        # gaps 6, 8, 7, 9, 9, 4: their median is 7.5
        assert usual_gap(records(OWN, clock="time")) == 7.5

    @pytest.mark.parametrize("unit", [1, 7, 30, 365.25])
    def test_the_unit_of_time_does_not_matter(self, unit):
        s = weekly()
        other = Sessions.of(s.frame[["client", "time", "bdi"]].assign(
            time=s.table["time"] / unit), clock="time")  # fmt: skip
        assert usual_gap(s) == 7
        np.testing.assert_allclose(usual_gap(other) * unit, 7, rtol=1e-5)
        one, two = (mean_course(each, "bdi") for each in (s, other))
        np.testing.assert_allclose(two["mean"], one["mean"], rtol=1e-12)

    def test_sessions_and_single_assessments_have_none(self):
        assert usual_gap(records("client session ors\na 1 20\na 2 22")) == 0
        assert usual_gap(records("client time bdi\na 1 20\nb 2 22\nc 3 20", clock="time")) == 0


class TestWhatFollows:
    def test_means_are_of_scores_near_a_multiple_of_the_gap(self):
        """Times 0 1 0, 6 8 9, 14 17 13 are 0, 7.5 and 15; one score there is missing."""
        expected = frame_of("time mean n\n0 20 3\n7.5 14 3\n15 11 2")
        agrees(mean_course(records(OWN, clock="time"), "bdi"), expected)

    def test_a_half_goes_up(self):
        page = OWN + "d 3.75 18\nd 11.25 16\n"
        assert clock_values(records(page, clock="time")).iloc[-2:].tolist() == [7.5, 15]

    def test_forms_due_are_counted_so_too(self):
        got = filled_in(records(OWN, clock="time"), ["bdi"], per="time")
        agrees(got, frame_of("time due filled\n0 3 3\n7.5 3 3\n15 3 2"))

    def test_who_came_is_told_so(self):
        said = str(came(weekly())).replace("\u00a0", " ")
        assert "each assessed at times of their own" in said
        assert "usually 7 days apart" in said

    def test_clients_differ_in_slope_and_it_may_go_with_level(self):
        s = weekly()
        assert grouped(s, ["bdi"]).random == "(1 + time | client)"
        fit = outcome_over_time(s, "bdi")
        assert fit.health.sound and "may go together" in fit.recipe.notes[-1]
        # the truth is −0.1 a day; over 20 seeds the estimate lies within 0.05 of it
        assert fit.term("time")["estimate"] == pytest.approx(-0.1, abs=0.05)


class TestWhoWasDue:
    def test_only_answers_with_a_row_say_nothing_of_who_was_due(self):
        page = "\n".join(line for line in OWN.splitlines() if not line.endswith("."))
        for asked in (lambda s: filled_in(s, ["bdi"]), lambda s: sw.still_answering(s, "bdi")):
            with pytest.raises(Unanswerable, match="did not answer has no row"):
                asked(records(page, clock="time"))

    def test_shared_times_that_are_all_there_do(self):
        page = "client time bdi\na 0 30\na 2 20\nb 0 20\nb 2 18"
        assert filled_in(records(page, clock="time"), ["bdi"])["share"].tolist() == [1.0]
        fewer = page.removesuffix("\nb 2 18")
        with pytest.raises(Unanswerable, match="Every row of these records holds bdi"):
            filled_in(records(fewer, clock="time"), ["bdi"])

    def test_sessions_are_rows_of_their_own(self):
        s = records("client session ors\na 1 20\na 2 22\nb 1 20")
        assert filled_in(s, ["ors"])["share"].tolist() == [1.0]
