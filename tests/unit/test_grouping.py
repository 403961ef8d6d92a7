"""Who goes together in a mixed model: courses, clients and the therapist of the first session."""

from tables import records

from sessionwise.models.grouping import grouped

ONE_COURSE = """
    client session therapist
    a      1       kim
    a      2       kim
    b      1       lee
"""
SEVERAL = """
    client course session therapist
    a      1      1       kim
    a      1      2       kim
    a      2      1       lee
    b      1      1       lee
"""


def test_clients_lie_in_the_therapist_of_their_first_session():
    group = grouped(records(ONE_COURSE), ["session"])
    assert group.random == "(1 + session || client) + (1 | first_therapist)"
    assert group.columns == ("client", "first_therapist")
    assert group.notes == (
        "Each client is counted with the therapist of the first session (none changed later).",
    )


def test_with_several_courses_the_course_is_the_unit():
    group = grouped(records(SEVERAL), ["session"])
    assert group.random == "(1 + session || course_of_client) + (1 | first_therapist)"
    assert group.columns == ("course_of_client", "first_therapist")
    unit = group.s.table["course_of_client"]
    assert unit.nunique() == 3
    assert (unit.iloc[0] == unit.iloc[1]) and (unit.iloc[0] != unit.iloc[2])
    assert group.s.columns["course_of_client"].known == "before"


def test_how_many_have_several_courses_is_said_unless_they_are_few():
    few = grouped(records(SEVERAL), ["session"]).notes[0]
    assert few.startswith("fewer than 5 clients have several courses; each counts as a client")
    rows = "".join(f"{client} {course} 1 kim\n" for client in "abcdef" for course in (1, 2))
    many = grouped(records(f"client course session therapist\n{rows}"), ["session"]).notes[0]
    assert many == "6 clients have several courses; each counts as a client of its own."


def test_clients_of_one_number_in_two_clinics_are_two_clients_with_one_course_each():
    group = grouped(records("clinic client session\nnorth 1 1\nsouth 1 1"), ["session"])
    assert group.columns == ("client",)
    assert group.notes == ()


def test_at_fixed_times_clients_differ_in_level_only():
    assert (
        grouped(records("client time bdi\na 0 20\nb 0 30", clock="time"), ["session"]).random
        == "(1 | client)"
    )
    page = "client course time bdi\na 1 0 20\na 2 0 30"
    assert grouped(records(page, clock="time"), ["session"]).random == "(1 | course_of_client)"


def test_one_therapist_alone_cannot_be_compared_and_none_is_not_missed():
    alone = grouped(records("client session therapist\na 1 kim\nb 1 kim"), ["session"])
    assert alone.random == "(1 + session || client)"
    assert alone.notes == (
        "The rows of the model have one therapist, so therapists cannot be compared.",
    )
    assert grouped(records("client session\na 1\nb 1"), ["session"]).notes == ()


def test_the_columns_in_whose_slopes_clients_differ_can_be_named_or_none():
    assert grouped(records(ONE_COURSE), ["session"], slopes=()).random == (
        "(1 | client) + (1 | first_therapist)"
    )
    assert grouped(records("client session\na 1\nb 1"), ["session"], slopes=["x", "y"]).random == (
        "(1 + x + y || client)"
    )
