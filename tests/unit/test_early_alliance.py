"""Early alliance and the last outcome: which courses, which scores, which way is up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from question_records import again
from tables import records

import sessionwise as sw
from sessionwise.engine.partial_correlation import bca_limits, partial_r, resampled
from sessionwise.errors import InvalidInput, Refused, Unanswerable
from sessionwise.models.early_alliance import early_alliance_and_outcome
from sessionwise.models.fit import Unanswered
from sessionwise.records.sessions import Sessions

SIX = {
    "a": ([30, 32, 34], 12, 20),
    "b": ([20, 22, 21], 20, 18),
    "c": ([36, 38, 37], 15, 27),
    "d": ([28, 27, 29], 22, 26),
    "e": ([33, 31, 35], 10, 12),
    "f": ([25, 26, 24], 18, 25),
}
"""Early alliance, first outcome and last outcome of six clients."""


def page(extra=""):
    """Six complete courses of four sessions; in between a score that must not matter."""
    lines = ["client session srs ors"]
    for name, (early, first, last) in SIX.items():
        lines += [f"{name} 1 {early[0]} {first}", f"{name} 2 {early[1]} 0"]
        lines += [f"{name} 3 {early[2]} 40", f"{name} 4 1 {last}"]
    return "\n".join(lines) + extra


def by_hand(clients=SIX):
    early = np.array([np.mean(scores[0]) for scores in clients.values()])
    first, last = (np.array([float(scores[k]) for scores in clients.values()]) for k in (1, 2))
    left = [v - np.polyval(np.polyfit(first, v, 1), first) for v in (early, last)]
    return float(np.corrcoef(*left)[0, 1])


@pytest.fixture(scope="module")
def found(clinic):
    return early_alliance_and_outcome(clinic)


class TestWhichScores:
    def test_the_mean_of_the_window_the_first_and_the_last(self):
        """Outcomes of sessions 2 and 3, and the alliance of session 4, are nobody's business."""
        found = early_alliance_and_outcome(records(page()))
        assert found.estimate == pytest.approx(by_hand(), abs=1e-12)
        assert (found.rows.used, found.rows.clients, found.rows.left_out) == (6, 6, ())

    def test_the_last_outcome_there_is_after_the_window(self):
        """Without a score at session 6 the one of session 5 is the last; not that of session 3."""
        more = "".join(f"\n{c} 5 1 {SIX[c][2]}\n{c} 6 1 ." for c in SIX)
        other = page().replace(" 4 1 12", " 4 1 39").replace(" 4 1 20", " 4 1 3")
        found = early_alliance_and_outcome(records(other + more))
        assert found.estimate == pytest.approx(by_hand(), abs=1e-12)

    def test_a_wider_window_takes_a_later_last_score(self):
        """The alliance of session 4 is 1 for all, so the early means are (3 m + 1) / 4; the last
        outcomes of session 5 are those of session 4 of the next client."""
        names = list(SIX)
        later = dict(zip(names, [SIX[c][2] for c in [*names[1:], names[0]]]))
        s = records(page() + "".join(f"\n{c} 5 2 {later[c]}" for c in names))
        found = early_alliance_and_outcome(s, early=4)
        moved = {c: (SIX[c][0], SIX[c][1], later[c]) for c in names}
        assert found.estimate == pytest.approx(by_hand(moved), abs=1e-12)
        assert "sessions 1 to 4" in found.question

    def test_an_early_score_that_is_missing_leaves_the_mean_of_the_others(self):
        s = records(page().replace("a 2 32", "a 2 ."))
        found = early_alliance_and_outcome(s)
        assert found.estimate == pytest.approx(by_hand(), abs=1e-12)  # (30 + 34) / 2 = 32
        note = "In fewer than 5 courses at least one of the early scores is missing."
        assert note in found.recipe.notes


