"""Questions about leaving asked of odd records, and in odd words."""

import numpy as np
import pytest
from question_records import again

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused, Unanswerable

QUESTIONS = [
    sw.alliance_and_leaving,
    sw.leaving_baselines,
    sw.alliance_and_leaving_from_landmark,
    sw.alliance_and_endings,
]


@pytest.fixture(scope="module")
def s():
    return sw.example()


class TestWhatMayAdjust:
    @pytest.mark.parametrize("question", QUESTIONS)
    @pytest.mark.parametrize("late", ["ending", "srs"])
    def test_nothing_from_later_than_intake(self, s, question, late):
        with pytest.raises(Unanswerable, match=f"known at intake, and `{late}` was not"):
            question(s, adjust=[late])

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_one_name_is_a_list_of_one(self, s, question):
        assert repr(question(s, adjust="severity")) == repr(question(s, adjust=["severity"]))
        found = [sw.therapists_and_leaving(s, adjust).fit for adjust in ("severity", ["severity"])]
        assert found[0].estimates.equals(found[1].estimates)


class TestTheDefinitionGoesWithTheNumbers:
    """Dropout told by the outcome is no independent evidence, whatever is asked of it."""

    @pytest.fixture(scope="class")
    @classmethod
    def by_outcome(cls):
        return sw.dropout(sw.example(), "OpenFIT", outcome="ors")

    @pytest.mark.parametrize(
        "asked",
        [
            sw.alliance_and_leaving,
            sw.alliance_and_leaving_from_landmark,
            lambda s: sw.alliance_and_endings(s).unplanned,
            lambda s: sw.alliance_and_endings(s).planned,
            lambda s: sw.therapists_and_leaving(s).fit,
            lambda s: sw.hazard("left_unplanned ~ srs + (1 | therapist)", s),
            lambda s: sw.cox("left_unplanned ~ srs + (1 | therapist)", s),
        ],
    )
    def test_caution_and_source(self, by_outcome, asked):
        recipe = asked(by_outcome).recipe
        assert "Dropout is defined by the outcome here" in recipe.caution
        assert "openfit" in recipe.sources


def test_no_ending_of_a_kind_is_said_before_anything_of_therapists(s):
    with pytest.raises(Refused, match="`left_unplanned` is 0 in all .* nothing to explain"):
        sw.therapists_and_leaving(again(s, ending="planned"))


def test_therapists_of_one_client_each_are_not_told_to_differ_instead(s):
    alone = again(s, therapist=s.frame["client"].to_numpy())
    with pytest.raises(Refused) as told:
        sw.hazard("left_unplanned ~ srs + (1 | therapist) + (1 | clinic)", alone)
    assert "Take (1 | therapist) alone, as a sensitivity analysis by quadrature." in str(told.value)
    fit = sw.therapists_and_leaving(alone).fit
    assert fit.recipe.caution.startswith("A sensitivity analysis: no `therapist` has two events")


def test_errors_that_rest_on_few_therapists_are_said_to(s):
    notes = sw.hazard("left_unplanned ~ srs", s).recipe.notes
    assert notes[0] == (
        "There are 12 therapists, fewer than 20: clustered errors rest on few, and limits are by t "
        "with 11 degrees of freedom."
    )
    for errors in ("model", "wild"):
        notes = sw.hazard("left_unplanned ~ srs", s, errors=errors).recipe.notes
        assert not any("rest on few" in note for note in notes)
    many = again(s, therapist=s.frame["client"].to_numpy())
    notes = sw.hazard("left_unplanned ~ srs", many).recipe.notes
    assert not any("rest on few" in note for note in notes)
    two = again(s, therapist=np.where(s.frame["client"].str[-1].isin(list("01234")), "A", "B"))
    said = [note for note in sw.alliance_and_leaving(two).recipe.notes if "2 therapists" in note]
    assert len(said) == 1
    assert "wild cluster bootstrap" in said[0]


@pytest.mark.parametrize("landmark", [2.5, "3", None, True, 0])
def test_a_landmark_is_a_session(s, landmark):
    with pytest.raises(InvalidInput, match="session"):
        sw.alliance_and_leaving_from_landmark(s, landmark=landmark)


def test_a_landmark_at_the_first_session_is_its_score(s):
    notes = sw.alliance_and_leaving_from_landmark(s, landmark=1).recipe.notes
    assert notes[0].startswith("The level is the score of session 1 and does not move")


@pytest.mark.parametrize("by", [0, -3, 2.5, "ten"])
def test_chances_are_over_whole_sessions(s, by):
    with pytest.raises(Refused, match="whole number"):
        sw.therapists_and_leaving(s, by=by)


class TestAScoreThatNeverVaries:
    """No model hands back an answer without the term it was asked about."""

    @pytest.fixture(scope="class")
    @classmethod
    def constant(cls):
        frailty = {"on": True, "therapist_sd": 0.7, "client_sd": 0.0}
        truth = sw.Truth(clinic={"clients": 200, "therapists": 10}, frailty=frailty)
        drawn = sw.simulate(truth, seed=5)
        return again(drawn, srs=30.0, ors=drawn.frame["ors"].clip(0, 40))

    @pytest.mark.parametrize(
        "question",
        [
            sw.alliance_and_leaving,
            sw.alliance_and_leaving_from_landmark,
            sw.alliance_and_endings,
            lambda s: sw.hazard("left_unplanned ~ session + srs + (1 | therapist)", s),
        ],
    )
    def test_is_refused_with_therapists_who_differ_too(self, constant, question):
        with pytest.raises(Refused, match="one value only"):
            question(constant)

    def test_of_attendance(self):
        truth = sw.Truth(clinic={"clients": 100, "therapists": 8}).switched_on("attendance")
        s = sw.simulate(truth, seed=4)
        same = s.frame.assign(srs=s.frame["srs"].where(s.frame["srs"].isna(), 30.0))
        s = s.with_columns(same[["srs"]], [s.columns["srs"]])
        with pytest.raises(Refused, match="`srs_so_far`, `srs_last_change` cannot be told"):
            sw.alliance_and_attendance(s)


def test_with_very_few_therapists_the_difference_of_both_kinds_is_said_to_be_called_too_often(s):
    two = again(s, therapist=np.where(s.frame["client"].str[-1].isin(list("01234")), "A", "B"))
    both = sw.alliance_and_endings(two)
    for fit in (both.unplanned, both.planned):
        assert fit.recipe.notes[-1].startswith("The difference between the two kinds is judged by")
    many = sw.alliance_and_endings(s)
    assert not any("called clear too often" in note for note in many.planned.recipe.notes)
