"""What holds of leaving whatever the records: order, names, and what happened later."""

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import sessionwise as sw
from sessionwise.errors import SessionwiseError
from sessionwise.features.leaving import courses_at_risk, courses_followed
from sessionwise.models.curve_comparison import ATTENDED
from sessionwise.records.observation import Observation
from sessionwise.records.sessions import COURSE_KEY, KEY, Sessions

UNTIL = pd.Timestamp("2024-06-30")
ENDS = ("planned", "unplanned", "transferred", "service_ended", None)
FEATURES = ("srs_to_date", "srs_change", "srs_lag1", "srs_last", "srs_age", "srs_early")


@st.composite
def exports(draw) -> pd.DataFrame:
    """Draw rows as exported: two courses a client, misses, gaps, one day twice, empty forms."""
    rows = []
    for client in range(draw(st.integers(4, 9))):
        day = UNTIL - pd.Timedelta(days=draw(st.integers(10, 320)))
        for course in range(1, draw(st.integers(1, 2)) + 1):
            ending = draw(st.sampled_from(ENDS))
            therapist = draw(st.sampled_from("tuv"))
            kept = draw(st.lists(st.booleans(), min_size=1, max_size=7))
            for place, came in enumerate(kept, start=1):
                score = draw(st.one_of(st.none(), st.integers(100, 400))) if came else None
                word = "attended" if came else "no_show"
                rows.append((f"c{client}", course, place, day, word, therapist, ending, score))
                day += pd.Timedelta(days=draw(st.sampled_from([0, 7, 7, 14, 80])))
                therapist = draw(st.sampled_from(therapist * 4 + "w"))
    names = ["client", "course", "appointment", "date", "attendance", "therapist", "ending", "srs"]
    frame = pd.DataFrame(rows, columns=names)
    frame["srs"] = frame["srs"].astype("float64") / 10
    return frame.assign(care=frame["srs"] / 2 + 20)


def records(frame: pd.DataFrame) -> Sessions:
    return Sessions.of(frame, observation=Observation(UNTIL, interval_days=7))


def with_features(frame: pd.DataFrame) -> Sessions:
    s = sw.last_given(sw.running(sw.lagged(records(frame), "srs"), "srs"), "srs")
    return sw.rated_by_others(sw.level_at_landmark(s, "srs", 2), "care", 1)


def told(question, *given: object) -> object:
    """Give an answer as a table, or the words of why there is none."""
    try:
        found = question(*given)
    except SessionwiseError as why:
        return str(why)
    return found if isinstance(found, pd.DataFrame) else found.estimates


QUESTIONS = (
    (sw.attendance_flow,),
    (sw.silences,),
    (sw.ending_roles,),
    (sw.definitions_agree,),
    (sw.incidence,),
    (sw.incidence, "early_alliance", 2),
    (sw.still_in_therapy, "early_alliance", 1, "srs", "terciles"),
    (sw.early_alliance_and_ending, "srs", (), 1),
)


