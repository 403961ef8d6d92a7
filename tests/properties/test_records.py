"""What must not matter to the records: the order of rows, and what people are called."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionwise.features.lags import lagged
from sessionwise.features.running_means import running
from sessionwise.records.packaged import example
from sessionwise.records.sessions import KEY, Sessions

FEW = settings(max_examples=12, deadline=None, derandomize=True)
WHAT = ["session", "date", "ors", "srs", "severity", "therapist"]


def export() -> pd.DataFrame:
    """Give thirty courses of the example as a frame somebody might have."""
    frame = example().frame
    kept = frame["client"].isin(frame["client"].unique()[:30])
    ending = frame["ending"].astype("str")
    frame = frame.assign(ending=ending.mask(ending == "ongoing"))
    return frame.loc[kept, ["client", *WHAT, "ending"]].reset_index(drop=True)


EXPORT = export()


def made(frame: pd.DataFrame) -> Sessions:
    s = Sessions.of(frame, level={"severity": "course"})
    return running(lagged(s, "srs"), "srs")


@FEW
@given(st.randoms(use_true_random=False))
def test_shuffling_the_rows_changes_nothing(random):
    order = list(range(len(EXPORT)))
    random.shuffle(order)
    one, two = made(EXPORT), made(EXPORT.iloc[order])
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    pd.testing.assert_frame_equal(one.courses, two.courses, check_exact=True)
    assert one.origin == two.origin


@FEW
@given(st.randoms(use_true_random=False))
def test_renaming_the_clients_changes_names_only(random):
    names = sorted(EXPORT["client"].unique())
    others = [f"someone {n}" for n in range(len(names))]
    random.shuffle(others)
    called = dict(zip(names, others, strict=True))
    one = made(EXPORT).table
    two = made(EXPORT.assign(client=EXPORT["client"].map(called).astype("str"))).table
    one["client"] = one["client"].map(called).astype("str")
    one = one.sort_values(KEY, ignore_index=True)
    pd.testing.assert_frame_equal(one, two, check_exact=True)


@FEW
@given(st.sampled_from(["clinic", "client", "session", "srs", "ors", "decided"]), st.data())
def test_whatever_is_done_to_what_was_handed_out_the_records_stay(name, data):
    s = made(EXPORT)
    before = s.table.copy(deep=True)
    handed = s.table
    row = data.draw(st.integers(0, len(handed) - 1))
    handed[name] = handed[name].to_numpy()[::-1]
    handed.loc[row, "srs"] = -1.0
    handed.iloc[row:, handed.columns.get_loc("ors")] = np.nan
    handed.index = handed.index[::-1]
    handed.columns = [f"{column}_new" for column in handed.columns]
    pd.testing.assert_frame_equal(s.table, before)


@FEW
@given(st.lists(st.booleans(), min_size=30, max_size=30))
def test_what_is_kept_and_what_is_left_out_add_up(keep):
    s = made(EXPORT)
    kept = s.keep_courses(np.array(keep), "left out by the test")
    left = kept.origin.ledger[-1]
    assert len(kept.table) + left.rows == len(s.table)
    assert len(kept.courses) + left.courses == len(s.courses) == 30
    assert set(kept.table["client"]) == set(kept.courses["client"])
    assert (kept.course_positions() >= 0).all()
