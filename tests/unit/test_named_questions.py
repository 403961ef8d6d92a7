"""The named questions: what they refuse, what they count, and what can be worked out by hand.

Scores, scales and curves of the small pages were worked out with pencil and paper; tests on the
packaged clinic hold counts to the records themselves.
"""

from math import exp, log, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from show_values import fit as fit_of
from show_values import hybrid
from tables import agrees, frame_of, records

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused, Unanswerable
from sessionwise.features.running_means import running
from sessionwise.models.alliance_leaving import alliance_and_leaving, hazard_by_session
from sessionwise.models.answers import answer
from sessionwise.models.cumulative_incidence import incidence, still_in_therapy
from sessionwise.models.discrete_hazard import hazard
from sessionwise.models.fit import Recipe, Unanswered
from sessionwise.models.growth import mean_course, outcome_over_time
from sessionwise.models.labels import term_labels
from sessionwise.models.loss_to_follow_up import still_answering
from sessionwise.models.next_outcome import alliance_and_next_outcome
from sessionwise.records.sessions import Column, Sessions
from sessionwise.records.truth import Truth

FIXED_TIMES = "client time srs ors\na 0 30 20\na 2 31 21\nb 0 29 19\nb 2 28 18"


@pytest.fixture(scope="module")
def clinic() -> Sessions:
    return sw.example()


@pytest.fixture(scope="module")
def following(clinic):
    return alliance_and_next_outcome(clinic, adjust=["severity"])


@pytest.fixture(scope="module")
def leaving(clinic):
    return alliance_and_leaving(clinic, adjust=["severity"])


def again(s: Sessions, **changed: object) -> Sessions:
    """The records with columns changed, or left out where ``None`` is given."""
    frame = s.frame[["client", "therapist", "session", "date", "ors", "srs", "severity", "ending"]]
    gone = [name for name, values in changed.items() if values is None]
    kept = {name: values for name, values in changed.items() if values is not None}
    return Sessions.of(frame.drop(columns=gone).assign(**kept), level={"severity": "course"})


def left_out(fit) -> int:
    return sum(many for _, many in fit.rows.left_out)


class TestWhatCannotBeAnswered:
    @pytest.mark.parametrize(
        ("question", "needs"),
        [
            (alliance_and_next_outcome, "Alliance and the next outcome"),
            (alliance_and_leaving, "Alliance and leaving"),
        ],
    )
    def test_without_an_alliance_score(self, clinic, question, needs):
        with pytest.raises(Unanswerable, match=f"{needs} needs `wai`"):
            question(clinic, alliance="wai")
        with pytest.raises(Unanswerable, match=f"{needs} cannot be looked at: this study names no"):
            question(clinic, alliance="")

    def test_without_a_covariate_or_an_outcome(self, clinic):
        with pytest.raises(Unanswerable, match="needs `phq9`"):
            alliance_and_next_outcome(clinic, outcome="phq9")
        with pytest.raises(Unanswerable, match="needs `age`"):
            alliance_and_leaving(clinic, adjust=["age"])
        with pytest.raises(Unanswerable, match="The course of the outcome needs `arm`"):
            outcome_over_time(clinic, by="arm")
        with pytest.raises(Unanswerable, match="Counting forms needs `arm`"):
            still_answering(clinic, "ors", by="arm")

    @pytest.mark.parametrize(
        ("question", "why"),
        [
            (alliance_and_next_outcome, "followed from session to session"),
            (alliance_and_leaving, "Leaving therapy is counted in sessions"),
            (lambda s: hazard("left_unplanned ~ srs", s), "Who still answered"),
            (incidence, "Leaving therapy is counted in sessions"),
            (still_in_therapy, "Leaving therapy is counted in sessions"),
        ],
    )
    def test_of_sessions_where_there_are_fixed_times(self, question, why):
        with pytest.raises(Unanswerable, match=why):
            question(records(FIXED_TIMES, clock="time"))

    def test_who_left_where_no_ending_is_recorded(self):
        s = records("client session srs\na 1 30\na 2 31\nb 1 29")
        for question in (alliance_and_leaving, incidence, still_in_therapy):
            with pytest.raises(Unanswerable, match="No course in these records has an ending"):
                question(s)

    def test_what_precedes_where_too_few_came_twice(self):
        page = "client session srs ors\na 1 30 20\na 2 31 21\nb 1 29 18\nb 2 28 19\nc 1 30 20"
        with pytest.raises(Refused, match="Fewer than three clients"):
            alliance_and_next_outcome(records(page))