@settings(max_examples=25, deadline=None)
@given(frame=exports(), data=st.data())
def test_neither_the_order_of_rows_nor_the_names_of_clients_say_anything(frame, data):
    order = data.draw(st.permutations(range(len(frame))))
    names = frame["client"].unique()
    others = dict(zip(names, data.draw(st.permutations([f"z{n}" for n in range(len(names))]))))
    turned = frame.iloc[list(order)].assign(client=lambda rows: rows["client"].map(others))
    s, again = records(frame), records(turned)
    for question, *given_to in QUESTIONS:
        one, other = told(question, s, *given_to), told(question, again, *given_to)
        if isinstance(one, str):
            assert one == other
        else:
            pd.testing.assert_frame_equal(one, other, rtol=1e-6, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(frame=exports(), data=st.data())
def test_a_later_session_changes_no_earlier_decision_and_nothing_known_before_it(frame, data):
    """Add one appointment after the last of one course, before the records end."""
    last = frame.groupby(["client", "course"], as_index=False).tail(1)
    row = last.iloc[data.draw(st.integers(0, len(last) - 1))]
    day = row["date"] + pd.Timedelta(days=7)
    assume(day <= UNTIL)
    later = row.to_dict() | {
        "appointment": row["appointment"] + 1, "date": day, "attendance": "attended",
        "srs": data.draw(st.integers(0, 40)) * 1.0, "care": 33.0,
    }  # fmt: skip
    s, more = with_features(frame), with_features(pd.concat([frame, pd.DataFrame([later])]))
    keys = [*KEY, "session"]
    before, after = (made.table.set_index(keys) for made in (s, more))
    shared = before.index.intersection(after.index)
    for name in FEATURES:
        np.testing.assert_allclose(before.loc[shared, name], after.loc[shared, name], rtol=1e-9)
    same = (before.loc[shared, "date"] < day).to_numpy() | before.loc[shared, "date"].eq(day)
    both = (made.loc[shared, "care_by_others"][same] for made in (before, after))
    np.testing.assert_allclose(*both, rtol=1e-9)
    if s.courses["ending"].eq("ongoing").all():
        return
    kept = [earlier(made, row["client"], row["course"], row["appointment"]) for made in (s, more)]
    pd.testing.assert_frame_equal(*kept, check_exact=False, rtol=1e-9)


def earlier(s: Sessions, client: str, course: int, appointment: int) -> pd.DataFrame:
    """Give the decisions of other courses, and those of one before its last session by then."""
    table = s.table
    own = (table["client"].eq(client) & table["course"].eq(course)).to_numpy()
    by_then = own & s.attended & table["appointment"].le(appointment).to_numpy()
    last = table.loc[by_then, "appointment"].max() if by_then.any() else 0
    rows = sw.episodes(s).frame
    theirs = rows["client"].eq(client) & rows["course"].eq(course)
    kept = rows[~theirs | rows["appointment"].lt(last)]
    return kept[[*KEY, "session", "left_unplanned", "left_planned", *FEATURES]].reset_index(
        drop=True
    )


@settings(max_examples=40, deadline=None)
@given(frame=exports())
def test_every_course_is_in_a_curve_or_in_its_ledger(frame):
    s = records(frame)
    assume(s.courses["ending"].ne("ongoing").any())
    for landmark in (0, 1, 2):
        for count in (courses_at_risk, courses_followed):
            each, left = count(s, landmark)
            assert len(each) + sum(one.courses for one in left) == len(s.courses)
            assert not each[COURSE_KEY].duplicated().any()
            assert (each["time"] >= max(landmark, 1)).all()
    curve = told(sw.incidence, s, "early_alliance", 2)
    if not isinstance(curve, str):
        rows = sw.incidence(s, "early_alliance", 2).rows
        assert rows.used + sum(number for _, number in rows.left_out) == len(s.courses)
    flow = told(sw.attendance_flow, s)
    if not isinstance(flow, str):
        assert (flow.groupby("session")["courses"].sum() == len(s.courses)).all()


@settings(max_examples=40, deadline=None)
@given(frame=exports())
def test_bands_hold_the_curve_and_stay_between_nought_and_one(frame):
    s = records(frame)
    for question in (sw.incidence, sw.still_in_therapy):
        curve = told(question, s)
        if isinstance(curve, str):
            continue
        assert curve["estimate"].between(0, 1).all()
        band = curve.dropna(subset=["low", "high"])
        assert (band["low"].ge(0) & band["low"].le(band["estimate"] + 1e-12)).all()
        assert (band["high"].le(1) & band["high"].ge(band["estimate"] - 1e-12)).all()
    found = sw.answer(sw.groups_compared, s, "therapist" if len(frame) % 2 else "early_alliance", 1)
    if hasattr(found, "means"):
        means = found.means[found.means["measure"] == ATTENDED]
        assert means["estimate"].between(1, found.until).all()
