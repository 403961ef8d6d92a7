"""The data dictionary says what is checked, in the words of the checks."""

import pandas as pd
import pytest

from sessionwise.errors import InvalidInput
from sessionwise.records.codebook import Codebook
from sessionwise.records.dictionary import data_dictionary
from sessionwise.records.reading import read

BOOK = Codebook.parse("""
schema = 1
time_unit = "weeks"
columns.client.from = "ID"
columns.session.from = "visit"
columns.date = { from = "day", format = "%d.%m.%Y" }
columns.attendance.from = "came"
columns.srs = { from = "SRS", instrument = "srs" }
columns.phq9 = { from = "PHQ", instrument = "phq9", known = "before", label = "depression" }
columns.age = { from = "age | years", level = "course", low = 18, high = 99, unit = "years" }
columns.arm = { from = "arm", level = "course", order = ["usual", "feedback"] }
columns.homework = { from = "hw" }
""")


def rows(book: Codebook = BOOK) -> dict[str, list[str]]:
    """The dictionary's table: name of the column → its other cells."""
    lines = [line for line in data_dictionary(book).splitlines() if line.startswith("| `")]
    cells = [line.replace("\\|", "¦")[2:-2].split(" | ") for line in lines]
    return {first.strip("`"): [cell.replace("¦", "|").strip() for cell in rest]
            for first, *rest in cells}  # fmt: skip


def test_every_column_has_a_row():
    assert list(rows()) == list(BOOK.columns)


EXPECTED = {
    "client": ["`ID`", "whose row it is", "text", "", "before the session", ""],
    "date": ["`day`", "day of the appointment", "date", "", "before the session",
             "written as `%d.%m.%Y`"],
    "attendance": ["`came`", "whether the client came", "category", "", "after the session",
                   "`attended`, `cancelled`, `no_show`"],
    "srs": ["`SRS`", "Session Rating Scale, version 3", "number", "points", "after the session",
            "`srs` should lie between 0 and 40, higher is better, filled in after the session"],
    "phq9": ["`PHQ`", "depression", "number", "points", "before the session",
             "`phq9` should lie between 0 and 27, lower is better"],
    "age": ["`age | years`", "", "number", "years", "at intake",
            "`age` should lie between 18 and 99"],
    "arm": ["`arm`", "", "category", "", "at intake", "`usual`, `feedback`"],
    "homework": ["`hw`", "share of the homework that was done before the session", "number", "",
                 "before the session", "`homework` should lie between 0 and 1"],
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_column_is(name):
    assert rows()[name] == EXPECTED[name]


def test_the_rule_that_is_written_is_the_rule_that_is_checked(tmp_path):
    sentence = rows()["srs"][-1].split(",")[0]
    file = tmp_path / "visits.csv"
    frame = pd.DataFrame({spec.source: ["1"] for spec in BOOK.columns.values()})
    frame = frame.assign(day="01.02.2024", came="attended", SRS="41", arm="usual")
    frame.assign(**{"age | years": "30"}).to_csv(file, index=False)
    with pytest.raises(InvalidInput) as caught:
        read(file, BOOK)
    assert [problem.found for problem in caught.value.problems] == [f"{sentence}; 1 row does not"]


def test_rules_between_columns_are_listed_where_their_columns_are_there():
    said = data_dictionary(BOOK)
    assert "- Within a course each session number stands once.\n" in said
    assert "- A later session has no earlier date.\n" in said
    assert "- `age` has one value in a course.\n" in said
    assert "A course ends once" not in said


def test_scores_made_from_items_are_told():
    items = "\n".join(
        f'columns.srs_{n} = {{ from = "s{n}", instrument = "srs", item = {n} }}'
        for n in range(1, 5)
    )
    book = Codebook.parse(f'columns.client.from = "ID"\ncolumns.session.from = "n"\n{items}')
    said = data_dictionary(book)
    assert "item 3, 0 to 10" in said
    assert "`srs` is scored from its items: between 0 and 40, higher is better" in said


def test_scores_in_several_columns_name_all_of_them():
    book = Codebook.parse("""
    time_unit = "months"
    columns.client.from = "ID"
    [repeated.bdi]
    instrument = "bdi2"
    known = "before"
    at = { "bdi.0" = 0, "bdi.2" = 2 }
    """)
    said = rows(book)
    assert said["bdi"][0] == "`bdi.0`, `bdi.2`"
    assert said["time"][3] == "months"
