"""Who changed, as it is shown: shares of the group, small counts hidden, no person in a figure."""

import numpy as np
import pandas as pd
import pytest

from sessionwise.engine.reliable_change import VERDICTS, change_error
from sessionwise.models.classified import Classified
from sessionwise.models.fit import Recipe, Rows, Unanswered
from sessionwise.records.packaged import example
from sessionwise.show.change_tables import change_criteria, verdict_counts, who_changed
from sessionwise.show.display import Note, Nothing
from sessionwise.show.figures.change_plot import first_and_last, grid_step
from sessionwise.show.sentences.changes import changed
from sessionwise.show.sentences.methods_paragraph import methods
from sessionwise.show.tables import left_out
from sessionwise.study.result import results
from sessionwise.study.study import Study

STUDY = Study.of(
    {"name": "ours", "title": "Our clinic", "data": "a.csv", "codebook": "a.toml", "outcome": "ors"}
)
SCORES = {
    "recovered": (20, 30),
    "improved": (10, 20),
    "unchanged": (22, 23),
    "deteriorated": (30, 21),
}


def classified(better="higher", **groups) -> Classified:
    """Courses by group: how many recovered, improved, did not change, deteriorated."""
    lines = [
        (f"{group}{number}", group, verdict, SCORES[verdict])
        for group, many in (groups or {"all": (30, 20, 40, 10)}).items()
        for verdict, times in zip(VERDICTS, many, strict=True)
        for number in range(times)
    ]
    frame = pd.DataFrame(
        {
            "clinic": "c",
            "client": [line[0] for line in lines],
            "course": 1,
            "group": [line[1] for line in lines],
            "first": [float(line[3][0]) for line in lines],
            "last": [float(line[3][1]) for line in lines],
            "verdict": [line[2] for line in lines],
        }
    )
    return Classified(
        "Who changed?",
        frame.assign(change=frame["last"] - frame["first"]),
        criterion=6.0,
        cutoff=25.0,
        reliability=0.85,
        sd=5.0,
        error=change_error(5.0, 0.85),
        outcome="ors",
        label="ORS",
        better=better,
        rows=Rows(len(frame), len(frame), left_out=(("ORS: one score only", 29),), unit="courses"),
        recipe=Recipe(
            "reliable and clinically significant change",
            "",
            errors="",
            notes=("A note.",),
            sources=("jacobson_truax",),
        ),
    )


def column(frame, name, group="all"):
    return frame.loc[frame["group"] == group, name].tolist()


class TestCounts:
    def test_are_told_where_all_are_large(self):
        told = verdict_counts(classified())
        assert column(told, "courses") == [30, 20, 40, 10]
        assert column(told, "share") == [0.3, 0.2, 0.4, 0.1]

    @pytest.mark.parametrize(
        ("many", "shown"),
        [
            ((30, 20, 40, 3), [30, 20, "withheld", "< 5"]),
            ((2, 20, 40, 10), ["< 5", "withheld", 40, 10]),
            ((30, 20, 0, 3), [30, "withheld", 0, "< 5"]),
            ((2, 20, 40, 3), ["< 5", 20, 40, "< 5"]),
            ((1, 0, 1, 1), ["withheld"] * 4),
            ((0, 0, 40, 0), [0, 0, 40, 0]),
        ],
    )
    def test_that_are_small_take_a_neighbour_with_them(self, many, shown):
        told = verdict_counts(classified(all=many))
        assert column(told, "courses") == shown
        hidden = [isinstance(count, str) for count in shown]
        assert [share == "withheld" for share in column(told, "share")] == hidden

    def test_are_shares_of_their_own_group(self):
        told = verdict_counts(classified(TAU=(5, 5, 5, 5), CBT=(30, 20, 40, 10)))
        assert column(told, "share", "TAU") == [0.25] * 4
        assert column(told, "share", "CBT") == [0.3, 0.2, 0.4, 0.1]


class TestTables:
    def test_of_what_counts(self):
        shown = change_criteria(classified())
        numbers = dict(zip(shown.frame["what"], shown.frame["value"], strict=True))
        assert numbers["Smallest change that counts"] == 6
        assert numbers["Reliability"] == 0.85
        assert numbers["Cut-off; clinical below it"] == 25
        assert shown.note == "A note."

    def test_of_who_changed(self):
        shown = who_changed(classified())
        assert shown.frame.columns.tolist() == ["verdict", "courses", "share"]
        assert shown.frame.iloc[0].tolist() == ["Recovered", 30, 0.3]
        assert shown.title == "How 100 courses changed in ORS"
        assert "group" in who_changed(classified(TAU=(5, 5, 5, 5), CBT=(9, 9, 9, 9))).frame

    def test_of_who_was_left_out(self):
        shown = left_out(classified())
        assert shown.frame.iloc[:, 0].tolist() == ["ORS: one score only", "judged"]
        assert shown.title == "What was judged: 100 courses"

    def test_of_a_question_without_an_answer(self):
        why = Unanswered("Who changed?", "No criterion.")
        assert isinstance(change_criteria(why), Note)
        for display in (who_changed, first_and_last, changed, left_out):
            assert isinstance(display(why), Nothing)


