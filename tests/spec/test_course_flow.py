"""Where every course is at each session: came, came after a miss, or over in one way or another."""

import pytest
from tables import records

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.features.course_flow import attendance_flow
from sessionwise.records.packaged import example

PAGE = """
client appointment attendance session ending
a      1           attended   1       unplanned
a      2           no_show    .       unplanned
a      3           attended   2       unplanned
a      4           no_show    .       unplanned
b      1           attended   1       planned
b      2           attended   2       planned
b      3           attended   3       planned
c      1           cancelled  .       transferred
c      2           attended   1       transferred
d      1           no_show    .       never_started
e      1           attended   1       .
e      2           attended   2       .
"""


def moves(flow, session):
    rows = flow[flow["session"] == session]
    return {(row.before, row.state): row.courses for row in rows.itertuples()}


def test_every_move_of_five_courses():
    flow = attendance_flow(records(PAGE))
    assert moves(flow, 1) == {
        ("scheduled", "came"): 3,
        ("scheduled", "came after a miss"): 1,
        ("scheduled", "never came"): 1,
    }
    assert moves(flow, 2) == {
        ("came", "came"): 2,
        ("came", "came after a miss"): 1,
        ("came after a miss", "ended otherwise"): 1,
        ("never came", "never came"): 1,
    }
    assert moves(flow, 3) == {
        ("came", "came"): 1,
        ("came", "still open"): 1,
        ("came after a miss", "left unplanned"): 1,
        ("ended otherwise", "ended otherwise"): 1,
        ("never came", "never came"): 1,
    }
    assert flow["session"].max() == 3


@pytest.mark.parametrize("until", [1, 4, 30])
def test_every_course_is_somewhere_and_comes_from_where_it_was(until):
    s = example()
    flow = attendance_flow(s, until)
    assert (flow.groupby("session")["courses"].sum() == len(s.courses)).all()
    for session in range(2, flow["session"].max() + 1):
        were = flow[flow["session"] == session - 1].groupby("state")["courses"].sum()
        left = flow[flow["session"] == session].groupby("before")["courses"].sum()
        assert were.to_dict() == left.to_dict()


def test_who_is_there_is_who_attended():
    s = example()
    flow = attendance_flow(s, 6)
    for session in range(1, 7):
        here = flow[(flow["session"] == session) & flow["state"].str.startswith("came")]
        assert here["courses"].sum() == (s.table["session"] == session).sum()


def test_nobody_comes_back_from_an_ending():
    flow = attendance_flow(example(), 12)
    over = flow[~flow["before"].isin(["scheduled", "came", "came after a miss"])]
    assert len(over) > 12
    assert (over["before"] == over["state"]).all()


def test_what_has_no_flow():
    for until in (0, 2.5):
        with pytest.raises(InvalidInput, match="until"):
            attendance_flow(example(), until)
    with pytest.raises(Unanswerable):
        attendance_flow(records("client time bdi\na 0 20\na 1 18", "time"))
    with pytest.raises(Unanswerable):
        attendance_flow(records("client appointment attendance session\na 1 no_show ."))
