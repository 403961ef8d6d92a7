"""Only what was known at intake may adjust a model or part its clients into groups."""

import pytest
from tables import records

from sessionwise.errors import Unanswerable
from sessionwise.features.intake import need_intake

PAGE = """
    client session srs severity arm ending
    a      1       30  0.5      TAU planned
    a      2       33  0.5      TAU planned
"""


@pytest.fixture
def s():
    return records(PAGE, level={"severity": "course", "arm": "course"})


def test_columns_of_the_course_known_before_it_may(s):
    need_intake(s, ["severity", "arm"], "The question")  # raises nothing


def test_an_empty_name_asks_for_nothing(s):
    need_intake(s, ["", "arm"], "The question")  # raises nothing


def test_everything_later_is_named_at_once(s):
    with pytest.raises(Unanswerable) as told:
        need_intake(s, ["arm", "srs", "ending"], "The question")
    assert str(told.value) == (
        "The question takes what was known at intake, and `srs`, `ending` were not: they "
        'would explain the past by what came later. Use columns with level = "course".'
    )


def test_a_column_of_the_course_known_only_at_its_end_may_not():
    s = records(PAGE, level={"severity": "course"}, known={"severity": "course"})
    with pytest.raises(Unanswerable, match="`severity` was not"):
        need_intake(s, ["severity"], "The question")


def test_a_column_that_is_not_there_is_named_with_the_nearest(s):
    with pytest.raises(Unanswerable, match="The question needs `severty`.*Did you mean 'severity'"):
        need_intake(s, ["severty"], "The question")
