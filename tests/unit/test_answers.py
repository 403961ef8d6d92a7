"""Asking a question of a study that may not be able to answer it."""

import pytest
from show_values import hybrid

from sessionwise.errors import InvalidInput
from sessionwise.models.answers import answer
from sessionwise.models.discrete_hazard import hazard
from sessionwise.models.next_outcome import alliance_and_next_outcome


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

    def test_a_question_about_no_answer_is_not_asked(self, clinic):
        missing = answer(alliance_and_next_outcome, clinic, alliance="wai")
        assert answer(self.divides, missing) is missing
        assert answer(self.divides, by=missing) is missing
