"""What a notebook displayed is read from its outputs, and what is lacking is said."""

import base64

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from sessionwise.reporting.collecting import (
    FIGURE,
    RESULT,
    SENTENCE,
    TABLE,
    UNANSWERED,
    Figure,
    Gap,
    Printed,
    Sentence,
    Table,
    result_of,
    shown_by,
)
from sessionwise.reporting.failure import NotebookFailed

PART = {"name": "stay", "question": "?", "status": "answered", "sentence": "Half."}


def displays(*bundles):
    cell = new_code_cell("x")
    cell.outputs = [new_output("display_data", data=bundle) for bundle in bundles]
    return cell


def figure(**changes):
    words = {"name": "staying", "title": "Half stayed", "alt": "A curve.", "caption": "All."}
    png = base64.b64encode(b"png").decode()
    return {FIGURE: words | changes, "image/png": png, "image/svg+xml": "<svg/>"}


def result(**changes):
    return {
        "schema": 1,
        "notebook": "01-who-came",
        "study": "clinic",
        "title": "Who came",
        "question": "Who came?",
        "parts": [PART],
        "ledger": [["test clients", 2, 1]],
        "rows": {"clients": 10},
        "methods": "Counts.",
        "sources": [],
        "synthetic": True,
    } | changes


def notebook(*results):
    return new_notebook(cells=[displays(*({RESULT: one} for one in results))])


def test_everything_shown_is_read_in_order():
    table = {"name": "t", "title": "T", "columns": ["a", "b"], "rows": [[1, None]], "note": ""}
    cell = displays(
        figure(),
        {TABLE: table, "text/html": "<table></table>"},
        {SENTENCE: {"name": "s", "text": "Half stayed."}},
        {UNANSWERED: {"question": "Why?", "reason": "No column.", "kind": "missing"}},
        {RESULT: result()},
        {"text/plain": "3"},
    )
    cell.outputs.append(new_output("stream", name="stderr", text="a warning\n"))
    shown = list(shown_by(cell, "n"))
    assert [type(one) for one in shown] == [Figure, Table, Sentence, Gap, Printed, Printed]
    assert shown[0].png == b"png"
    assert shown[1].rows == ((1, None),)
    assert [one.warning for one in shown[-2:]] == [False, True]


@pytest.mark.parametrize("alt", ["", "   "])
def test_a_figure_without_words_fails(alt):
    with pytest.raises(NotebookFailed, match="figure 'staying' has no alternative text"):
        list(shown_by(displays(figure(alt=alt)), "n"))


def test_a_bare_picture_fails():
    with pytest.raises(NotebookFailed, match="without a title and alternative text"):
        list(shown_by(displays({"image/png": "aGk="}), "n"))


def test_a_figure_without_its_drawing_fails():
    bundle = figure()
    del bundle["image/svg+xml"]
    with pytest.raises(NotebookFailed, match="lacks its SVG"):
        list(shown_by(displays(bundle), "n"))


def test_a_table_with_a_short_row_fails():
    table = {"name": "t", "title": "T", "columns": ["a", "b"], "rows": [[1]], "note": ""}
    with pytest.raises(NotebookFailed, match="do not fit its columns"):
        list(shown_by(displays({TABLE: table}), "n"))


def test_the_one_result_is_found():
    assert result_of(notebook(result()), "n")["title"] == "Who came"


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([], "displayed no result"),
        ([result(), result()], "displayed 2 results"),
        (["text"], "not a mapping"),
        ([result(schema=2)], "its schema is 2 and this version reads 1"),
        ([result(parts="all")], "parts: Input should be a valid list"),
        ([result(parts=[PART | {"status": "fine"}])], "parts.0.status: Input should be"),
        ([result(parts=[PART | {"status": "refused"}])], "does not say why"),
        ([result(ledger=[["only a reason"]])], "ledger.0.1: Field required"),
    ],
)
def test_a_result_that_is_lacking_or_wrong_is_a_failure(results, said):
    with pytest.raises(NotebookFailed, match=said):
        result_of(notebook(*results), "n")