class TestTheFutureExplainsNoLeaving:
    def test_a_column_known_only_at_the_end_of_the_course_is_refused_with_what_to_use(self, clinic):
        split = sw.within_between(clinic, ["srs"])
        with pytest.raises(Refused) as refused:
            hazard("left_unplanned ~ session + srs_between", split)
        assert str(refused.value) == (
            "`srs_between` is not known when the client decides: it would explain leaving by what "
            "came later. Use a score to date (`X_to_date`, `X_change`), or one from before the "
            "session (`X_lag1`, `X_so_far`)."
        )

    def test_nor_can_one_be_hidden_in_a_function_or_an_interaction(self, clinic):
        split = sw.within_between(clinic, ["srs"])
        for formula in ("I(srs_between**2)", "scale(srs_between)", "session:srs_between"):
            with pytest.raises(Refused, match="`srs_between` is not known when"):
                hazard(f"left_unplanned ~ session + {formula}", split)

    def test_an_ending_explains_no_other(self, clinic):
        with pytest.raises(Refused, match="`left_planned` is not known when"):
            hazard("left_unplanned ~ session + left_planned", clinic)

    def test_a_planned_ending_was_decided_before_the_session(self, clinic):
        s = running(clinic, "srs")
        with pytest.raises(Refused, match="`srs_to_date` is not known when the client decides"):
            hazard("left_planned ~ session + srs_to_date", s)
        assert hazard("left_planned ~ session + srs_so_far", s).rows.events > 0
        assert hazard("left_unplanned ~ session + srs_to_date", s).rows.events > 0


class TestWhichErrors:
    def test_clustered_by_therapist_where_there_are_several(self, leaving):
        assert (leaving.recipe.errors, leaving.recipe.cluster) == ("CR2", "therapist")
        assert leaving.recipe.reference == "t with G−1 = 11 df"

    @pytest.mark.parametrize(
        ("therapist", "why", "of_clients"),
        [
            ("T1", "all clients had one therapist", "All clients had one therapist"),
            (None, "no therapist is recorded", "No therapist is recorded"),
        ],
    )
    def test_of_the_model_where_there_are_none_to_compare(self, clinic, therapist, why, of_clients):
        s = again(clinic, therapist=therapist)
        fit = alliance_and_leaving(s)
        assert (fit.recipe.errors, fit.recipe.cluster) == ("model", "")
        assert f"Errors are those of the model, as {why}." in fit.recipe.notes
        nested = alliance_and_next_outcome(s)
        assert any(note.startswith(of_clients) for note in nested.recipe.notes)
        assert set(nested.variances["group"]) <= {"client", "Residual"}

    def test_of_the_model_where_they_are_asked_for(self, clinic):
        fit = hazard("left_unplanned ~ session", clinic, errors="model")
        assert fit.recipe.errors == "model"
        assert not any("Errors are" in note for note in fit.recipe.notes)


class TestWhatIsCounted:
    def test_sessions_used_and_left_out_are_those_attended(self, clinic, following, leaving):
        attended = clinic.counts()["sessions"]
        for fit in (following, leaving, outcome_over_time(clinic)):
            assert fit.rows.unit == "sessions"
            assert fit.rows.used + left_out(fit) == attended
            assert all(many > 0 for _, many in fit.rows.left_out)

    def test_events_used_and_lost_are_all_unplanned_endings_that_were_seen(self):
        """A quarter of the forms are lost, and with them some last sessions."""
        s = sw.simulate(
            Truth(clinic={"therapists": 6, "clients": 150}, missing={"alliance": 0.25}), seed=4
        )
        rows = s.frame[s.attended]
        last = ~rows.duplicated("client", keep="last")
        seen = last & (rows["ending"] == "unplanned") & rows["decided"].astype(bool)
        fit = alliance_and_leaving(s)
        assert fit.rows.events + fit.rows.events_lost == seen.sum()
        assert fit.rows.events_lost > 0

    def test_no_ending_after_a_first_session_is_lost(self):
        """At session 1 there is no change yet; without a step of its own they would all be lost."""
        truth = Truth(clinic={"therapists": 6, "clients": 150}, missing={"alliance": 0})
        s = sw.simulate(truth, seed=4)
        unplanned = s.courses.loc[s.courses["ending"] == "unplanned", "client"]
        sessions = s.table.groupby("client")["session"].max()
        once = int((sessions[unplanned] == 1).sum())
        assert once >= 5
        fit = alliance_and_leaving(s)
        assert (fit.rows.events, fit.rows.events_lost) == (len(unplanned), 0)
        without = hazard("left_unplanned ~ session + srs_to_date + srs_change", running(s, "srs"))
        assert without.rows.events_lost == once

    def test_what_was_left_out_is_named_by_its_first_reason(self):
        """Left out of 12 sessions: three first ones, one after a lost score, one without outcome.

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
            """
        )
        rows = alliance_and_next_outcome(s).rows
        assert rows.left_out == (
            ("srs: first session", 3),
            ("srs: earlier score missing", 1),
            ("ors: missing", 1),
        )
        assert (rows.used, rows.clients) == (7, 3)


