"""Plain counts: who came, how it ended, how many forms were filled in."""

from dataclasses import replace

import pandas as pd
import pytest
from tables import agrees, frame_of, records

from sessionwise.errors import Unanswerable
from sessionwise.features.counts import attended_by, endings, filled_in, groups_of, who_came
from sessionwise.records.sessions import Sessions

PAGE = """
    client appointment attendance session srs wai severity arm   ending
    a      1           attended   1       30  50  1        TAU   planned
    a      2           no_show    .        .   .  1        TAU   planned
    a      3           attended   2       31   .  1        TAU   planned
    b      1           attended   1        .  48  3        BtheB unplanned
    c      1           attended   1       28   .  .        BtheB .
    c      2           attended   2        .   .  .        BtheB .
    c      3           attended   3       29  49  .        BtheB .
    d      1           no_show    .        .   .  2        TAU   never_started
"""


WORDS = {"first_session": "first session", "came": "attended", "never": "never attended"}


@pytest.fixture
def s() -> Sessions:
    given = frame_of(PAGE)
    given["arm"] = given["arm"].astype("category").cat.reorder_categories(["TAU", "BtheB"])
    return Sessions.of(given, level={"severity": "course", "arm": "course"})


def test_who_came_is_said_of_courses_by_what_was_known_at_intake(s):
    agrees(
        who_came(s),
        frame_of(
            """
            characteristic level group courses mean sd share
            courses        .     all   4       .    .  .
            first_session  came  all   3       .    .  0.75
            first_session  never all   1       .    .  0.25
            severity       .     all   3       2    1  .
            arm            TAU   all   2       .    .  0.5
            arm            BtheB all   2       .    .  0.5
            """
        )
        .replace(WORDS)
        .fillna({"level": ""}),
    )


def test_who_came_by_group_in_the_order_of_its_categories(s):
    """The spread of one number is not known."""
    agrees(
        who_came(s, by="arm"),
        frame_of(
            """
            characteristic level group courses mean sd
            courses        .     TAU   2       .    .
            courses        .     BtheB 2       .    .
            first_session  came  TAU   1       .    .
            first_session  never TAU   1       .    .
            first_session  came  BtheB 2       .    .
            first_session  never BtheB 0       .    .
            severity       .     TAU   2       1.5  0.7071067811865476
            severity       .     BtheB 1       3    .
            """
        )
        .replace(WORDS)
        .fillna({"level": ""}),
    )


def test_who_has_no_group_recorded_is_a_group_too_and_the_last_one():
    given = frame_of("client session arm\na 1 TAU\nb 1 .\nc 1 BtheB\nd 1 TAU")
    said = [("BtheB", 1), ("TAU", 2), ("not recorded", 1)]
    kinds = given["arm"].astype("category")
    for arm, order in ((given["arm"], said), (kinds, said)):
        s = Sessions.of(given.assign(arm=arm), level={"arm": "course"})
        came = who_came(s, by="arm")
        assert sorted(zip(came["group"], came["courses"], strict=True)) == order
        due = filled_in(s, ["session"], by="arm")
        assert dict(zip(due["group"], due["due"], strict=True)) == dict(said)
    assert list(kinds.cat.categories) == ["BtheB", "TAU"]


def test_in_the_order_of_categories_it_comes_last(s):
    arm = s.courses["arm"].mask([True, False, False, False])
    groups = groups_of(s.courses.assign(arm=arm), "arm")
    assert groups.tolist() == ["not recorded", "BtheB", "BtheB", "TAU"]
    assert groups.cat.categories.tolist() == ["TAU", "BtheB", "not recorded"]


def test_where_everybody_has_a_group_there_is_none_of_those_without(s):
    assert groups_of(s.courses, "arm").cat.categories.tolist() == ["TAU", "BtheB"]


def test_endings_are_shares_of_courses_and_sessions_are_those_attended(s):
    agrees(
        endings(s),
        frame_of(
            """
            ending        courses share median_sessions
            planned       1       0.25  2
            unplanned     1       0.25  1
            never_started 1       0.25  0
            ongoing       1       0.25  3
            """
        ),
    )


def test_how_many_courses_attended_each_session(s):
    agrees(attended_by(s), frame_of("session courses\n1 3\n2 2\n3 1"))


def test_a_form_is_due_at_each_attended_session(s):
    agrees(
        filled_in(s, ["srs", "wai"], per="time"),
        frame_of(
            """
            score group session due filled share
            srs   all   1       3   2      0.6666666666666666
            srs   all   2       2   1      0.5
            srs   all   3       1   1      1
            wai   all   1       3   2      0.6666666666666666
            wai   all   2       2   0      0
            wai   all   3       1   1      1
            """
        ),
    )


