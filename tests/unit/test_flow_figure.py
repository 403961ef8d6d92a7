"""The flow of courses as a picture: nothing in it can be counted that may not be."""

import pandas as pd
import pytest

from sessionwise.features.course_flow import attendance_flow
from sessionwise.records.packaged import example
from sessionwise.show.display import Nothing
from sessionwise.show.figures.alluvial import flow

COLUMNS = ["session", "before", "state", "courses"]


def made(left, planned, came=40):
    rows = [
        (1, "scheduled", "came", came + left + planned),
        (2, "came", "came", came),
        (2, "came", "left unplanned", left),
        (2, "came", "ended as planned", planned),
    ]
    return pd.DataFrame([row for row in rows if row[3]], columns=COLUMNS)


def test_what_it_says():
    drawn = flow(made(20, 15))
    assert drawn.title == "53 % of courses came to session 2; 27 % had left unplanned"
    assert "20 left unplanned" in drawn.alt


def test_small_numbers_are_in_no_word_of_it():
    drawn = flow(made(left=8, planned=3))
    assert "had left" not in drawn.title
    assert drawn.alt.endswith("40 came, withheld left unplanned and < 5 ended as planned.")


@pytest.mark.parametrize("planned", [2, 3, 4])
def test_small_streams_are_drawn_alike(planned):
    """The same drawing, to the byte, for every number below five."""
    one = flow(made(left=20, planned=1, came=43))
    other = flow(made(left=20, planned=planned, came=44 - planned), title=one.title)
    assert flow(made(left=20, planned=1, came=43), title=one.title).svg == one.svg
    drawing = [part.svg.partition("<g id")[2].partition("text_")[0] for part in (one, other)]
    assert drawing[0] == drawing[1]


def test_too_few_courses_have_no_picture():
    assert isinstance(flow(made(left=3, planned=2, came=5)), Nothing)
    assert isinstance(flow(attendance_flow(example(), 1)), Nothing)


def test_the_example_is_drawn_and_stamped():
    drawn = flow(attendance_flow(example()), synthetic=True)
    assert drawn.png.startswith(b"\x89PNG")
    assert "came to session 8" in drawn.title
