"""Figures: the same bytes twice, words for all, nothing drawn of fewer than five."""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from show_values import curve, endings_curve, fit, hybrid, leaving_fit
from tables import records

from sessionwise.models.fit import Health, Unanswered
from sessionwise.show.axes import spread
from sessionwise.show.display import Note, Nothing
from sessionwise.show.figures.courses import attended, course
from sessionwise.show.figures.intervals import effects
from sessionwise.show.figures.predictions import probability
from sessionwise.show.figures.step_curves import curves

MEANS = pd.DataFrame(
    {
        "group": ["a"] * 3 + ["b"] * 3,
        "time": [2.0, 5.0, 8.0] * 2,
        "mean": [20.0, 17.0, 15.0, 18.0, 12.0, 9.5],
        "low": [18.0, 15.0, 12.0, 16.0, 10.0, 6.0],
        "high": [22.0, 19.0, 18.0, 20.0, 14.0, 13.0],
        "n": [40, 30, 20, 41, 31, 4],
    }
)
PREDICTED = pd.DataFrame(
    {
        "group": ["low alliance", "high alliance"] * 3,
        "session": [1, 1, 2, 2, 3, 3],
        "estimate": [0.12, 0.06, 0.10, 0.05, 0.08, 0.04],
        "low": [0.09, 0.04, 0.07, 0.03, 0.05, 0.02],
        "high": [0.16, 0.09, 0.14, 0.08, 0.12, 0.07],
    }
)
ATTENDED = pd.DataFrame({"session": [1, 2, 3, 4], "courses": [100, 70, 45, 3]})


def trial(**changes):
    """Records that say how the score is called, in which unit, and what time counts."""
    s = records("client time bdi\na 2 20\na 5 17\na 8 15", clock="time", time_unit="months")
    bdi = replace(s.columns["bdi"], label="BDI", unit="points")
    return replace(s, columns={**s.columns, "bdi": bdi}, **changes)


def every_figure():
    return {
        "curves": lambda: curves(endings_curve(("low", "high"))),
        "effects": lambda: effects(hybrid(), ["srs_lag1_within", "srs_lag1_between"]),
        "ratios": lambda: effects(leaving_fit(), ["srs_to_date"], exponentiate=True),
        "course": lambda: course(MEANS, trial(), "bdi"),
        "attended": lambda: attended(ATTENDED, synthetic=True),
        "probability": lambda: probability(PREDICTED),
    }


@pytest.mark.parametrize("name", list(every_figure()))
def test_a_figure_is_the_same_to_the_byte_and_leaves_no_trace(name):
    before = dict(matplotlib.rcParams)
    first, second = every_figure()[name](), every_figure()[name]()
    assert first.png == second.png
    assert first.svg == second.svg
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", list(every_figure()))
def test_a_figure_has_words_with_numbers_and_a_drawing_that_can_be_read(name):
    figure = every_figure()[name]()
    assert re.search(r"\d", figure.title) and re.search(r"\d", figure.alt)
    assert len(figure.caption) > 40
    width, height = Image.open(io.BytesIO(figure.png)).size
    assert width == 1088 and height > 200
    root = ET.fromstring(figure.svg)
    assert root.get("role") == "img" and root.get("aria-label") == figure.alt
    assert "<text" not in figure.svg and "<dc:date>" not in figure.svg


def test_titles_state_what_the_numbers_say():
    assert curves(endings_curve()).title == (
        "By session 10, 20 % had ended unplanned and 10 % as planned"
    )
    assert curves(endings_curve(("low", "high")), by=5).title == (
        "By session 5, 10 % (low) and 20 % (high) had ended unplanned"
    )
    labelled = hybrid(labels={"srs_lag1_within": "alliance", "ors": "ORS"})
    assert effects(labelled, ["srs_lag1_within"]).title == (
        "Alliance: difference in ORS 0.29 (95 % CI 0.25 to 0.34)"
    )
    assert attended(ATTENDED).title == "70 of 100 courses (70 %) came to session 2"
    assert course(MEANS[MEANS["group"] == "a"], trial(), "bdi").title == (
        "Mean BDI went from 20.0 to 15.0 (a) between 2 and 8 months"
    )
    assert probability(PREDICTED).title == (
        "After session 2, the probability of an unplanned ending was 10.0 % (low alliance) and "
        "5.0 % (high alliance)"
    )


def test_a_split_score_is_drawn_without_being_named_and_told_within_and_between():
    labels = {"srs": "SRS", "ors": "ORS", "srs_lag1_within": "SRS, within clients"}
    drawn = effects(hybrid(labels=labels))
    assert drawn.title == (
        "One SRS point more preceded 0.29 ORS points within clients and went with 0.40 between them"
    )
    assert drawn.alt == (
        "Dots with intervals. SRS, within clients: difference in ORS 0.29 (95 % CI 0.25 to 0.34); "
        "srs_lag1_between: difference in ORS 0.40 (95 % CI 0.25 to 0.55)."
    )


