"""The hazard of leaving: what may explain it, whose errors, and what it counts."""

from math import log

import pandas as pd
import pytest
from question_records import again, left_out
from tables import records

import sessionwise as sw
from sessionwise.errors import Refused
from sessionwise.features.running_means import running
from sessionwise.models.alliance_leaving import alliance_and_leaving
from sessionwise.models.discrete_hazard import hazard
from sessionwise.models.next_outcome import alliance_and_next_outcome
from sessionwise.records.sessions import Sessions


@pytest.fixture(scope="module")
def leaving(clinic):
    return alliance_and_leaving(clinic, adjust=["severity"])


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
        with pytest.raises(Refused) as refused:
            hazard("left_planned ~ session + srs_to_date", s)
        assert str(refused.value) == (
            "`srs_to_date` is not known when a planned ending is decided: it would explain leaving "
            "by what came later. Use one from before the session (`X_lag1`, `X_so_far`)."
        )
        assert hazard("left_planned ~ session + srs_so_far", s).rows.events > 0
        assert hazard("left_unplanned ~ session + srs_to_date", s).rows.events > 0

    @pytest.mark.parametrize("outcome", ["attendance", "srs", "session"])
    def test_a_hazard_is_one_of_an_ending(self, clinic, outcome):
        said = f"A hazard explains .*left_unplanned.* or .*left_planned.*, and not `{outcome}`"
        with pytest.raises(Refused, match=said):
            hazard(f"{outcome} ~ severity", clinic)


class TestWhichErrors:
    def test_clustered_by_therapist_where_there_are_several(self, leaving):
        assert (leaving.recipe.errors, leaving.recipe.cluster) == ("CR2", "therapist")
        assert leaving.recipe.reference == "t with G−1 = 11 df"

    @pytest.mark.parametrize(
        ("therapist", "why", "of_clients"),
        [
            (
                "T1",
                "the rows of the model have one therapist",
                ["The rows of the model have one therapist, so therapists cannot be compared."],
            ),
            (None, "no therapist is recorded", []),
        ],
    )
    def test_of_the_model_where_there_are_none_to_compare(self, clinic, therapist, why, of_clients):
        s = again(clinic, therapist=therapist)
        fit = alliance_and_leaving(s)
        assert (fit.recipe.errors, fit.recipe.cluster) == ("model", "")
        assert f"Errors are those of the model, as {why}." in fit.recipe.notes
        nested = alliance_and_next_outcome(s)
        assert [note for note in nested.recipe.notes if "therapist" in note] == of_clients
        assert set(nested.variances["group"]) <= {"client", "Residual"}

    def test_of_the_model_where_they_are_asked_for(self, clinic):
        fit = hazard("left_unplanned ~ session", clinic, errors="model")
        assert fit.recipe.errors == "model"
        assert not any("Errors are" in note for note in fit.recipe.notes)


@pytest.fixture(scope="module")
def unnamed(clinic) -> Sessions:
    """Third sessions name no therapist."""
    third = clinic.table["session"] == 3
    return again(clinic, therapist=clinic.table["therapist"].mask(third))


class TestSessionsWithoutATherapist:
    def test_they_leave_openly_where_errors_are_clustered(self, unnamed):
        fit = hazard("left_unplanned ~ session", unnamed)
        third = sw.episodes(unnamed).frame.query("session == 3")
        assert dict(fit.rows.left_out)["therapist: missing"] == len(third)
        assert fit.rows.events_lost == third["left_unplanned"].sum()
        assert fit.rows.used + left_out(fit) == unnamed.counts()["sessions"]

    def test_and_stay_where_they_are_not(self, unnamed):
        fit = hazard("left_unplanned ~ session", unnamed, errors="model")
        assert "therapist: missing" not in dict(fit.rows.left_out)
        assert fit.rows.events_lost == 0


class TestFewEvents:
    def test_fewer_than_ten_for_each_term_are_said_with_their_number(self, clinic):
        """The packaged clinic has 40 unplanned endings: ten for each of four terms, not of five."""
        assert (clinic.courses["ending"] == "unplanned").sum() == 40
        four = "left_unplanned ~ session + severity + log(session) + I(severity**2)"
        enough = hazard(four, clinic)
        assert not any("endings for" in note for note in enough.recipe.notes)
        few = hazard(f"{four} + session:severity", clinic)
        assert few.recipe.notes[2] == (
            "There are 40 endings for 5 terms, under 10 each: the estimates may be far off "
            "and their intervals too short."
        )

    def test_the_intercept_is_no_term(self, clinic):
        alone = hazard("left_unplanned ~ 1", clinic)
        assert not any("endings for" in note for note in alone.recipe.notes)


def test_a_model_of_four_clients_is_refused():
    page = "client session ending\n" + "\n".join(
        f"{c} 1 unplanned\n{c} 2 unplanned" for c in range(4)
    )
    with pytest.raises(Refused, match="Fewer than 5 clients"):
        hazard("left_unplanned ~ 1", records(page))
    fifth = records(f"{page}\n4 1 unplanned")
    assert hazard("left_unplanned ~ 1", fifth).rows.clients == 5