class TestTheScalesByHand:
    def test_of_alliance_and_the_next_outcome(self):
        """The alliance of sessions 1 to 3, the outcome of sessions 2 to 4.

        Alliance: means 30, 22, 35; squared swings 8 + 8 + 8 on 9 − 3; means 29 with 1 + 49 + 36
        on 2. Outcome: means 13, 20, 27; squared swings 2 + 8 + 14 on 6; means 20 with 49 + 0 + 49
        on 2.
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
            """
        )
        assert alliance_and_next_outcome(s).scales == pytest.approx(
            {
                "alliance_within": 2,
                "alliance_between": sqrt(43),
                "outcome_within": 2,
                "outcome_between": 7,
            },
            rel=1e-12,  # the last bits of sums of whole numbers
        )

    def test_of_alliance_and_leaving(self):
        """Four who come once, and six who come twice or more; h is still open, undecided.

        Means to date at the last decision: 20, 22, 24, 26, 31, 33, 35, 29, 26, 26; squares 7604
        less 272²/10, on 9. Changes after the first session: 2 and 31 − 31 = 0; −2 and 33 − 33 = 0;
        4 and 33 − 36 = −3; 2; 2; 4 and 30 − 24 = 6; squares 93 less 15²/10, on 9.
        """
        s = records(
            """
            client session srs ending
            a      1       20  unplanned
            b      1       22  planned
            c      1       24  planned
            d      1       26  unplanned
            e      1       30  unplanned
            e      2       32  unplanned
            e      3       31  unplanned
            f      1       34  unplanned
            f      2       32  unplanned
            f      3       33  unplanned
            g      1       34  planned
            g      2       38  planned
            g      3       33  planned
            h      1       28  .
            h      2       30  .
            h      3       40  .
            i      1       25  unplanned
            i      2       27  unplanned
            j      1       22  planned
            j      2       26  planned
            j      3       30  planned
            """
        )
        said = {"alliance_between": sqrt(205.6 / 9), "alliance_within": sqrt(70.5 / 9)}
        assert alliance_and_leaving(s).scales == pytest.approx(said, rel=1e-12)


