"""What the report builder is promised by everything that is shown."""

import base64
import json

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from sessionwise.errors import InvalidInput
from sessionwise.models.fit import Unanswered
from sessionwise.show.display import Figure, Note, Nothing, Sentence, Table, answered, explained


def figure(**changes):
    words = {"name": "stay", "title": "Half stay", "caption": "Of 40.", "alt": "A line falls."}
    return Figure(**{**words, **changes}, png=b"\x89PNG", svg="<svg/>")


def test_a_figure_carries_both_drawings_and_its_words():
    data, metadata = figure()._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == b"\x89PNG"
    assert data["image/svg+xml"] == "<svg/>"
    assert data["text/plain"] == "Half stay\nA line falls."
    assert data["application/vnd.sessionwise.figure+json"] == {
        "name": "stay",
        "title": "Half stay",
        "alt": "A line falls.",
        "caption": "Of 40.",
    }
    assert metadata == {"image/png": {"alt": "A line falls."}}


@pytest.mark.parametrize("missing", ["title", "caption", "alt"])
def test_a_figure_without_words_is_refused(missing):
    with pytest.raises(InvalidInput, match=f"the {missing} is empty"):
        figure(**{missing: " "})


@pytest.mark.parametrize("name", ["", "../up", "Big", "a b", "1st", "<b>"])
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(InvalidInput, match="cannot name a file"):
        figure(name=name)


def test_a_table_gives_numbers_as_numbers_and_what_is_missing_as_null():
    frame = pd.DataFrame(
        {
            "arm": ["a", "b"],
            "n": pd.array([12, pd.NA], dtype="Int64"),
            "mean": [1.5, np.nan],
            "few": ["< 5", 7],
        }
    )
    data = Table("arms", "Arms", frame, "<table></table>", "A note.")._repr_mimebundle_()
    typed = data["application/vnd.sessionwise.table+json"]
    assert typed == {
        "name": "arms",
        "title": "Arms",
        "columns": ["arm", "n", "mean", "few"],
        "rows": [["a", 12, 1.5, "< 5"], ["b", None, None, 7]],
        "note": "A note.",
    }
    assert json.loads(json.dumps(typed, allow_nan=False)) == typed
    assert data["text/plain"].startswith("Arms\n") and data["text/plain"].endswith("A note.")


def test_a_sentence_is_text_and_is_escaped():
    sentence = Sentence("found", "Clinic <script> had 41 % & more.")
    data = sentence._repr_mimebundle_()
    assert str(sentence) == data["text/plain"] == "Clinic <script> had 41 % & more."
    assert data["text/html"] == (
        '<p class="finding">Clinic &lt;script&gt; had 41&nbsp;% &amp; more.</p>'
    )
    assert data["application/vnd.sessionwise.sentence+json"] == {
        "name": "found",
        "text": "Clinic <script> had 41 % & more.",
    }


def test_a_note_says_what_was_asked_and_why_there_is_no_answer():
    data = Note(Unanswered("Who left?", "No <ending> column.", "missing"))._repr_mimebundle_()
    assert data["text/html"] == (
        '<p class="note">Who left? — not answered: No &lt;ending&gt; column.</p>'
    )
    assert data["application/vnd.sessionwise.unanswered+json"] == {
        "question": "Who left?",
        "reason": "No <ending> column.",
        "kind": "missing",
    }


def test_nothing_leaves_no_output_in_a_notebook():
    formatter = InteractiveShell.instance().display_formatter
    assert formatter.format(Nothing()) == ({}, {})
    assert str(Nothing()) == ""


def test_an_answer_is_shown_and_a_missing_one_is_not():
    @answered
    def doubled(value):
        return 2 * value

    assert doubled(4) == doubled(value=4) == 8
    missing = Unanswered("Q?", "No column.")
    assert isinstance(doubled(missing), Nothing)
    assert isinstance(doubled(value=missing), Nothing)


def test_the_first_display_of_a_question_explains_why_it_has_no_answer():
    @explained
    def doubled(value):
        return 2 * value

    missing = Unanswered("Q?", "No column.")
    assert doubled(4) == doubled(value=4) == 8
    assert doubled(missing) == doubled(value=missing) == Note(missing)