class TestWhichCourses:
    def test_every_course_left_out_is_counted_by_its_first_reason(self):
        extra = """
            g 1 30 12
            g 2 31 13
            g 3 31 13
            h 1 30 .
            h 2 30 14
            h 3 30 14
            h 4 30 15
            i 1 . 12
            i 2 . 12
            i 3 . 12
            i 4 30 13
            j 1 30 12
            j 2 30 12
            j 3 30 12
            j 4 30 .
            k 1 . .
            k 4 . ."""
        found = early_alliance_and_outcome(records(page(extra)))
        assert found.rows.left_out == (
            ("fewer than 4 sessions", 1),
            ("ors: missing at session 1", 2),
            ("srs: none in sessions 1 to 3", 1),
            ("ors: none after session 3", 1),
        )
        assert found.estimate == pytest.approx(by_hand(), abs=1e-12)
        assert found.rows.unit == "courses"

    def test_used_and_left_out_are_all_courses(self, clinic, found):
        assert found.rows.used + sum(many for _, many in found.rows.left_out) == len(clinic.courses)

    def test_what_was_left_out_on_reading_stays_counted(self, clinic):
        few = clinic.keep_courses(np.arange(len(clinic.courses)) >= 9, "the first nine")
        assert ("the first nine", 9) in early_alliance_and_outcome(few).rows.left_out

    def test_a_planned_appointment_that_was_missed_is_no_session(self):
        """Client g came three times to four appointments."""
        frame = records(page("\ng 1 30 12\ng 2 31 13\ng 3 31 13")).table
        frame = frame[["client", "session", "srs", "ors"]].assign(attendance="attended")
        missed = pd.DataFrame({"client": ["g"], "session": [pd.NA], "attendance": ["no_show"]})
        frame = pd.concat([frame, missed], ignore_index=True).sort_values("client", kind="stable")
        frame["appointment"] = frame.groupby("client").cumcount() + 1
        found = early_alliance_and_outcome(Sessions.of(frame))
        assert found.rows.left_out == (("fewer than 4 sessions", 1),)


class TestWhichWayIsUp:
    def test_lower_outcomes_that_are_better_turn_the_sign(self, clinic, found):
        lower = clinic.instruments["ors"].model_copy(update={"better": "lower"})
        s = replace(clinic, instruments={**clinic.instruments, "ors": lower})
        turned = early_alliance_and_outcome(s)
        assert turned.estimate == pytest.approx(-found.estimate, abs=1e-12)
        assert turned.low < turned.estimate < turned.high

    def test_both_turned_is_none(self, clinic, found):
        cards = {n: c.model_copy(update={"better": "lower"}) for n, c in clinic.instruments.items()}
        both = early_alliance_and_outcome(replace(clinic, instruments=cards))
        assert (both.low, both.high) == pytest.approx((found.low, found.high), abs=1e-9)

    def test_a_score_whose_better_side_nobody_names_is_not_guessed(self):
        s = records(page().replace("ors", "mood"))
        with pytest.raises(Unanswerable, match="which direction of `mood` is the better one"):
            early_alliance_and_outcome(s, outcome="mood")


class TestTheInterval:
    def test_the_same_seed_gives_the_same_and_another_another(self, clinic, found):
        assert early_alliance_and_outcome(clinic).low == found.low
        other = early_alliance_and_outcome(clinic, seed=2)
        assert other.low != found.low and other.low == pytest.approx(found.low, abs=0.02)
        assert (found.draws, found.seed, found.recipe.cluster) == (5000, 1, "client")

    def test_nothing_irrelevant_matters(self, clinic, found):
        """Rows in another order: the same courses, drawn in another order."""
        frame = clinic.table.sample(frac=1, random_state=1)[
            ["client", "therapist", "session", "ors", "srs"]
        ]
        shuffled = early_alliance_and_outcome(Sessions.of(frame))
        assert shuffled.estimate == pytest.approx(found.estimate, abs=1e-12)
        assert shuffled.low == pytest.approx(found.low, abs=0.02)

    def test_therapists_resampled_instead(self, clinic, found):
        by_therapist = early_alliance_and_outcome(clinic, cluster="therapist")
        assert by_therapist.estimate == found.estimate
        assert by_therapist.low != found.low
        assert any("Clients share therapists" in note for note in found.recipe.notes)
        assert not any("share therapists" in note for note in by_therapist.recipe.notes)

    def test_a_therapist_changed_to_or_not_recorded(self, clinic):
        """The first one named counts; a course without any is left out, and counted."""
        names = clinic.table["therapist"].mask(clinic.table["session"] > 2, "somebody else")
        changed = early_alliance_and_outcome(again(clinic, therapist=names), cluster="therapist")
        straight = early_alliance_and_outcome(again(clinic), cluster="therapist")
        assert (changed.low, changed.high) == (straight.low, straight.high)
        seven = clinic.table["client"].isin(clinic.courses["client"].head(7))
        some = again(clinic, therapist=clinic.table["therapist"].mask(seven))
        left = dict(early_alliance_and_outcome(some, cluster="therapist").rows.left_out)
        assert left["no therapist recorded"] == 7 - len(
            [c for c in clinic.courses["client"].head(7) if c not in _kept(clinic)]
        )

    def test_without_therapists_nothing_is_said_of_them(self, clinic):
        found = early_alliance_and_outcome(again(clinic, therapist=None))
        assert found.rows.therapists == 0
        assert not any("therapist" in note for note in found.recipe.notes)

    def test_it_is_quick(self):
        """5,000 resamples of 400 clients took .15 s on two cores that others used; a loop takes
        minutes."""
        import time

        rng = np.random.default_rng(3)
        x, y, z = rng.normal(size=(3, 400))
        start = time.process_time()
        resampled(x, y, z, np.arange(400), 5000, rng)
        assert time.process_time() - start < 3