class TestTheHazardByHand:
    """Five clients leave after session 2, a sixth after session 3; the mean to date is 24."""

    PAGE = """
        client session srs severity arm   ending
        a      1       20  0.1      BtheB unplanned
        a      2       20  0.1      BtheB unplanned
        b      1       22  0.3      BtheB unplanned
        b      2       22  0.3      BtheB unplanned
        c      1       24  0.5      TAU   unplanned
        c      2       24  0.5      TAU   unplanned
        d      1       26  0.7      TAU   unplanned
        d      2       26  0.7      TAU   unplanned
        e      1       28  0.9      TAU   unplanned
        e      2       28  0.9      TAU   unplanned
        f      1       24  0.5      TAU   unplanned
        f      2       24  0.5      TAU   unplanned
        f      3       24  0.5      TAU   unplanned
    """
    TERMS = {
        "Intercept": 1.0,
        "first_session": 0.5,
        "session": -0.1,
        "srs_to_date": -0.1,
        "srs_change": -9.0,
        "severity": 0.4,
        "arm[BtheB]": 1.3,
    }

    def asked(self, link):
        terms = {term: (value, value - 1, value + 1) for term, value in self.TERMS.items()}
        fit = fit_of(
            terms,
            recipe=Recipe("discrete-time hazard", "", link=link),
            scales={"alliance_between": 3.0},
        )
        covariance = np.diag([0.04, 0.01, 0, 0, 7, 0, 0])
        covariance[0, 1] = covariance[1, 0] = 0.02
        estimates = fit.estimates.assign(df=10.0)
        s = records(self.PAGE, level={"severity": "course", "arm": "course"})
        return hazard_by_session(fit.replace(estimates=estimates, covariance=covariance), s)

    @pytest.mark.parametrize(
        ("link", "inverse"),
        [
            ("cloglog", lambda eta: 1 - exp(-exp(eta))),
            ("logit", lambda eta: 1 / (1 + exp(-eta))),
        ],
    )
    def test_it_is_the_link_of_the_linear_predictor(self, link, inverse):
        """At session 1, alliance 21: 1 + .5 − .1 − 2.1 + .4 × .5 + 1.3 × 4/13 = −.1.

        Its variance is .04 + .01 + 2 × .02 = .09 at session 1, and .04 after it.
        """
        chances = self.asked(link)
        t = stats.t.ppf(0.975, 10)
        expected = []
        for level, word in ((21, "low"), (24, "average"), (27, "high")):
            for session, error in ((1, 0.3), (2, 0.2)):
                eta = 1 + 0.5 * (session == 1) - 0.1 * session - 0.1 * level + 0.2 + 0.4
                limits = (eta, eta - t * error, eta + t * error)
                expected.append((f"srs {level}.0, {word}", session, *map(inverse, limits)))
        for row, said in zip(chances.itertuples(index=False), expected, strict=True):
            assert tuple(row)[:2] == said[:2]
            assert tuple(row)[2:] == pytest.approx(said[2:], rel=1e-12)
        assert expected[0][2] == pytest.approx(inverse(-0.1), rel=1e-12)

    def test_only_after_sessions_with_five_decisions(self):
        assert self.asked("cloglog")["session"].tolist() == [1, 2] * 3

    def test_a_fit_of_the_packaged_clinic_is_read_term_by_term(self, clinic, leaving):
        """By the estimates themselves, written out for an average client at session 1."""
        at_risk = sw.episodes(running(clinic, "srs")).frame
        b = leaving.estimates.set_index("term")["estimate"]
        eta = (
            b["Intercept"]
            + b["first_session"]
            + b["session"]
            + b["srs_to_date"] * at_risk["srs_to_date"].mean()
            + b["severity"] * at_risk["severity"].mean()
        )
        chances = hazard_by_session(leaving, clinic).query("session == 1")
        assert chances["estimate"].tolist()[1] == pytest.approx(1 - exp(-exp(eta)), rel=1e-9)
        assert (chances["low"] < chances["estimate"]).all()
        assert (chances["estimate"] < chances["high"]).all()

    def test_no_answer_is_handed_back(self, clinic):
        missing = Unanswered("Q?", "No column.")
        assert hazard_by_session(missing, clinic) is missing


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

    @pytest.mark.parametrize("by", ["srs", "ending"])
    def test_groups_that_are_made_later_are_refused(self, clinic, by):
        with pytest.raises(Unanswerable, match=f"must be known at intake, and `{by}` is not"):
            incidence(clinic, by=by)


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

    def test_it_needs_the_score(self, clinic):
        with pytest.raises(Unanswerable, match="An early mean needs `wai`"):
            incidence(clinic, "early_alliance", 3, "wai")


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
        assert fit.rows.left_out == (("assessments at intake, used as a covariate", 12),)
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


class TestLossToFollowUp:
    def test_wilson_limits_by_hand(self):
        """Three of four: centre (3 + z²/2) / (4 + z²), half z √(4 × 3/16 + z²/4) / (4 + z²)."""
        s = records("client time bdi\na 0 29\nb 0 30\nc 0 31\nd 0 .", clock="time")
        z = stats.norm.ppf(0.975)
        centre = (3 + z**2 / 2) / (4 + z**2)
        half = z * sqrt(3 / 4 + z**2 / 4) / (4 + z**2)
        row = still_answering(s, "bdi").estimates.iloc[0]
        assert (row["at_risk"], row["estimate"]) == (4, 0.75)
        assert row["std_error"] == pytest.approx(sqrt(0.75 * 0.25 / 4), rel=1e-12)
        assert (row["low"], row["high"]) == pytest.approx((centre - half, centre + half), rel=1e-9)

    def test_each_time_stands_alone(self):
        """Who misses one may give the next: the share may rise."""
        s = records("client time bdi\na 0 29\na 2 .\na 5 20\nb 0 31\nb 2 20\nb 5 19", clock="time")
        curve = still_answering(s, "bdi")
        assert curve.estimates["estimate"].tolist() == [1, 0.5, 1]
        assert (curve.rows.used, curve.rows.clients) == (6, 2)
        assert curve.recipe.estimation == "" and "leaving" not in curve.question


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

    def test_a_client_is_counted_with_the_first_one_and_changes_are_said(self, clinic):
        frame = clinic.table
        change = (frame["client"] == frame["client"].iloc[0]) & (frame["session"] > 1)
        assert change.any()
        fit = alliance_and_next_outcome(
            again(clinic, therapist=frame["therapist"].mask(change, "X"))
        )
        assert any("first session (1 changed later)" in note for note in fit.recipe.notes)