def test_log_is_the_link_of_a_hazard_of_everybody(clinic):
    """With an intercept alone the hazard is the share of decisions that were to leave."""
    fit = hazard("left_unplanned ~ 1", clinic)
    share = fit.rows.events / fit.rows.used
    assert fit.term("Intercept")["estimate"] == pytest.approx(log(-log(1 - share)), rel=1e-9)


class TestTherapistsWhoDiffer:
    """A hazard with a random term is the mixed model of the same decisions."""

    @pytest.fixture(scope="class")
    @classmethod
    def at_risk(cls):
        truth = sw.Truth(clinic={"clients": 400, "therapists": 12})
        return sw.episodes(sw.simulate(truth, seed=3))

    @pytest.mark.parametrize("link", ["cloglog", "logit"])
    def test_is_the_mixed_model_of_the_decisions(self, at_risk, link):
        text = "left_unplanned ~ session + severity + (1 | therapist)"
        fit = hazard(text, at_risk, link=link)
        plain = sw.mixed(text, at_risk.frame, family="binomial", link=link)
        assert fit.estimates.equals(plain.estimates)
        assert fit.variances.equals(plain.variances)
        assert fit.loglik == plain.loglik
        assert fit.rows.events == at_risk.frame["left_unplanned"].sum()
        assert fit.recipe.errors == "Hessian"
        kept = " with random effects" * len(fit.variances)
        assert fit.recipe.kind == f"discrete-time hazard{kept}"

    def test_the_future_explains_no_leaving_there_either(self, clinic):
        split = sw.within_between(clinic, ["srs"])
        text = "left_unplanned ~ srs_between + (1 | therapist)"
        with pytest.raises(Refused, match="not known when the client decides"):
            hazard(text, split)
        with pytest.raises(Refused, match="not known when the client decides"):
            sw.mixed(text, sw.episodes(split), family="binomial")


class TestClientsWhoLeaveOnce:
    """No client has two events: a spread between clients is seen through the model only."""

    OWN = "left_unplanned ~ session + severity + (1 | client)"

    @pytest.fixture(scope="class")
    @classmethod
    def frail(cls):
        """Clients who truly differ, by 1.5 on the scale of the linear predictor."""
        truth = sw.Truth(
            clinic={"clients": 400, "therapists": 12},
            frailty={"on": True, "therapist_sd": 0.0, "client_sd": 1.5},
        )
        return sw.episodes(sw.simulate(truth, seed=3))

    def test_it_is_fitted_by_quadrature_and_the_caution_says_what_it_rests_on(self, frail):
        fit = hazard(self.OWN, frail)
        by_hand = sw.mixed(self.OWN, frail.frame, family="binomial", link="cloglog", quadrature=25)
        pd.testing.assert_frame_equal(fit.estimates, by_hand.estimates)
        assert fit.variances["sd"].item() > 0
        assert "25 nodes" in fit.recipe.estimation
        assert fit.recipe.caution.startswith(
            "A sensitivity analysis: no `client` has two events, so how much they differ is "
            "identified by the form of the model only"
        )

    def test_laplace_would_find_a_spread_where_there_is_none(self, clinic):
        """All clients of the small clinic are alike, but for what is recorded of them."""
        rows = sw.episodes(clinic).frame
        laplace = sw.mixed(self.OWN, rows, family="binomial", link="cloglog")
        assert laplace.variances["sd"].item() > 1.5
        fit = hazard(self.OWN, clinic)
        assert fit.health.dropped == ("(1 | client): its variance was estimated as zero",)
        assert fit.recipe.caution

    def test_therapists_have_many_events_and_no_caution(self):
        truth = sw.Truth(
            clinic={"clients": 300, "therapists": 12}, frailty={"on": True, "therapist_sd": 1.0}
        )
        fit = hazard("left_unplanned ~ session + (1 | therapist)", sw.simulate(truth, seed=3))
        assert fit.recipe.caution == "" and "Laplace" in fit.recipe.estimation

    @pytest.mark.parametrize("more", ["(1 | client) + (1 | therapist)", "(1 + session | client)"])
    def test_beside_other_terms_it_is_refused_with_what_to_take(self, clinic, more):
        with pytest.raises(Refused) as refused:
            hazard(f"left_unplanned ~ session + {more}", clinic)
        assert str(refused.value) == (
            "No `client` has two events, and Laplace's approximation, which several random terms "
            "or slopes would need, then finds differences where there are none. Take (1 | client) "
            "alone, as a sensitivity analysis by quadrature, or (1 | therapist)."
        )

    @pytest.mark.parametrize("late", [0, 1])
    def test_a_spread_without_end_is_refused_with_what_the_rows_can_carry(self, late):
        """Half leave after session 1 (``late``: one of them after 2); no other ever does."""
        lines = ["client session srs ending"]
        for client in range(40):
            last, ending = (1, "unplanned") if client % 2 else (6, "planned")
            last += late if client == 1 else 0
            lines += [f"{client} {k} 30 {ending}" for k in range(1, last + 1)]
        with pytest.raises(Refused) as refused:
            hazard("left_unplanned ~ 1 + (1 | client)", records("\n".join(lines)))
        assert "between `client` are estimated as endless" in str(refused.value)
        assert "(1 | therapist), each of whom has several events" in str(refused.value)
        assert "errors clustered by therapist (CR2)" in str(refused.value)
