"""A clinic as it is: missed appointments, courses nobody came to, another therapist, every ending.

Ten courses; appointments a week apart, records kept to 1 July, four sessions allowed.
"""

import pandas as pd
import pytest
from tables import agrees, frame_of, halves

import sessionwise as sw
from sessionwise.features.counts import attended_by, endings, filled_in, who_came
from sessionwise.features.lags import lag_losses, lagged
from sessionwise.features.leaving import courses_at_risk, courses_followed, early_mean, episodes
from sessionwise.features.therapists import first_therapist
from sessionwise.records.ledger import Left
from sessionwise.records.observation import Observation
from sessionwise.records.sessions import Sessions

UNTIL = Observation(pd.Timestamp("2024-07-01"), interval_days=7, session_limit=4)
CLINIC = """
client date       attendance team     therapist ending        srs ors
a      2024-01-01 attended   adults   t1        planned       30  20
a      2024-01-08 no_show    adults   t1        planned       .   .
a      2024-01-15 attended   adults   t1        planned       31  22
a      2024-01-22 attended   adults   t2        planned       .   24
b      2024-01-01 no_show    adults   t1        unplanned     .   .
b      2024-01-08 attended   adults   t1        unplanned     28  18
b      2024-01-15 attended   adults   t1        unplanned     26  17
b      2024-01-22 no_show    adults   t1        unplanned     .   .
b      2024-01-29 cancelled  adults   t1        unplanned     .   .
c      2024-01-01 no_show    adults   t1        never_started .   .
c      2024-01-08 no_show    adults   t1        never_started .   .
d      2024-01-01 cancelled  children t2        .             .   .
e      2024-01-01 attended   children t2        transferred   33  25
e      2024-01-08 attended   children t2        transferred   34  26
f      2024-01-01 attended   children t2        limit_reached 35  21
f      2024-01-08 attended   children t2        limit_reached 36  22
f      2024-01-15 cancelled  children t2        limit_reached .   .
f      2024-01-22 attended   children t3        limit_reached 37  23
f      2024-01-29 attended   children t3        limit_reached 38  24
g      2024-01-01 attended   children t2        service_ended 35  21
h      2024-01-01 attended   adults   t1        external      35  21
i      2024-01-01 attended   adults   t1        ongoing       35  21
i      2024-01-08 attended   adults   t1        ongoing       35  21
j      2024-06-24 attended   adults   t1        unplanned     20  10
"""


@pytest.fixture
def s() -> Sessions:
    given = frame_of(CLINIC).astype({"team": "category"})
    return Sessions.of(given, level={"team": "course"}, observation=UNTIL)


def test_sessions_are_counted_over_missed_appointments_and_lags_follow_them(s):
    """The second session of a stands in the third row; b's first in the second."""
    expected = frame_of(
        """
        client appointment session sessions_so_far srs_lag1
        a      1           1       0               .
        a      2           .       1               .
        a      3           2       1               30
        a      4           3       2               31
        b      1           .       0               .
        b      2           1       0               .
        b      3           2       1               28
        b      4           .       2               .
        b      5           .       2               .
        """
    )
    got = lagged(s, "srs").table
    agrees(got[got["client"].isin(["a", "b"])].reset_index(drop=True), expected)
    assert lag_losses(s, "srs").value_counts().to_dict() == {"first session": 8}


def test_a_decision_is_the_clients_and_stands_after_an_attended_session(s):
    """b left after the second session, whatever was missed after it. Nobody decided for e (the
    second), f (the fourth), g and h; i's return was due and is not recorded; j's was due on the
    last day. c and d never came.
    """
    seen = episodes(s)
    agrees(
        seen.frame,
        frame_of(
            """
            client session left_unplanned left_planned
            a      1       0              0
            a      2       0              0
            a      3       0              1
            b      1       0              0
            b      2       1              0
            e      1       0              0
            f      1       0              0
            f      2       0              0
            f      3       0              0
            i      1       0              0
            j      1       1              0
            """
        ),
    )
    assert {left.reason: left.rows for left in seen.left_out} == {
        "last sessions of open courses: the next appointment was due, and neither a return nor an "
        "ending is recorded": 1,
        "last sessions of courses that others ended or the limit did": 4,
    }


