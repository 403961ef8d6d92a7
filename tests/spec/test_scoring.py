"""How answers become a score, one small table per rule.

Each table shows the answers of one row per line and, behind the bar, the score that a clinician
would write down by hand. A dot is an answer that was not given, and a score that is not known.
"""

import numpy as np
import pandas as pd
import pytest

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.instruments.catalogue import from_mapping, instrument
from sessionwise.instruments.scoring import score


def check(table: str, card, part: str = "total") -> None:
    head, *lines = [line for line in table.splitlines() if line.strip()]
    cells = [[np.nan if cell == "." else float(cell) for cell in row_of(line)] for line in lines]
    frame = pd.DataFrame(cells, columns=row_of(head))
    got = score(frame.drop(columns="score"), card, part)
    # Sums of a few one-digit numbers: equal up to the last bit of a float.
    np.testing.assert_allclose(got, frame["score"], rtol=1e-14)


def row_of(line: str) -> list[str]:
    return line.replace("|", " ").split()


def test_four_marks_on_a_line_are_added_up():
    check(
        """
        ors_1 ors_2 ors_3 ors_4 | score
          0     0     0     0   |   0
         10    10    10    10   |  40
          2.5   3.1   4     5.2 |  14.8
          7     6     8     7   |  28
          9.9   0     0     0.1 |  10
          5     5     5     5   |  20
        """,
        instrument("ors"),
    )


def test_items_that_point_the_other_way_are_turned_first():
    """CORE-10: items 2 and 3 say that things go well; a 4 there adds nothing to distress."""
    check(
        """
        1 2 3 4 5 6 7 8 9 10 | score
        0 4 4 0 0 0 0 0 0 0  |   0
        4 0 0 4 4 4 4 4 4 4  |  40
        0 0 0 0 0 0 0 0 0 0  |   8
        4 4 4 4 4 4 4 4 4 4  |  32
        2 2 2 2 2 2 2 2 2 2  |  20
        1 3 3 2 0 0 1 2 1 0  |   9
        """,
        instrument("core10"),
    )


def test_without_a_cited_rule_one_missing_answer_makes_the_score_missing():
    """PHQ-9: no rule was verified, so eight answers of nine are not a score."""
    check(
        """
        1 2 3 4 5 6 7 8 9 | score
        1 1 1 1 1 1 1 1 1 |   9
        . 1 1 1 1 1 1 1 1 |   .
        1 1 1 1 1 1 1 1 . |   .
        . . . . . . . . . |   .
        3 3 3 3 3 3 3 3 3 |  27
        0 0 0 0 0 0 0 0 0 |   0
        """,
        instrument("phq9"),
    )


def test_core10_may_be_prorated_for_one_missing_answer_but_not_for_two():
    """Ten times the mean of the nine answered; items 2 and 3 are turned before."""
    check(
        """
        1 2 3 4 5 6 7 8 9 10 | score
        2 2 2 2 2 2 2 2 2 .  |  20
        . 0 0 4 4 4 4 4 4 4  |  40
        1 . 3 1 1 1 1 1 1 1  |  10
        0 4 4 0 0 . 0 0 0 0  |   0
        3 1 1 3 3 3 3 3 0 .  |  26.666666666666668
        2 2 2 2 2 2 2 2 . .  |   .
        """,
        instrument("core10"),
    )


def test_care_takes_two_answers_that_do_not_apply():
    check(
        """
        1 2 3 4 5 6 7 8 9 10 | score
        5 5 5 5 5 5 5 5 5 5  |  50
        5 5 5 5 5 5 5 5 5 .  |  50
        4 4 4 4 4 4 4 4 . .  |  40
        1 1 1 1 . 1 1 . 1 1  |  10
        5 5 5 5 3 3 3 3 . .  |  40
        4 4 4 4 4 4 4 . . .  |   .
        """,
        instrument("care"),
    )


