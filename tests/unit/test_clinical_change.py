"""Who changed: first against last score of a course, judged by the card or by a reliability."""

from pathlib import Path

import numpy as np
import pytest
from tables import records

import sessionwise as sw
from sessionwise.engine.reliable_change import change_error, verdicts
from sessionwise.errors import InvalidInput, Refused, Unanswerable
from sessionwise.models.clinical_change import reliable_change
from sessionwise.study.study import Study

ROOT = Path(__file__).resolve().parents[2]
PHQ9 = """
    client session phq9 arm
    a      1       20   one
    a      2       .    one
    a      3       25   one
    a      4       9    one
    b      1       20   one
    b      2       10   one
    c      1       20   one
    c      2       15   one
    d      1       20   two
    d      2       14   two
    e      1       9    two
    e      2       15   two
    f      1       .    two
    f      2       9    two
    f      3       3    two
    g      1       12   two
    h      1       .    two
"""
LEVEL = {"arm": "course"}


@pytest.fixture(scope="module")
def phq9():
    """By the card a change of 6 points counts, and a score of 10 or more is clinical."""
    return records(PHQ9, level=LEVEL)


def said_of(changed) -> dict[str, str]:
    client = changed.frame["client"].astype("str").str[-1]
    return dict(zip(client, changed.frame["verdict"], strict=True))


class TestTheVerdict:
    def test_of_each_course_by_the_card(self, phq9):
        """The first score of f is that of session 2; what happened in between counts for nobody."""
        changed = reliable_change(phq9, "phq9")
        assert said_of(changed) == {
            "a": "recovered",
            "b": "improved",  # 10 is still clinical
            "c": "unchanged",
            "d": "improved",  # by 6 points, not less
            "e": "deteriorated",
            "f": "improved",  # from the healthy side nobody recovers
        }
        assert changed.frame["change"].tolist() == [-11, -10, -5, -6, 6, -6]

    def test_is_not_recovered_where_the_cutoff_was_crossed_by_too_little(self):
        assert verdicts(np.array([11]), np.array([8]), 6, 10, "lower") == ["unchanged"]

    def test_is_deteriorated_where_the_cutoff_was_crossed_the_wrong_way(self):
        assert verdicts(np.array([30]), np.array([20]), 6, 25, "higher") == ["deteriorated"]

    def test_is_the_same_on_a_scale_turned_round(self):
        rng = np.random.default_rng(1)
        first, last = rng.uniform(0, 40, (2, 500))
        plain = verdicts(first, last, 5.5, 25, "higher")
        turned = verdicts(40 - first, 40 - last, 5.5, 15, "lower")
        assert set(plain) == {"recovered", "improved", "unchanged", "deteriorated"}
        assert (plain == turned).all()

    def test_does_not_turn_on_how_a_computer_holds_decimals(self):
        """30.1 − 25.1 and the like are a little less than 5 in binary, or a little more."""
        tenths = np.arange(0, 350)
        first, last = tenths / 10, (tenths + 50) / 10
        assert (last - first < 5).any()
        assert not (verdicts(first, last, 5, 99, "higher") == "unchanged").any()


class TestWhoIsJudged:
    def test_courses_with_one_score_or_none_are_counted_out(self, phq9):
        rows = reliable_change(phq9, "phq9").rows
        assert rows.left_out == (("PHQ-9: no score", 1), ("PHQ-9: one score only", 1))
        assert (rows.used, rows.clients, rows.unit) == (6, 6, "courses")

    def test_a_second_course_begins_anew(self):
        page = "client course session phq9\n" + "\n".join(
            f"{client} {course} {session} {score}"
            for client in "abcde"
            for course, scores in ((1, (20, 8)), (2, (16, 15)))
            for session, score in enumerate(scores, 1)
        )
        changed = reliable_change(records(page), "phq9")
        assert changed.frame["verdict"].tolist() == ["recovered", "unchanged"] * 5
        assert (changed.rows.used, changed.rows.clients) == (10, 5)

    def test_courses_left_out_before_stay_in_the_count(self, phq9):
        s = phq9.keep_courses(phq9.courses["client"].str[-1] != "h", "not in the cohort")
        assert reliable_change(s, "phq9").rows.left_out[0] == ("not in the cohort", 1)


class TestSharesOfTheGroup:
    def test_add_up_to_one_in_each(self, phq9):
        shares = reliable_change(phq9, "phq9", by="arm").shares.set_index(["group", "verdict"])
        assert shares.loc["one", "courses"].tolist() == [1, 1, 1, 0]
        assert shares.loc["two", "courses"].tolist() == [0, 2, 0, 1]
        assert shares.loc[("one", "recovered"), "share"] == 1 / 3
        assert shares.loc[("two", "improved"), "share"] == 2 / 3

    def test_by_what_only_the_course_showed_are_refused(self):
        with pytest.raises(Unanswerable, match="takes what was known at intake"):
            reliable_change(sw.example(), "ors", by="ending", reliability=0.85)