def test_courses_nobody_came_to_are_told_apart_from_those_of_which_nothing_was_seen(s):
    """g and h were over before the client could decide; c and d never began."""
    never = Left("courses in which no session was attended", 0, 2)
    courses, left = courses_at_risk(s)
    agrees(
        courses,
        frame_of("client time cause\na 3 2\nb 2 1\ne 1 0\nf 3 0\ni 1 0\nj 1 1"),
    )
    assert left == (never, Left("courses without a decision that could be seen", 0, 2))
    followed, left = courses_followed(s)
    agrees(
        followed,
        frame_of("client time cause\na 3 1\nb 2 1\ne 2 1\nf 4 1\ng 1 1\nh 1 1\ni 1 0\nj 1 1"),
    )
    assert left == (never,)


def test_who_was_expected_and_who_came(s):
    counted = who_came(s)
    agrees(
        counted,
        frame_of(
            """
            characteristic level    courses share
            courses        .        10      .
            first_session  attended 8       0.8
            first_session  never    2       0.2
            team           adults   6       0.6
            team           children 4       0.4
            """
        ).pipe(_as_counted, counted),
    )


def _as_counted(expected: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Put the words of the table, which have spaces, for those of the page."""
    words = {"first_session": "first session", "never": "never attended"}
    assert len(counted) == len(expected)
    return expected.replace(words).fillna({"level": ""})


def test_how_long_they_came_and_how_it_ended(s):
    """Ten courses; those nobody came to are courses of no session."""
    agrees(attended_by(s), frame_of("session courses\n1 8\n2 5\n3 2\n4 1"))
    agrees(
        endings(s),
        frame_of(
            """
            ending        courses share median_sessions
            planned       1       0.1   3
            unplanned     2       0.2   1.5
            transferred   1       0.1   2
            service_ended 1       0.1   1
            limit_reached 1       0.1   4
            external      1       0.1   1
            never_started 1       0.1   0
            ongoing       2       0.2   1
            """
        ),
    )


def test_no_form_is_due_from_who_did_not_come(s):
    agrees(
        filled_in(s, ["srs", "ors"])[["due", "filled"]],
        frame_of("due filled\n16 15\n16 16"),
    )


def test_the_first_therapist_is_that_of_the_first_attended_session(s):
    given, expected = halves(
        """
        client date       attendance therapist | first_therapist
        a      2024-01-01 no_show    t1        | t2
        a      2024-01-08 attended   t2        | t2
        a      2024-01-15 attended   t3        | t2
        """
    )
    agrees(first_therapist(Sessions.of(given)).table, expected)
    changed = first_therapist(s).table
    assert changed.loc[changed["client"] == "f", "first_therapist"].unique().tolist() == ["t2"]


def test_early_alliance_is_that_of_sessions_and_not_of_appointments(s):
    early = early_mean(s, "srs", landmark=2).droplevel(["clinic", "course"])
    assert early[["a", "b", "f"]].tolist() == [30.5, 27, 35.5]


def test_what_the_first_page_says_of_them():
    """Twelve times the clinic, so that its counts may be told."""
    copies = [frame_of(CLINIC).assign(client=lambda rows, n=n: rows["client"] + str(n))
              for n in range(12)]  # fmt: skip
    given = pd.concat(copies).astype({"team": "category"})
    s = Sessions.of(given, level={"team": "course"}, observation=UNTIL)
    said = str(sw.show.came(s))
    assert said.startswith(
        "The records hold 120 clients of 3 therapists, 120 courses of therapy and 192 attended "
        "sessions (median 2 a course that began). In 24 courses no session was attended. "
    )
    shown = sw.show.who_came(who_came(s))
    assert shown.title == "Who was expected, and who came: 120 courses of therapy"
    curve = sw.incidence(s).estimates
    first = curve[(curve["state"] == "unplanned ending") & (curve["time"] == 1)].iloc[0]
    assert (first["at_risk"], first["estimate"]) == (72, 12 / 72)
