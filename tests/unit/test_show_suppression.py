"""Pages of small tables: what a reader sees, and what could be found by subtraction."""

import pandas as pd
import pytest

from sessionwise.errors import InvalidInput
from sessionwise.show.suppression import guarded, shown, suppress


def rows(frame):
    return frame.to_numpy(object).tolist()


def test_counts_of_one_to_four_are_suppressed_nought_and_five_are_not():
    frame = pd.DataFrame({"ending": list("abcd"), "courses": [0, 1, 4, 5]})
    assert rows(suppress(frame, ["courses"])) == [["a", 0], ["b", "< 5"], ["c", "< 5"], ["d", 5]]


def test_what_was_made_from_a_suppressed_count_is_withheld_with_it():
    frame = pd.DataFrame(
        {
            "session": [1, 2],
            "clinic": ["north", "north"],
            "clients": [40, 3],
            "share": [1.0, 0.075],
            "mean": [20.5, 31.0],
        }
    )
    assert rows(suppress(frame, ["clients"])) == [
        [1, "north", 40, 1.0, 20.5],
        [2, "north", "< 5", "withheld", "withheld"],
    ]


def test_a_label_that_is_a_number_is_kept_when_named():
    frame = pd.DataFrame({"arm": ["a"], "month": [8.0], "clients": [2]})
    assert rows(suppress(frame, ["clients"], keep=["month"])) == [["a", 8.0, "< 5"]]


def test_one_small_row_could_be_found_from_the_total_so_a_second_goes():
    frame = pd.DataFrame(
        {"ending": ["planned", "unplanned", "moved", "total"], "courses": [60, 20, 3, 83]}
    )
    assert rows(suppress(frame, ["courses"], total="total")) == [
        ["planned", 60],
        ["unplanned", "withheld"],
        ["moved", "< 5"],
        ["total", 83],
    ]


def test_two_small_rows_hide_each_other():
    frame = pd.DataFrame({"ending": ["a", "b", "c", "total"], "courses": [60, 2, 3, 65]})
    assert suppress(frame, ["courses"], total="total")["courses"].tolist() == [60, "< 5", "< 5", 65]


def test_where_nothing_else_can_go_the_total_does():
    frame = pd.DataFrame({"ending": ["a", "b", "c", "total"], "courses": [0, 4, 0, 14]})
    found = suppress(frame, ["courses"], total="total")["courses"]
    assert found.tolist() == [0, "< 5", 0, "withheld"]


def test_a_sum_within_the_row_gives_nothing_away():
    frame = pd.DataFrame({"arm": ["a", "b"], "all": [50, 52], "left": [3, 22], "stayed": [47, 30]})
    assert rows(suppress(frame, ["all", "left", "stayed"], whole="all")) == [
        ["a", 50, "< 5", "withheld"],
        ["b", 52, 22, 30],
    ]


def test_rows_and_columns_of_sums_are_closed_together():
    frame = pd.DataFrame(
        {
            "arm": ["a", "b", "c", "total"],
            "all": [50, 52, 60, 162],
            "left": [3, 22, 30, 55],
            "stayed": [47, 30, 30, 107],
        }
    )
    found = suppress(frame, ["all", "left", "stayed"], whole="all", total="total")
    assert rows(found) == [
        ["a", 50, "< 5", "withheld"],
        ["b", 52, "withheld", "withheld"],
        ["c", 60, 30, 30],
        ["total", 162, 55, 107],
    ]


def test_levels_of_one_characteristic_add_up_and_those_of_others_do_not():
    frame = pd.DataFrame(
        {
            "characteristic": ["courses", "sex", "sex", "work", "work", "work"],
            "level": ["", "f", "m", "yes", "no", "study"],
            "courses": [50, 47, 3, 20, 25, 5],
        }
    )
    found = suppress(frame, ["courses"], together=["characteristic"])
    assert found["courses"].tolist() == [50, "withheld", "< 5", 20, 25, 5]


def test_the_table_given_is_not_changed():
    frame = pd.DataFrame({"ending": ["a"], "courses": [2], "share": [0.5]})
    suppress(frame, ["courses"])
    assert rows(frame) == [["a", 2, 0.5]]


def test_missing_counts_and_counts_with_a_nullable_type_are_read():
    frame = pd.DataFrame({"e": ["a", "b"], "courses": pd.array([3, None], dtype="Int64")})
    found = suppress(frame, ["courses"])["courses"]
    assert found[0] == "< 5" and pd.isna(found[1])


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(InvalidInput, match="Did you mean 'courses'"):
        suppress(pd.DataFrame({"courses": [3]}), ["course"])


def test_an_empty_table_stays_empty():
    assert suppress(pd.DataFrame({"e": [], "n": []}), ["n"], total="total").empty


def test_a_single_count_is_guarded():
    assert [guarded(many) for many in (0, 1, 4, 5)] == [0, "< 5", "< 5", 5]


def test_a_curve_is_cut_for_good_and_each_line_by_itself():
    curve = pd.DataFrame(
        {
            "group": ["a", "a", "a", "b", "b", "b"],
            "state": "left",
            "time": [1, 2, 3, 1, 2, 3],
            "at_risk": [9, 4, 6, 9, 8, 5],
        }
    )
    left = shown(curve)
    assert list(zip(left["group"], left["time"])) == [("a", 1), ("b", 1), ("b", 2), ("b", 3)]