def _kept(s: Sessions) -> set[str]:
    """Clients with everything the correlation needs, found one by one."""
    kept = set()
    for name, rows in s.table.groupby("client"):
        first = rows.loc[rows["session"] == 1, "ors"]
        early = rows.loc[rows["session"] <= 3, "srs"]
        last = rows.loc[rows["session"] > 3, "ors"]
        if first.notna().any() and early.notna().any() and last.notna().any():
            kept.add(name)
    return kept


class TestCeilings:
    def test_half_the_forms_at_the_top(self, clinic):
        s = again(clinic, srs=(clinic.table["srs"] + 12).clip(upper=40))
        assert (s.table["srs"] == 40).mean() > 0.3
        found = early_alliance_and_outcome(s)
        assert -1 < found.low < found.estimate < found.high < 1

    def test_everybody_at_the_top_is_refused(self, clinic):
        s = again(clinic, srs=clinic.table["srs"] * 0 + 40)
        with pytest.raises(Refused, match="does not vary once the third is held"):
            early_alliance_and_outcome(s)

    def test_so_few_below_the_top_that_resamples_miss_them(self):
        """One client of eight below the top: every third resample is without that one."""
        x = np.array([30.0, *[40] * 7])
        y, z = np.arange(8.0) ** 2, np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
        with pytest.raises(Refused, match="more than one resample of twenty"):
            resampled(x, y, z, np.arange(8), 2000, np.random.default_rng(1))


class TestWhatIsRefused:
    def test_a_window_of_no_session(self, clinic):
        with pytest.raises(InvalidInput, match="early = 0"):
            early_alliance_and_outcome(clinic, early=0)

    def test_a_study_without_an_alliance(self, clinic):
        with pytest.raises(Unanswerable, match="this study names no such score"):
            early_alliance_and_outcome(clinic, alliance="")

    def test_fixed_times(self):
        s = records("client time srs ors\na 0 30 20\na 2 31 21", clock="time")
        with pytest.raises(Unanswerable, match="are counted in sessions"):
            early_alliance_and_outcome(s)

    def test_fewer_than_five_clients(self):
        four = "\n".join(line for line in page().splitlines() if line[0] not in "ef")
        with pytest.raises(Refused, match="Fewer than 5 clients"):
            early_alliance_and_outcome(records(four))

    def test_a_score_that_is_the_third_on_a_line(self):
        z = np.array([1.0, 2, 3, 5, 8])
        with pytest.raises(Refused):
            partial_r(2 * z + 1, np.array([1.0, 0, 1, 4, 2]), z)

    def test_draws_all_on_one_side(self):
        with pytest.raises(Refused, match="one side"):
            bca_limits(np.ones(9), 0.5, np.arange(9.0))

    def test_asked_politely(self, clinic):
        why = sw.answer(early_alliance_and_outcome, clinic, alliance="wai")
        assert isinstance(why, Unanswered) and why.kind == "missing"


class TestWhatIsSaid:
    def test_the_last_sessions_effect_is_not_in_the_last_score(self, clinic, found):
        said = "The last ORS was filled in before its session and does not hold its effect."
        assert found.recipe.caution == said

    def test_where_the_outcome_is_filled_in_after_the_session_it_is(self, clinic):
        columns = {**clinic.columns, "ors": replace(clinic.columns["ors"], known="after")}
        found = early_alliance_and_outcome(replace(clinic, columns=columns))
        assert found.recipe.caution == ""
        assert any("was filled in after session 1" in note for note in found.recipe.notes)

    def test_courses_still_open(self, clinic, found):
        open_ones = "Courses still open enter with their last ORS so far."
        assert open_ones in found.recipe.notes
        ended = again(clinic, ending="planned")
        assert open_ones not in early_alliance_and_outcome(ended).recipe.notes

    def test_the_published_figures_are_those_of_the_abstracts(self, found):
        adults, internet, youth = found.published
        assert (adults.estimate, adults.low, adults.high, adults.studies) == (
            0.278,
            0.256,
            0.299,
            295,
        )
        assert (internet.estimate, internet.studies) == (0.275, 23) and np.isnan(internet.low)
        assert (youth.estimate, youth.low, youth.high, youth.studies) == (0.19, 0.13, 0.25, 28)

    def test_it_names_itself(self, found):
        assert "partial correlation" in repr(found) and str(found.rows.used) in repr(found)
        assert found.estimates["term"].tolist() == ["partial_r"]


def test_children_are_set_beside_studies_of_children():
    s = sw.Study.load("children").read()
    found = early_alliance_and_outcome(s, "csrs", "cors")
    assert found.published[0].of == "children and adolescents"
    assert "28 studies (children and adolescents: r = .19" in str(sw.show.early_alliance(found))