class TestTheCriterion:
    def test_is_made_of_the_reliability_and_the_first_scores(self, phq9):
        """First scores 20, 20, 20, 20, 9, 9 of six courses: mean 49/3, squares 484/3 on 5.

        With a reliability of .5 the two errors are SD √.5 and SD, and 1.96 SD counts.
        """
        changed = reliable_change(phq9, "phq9", reliability=0.5)
        sd = (484 / 15) ** 0.5
        assert changed.sd == pytest.approx(sd, rel=1e-12)  # the last bits of a root
        assert changed.error.difference == pytest.approx(sd, rel=1e-12)
        assert changed.criterion == pytest.approx(1.96 * sd, rel=1e-12)
        assert said_of(changed)["b"] == "unchanged"

    def test_is_the_users_where_one_is_given(self, phq9):
        changed = reliable_change(phq9, "phq9", criterion=5, cutoff=16)
        assert (changed.criterion, changed.cutoff, changed.error) == (5, 16, None)
        assert said_of(changed)["c"] == "recovered"
        assert changed.recipe.notes[:2] == (
            "A change counts from 5 points on, as given.",
            "Scores at or above 16 are clinical, as given.",
        )

    def test_says_whose_word_it_is(self, phq9):
        counts, clinical = reliable_change(phq9, "phq9").recipe.notes[:2]
        assert counts == (
            "A change counts from 6 points on, as the card of the PHQ-9 has it (widely reported; "
            "the original was not read: convention of NHS Talking Therapies (IAPT), England)."
        )
        assert "(read in a named source: Kroenke, Spitzer & Williams (2001)" in clinical

    def test_that_is_not_verified_is_refused_with_what_to_give(self):
        with pytest.raises(Unanswerable) as refused:
            reliable_change(sw.example(), "ors")
        assert str(refused.value) == (
            "The `reliable_change` of `ors` is not verified, so none is used (sources disagree: 5 "
            "points in the manual, 6 in later publications). Give it under `ors` in the codebook, "
            "with its `status` and `sources`. Or give the score's reliability, as `reliability` in "
            "the study."
        )

    def test_and_cutoff_are_asked_for_together(self):
        study = Study.load(ROOT / "studies" / "beat-the-blues.toml")
        with pytest.raises(Unanswerable, match="`reliable_change` of `bdi2`.*`cutoff` of `bdi2`"):
            reliable_change(study.read(), "bdi")


class TestWhatCannotBeAnswered:
    def test_without_an_outcome(self, phq9):
        with pytest.raises(Unanswerable, match="this study names no such score"):
            reliable_change(phq9, "")
        with pytest.raises(Unanswerable, match="Reliable change needs `wai`"):
            reliable_change(phq9, "wai")

    def test_without_a_better_direction(self):
        page = "client session mood\n" + "\n".join(f"{c} {t} {t}" for c in "abcde" for t in (1, 2))
        with pytest.raises(Unanswerable, match="which direction of `mood` is the better one"):
            reliable_change(records(page), "mood", criterion=1, cutoff=1)

    def test_of_fewer_than_five_clients(self):
        page = "client session phq9\na 1 20\na 2 9\nb 1 20\nb 2 9"
        with pytest.raises(Refused, match="Fewer than 5 clients"):
            reliable_change(records(page), "phq9")

    def test_where_all_began_alike(self):
        page = "client session phq9\n" + "\n".join(
            f"{c} {t} {20 - t}" for c in "abcde" for t in (1, 2)
        )
        with pytest.raises(Refused, match="All first scores of `phq9` are the same"):
            reliable_change(records(page), "phq9", reliability=0.9)

    def test_settings_that_cannot_be(self, phq9):
        with pytest.raises(InvalidInput) as refused:
            reliable_change(phq9, "phq9", reliability=1.2, criterion=-3, cutoff=float("nan"))
        assert len(refused.value.problems) == 4
        with pytest.raises(InvalidInput, match="Both a reliability and a criterion"):
            reliable_change(phq9, "phq9", reliability=0.9, criterion=6)
        with pytest.raises(InvalidInput, match="2 problems"):
            change_error(0, 1)


class TestWhatIsSaidOfIt:
    def test_what_the_scores_do_not_hold(self):
        s = sw.example()
        notes = reliable_change(s, "ors", reliability=0.85).recipe.notes
        assert any("does not hold that one's effect" in note for note in notes)
        assert "Courses still open are judged by their last score so far." in notes
        after = reliable_change(s, "srs", criterion=5).recipe.notes
        assert any("holds that one's effect already" in note for note in after)

    def test_nobody_is_in_its_representation(self):
        changed = reliable_change(sw.example(), "ors", reliability=0.85)
        assert not any(client in repr(changed) for client in changed.frame["client"])


class TestTheStudy:
    def test_gives_the_reliability_of_its_outcome_and_of_no_other(self):
        study = Study.load(ROOT / "studies" / "clinic.toml")
        assert study.reliability == 0.85
        assert study.using(outcome="ors").reliability == 0.85
        assert study.using(outcome="srs").reliability is None

    @pytest.mark.parametrize("value", [0, 1, 85])
    def test_refuses_what_is_no_reliability(self, value):
        content = {"name": "a", "title": "A", "data": "a.csv", "codebook": "a.toml"}
        with pytest.raises(InvalidInput, match="reliability"):
            Study.of({**content, "reliability": value})