def test_a_title_does_not_call_an_unclear_difference_clear_nor_a_small_one_nought():
    unclear = hybrid(within=(0.004, 0.002, 0.006), between=(-0.1, -0.3, 0.1))
    assert effects(unclear).title == (
        "One alliance point more preceded 0.004 ors points within clients and went with no clear "
        "difference (−0.10) between them"
    )


def test_ratios_are_never_told_as_points():
    ratios = effects(hybrid(), exponentiate=True)
    assert "points" not in ratios.title
    assert ratios.title.startswith("Srs_lag1_within: ratio 1.34 (95 % CI 1.28 to 1.40)")  # exp(.29)


def test_a_score_to_date_and_its_change_are_drawn_without_being_named():
    alt = effects(leaving_fit(), exponentiate=True).alt
    assert "srs_to_date: hazard ratio 0.90" in alt and "srs_change: hazard ratio 0.98" in alt
    assert "Intercept" not in alt
    assert isinstance(effects(fit({"session": (1, 0, 2)})), Nothing)


def test_the_records_say_what_the_axes_of_a_course_are():
    drawn = course(MEANS, trial(), "bdi")
    assert drawn.caption.startswith("Mean BDI (points) with 95 % confidence intervals")
    s = records("client session srs\na 1 30\na 2 31")
    plain = course(MEANS[MEANS["group"] == "a"], s, "srs")
    assert plain.title == "Mean srs went from 20.0 to 15.0 (a) between sessions 2 and 8"
    assert drawn.png != course(MEANS, trial(synthetic=True), "bdi").png


def test_a_title_may_be_given():
    assert curves(endings_curve(), title="Mine").title == "Mine"


def test_fewer_than_five_are_neither_drawn_nor_told():
    told = course(MEANS, trial(), "bdi")
    assert "9.5" not in told.alt + told.title + told.caption
    assert "12.0 at 5 months" in told.alt
    assert "session 4" not in attended(ATTENDED).alt
    short = curve([("all", "still in therapy", time, 8 - time, 0.9) for time in range(1, 7)])
    assert curves(short).alt == (
        "Curves over time. still in therapy: 90 % at session 1 and 90 % at session 3."
    )


def test_nothing_to_draw_draws_nothing():
    assert isinstance(curves(curve([])), Nothing)
    assert isinstance(curves(curve([("all", "still in therapy", 1, 4, 0.9)])), Nothing)
    assert isinstance(course(MEANS.iloc[:0], trial(), "bdi"), Nothing)
    assert isinstance(attended(ATTENDED.iloc[3:]), Nothing)
    assert isinstance(probability(PREDICTED.iloc[:0]), Nothing)
    assert isinstance(effects(fit({"Intercept": (1, 0, 2)}), []), Nothing)


def test_one_group_at_one_time_can_be_drawn():
    assert "90 % at session 1." in curves(curve([("", "still in therapy", 1, 9, 0.9)])).alt
    assert "20.0 at 2 months" in course(MEANS.iloc[:1], trial(), "bdi").alt
    assert probability(PREDICTED.iloc[:1]).alt.endswith("low alliance: 12.0 % after session 1.")


def test_intervals_that_cannot_be_estimated_are_left_out():
    flat = curve([("all", "planned ending", time, 40, 0.0) for time in (1, 2, 3)])
    flat = type(flat)(
        flat.question,
        flat.estimates.assign(low=np.nan, high=np.nan),
        flat.rows,
        flat.recipe,
        flat.unit,
    )
    assert curves(flat).title == "By session 3, 0 % had ended as planned"


def test_an_unsound_fit_and_a_missing_answer_are_not_drawn():
    assert isinstance(effects(hybrid(health=Health(False)), ["srs_lag1_within"]), Nothing)
    missing = Unanswered("Q?", "No column.")
    for function in (probability, effects):
        assert isinstance(function(missing), Nothing)


def test_the_first_figure_of_a_question_says_why_it_has_no_answer():
    missing = Unanswered("Q?", "No column.")
    for note in (course(missing, trial(), "bdi"), attended(missing), curves(missing)):
        assert isinstance(note, Note)
        assert str(note) == "Q? — not answered: No column."


def test_names_of_groups_are_text_and_not_markup_or_mathematics():
    odd = curves(endings_curve(("<script>alert(1)</script>", "$x^2$ & 'co' \"q\"")))
    assert "<script" not in odd.svg
    ET.fromstring(odd.svg)


def test_synthetic_data_are_stamped():
    assert attended(ATTENDED).png != attended(ATTENDED, synthetic=True).png


@pytest.mark.parametrize("count", [2, 3, 6])
def test_labels_of_lines_that_end_together_are_moved_apart(count):
    places = spread([0.5] * count, 0.1, 0.0, 1.0)
    assert np.diff(sorted(places)).min() > 0.0999
    assert np.mean(places) == pytest.approx(0.5, abs=0.01)
    assert min(spread([0.0, 0.01], 0.1, 0.0, 1.0)) >= 0