def test_a_subscale_is_scored_from_its_own_items_only():
    """WAI-SR bond: items 3, 5, 7, 9. A gap elsewhere does not matter, a gap inside does."""
    check(
        """
        1 2 3 4 5 6 7 8 9 10 11 12 | score
        1 1 5 1 5 1 5 1 5  1  1  1 |  20
        5 5 1 5 1 5 1 5 1  5  5  5 |   4
        3 3 3 3 3 3 3 3 3  3  3  3 |  12
        . . 2 . 3 . 4 . 5  .  .  . |  14
        5 5 . 5 5 5 5 5 5  5  5  5 |   .
        . 5 4 5 4 5 4 5 4  5  5  5 |  16
        """,
        instrument("wai_sr"),
        part="bond",
    )


def test_a_mean_stays_on_the_scale_of_the_items():
    """Item 4 points the other way; prorated, it is the mean of the answers that were given."""
    check(
        """
        1 2 3 4 | score
        1 1 1 5 |   1
        5 5 5 1 |   5
        1 2 3 2 |   2.5
        2 2 2 . |   2
        4 . 5 3 |   4
        4 . . 3 |   .
        """,
        from_mapping(
            {
                "id": "ours",
                "name": "A form of our own",
                "rater": "client",
                "better": "higher",
                "items": 4,
                "item_min": 1,
                "item_max": 5,
                "item_step": 1,
                "scoring": "mean",
                "reverse": [4],
                "prorating": {"max_missing": {"total": 1}, "words": "one may be missing"},
                "licence": "ours",
                "status": dict.fromkeys(["scoring", "reverse", "prorating"], "verified"),
                "sources": dict.fromkeys(["scoring", "reverse", "prorating"], "our manual"),
            }
        ),
    )


def test_every_answer_that_cannot_be_is_listed_at_once_by_row_and_column():
    answers = pd.DataFrame(
        {
            "gad7_1": [0, 1, 2, 3, 0, 1],
            "gad7_2": [0, 99, 2, 99, 0, 1],
            "gad7_3": [0, 1, -1, 3, 4, 1],
            "gad7_4": [0, 1, 2, 3, 0.5, 1],
            "gad7_5": [0, 1, 2, 3, 0, 1],
            "gad7_6": ["0", "1", "2", "3", "none", "1"],
            "gad7_7": [0, 1, 2, 3, 0, 1],
        },
        index=["Ada", "Ben", "Cleo", "Dan", "Eve", "Flo"],
    )
    with pytest.raises(InvalidInput) as caught:
        score(answers, instrument("gad7"), source="sessions.csv")
    # Rows are numbered as a spreadsheet shows them: the header is row 1.
    assert str(caught.value).splitlines() == [
        "4 problems in sessions.csv:",
        "  1. `gad7_2` should lie between 0 and 3; 2 rows do not (rows 3, 5 of sessions.csv). "
        'If 99 means "not answered", add it to `missing` for `gad7_2` in the codebook.',
        "  2. `gad7_3` should lie between 0 and 3; 2 rows do not (rows 4, 6 of sessions.csv). "
        'Correct them, or add the codes for "not answered" to `missing` for `gad7_3` in the '
        "codebook.",
        "  3. `gad7_4` should go up from 0 in steps of 1; 1 row does not (row 6 of sessions.csv). "
        'Correct them, or add the codes for "not answered" to `missing` for `gad7_4` in the '
        "codebook.",
        "  4. `gad7_6` should hold numbers; 1 row does not (row 6 of sessions.csv). "
        'Correct them, or add the codes for "not answered" to `missing` for `gad7_6` in the '
        "codebook.",
    ]


def test_a_questionnaire_without_an_item_key_asks_for_its_total():
    answers = pd.DataFrame(np.zeros((6, 21)))
    with pytest.raises(Unanswerable, match="Supply a column with its total, between 0 and 63"):
        score(answers, instrument("bdi2"))
