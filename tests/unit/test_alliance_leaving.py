"""Alliance and leaving: where its model starts, and what it says session by session."""

from math import exp, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from show_values import fit as fit_of
from tables import records

import sessionwise as sw
from sessionwise.errors import Unanswerable
from sessionwise.features.running_means import running
from sessionwise.models.alliance_leaving import alliance_and_leaving
from sessionwise.models.discrete_hazard import hazard
from sessionwise.models.fit import Recipe, Unanswered
from sessionwise.models.hazard_curve import hazard_by_session
from sessionwise.records.truth import Truth


@pytest.fixture(scope="module")
def leaving(clinic):
    return alliance_and_leaving(clinic, adjust=["severity"])


class TestWhatIsCounted:
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


def alike(first: str, score: str = "20") -> str:
    """Two clients come once and end as ``first``; eight, with ``score`` at session 1, come on.

    Four of the eight leave after session 3, two after session 4; two are discharged then.
    """
    lines = ["client session srs ending"]
    for client in range(8):
        last = 3 if client % 2 else 4
        ending = "planned" if client % 4 == 2 else "unplanned"
        lines.append(f"{client} 1 {score} {ending}")
        for session in range(2, last + 1):
            lines.append(f"{client} {session} {20 + (7 * client + 5 * session) % 11} {ending}")
    return "\n".join([*lines, f"8 1 24 {first}", f"9 1 27 {first}"])


@pytest.fixture(scope="module")
def none_left():
    return alliance_and_leaving(records(alike("planned")))


@pytest.fixture(scope="module")
def all_left():
    """Those who came on have no score of session 1, so it is not among the model's rows."""
    return alliance_and_leaving(records(alike("unplanned", score=".")))


class TestWhereAllFirstSessionsEndedAlike:
    """The baseline's step at session 1 has no estimate then; it would be infinite."""

    def test_the_model_starts_at_session_2_and_says_so(self, none_left, all_left):
        for many, fit in (("No", none_left), ("Every", all_left)):
            assert "first_session" not in set(fit.estimates["term"])
            assert fit.recipe.notes[0] == (
                f"{many} first session with its scores was followed by an unplanned ending; the "
                "model starts at session 2."
            )

    def test_first_sessions_are_counted_as_left_out(self, none_left, all_left):
        """Ten first sessions; then eight decisions after sessions 2 and 3, four after session 4.

        Without a score of session 1 there is no change at session 2 yet.
        """
        assert none_left.rows.left_out == (("first sessions, which all ended alike", 10),)
        assert (none_left.rows.used, none_left.rows.events) == (8 + 8 + 4, 6)
        assert dict(all_left.rows.left_out)["first sessions, which all ended alike"] == 2
        assert (all_left.rows.used, all_left.rows.events) == (8 + 4, 6)

    def test_the_others_are_estimated_as_without_first_sessions(self, none_left):
        """At session 1 there is no change without its step, so the hazard has no rows of it."""
        s = running(records(alike("planned")), "srs")
        later = hazard("left_unplanned ~ session + srs_to_date + srs_change", s)
        pd.testing.assert_frame_equal(none_left.estimates, later.estimates, rtol=1e-9)

    def test_no_probability_is_told_of_session_1(self, none_left):
        """Nor of session 4, after which four decisions were seen."""
        chances = hazard_by_session(none_left, records(alike("planned")))
        assert chances["session"].tolist() == [2, 3] * 3

    def test_where_no_first_session_has_a_score_none_is_counted(self):
        page = alike("planned", score=".").splitlines()
        fit = alliance_and_leaving(records("\n".join(page[:-2])))
        assert "first sessions, which all ended alike" not in dict(fit.rows.left_out)
        assert all(many > 0 for _, many in fit.rows.left_out)

    def test_where_some_left_and_some_did_not_the_step_is_estimated(self, leaving):
        assert "first_session" in set(leaving.estimates["term"])
        assert any("has a step of its own" in note for note in leaving.recipe.notes)
        assert not any("ended alike" in reason for reason, _ in leaving.rows.left_out)


class TestTheScalesByHand:
    def test_between_courses_and_from_session_to_session(self):
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


@pytest.mark.parametrize("late", ["ors", "therapist", "ending"])
def test_a_covariate_that_was_not_known_at_intake_is_refused(clinic, late):
    with pytest.raises(Unanswerable, match=f"takes what was known at intake, and `{late}`"):
        alliance_and_leaving(clinic, adjust=[late])
