"""What always holds of features, whatever the records are."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionwise.features.lags import lag_losses, lagged, preceding
from sessionwise.features.leaving import early_mean, episodes
from sessionwise.features.own_lines import detrended
from sessionwise.features.running_means import running
from sessionwise.features.splits import within_between
from sessionwise.features.therapist_cells import three_way_split
from sessionwise.features.therapists import first_therapist
from sessionwise.records.sessions import COURSE_KEY, Sessions

FEW = settings(max_examples=15, deadline=None, derandomize=True)
SCORES = st.one_of(st.none(), st.integers(0, 400).map(lambda tenths: tenths / 10))
ENDINGS = st.sampled_from(["planned", "unplanned", "transferred", "ongoing"])


@st.composite
def clinics(draw) -> pd.DataFrame:
    """Draw a few courses with gaps, missed appointments and missing scores; always one row."""
    rows = []
    for client, course in draw(
        st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), min_size=1, unique=True)
    ):
        ending = draw(ENDINGS)
        session = 0
        for appointment in range(1, draw(st.integers(1, 7)) + 1):
            came = draw(st.integers(0, 4)) > 0
            session += came + (came and draw(st.integers(0, 5)) == 0)
            rows.append(
                {
                    "client": f"c{client}",
                    "course": course,
                    "appointment": appointment,
                    "attendance": "attended" if came else "no_show",
                    "session": session if came else None,
                    "therapist": draw(st.sampled_from(["kim", "lee"])),
                    "ors": draw(SCORES),
                    "srs": draw(SCORES),
                    "ending": ending,
                }
            )
    frame = pd.DataFrame(rows).astype({"ors": "float64", "srs": "float64", "session": "Int64"})
    if (frame["attendance"] == "no_show").all():
        frame.loc[0, ["attendance", "session"]] = ["attended", 1]
    return frame.assign(ending=frame["ending"].where(frame["ending"] != "ongoing"))


def featured(s: Sessions) -> Sessions:
    """Make every feature of the alliance score."""
    s = running(lagged(lagged(s, "srs"), "srs", by=2), "srs")
    return first_therapist(s)


MADE = ["srs_lag1", "srs_lag2", "srs_so_far", "srs_to_date", "srs_change"]


@FEW
@given(clinics())
def test_within_sums_to_nothing_in_every_course_and_parts_add_up(frame):
    s = Sessions.of(frame)
    if not (s.attended & s.table["srs"].notna()).any():
        return
    table = within_between(s, ["srs"]).table
    sums = table.groupby(COURSE_KEY)["srs_within"].sum()
    assert abs(sums).max() < 1e-11  # at most 7 scores of at most 40: rounding is far below
    used = table["srs_within"].notna()
    whole = table["srs_within"] + table["srs_between"]
    np.testing.assert_allclose(whole[used], table.loc[used, "srs"], rtol=1e-14)
    assert (table.loc[used].groupby(COURSE_KEY)["srs_between"].nunique() == 1).all()


@FEW
@given(clinics(), st.sampled_from(["all clients", "other clients"]))
def test_three_parts_add_up_and_sum_to_nothing_where_they_should(frame, whose):
    s = Sessions.of(frame)
    if not (s.attended & s.table["srs"].notna()).any():
        return
    table = three_way_split(s, "srs", therapist_mean=whose).table
    parts = table[["srs_within", "srs_between_clients", "srs_between_therapists"]]
    whole = parts.sum(axis=1, skipna=False)
    used = whole.notna()
    np.testing.assert_allclose(whole[used], table.loc[used, "srs"], rtol=1e-13, atol=1e-12)
    cell = [*COURSE_KEY, "therapist"]
    assert abs(table.groupby(cell)["srs_within"].sum()).max() < 1e-11
    cells = table[table["srs_within"].notna()].drop_duplicates(cell)
    if whose == "all clients":
        assert (table["srs_within"].notna() == used).all()
        assert abs(cells.groupby("therapist")["srs_between_clients"].sum()).max() < 1e-11
    alone = cells.groupby("therapist")["client"].transform("nunique") == 1
    missing = cells["srs_between_therapists"].isna()
    assert (missing == (alone & (whose == "other clients"))).all()


@FEW
@given(clinics())
def test_what_is_left_about_ones_own_line_is_that_of_least_squares(frame):
    s = Sessions.of(frame)
    scored = s.table[s.attended & s.table["srs"].notna().to_numpy()]
    if (scored.groupby(COURSE_KEY).size() < 3).all():
        return
    table = detrended(s, "srs").table
    for _, own in scored.groupby(COURSE_KEY):
        found = table.loc[own.index, "srs_detrended"].to_numpy(float)
        if len(own) < 3:
            assert np.isnan(found).all()
            continue
        line = np.column_stack([np.ones(len(own)), own["session"].astype(float)])
        score = own["srs"].to_numpy(float)
        left = score - line @ np.linalg.lstsq(line, score, rcond=None)[0]
        np.testing.assert_allclose(found, left, atol=1e-10)


@FEW
@given(clinics(), st.data())
def test_a_later_score_never_changes_what_was_known_before(frame, data):
    """so_far uses sessions before t, to_date those up to t: exactly, to the last bit."""
    place = data.draw(st.integers(0, len(frame) - 1))
    changed = frame.copy()
    changed.loc[place, "srs"] = data.draw(st.integers(0, 400)) / 10
    key = ["client", "course", "appointment"]
    at = tuple(frame.loc[place, key])
    one, two = (featured(Sessions.of(each)).table.set_index(key) for each in (frame, changed))
    same_course = (one.index.get_level_values(0) == at[0]) & (
        one.index.get_level_values(1) == at[1]
    )
    later = one.index.get_level_values(2) > at[2]
    before = ~same_course | (~later & (one.index != at))
    pd.testing.assert_frame_equal(one.loc[before, MADE], two.loc[before, MADE], check_exact=True)
    today = ["srs_lag1", "srs_lag2", "srs_so_far"]
    pd.testing.assert_frame_equal(one.loc[[at], today], two.loc[[at], today], check_exact=True)


@FEW
@given(clinics())
def test_each_course_alone_gives_the_same_as_all_together(frame):
    """Nothing crosses a course."""
    together = featured(Sessions.of(frame)).table
    for _, own in frame.groupby(["client", "course"]):
        alone = featured(Sessions.of(own)).table
        same = together.merge(alone[["client", "course"]].drop_duplicates())
        pd.testing.assert_frame_equal(same[MADE], alone[MADE], check_exact=True)


@FEW
@given(clinics())
def test_a_lag_is_a_score_of_the_course_or_a_counted_reason(frame):
    s = lagged(Sessions.of(frame), "srs")
    reasons = lag_losses(s, "srs")
    assert (reasons.isna() == (s.table["srs_lag1"].notna() | ~s.attended)).all()


@FEW
@given(clinics())
def test_the_means_are_those_a_loop_would_find(frame):
    table = running(Sessions.of(frame), "srs").table
    for _, course in table.groupby(COURSE_KEY):
        seen: list[float] = []
        for row in course.itertuples():
            np.testing.assert_allclose(
                row.srs_so_far, np.mean(seen) if seen else np.nan, rtol=1e-12
            )
            if row.attendance == "attended" and not np.isnan(row.srs):
                seen.append(row.srs)
            np.testing.assert_allclose(
                row.srs_to_date, np.mean(seen) if seen else np.nan, rtol=1e-12
            )


@FEW
@given(clinics())
def test_a_course_leaves_at_most_once_and_last(frame):
    s = Sessions.of(frame)
    if s.courses["ending"].astype("str").eq("ongoing").all():
        return
    rows = episodes(s).frame
    left = rows["left_unplanned"] + rows["left_planned"]
    assert left.isin([0, 1]).all()
    ends = rows.assign(left=left).groupby(COURSE_KEY)["left"]
    assert (ends.sum() <= 1).all()
    assert (ends.sum() == ends.last()).all()
    assert (rows["attendance"] == "attended").all()
    last = s.table[s.attended].groupby(COURSE_KEY)["session"].transform("max")
    finals = rows.loc[left == 1].merge(s.table[s.attended].assign(last=last))
    assert (finals["session"] == finals["last"]).all()


@FEW
@given(clinics())
def test_every_verb_leaves_its_records_as_they_were(frame):
    s = Sessions.of(frame)
    table, courses, columns = s.table.copy(deep=True), s.courses.copy(deep=True), dict(s.columns)
    featured(s)
    preceding(s, "srs", "ors")
    early_mean(s, "srs")
    if (s.attended & s.table["srs"].notna()).any():
        within_between(s, ["srs"])
    if s.courses["ending"].astype("str").ne("ongoing").any():
        rows = episodes(s).frame
        rows["srs"] = -1.0
    pd.testing.assert_frame_equal(s.table, table)
    pd.testing.assert_frame_equal(s.courses, courses)
    assert s.columns == columns