def test_all_forms_together(s):
    agrees(filled_in(s, ["srs", "", "wai"]), frame_of("score due filled\nsrs 6 4\nwai 6 3"))


def test_forms_by_group(s):
    got = filled_in(s, ["srs"], by="arm", per="time")
    expected = frame_of(
        """
        group session due filled
        TAU   1       1   1
        TAU   2       1   1
        BtheB 1       2   1
        BtheB 2       1   0
        BtheB 3       1   1
        """
    )
    agrees(got, expected)


def test_one_row_for_all_records_unless_the_time_is_asked_for(s):
    """Client d, who never came, was due to fill in nothing."""
    got = filled_in(s, ["srs"], by="arm")
    agrees(got, frame_of("group due filled share\nTAU 2 2 1\nBtheB 4 2 0.5"))
    assert "session" not in got


def test_groups_that_are_no_category_are_in_alphabetical_order(s):
    given = frame_of(PAGE)
    words = Sessions.of(given, level={"severity": "course", "arm": "course"})
    assert filled_in(words, ["srs"], by="arm")["group"].tolist() == ["BtheB", "TAU"]


def test_levels_stand_in_the_order_of_the_categories_with_those_nobody_has():
    given = frame_of("client session arm\na 1 TAU\nb 1 IPT\nc 1 .")
    given["arm"] = given["arm"].astype("category").cat.set_categories(["TAU", "BtheB", "IPT"])
    s = Sessions.of(given, level={"arm": "course"})
    # shares are of the group, also of the client whose arm is not known
    agrees(
        who_came(s).iloc[1:],
        frame_of(
            """
            characteristic level courses share
            arm            TAU   1       0.3333333333333333
            arm            BtheB 0       0
            arm            IPT   1       0.3333333333333333
            """
        ),
    )


def test_forms_of_clients_without_a_group_are_counted_apart():
    given = frame_of(PAGE)
    given.loc[given["client"] == "c", "arm"] = None
    some = Sessions.of(given, level={"severity": "course", "arm": "course"})
    counted = filled_in(some, ["srs"], by="arm")
    assert dict(zip(counted["group"], counted["due"], strict=True)) == {
        "BtheB": 1,
        "TAU": 2,
        "not recorded": 3,
    }


def test_scores_are_named_as_their_columns_are_labelled(s):
    labelled = replace(s, columns={**s.columns, "srs": replace(s.columns["srs"], label="SRS")})
    assert filled_in(labelled, ["srs", "wai"])["score"].tolist() == ["SRS", "wai"]


def test_no_score_named_is_said(s):
    with pytest.raises(Unanswerable, match="names no such score"):
        filled_in(s, ["", ""])


def test_where_no_ending_is_recorded_none_is_counted():
    with pytest.raises(Unanswerable, match="How courses ended is not in these records"):
        endings(records("client session srs\na 1 30\nb 1 31"))


def test_who_came_is_told_by_what_was_known_then():
    given = frame_of("client session severity taken\na 1 2 9\nb 1 3 8")
    s = Sessions.of(
        given, level={"severity": "course", "taken": "course"}, known={"taken": "course"}
    )
    assert who_came(s)["characteristic"].tolist() == ["courses", "severity"]


def test_at_fixed_times_the_time_numbers_what_was_due():
    s = records("client time bdi\na 0 29\na 2 .\nb 0 31\nb 2 20", clock="time")
    expected = frame_of("time due filled share\n0 2 2 1\n2 2 1 0.5")
    agrees(filled_in(s, ["bdi"], per="time"), expected)


def test_assessments_at_fixed_times_say_nothing_of_sessions_or_endings():
    s = records("client time bdi\na 0 29\na 2 .", clock="time")
    with pytest.raises(Unanswerable, match="how many sessions anybody came to"):
        attended_by(s)
    with pytest.raises(Unanswerable, match="How courses ended"):
        endings(s)


@pytest.mark.parametrize(
    "asked", [lambda s: who_came(s, by="sex"), lambda s: filled_in(s, ["ors"])]
)
def test_a_column_that_is_not_there_is_said(s, asked):
    with pytest.raises(Unanswerable, match="needs `(sex|ors)`"):
        asked(s)


def test_a_date_is_told_by_its_year_and_a_text_only_counted():
    """A day of referral is nearly a name, and a text may say one."""
    days = ["2023-11-08", "2024-02-01", "2024-03-01", None]
    frame = pd.DataFrame({"client": list("abcd"), "session": 1, "said": ["x", None, "z", "z"]})
    frame["referral"] = pd.to_datetime(days)
    s = Sessions.of(frame, level={"referral": "course", "said": "course"})
    told = who_came(s).set_index(["characteristic", "level"])["courses"]
    assert told["referral"].to_dict() == {"2023": 1, "2024": 2}
    assert told["said"].to_dict() == {"": 3}