class TestWhatAFitKnowsOfItsWords:
    def test_of_alliance_and_the_next_outcome(self, following):
        assert following.labels["srs"] == "SRS" and following.labels["ors"] == "ORS"
        assert following.labels["srs_lag1_within"] == "SRS, previous session, within clients"
        assert following.labels["severity"] == "severity at intake"
        assert following.better == "higher"
        assert "higher SRS precede a different ORS" in following.question

    def test_of_alliance_and_leaving(self, leaving):
        assert leaving.labels["srs"] == "SRS"
        assert leaving.labels["first_session"] == "first session"
        assert leaving.labels["srs_to_date"] == "SRS, mean to date"

    def test_a_score_no_instrument_describes_has_no_better_side(self):
        page = "client session srs mood\n" + "\n".join(
            f"{c} {t} {20 + 3 * c + (c * t) % 4} {10 + 2 * c + (c + 3 * t) % 5}"
            for c in range(5)
            for t in range(1, 6)
        )
        fit = alliance_and_next_outcome(records(page), outcome="mood")
        assert (fit.better, fit.outcome, fit.labels["mood"]) == ("", "mood", "mood")

    @pytest.mark.parametrize(
        ("term", "words"),
        [
            ("Intercept", "Intercept"),
            ("session", "session number"),
            ("arm[Beat the Blues]", "arm of the trial: Beat the Blues"),
            ("session:arm[TAU]", "session number × arm of the trial: TAU"),
            ("srs:arm[TAU]", "srs × arm of the trial: TAU"),
            ("log(age)", "log(age)"),
        ],
    )
    def test_terms_are_worded_by_their_columns(self, term, words):
        columns = {
            "arm": Column("arm", "category", "before", "course", label="arm of the trial"),
            "srs": Column("srs", "number", "after"),
        }
        assert term_labels(columns, [term]) == {term: words}


class TestAskingWhatMayHaveNoAnswer:
    def test_what_is_missing_and_what_was_refused_are_told_apart(self, clinic):
        missing = answer(alliance_and_next_outcome, clinic, alliance="wai")
        assert (missing.kind, missing.question) == (
            "missing",
            "Does a better alliance precede a better outcome at the next session?",
        )
        assert "needs `wai`" in missing.reason
        refused = answer(hazard, "left_unplanned ~ left_planned", clinic)
        assert refused.kind == "refused" and "`left_planned` is not known" in refused.reason

    def test_an_answer_is_given_as_it_is(self):
        model = hybrid()
        assert answer(self.gives, model) is model

    def test_a_mistake_in_the_asking_is_raised(self, clinic):
        with pytest.raises(InvalidInput, match="srss"):
            answer(hazard, "left_unplanned ~ srss", clinic)
        with pytest.raises(ZeroDivisionError):
            answer(self.divides, 0)
        assert answer(self.divides, 2) == 0.5

    @staticmethod
    def gives(model):
        """What is it?"""
        return model

    @staticmethod
    def divides(by):
        """What is one divided by this?"""
        return 1 / by


def test_the_long_form_of_the_hybrid_gives_the_same_numbers(clinic):
    s = sw.within_between(sw.lagged(clinic, "srs"), ["srs_lag1"], complete=["ors", "session"])
    rows = s.frame[s.frame["srs_lag1_within"].notna()]
    fit = sw.mixed(
        "ors ~ session + srs_lag1_within + srs_lag1_between + (1 + session || client)"
        " + (1 | therapist)",
        rows,
    )
    short = alliance_and_next_outcome(clinic)
    np.testing.assert_allclose(short.estimates["estimate"], fit.estimates["estimate"], rtol=1e-9)


def test_log_is_the_link_of_a_hazard_of_everybody(clinic):
    """With an intercept alone the hazard is the share of decisions that were to leave."""
    fit = hazard("left_unplanned ~ 1", clinic)
    share = fit.rows.events / fit.rows.used
    assert fit.term("Intercept")["estimate"] == pytest.approx(log(-log(1 - share)), rel=1e-9)
