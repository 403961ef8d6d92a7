"""The baseline of the hazard of leaving: its steps by hand, and its curve as it is drawn."""

import numpy as np
import pandas as pd
import pytest
from tables import records

import sessionwise as sw
from sessionwise.errors import Refused
from sessionwise.models.alliance_leaving import alliance_and_leaving, scored_decisions
from sessionwise.models.hazard_curve import hazard_by_session
from sessionwise.models.leaving_baseline import SHAPES, joined_sessions, with_baseline


@pytest.fixture(scope="module")
def clinic():
    """Therapists differ, so that their random term is kept."""
    frailty = {"on": True, "therapist_sd": 0.5, "client_sd": 0.0}
    return sw.simulate(sw.Truth(clinic={"clients": 300, "therapists": 30}, frailty=frailty), seed=8)


def rows(endings, size=20):
    """So many endings after sessions 1, 2, …, of ``size`` decisions each."""
    frame = pd.DataFrame({"session": np.repeat(np.arange(1, len(endings) + 1), size)})
    frame["left"] = np.concatenate([np.arange(size) < many for many in endings]).astype(int)
    return frame


class TestSteps:
    @pytest.mark.parametrize(
        ("endings", "steps"),
        [
            ([5, 5, 5], [(1, 1), (2, 2), (3, np.inf)]),
            ([1, 5, 5], [(1, 1), (2, 2), (3, np.inf)]),
            ([6, 4, 1, 5], [(1, 1), (2, 3), (4, np.inf)]),
            ([6, 4, 1, 4], [(1, 1), (2, np.inf)]),
            ([6, 0, 0, 0, 5, 0, 0], [(1, 1), (2, np.inf)]),
            ([6, 0, 0, 0, 5, 0, 5], [(1, 1), (2, 5), (6, np.inf)]),
        ],
    )
    def test_each_holds_five_endings_and_session_1_is_by_itself(self, endings, steps):
        assert joined_sessions(rows(endings), "left", own=True) == steps

    def test_without_first_sessions_the_first_step_needs_five_too(self):
        later = rows([0, 2, 3, 5])
        later = later[later["session"] > 1]
        assert joined_sessions(later, "left", own=False) == [(2, 3), (4, np.inf)]

    def test_a_step_after_which_everybody_left_is_joined(self):
        """Its hazard would be endless."""
        assert joined_sessions(rows([5, 6, 20]), "left", own=True) == [(1, 1), (2, np.inf)]

    def test_they_are_named_by_their_sessions_and_said(self, clinic):
        fit = alliance_and_leaving(clinic, baseline="steps")
        at_risk = scored_decisions(clinic, "srs").frame
        complete = at_risk[at_risk[["srs_to_date", "srs_change"]].notna().all(axis=1)]
        steps = joined_sessions(complete, "left_unplanned", own=True)
        terms = [t for t in fit.estimates["term"] if t.startswith("session_step[")]
        assert len(terms) == len(steps) - 1
        assert fit.recipe.notes[0].startswith(f"The baseline is in {len(steps)} steps (sessions 1,")
        assert dict(fit.recipe.references)["session_step"] == "1"

    def test_the_hazard_of_a_step_alone_is_its_share_of_endings(self, clinic):
        """With nothing but steps, exp(η) = −log(1 − share)."""
        at_risk, terms, _ = with_baseline(scored_decisions(clinic, "srs"), [], "steps")
        fit = sw.hazard(f"left_unplanned ~ {terms[0]}", at_risk)
        share = at_risk.frame.groupby("session_step", observed=True)["left_unplanned"].mean()
        eta = fit.estimates["estimate"].to_numpy()
        eta = np.concatenate([eta[:1], eta[0] + eta[1:]])
        np.testing.assert_allclose(eta, np.log(-np.log(1 - share)), rtol=1e-7)

    def test_too_few_endings_for_two_steps_are_refused(self):
        page = "client session srs ending\n" + "\n".join(
            f"{c} {t} {20 + (5 * c + t) % 7} {'unplanned' if c < 4 else 'planned'}"
            for c in range(12)
            for t in range(1, 5)
        )
        with pytest.raises(Refused, match='carry only one. Take baseline="linear"'):
            alliance_and_leaving(records(page), baseline="steps")


@pytest.mark.parametrize("shape", SHAPES)
class TestTheCurveDrawn:
    def test_it_is_what_the_model_expects_of_such_a_client(self, clinic, shape):
        """Rows of the model, given the alliance of the group, no change and mean severity."""
        fit = alliance_and_leaving(clinic, adjust=["severity"], baseline=shape)
        drawn = hazard_by_session(fit, clinic)
        at_risk = scored_decisions(clinic, "srs").frame
        mean = at_risk["srs_to_date"].mean()
        assert len(fit.variances) == 1
        rows = fit.solution.used
        at = (
            rows.drop_duplicates("session")
            .sort_values("session")
            .assign(srs_to_date=mean, srs_change=0.0, severity=at_risk["severity"].mean())
        )
        expected = fit.predict(at).set_axis(at["session"].astype(int))["estimate"]
        group = drawn[drawn["group"].str.endswith("average")].set_index("session")["estimate"]
        both = [t for t in group.index if t in expected.index]
        assert len(both) > 10
        np.testing.assert_allclose(group[both], expected[both], rtol=2e-4)

    def test_limits_hold_the_estimate_and_alliance_orders_the_groups(self, clinic, shape):
        fit = alliance_and_leaving(clinic, baseline=shape)
        drawn = hazard_by_session(fit, clinic)
        assert (drawn["low"] < drawn["estimate"]).all()
        assert (drawn["estimate"] < drawn["high"]).all()
        low, _, high = (drawn[drawn["group"] == group] for group in drawn["group"].unique())
        assert fit.term("srs_to_date")["estimate"] < 0
        assert (low["estimate"].to_numpy() > high["estimate"].to_numpy()).all()

    def test_its_terms_have_words(self, clinic, shape):
        fit = alliance_and_leaving(clinic, baseline=shape)
        words = [fit.labels[term] for term in fit.estimates["term"]]
        assert not any("(" in word or "_" in word for word in words)


class TestTheChoice:
    def test_a_line_is_kept_where_the_truth_is_one(self, clinic):
        found = sw.leaving_baselines(clinic, adjust=["severity"])
        assert found["baseline"].iloc[0] == "linear"
        assert (found["aic"].diff().dropna() >= 0).all()

    def test_a_bent_hazard_is_found(self, clinic):
        """Endings kept as drawn after sessions 4 to 9 only: a hump."""
        frame = clinic.frame
        hump = frame["session"].between(4, 9)
        courses = frame.loc[frame["ending"].eq("unplanned")].groupby("client")["session"].max()
        gone = courses.index[~courses.between(4, 9)]
        bent = clinic.keep_courses(
            ~clinic.courses["client"].isin(gone).to_numpy(), "not in the hump"
        )
        assert hump.any()
        found = sw.leaving_baselines(bent).set_index("baseline")
        assert found.loc[["polynomial", "spline"], "p"].max() < 0.01
        assert found["aic"].idxmin() != "linear"

    def test_a_shape_that_is_none_is_refused(self, clinic):
        with pytest.raises(Refused, match="no baseline 'lines'"):
            alliance_and_leaving(clinic, baseline="lines")
