"""The named questions together: what they refuse, what they count, and how they word it.

Each has a file of its own for what can be worked out by hand.
"""

import pytest
from question_records import left_out
from tables import records

from sessionwise.errors import Unanswerable
from sessionwise.models.alliance_leaving import alliance_and_leaving
from sessionwise.models.cumulative_incidence import incidence, still_in_therapy
from sessionwise.models.discrete_hazard import hazard
from sessionwise.models.growth import outcome_over_time
from sessionwise.models.labels import term_labels
from sessionwise.models.loss_to_follow_up import still_answering
from sessionwise.models.next_outcome import alliance_and_next_outcome
from sessionwise.records.sessions import Column

FIXED_TIMES = "client time srs ors\na 0 30 20\na 2 31 21\nb 0 29 19\nb 2 28 18"


@pytest.fixture(scope="module")
def following(clinic):
    return alliance_and_next_outcome(clinic, adjust=["severity"])


@pytest.fixture(scope="module")
def leaving(clinic):
    return alliance_and_leaving(clinic, adjust=["severity"])


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
        with pytest.raises(Unanswerable, match="Comparing groups needs `arm`"):
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


class TestWhatIsCounted:
    def test_sessions_used_and_left_out_are_those_attended(self, clinic, following, leaving):
        attended = clinic.counts()["sessions"]
        for fit in (following, leaving, outcome_over_time(clinic)):
            assert fit.rows.unit == "sessions"
            assert fit.rows.used + left_out(fit) == attended
            assert all(many > 0 for _, many in fit.rows.left_out)


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