class TestTheSentence:
    def test_gives_counts_and_shares(self):
        said = changed(classified())
        assert said.headline == (
            "Of 100 courses with two ORS scores or more, 30 (30 %) recovered, 20 (20 %) improved "
            "without crossing the cut-off, 40 (40 %) did not change by more than measurement error "
            "and 10 (10 %) deteriorated from the first to the last."
        )
        assert said.text.endswith(
            "A change counted from 6.0 points on, and the cut-off was 25. 29 courses gave one "
            "score only and could not be judged."
        )

    def test_hides_what_the_table_hides(self):
        said = changed(classified(all=(30, 20, 40, 3))).text
        assert "fewer than 5 deteriorated and the others did not change" in said
        assert "40" not in said and "43" not in said

    def test_speaks_of_each_group(self):
        said = changed(classified(CBT=(5, 5, 10, 0), TAU=(1, 0, 1, 1))).headline
        assert said.startswith("Of 20 courses in CBT with two ORS scores or more, 5 (25 %) rec")
        assert "none deteriorated" in said
        assert said.endswith(
            "of fewer than 5 courses in TAU with two ORS scores or more, too few recovered or "
            "changed to be told apart."
        )


class TestTheFigure:
    def test_says_in_words_what_it_shows(self):
        figure = first_and_last(classified(), synthetic=True)
        assert figure.title == "Of 100 courses, 30 % recovered, 20 % improved and 10 % deteriorated"
        assert "band of 6.0 points" in figure.alt and "recovered 30" in figure.alt
        assert "No marker is one person's scores" in figure.caption

    def test_is_the_same_twice_and_stamped(self):
        one, two = (first_and_last(classified(), synthetic=True) for _ in range(2))
        assert one.png == two.png and one.svg == two.svg
        assert first_and_last(classified()).png != one.png

    def test_is_not_drawn_of_fewer_than_twenty(self):
        assert isinstance(first_and_last(classified(all=(5, 5, 5, 4))), Nothing)
        small = classified(TAU=(5, 5, 5, 4), CBT=(10, 10, 10, 10))
        assert "TAU" not in first_and_last(small).alt

    def test_of_many_groups_is_drawn_together(self):
        figure = first_and_last(classified(**dict.fromkeys("abcd", (5, 5, 5, 5))))
        assert figure.title.startswith("Of 80 courses, 25 % recovered")

    def test_draws_no_verdict_of_fewer_than_five(self):
        """Nine courses at one place are one marker; three of another verdict are none."""
        few, none = classified(all=(9, 9, 9, 3)), classified(all=(9, 9, 9, 0))
        orange = "#b84a00"  # of its label, as text
        assert first_and_last(few).svg.count(orange) == first_and_last(none).svg.count(orange)

    def test_does_not_tell_one_in_a_cell_from_four(self):
        """The same picture of one client at a place and of four."""

        def with_strays(many):
            value = classified(all=(20, 20, 20, 20))
            frame = value.frame.copy()
            frame.loc[frame.index[:many], "last"] = 38.0
            return first_and_last(Classified(**{**vars(value), "frame": frame}))

        assert with_strays(1).svg == with_strays(4).svg
        assert with_strays(1).svg != with_strays(6).svg

    @pytest.mark.parametrize("scores", [np.arange(10), np.arange(28), np.arange(0, 40, 0.1)])
    def test_cells_hold_two_neighbouring_scores_at_least(self, scores):
        least = np.diff(scores).min()
        assert grid_step(scores) >= 2 * least - 1e-9

    def test_of_a_scale_where_lower_is_better(self):
        value = classified(better="lower")
        assert "below it is better" in first_and_last(value).caption


class TestTheRecord:
    def test_holds_the_numbers_and_hidden_counts_and_nobody(self):
        value = classified(all=(30, 20, 40, 3))
        found = results("05-who-changed", "Who?", STUDY, example(), changed=(value, changed(value)))
        (part,) = found.parts
        assert part.numbers == {"criterion": 6, "cutoff": 25, "reliability": 0.85, "sd": 5}
        assert [row["courses"] for row in part.table] == [30, 20, "withheld", "< 5"]
        assert part.rows["used"] == 93 and part.headline.startswith("Of 93 courses")
        assert found.sources == ["jacobson_truax"]
        assert "all12" not in found.model_dump_json()

    def test_has_a_methods_paragraph(self):
        text = methods([classified()]).text
        assert text.startswith(
            "Reliable and clinically significant change of 100 clients, 100 courses; left out: 29 "
            "(ORS: one score only). A note."
        )
        assert "standard errors" not in text and "Jacobson, N. S." in text
