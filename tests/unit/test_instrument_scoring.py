"""The edges of scoring: which column is which item, types, indexes, turning twice."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.instruments.catalogue import from_mapping, instrument
from sessionwise.instruments.scoring import reflected, score

CORE10 = instrument("core10")
ANSWERS = [1, 3, 3, 2, 0, 0, 1, 2, 1, 0]  # 9 points: items 2 and 3 count 1 each


@pytest.mark.parametrize(
    "columns",
    [
        pd.RangeIndex(10),
        range(1, 11),
        [str(number) for number in range(1, 11)],
        [f"core10_{number}" for number in range(1, 11)],
        [f"q{number:02}" for number in range(1, 11)],
    ],
    ids=["unnamed", "numbers", "digits", "names", "padded"],
)
def test_columns_are_known_by_the_number_they_end_in(columns):
    frame = pd.DataFrame([ANSWERS], columns=columns)
    assert score(frame, CORE10).tolist() == [9.0]


def test_the_order_of_named_columns_does_not_matter():
    frame = pd.DataFrame([ANSWERS], columns=[f"core10_{number}" for number in range(1, 11)])
    assert score(frame[frame.columns[::-1]], CORE10).tolist() == [9.0]


def test_a_subscale_needs_its_own_columns_only():
    frame = pd.DataFrame({"wai_sr_4": [1], "wai_sr_6": [2], "wai_sr_8": [3], "wai_sr_11": [4]})
    goal = score(frame, instrument("wai_sr"), "goal")
    assert (goal.name, goal.tolist()) == ("wai_sr_goal", [10.0])


def test_columns_that_are_no_items_are_all_named():
    frame = pd.DataFrame([[1, 1, 1, 1]], columns=["srs_1", "srs_01", "srs_7", "note"])
    with pytest.raises(InvalidInput) as caught:
        score(frame, instrument("srs"))
    assert [problem.found for problem in caught.value.problems] == [
        "Column `srs_7` is no item of `srs`",
        "Column `note` is no item of `srs`",
        "More than one column is item 1",
        "No column for item 2, 3, 4",
    ]


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "str", "object"])
def test_any_type_of_column_gives_float64(dtype):
    frame = pd.DataFrame([ANSWERS, ANSWERS]).astype(dtype)
    got = score(frame, CORE10)
    assert got.dtype == np.float64
    assert got.tolist() == [9.0, 9.0]


def test_a_missing_answer_may_be_na_none_or_nan():
    frame = pd.DataFrame({"1": [1, 1, 1], "2": [1, 1, 1], "3": [1, 1, 1]}, dtype=object)
    frame["4"] = pd.Series([pd.NA, None, np.nan], dtype=object)
    assert score(frame, instrument("srs")).isna().all()


def test_the_index_is_kept_even_if_it_repeats_and_nothing_is_changed():
    frame = pd.DataFrame([ANSWERS, ANSWERS], index=["b", "b"])
    before = frame.copy()
    assert score(frame, CORE10).index.tolist() == ["b", "b"]
    pd.testing.assert_frame_equal(frame, before)


def test_no_rows_give_no_scores():
    assert score(pd.DataFrame(columns=range(1, 11)), CORE10).empty


def test_infinity_is_out_of_range_without_a_numerical_warning():
    frame = pd.DataFrame([[np.inf, *ANSWERS[1:]], ANSWERS])
    with warnings.catch_warnings(), pytest.raises(InvalidInput, match="between 0 and 4"):
        warnings.simplefilter("error")
        score(frame, CORE10)


def test_identifiers_and_words_never_reach_the_message():
    frame = pd.DataFrame([["my secret", 1, 1, 1]], index=["client 17"])
    with pytest.raises(InvalidInput) as caught:
        score(frame, instrument("srs"))
    assert "secret" not in str(caught.value)
    assert "client 17" not in str(caught.value)


def test_a_code_for_does_not_apply_is_recognised_where_the_form_offers_it():
    frame = pd.DataFrame([[5] * 9 + [9]])
    with pytest.raises(InvalidInput, match='If 9 means "not answered" or "does not apply"'):
        score(frame, instrument("care"))


def test_unverified_reverse_items_refuse_to_be_guessed():
    unsure = from_mapping({"like": "srs", "status": {"reverse": "unverified"}})
    with pytest.raises(Unanswerable, match="The `reverse` of `srs` is not verified"):
        score(pd.DataFrame([[1, 2, 3, 4]]), unsure)


answers_of_core10 = st.lists(
    st.lists(st.integers(0, 4), min_size=10, max_size=10), min_size=1, max_size=6
)


@given(answers_of_core10)
def test_turning_twice_gives_the_answers_back(rows):
    answers = pd.DataFrame(rows, columns=range(1, 11))
    twice = reflected(reflected(answers, CORE10), CORE10)
    np.testing.assert_array_equal(twice, answers)


@given(answers_of_core10)
def test_answering_everything_the_other_way_round_mirrors_the_score(rows):
    answers = pd.DataFrame(rows)
    np.testing.assert_array_equal(
        score(4 - answers, CORE10), CORE10.low + CORE10.high - score(answers, CORE10)
    )
