"""When is each column known: before the session, after it, or only when the course is over?

Marks are relative to the row. A column made only from earlier rows is known before; one that uses
the row takes the latest mark of what it uses there; one that uses later rows, or a mean over the
rows of a model, is known only when the course is over.
"""

import pytest
from tables import frame_of, records

from sessionwise.features.lags import lagged
from sessionwise.features.leaving import episodes
from sessionwise.features.own_lines import detrended
from sessionwise.features.running_means import running
from sessionwise.features.splits import within_between
from sessionwise.features.therapist_cells import three_way_split
from sessionwise.features.therapists import earlier_therapist, first_therapist
from sessionwise.records.sessions import Sessions


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    s = records(
        """
        client date       attendance modality homework therapist ors srs severity ending
        a      2024-01-01 attended   video    .        kim       18  30  0.5      planned
        a      2024-01-08 attended   phone    0.5      kim       20  33  0.5      planned
        a      2024-01-15 attended   video    1        kim       23  31  0.5      planned
        a      2024-01-22 attended   video    1        kim       24  35  0.5      planned
        """,
        clock="date",
        level={"severity": "course"},
    )
    for score in ("ors", "srs"):
        s = running(lagged(lagged(s, score), score, by=2), score)
    s = within_between(s, ["srs_lag1", "session"], complete=["ors"])
    s = three_way_split(detrended(s, "srs_lag1"), "srs", by="therapist")
    s = earlier_therapist(first_therapist(s))
    return {name: column.known for name, column in episodes(s).columns.items()}


MARKS = frame_of(
    """
    column           known
    clinic           before
    client           before
    course           before
    appointment      before
    session          before
    sessions_so_far  before
    date             before
    therapist        before
    first_therapist  before
    modality         before
    homework         before
    severity         before
    attendance       after
    ending           course
    decided          course
    due              course
    ors              before
    ors_lag1         before
    ors_lag2         before
    ors_so_far       before
    ors_to_date      before
    ors_change       before
    srs              after
    srs_lag1         before
    srs_lag2         before
    srs_so_far       before
    srs_to_date      after
    srs_change       after
    srs_lag1_within  course
    srs_lag1_between course
    srs_lag1_detrended course
    srs_within       course
    srs_between_clients course
    srs_between_therapists course
    therapist_lag1   before
    session_within   course
    session_between  course
    left_unplanned   course
    left_planned     course
    start            before
    stop             before
    """
)


@pytest.mark.parametrize(("column", "mark"), MARKS.to_numpy().tolist())
def test_when_it_is_known(known, column, mark):
    assert known[column] == mark


def test_the_table_above_leaves_no_column_out(known):
    assert set(known) == set(MARKS["column"])


def test_what_is_made_of_a_column_known_at_the_end_is_known_at_the_end():
    """A lag of a within-client swing still holds the mean of the whole course."""
    s = within_between(records("client session srs\na 1 30\na 2 33\na 3 36"), ["srs"])
    s = running(lagged(s, "srs_within"), "srs_within")
    made = ["srs_within_lag1", "srs_within_so_far", "srs_within_to_date", "srs_within_change"]
    assert [s.columns[name].known for name in made] == ["course"] * 4


def test_a_score_no_manual_times_takes_the_mark_it_is_given():
    given = frame_of("client session wai\na 1 50\na 2 52")
    after = running(Sessions.of(given, known={"wai": "after"}), "wai")
    assert after.columns["wai_to_date"].known == "after"
    assert after.columns["wai_so_far"].known == "before"
    assert Sessions.of(given).columns["wai"].known == "before"
