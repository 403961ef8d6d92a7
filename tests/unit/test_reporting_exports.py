"""Files beside the pages: tables a spreadsheet can open safely, JSON that is stable."""

import csv
import io

import pytest

from sessionwise.reporting.exports import csv_text, json_text, neutral


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1+cmd", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "-"],
)
def test_what_a_spreadsheet_would_run_becomes_text(cell):
    assert neutral(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-0.705", "+3", "-1e-05", -0.5, 7, "srs", "< 5", "−0.07", ""])
def test_numbers_and_words_stay_as_they_are(cell):
    assert neutral(cell) == cell


def test_a_table_comes_back_from_its_file():
    text = csv_text(["term", "estimate"], [["a, b", -0.25], ['say "x"', None]])
    assert list(csv.reader(io.StringIO(text))) == [
        ["term", "estimate"],
        ["a, b", "-0.25"],
        ['say "x"', ""],
    ]


def test_headings_are_neutral_too():
    assert csv_text(["=x"], []) == "'=x\n"


def test_json_has_sorted_keys_and_a_last_line():
    assert json_text({"b": 1, "a": "é"}) == '{\n  "a": "é",\n  "b": 1\n}\n'


def test_json_refuses_what_json_does_not_know():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"df": float("inf")})
