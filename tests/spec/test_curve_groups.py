"""Groups of curves are fixed at the landmark: by what was so at that session, and never later."""

import pandas as pd
import pytest
from tables import records

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.features.leaving import courses_at_risk
from sessionwise.models.cumulative_incidence import incidence, still_in_therapy
from sessionwise.models.curve_groups import grouped
from sessionwise.models.early_alliance_ending import early_alliance_and_ending
from sessionwise.records.packaged import example
from sessionwise.records.sessions import Sessions

PAGE = """
client session modality  therapist ending    srs
a      1       video     t         unplanned 30
a      2       in_person u         unplanned 32
a      3       phone     v         unplanned 31
b      1       phone     t         planned   38
b      2       video     t         planned   36
c      1       in_person t         unplanned 20
d      1       phone     t         planned   25
d      2       video     t         planned   .
"""


def groups(s, by, landmark, cut="median"):
    each, left = grouped(s, courses_at_risk(s, landmark), by, (landmark, "srs", cut))
    return dict(zip(each["client"], each["group"].astype(str))), left


def test_the_modality_is_that_of_the_landmark_session():
    found, _ = groups(records(PAGE), "modality", 2)
    assert found == {"a": "in person", "b": "video", "d": "video"}


def test_a_score_of_the_landmark_session_is_cut_among_those_who_were_there():
    found, left = groups(records(PAGE), "srs", 2)
    assert found == {"a": "srs below 34.0", "b": "srs 34.0 or more"}
    assert [one.courses for one in left if "without" in one.reason] == [1]


def test_terciles_make_three_groups_of_about_the_same_size():
    sizes = [
        len(part)
        for _, part in grouped(
            example(), courses_at_risk(example(), 3), "early_alliance", (3, "srs", "terciles")
        )[0].groupby("group", observed=True)
    ]
    assert len(sizes) == 3
    assert max(sizes) - min(sizes) < 8


def many_therapists(clients):
    lines = ["client session therapist ending"]
    for h, number in enumerate(clients):
        lines += [
            f"c{h}-{c} {t} boss{h} {'unplanned' if c % 2 else 'planned'}"
            for c in range(number)
            for t in (1, 2)
        ]
    return records("\n".join(lines))


def test_therapists_have_numbers_by_size_and_no_names():
    s = many_therapists([11, 14, 10, 12, 13, 9])
    curve = incidence(s, "therapist", 2)
    assert curve.estimates["group"].unique().tolist() == [
        "all", "therapist 1", "therapist 2", "therapist 3", "therapist 4", "therapist 5",
    ]  # fmt: skip
    assert "boss" not in curve.estimates.to_string() + str(curve.rows)
    sizes = curve.estimates.drop_duplicates("group")["at_risk"].tolist()
    assert sizes == [60, 14, 13, 12, 11, 10]
    assert ("courses of therapists with fewer than 10 clients at the landmark", 9) in (
        curve.rows.left_out
    )


def test_two_courses_are_one_client_and_names_of_clients_say_nothing_of_therapists():
    """Ten clients are ten people, and of two therapists with as many neither is first by chance."""
    s = many_therapists([11, 11, 11, 11, 11, 9])
    frame = s.frame[["client", "session", "therapist", "ending"]]
    twice = frame[frame["therapist"].astype("str").eq("boss5")].assign(course=2)
    both = Sessions.of(pd.concat([frame.assign(course=1), twice]))
    left = dict(still_in_therapy(both, "therapist", 2).rows.left_out)
    assert left["courses of therapists with fewer than 10 clients at the landmark"] == 18
    turned = frame.assign(client=frame["client"].astype("str").str[::-1])
    one, other = (incidence(made, "therapist", 2).estimates for made in (s, Sessions.of(turned)))
    pd.testing.assert_frame_equal(one, other)


def test_values_that_are_alike_lie_on_one_side_of_a_cut():
    """Sums taken in another order differ in their last bits, and are no other value."""
    rows = [(f"c{c}", 1, "planned", 0.1 + 0.2 if c % 3 else 0.3) for c in range(9)]
    rows += [("d", 1, "planned", 0.0)]
    s = Sessions.of(pd.DataFrame(rows, columns=["client", "session", "ending", "mood"]))
    found, _ = groups(s, "mood", 1)
    assert {found[f"c{c}"] for c in range(9)} == {"mood 0.3 or more"}


def test_a_cut_is_written_so_that_it_says_truly_who_lies_above_it():
    scores = [30.0, 31.0, 34.02, 34.06, 36.0, 38.0]
    rows = [(f"c{c}", 1, "planned", score) for c, score in enumerate(scores)]
    s = Sessions.of(pd.DataFrame(rows, columns=["client", "session", "ending", "srs"]))
    assert sorted(set(groups(s, "srs", 1)[0].values())) == ["srs 34.04 or more", "srs below 34.04"]
    rows = [(name, t, end, value / 3 + 20) for name, t, end, value in rows[:5]]  # a cut at a value
    s = Sessions.of(pd.DataFrame(rows, columns=["client", "session", "ending", "srs"]))
    assert sorted(set(groups(s, "srs", 1)[0].values())) == ["srs 31.3 or more", "srs below 31.3"]


def test_clinics_are_groups_and_what_is_each_courses_own_is_none():
    """Neither a name, a day nor a free text may stand beside a curve of one person."""
    s = example()
    two = s.frame.assign(clinic=s.frame["client"].astype("str").str[-1].isin(list("02468")).map(
        {True: "even", False: "odd"}))  # fmt: skip
    two["remark"] = "said " + two["client"].astype("str")
    names = ["clinic", "client", "session", "date", "ending", "srs", "remark"]
    s = Sessions.of(two[names].assign(ending=two["ending"].astype("str")),
                    level={"remark": "course"})  # fmt: skip
    assert incidence(s, "clinic").estimates["group"].unique().tolist() == ["even", "odd"]
    for by in ("client", "course", "date"):
        with pytest.raises(Unanswerable, match="parts nobody"):
            incidence(s, by, 2)
    with pytest.raises(Unanswerable, match="different values"):
        incidence(s, "remark")
    with pytest.raises(Unanswerable, match="different values"):
        early_alliance_and_ending(s, censored_by="remark")


def test_few_therapists_could_be_known():
    with pytest.raises(Unanswerable, match="could be known"):
        still_in_therapy(many_therapists([20, 20, 20, 20, 9]), "therapist", 2)


def test_what_is_known_too_late_or_not_yet_fixed():
    s = example()
    with pytest.raises(Unanswerable, match="landmark"):
        incidence(s, "therapist")
    with pytest.raises(Unanswerable, match="intake"):
        incidence(s, "ending", 2)
    with pytest.raises(InvalidInput, match="cut"):
        incidence(s, "severity", 2, cut="quartiles")
    for landmark in (-1, 2.5):
        with pytest.raises(InvalidInput, match="landmark"):
            still_in_therapy(s, "severity", landmark)
    alike = records("client session ending srs\na 1 planned 40\nb 1 unplanned 40")
    with pytest.raises(Unanswerable, match="alike"):
        incidence(alike, "srs", 1)


def test_a_number_known_at_intake_is_cut_too():
    curve = still_in_therapy(example(), "severity")
    assert curve.estimates["group"].nunique() == 2
    assert isinstance(curve.estimates, pd.DataFrame)
