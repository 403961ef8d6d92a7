"""Who stays with therapists whom other clients found empathic: grouped by what was known before."""

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.errors import Unanswerable
from sessionwise.records.sessions import COURSE_KEY, Sessions

DAY = pd.Timestamp("2024-01-01")


def warm_and_cold(clients: int = 40, kind: float = 45.0) -> pd.DataFrame:
    """Two therapists; clients of the warm one, once others have said so, stay twice as long."""
    rows = []
    for client in range(clients):
        warm = client % 2
        last = (4 if warm else 2) + client // 2 % 5
        for t in range(1, last + 1):
            day = DAY + pd.Timedelta(days=client * 3 + 7 * t)
            care = (kind if warm else 20.0) + (client + t) % 4
            end = "planned" if client % 5 else "unplanned"
            rows.append((f"c{client}", t, day, "warm" if warm else "cold", care, end))
    names = ["client", "session", "date", "therapist", "care", "ending"]
    return pd.DataFrame(rows, columns=names)


def test_courses_are_parted_by_what_others_had_said_before_the_landmark_session():
    s = Sessions.of(warm_and_cold())
    curve = sw.endings_by_empathy(s, "care", 2)
    table = sw.rated_by_others(s, "care").table
    at = table[table["session"] == 2].dropna(subset="care_by_others")
    cut = at["care_by_others"].median()
    sizes = curve.estimates.drop_duplicates("group").set_index("group")["at_risk"]
    assert sizes.sum() == curve.rows.used
    assert (sizes.iloc[0], sizes.iloc[1]) == (
        (at["care_by_others"] < cut).sum(),
        (at["care_by_others"] >= cut).sum(),
    )
    found = sw.empathy_and_staying(s, "care", 2)
    gap = found.differences.iloc[0]
    assert gap["low"] > 0  # those of the warm therapist stay longer
    assert found.rows.used == len(at)


@pytest.mark.parametrize("question", ["endings_by_empathy", "empathy_and_staying"])
def test_neither_the_own_word_nor_a_later_one_parts_anybody(question):
    """What was said from the last landmark session on is changed, and all of one client."""
    frame = warm_and_cold()
    s = Sessions.of(frame)
    asked = getattr(sw, question)
    last = frame.loc[frame["session"] == 2, "date"].max()
    later = frame["date"] >= last
    turned = Sessions.of(frame.assign(care=frame["care"].mask(later, 60 - frame["care"])))
    told, again = (asked(made, "care", 2) for made in (s, turned))
    shown = "estimates" if question == "endings_by_empathy" else "means"
    one, other = getattr(told, shown), getattr(again, shown)
    pd.testing.assert_frame_equal(one, other)
    third = frame["client"] == "c39"  # the last to come: nobody else is parted by their word
    own = Sessions.of(frame.assign(care=frame["care"].mask(third, 10.0)))
    made = sw.rated_by_others(own, "care").table.set_index(COURSE_KEY)["care_by_others"]
    before = sw.rated_by_others(s, "care").table.set_index(COURSE_KEY)["care_by_others"]
    mine = made.index.get_level_values("client") == "c39"
    np.testing.assert_allclose(made[mine].to_numpy(), before[mine].to_numpy(), rtol=1e-12)


def test_nobody_rated_by_three_others_is_said_as_it_is():
    with pytest.raises(Unanswerable, match="three other clients"):
        sw.endings_by_empathy(Sessions.of(warm_and_cold(4)), "care", 2)
    silent = warm_and_cold().assign(care=np.nan)
    with pytest.raises(Unanswerable, match="nobody filled the form in"):
        sw.empathy_and_staying(Sessions.of(silent), "care", 2)
