"""Rules: each one sentence, one check; a broken one names its rows."""

import pandas as pd
import pytest
from tables import frame_of

from sessionwise.records.rules import RULES, Between, constant_in_course, never_empty


def rule(beginning: str):
    (found,) = [one for one in RULES if one.sentence.startswith(beginning)]
    return found


def broken(one, text: str) -> list[int]:
    """Give the positions of the rows that break a rule; the key is filled in."""
    frame = frame_of(text)
    frame["clinic"] = "all"
    if "course" not in frame:
        frame["course"] = 1
    return frame.index[one.broken(frame)].tolist()


def test_limits_are_allowed_themselves_and_an_empty_cell_breaks_nothing():
    frame = pd.DataFrame({"srs": [0, 40, 40.1, -0.1, None]})
    assert Between("srs", 0, 40).broken(frame).tolist() == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("low", "high", "sentence"),
    [
        (0, 40, "`srs` should lie between 0 and 40"),
        (0, float("inf"), "`srs` should be 0 or more"),
        (-float("inf"), 40, "`srs` should be 40 or less"),
    ],
)
def test_a_limit_says_itself(low, high, sentence):
    assert Between("srs", low, high).sentence == sentence


@pytest.mark.parametrize(
    ("sentence", "page", "rows"),
    [
        ("Within a course each session", "client session\na 1\na 2\na 2\nb 2", [2]),
        ("Within a course each session", "client session\na .\na .\na 1", []),
        ("Within a course each session", "client course session\na 1 1\na 2 1", []),
        ("Within a course each appointment", "client appointment\na 1\na 1", [1]),
        ("Within a course each time", "client time\na 0\na 2\na 0", [2]),
        ("Within a course each time", "client appointment time\na 1 0\na 2 2\na 3 2", []),
        (
            "A later appointment has no earlier time",
            "client appointment time\na 1 0\na 3 2\na 2 5\nb 1 3\nb 2 3",
            [1],
        ),
        ("Session numbers start at 1", "client session\na 0\na 1\nb -1", [0, 2]),
        (
            "A later session has no earlier date",
            "client session date\na 2 2024-01-08\na 1 2024-01-15\nb 1 2024-01-01\nb 2 2024-01-01",
            [0],
        ),
        ("A course ends once", "client session ending\na 1 .\na 2 planned\nb 1 unplanned", []),
        ("A course ends once", "client session ending\na 1 external\na 2 planned\nb 1 .", [0, 1]),
        ("Nothing follows", "client session ending\na 2 .\na 1 planned\nb 1 planned", [0]),
        ("Nothing follows", "client session ending\na 1 planned\na 2 planned\nb 1 .", []),
        (
            "Nothing follows",
            "client date attendance session ending\n"
            "a 2024-01-01 attended 1 .\na 2024-01-08 no_show . .\na 2024-01-15 attended 2 planned",
            [],
        ),
    ],
)
def test_a_rule_finds_the_rows_that_break_it_and_no_others(sentence, page, rows):
    assert broken(rule(sentence), page) == rows


def test_what_is_said_of_the_course_is_the_same_on_all_its_rows():
    page = "client sex\na man\na woman\na .\nb woman"
    assert broken(constant_in_course("sex"), page) == [1]


def test_a_column_of_the_key_is_never_empty():
    assert broken(never_empty("client"), "client session\na 1\n. 1") == [1]


def test_every_rule_says_what_to_do():
    for one in RULES:
        assert one.sentence[0].isupper()
        assert not one.sentence.endswith(".")
        assert one.remedy.endswith(".")
    assert len({one.sentence for one in RULES}) == len(RULES)


def test_checking_leaves_the_frame_as_it_was():
    frame = frame_of("client session date ending\na 2 2024-01-08 planned\na 1 2024-01-15 .")
    frame[["clinic", "course", "attendance"]] = ["all", 1, "attended"]
    before = frame.copy()
    for one in RULES:
        if all(name in frame for name in one.needs):
            one.broken(frame)
    pd.testing.assert_frame_equal(frame, before)
