"""Pages: what a reader sees of a notebook, and of a report."""

import base64
import re
from html import unescape

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sessionwise.reporting.collecting import FIGURE, SENTENCE, TABLE, UNANSWERED, result_of
from sessionwise.reporting.failure import NotebookFailed
from sessionwise.reporting.first_page import front
from sessionwise.reporting.pages import Frame, front_page, layouts, notebook_page
from sessionwise.reporting.running import Executed
from sessionwise.reporting.sections import layout

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><path d="M0 0h4"/></svg>'
PNG = base64.b64encode(b"png").decode()
PART = {"name": "stay", "question": "How long?", "status": "answered", "sentence": "Half stayed."}
FRAME = Frame("clinic", "A clinic", False, "0123456789ab", "0.1.0", (("01", "Who came"),))


def code(source, *bundles, tags=()):
    cell = new_code_cell(source, metadata={"tags": list(tags)})
    cell.outputs = [new_output("display_data", data=bundle) for bundle in bundles]
    return cell


def gap(reason, kind="missing"):
    return {UNANSWERED: {"question": "Do therapists differ?", "reason": reason, "kind": kind}}


def sentence(text):
    return {SENTENCE: {"name": "s", "text": text}}


def result(**changes):
    return {
        "schema": 1,
        "notebook": "01",
        "study": "clinic",
        "title": "Who came",
        "question": "Who came?",
        "parts": [PART],
        "ledger": [["test clients", 1002, 3]],
        "notes": ["Open courses were censored at their last session."],
        "rows": {"clients": 1204},
        "methods": "We counted.",
        "sources": ["Bates (2015)"],
        "synthetic": False,
    } | changes


def executed(*cells, **changes):
    return Executed("01", new_notebook(cells=list(cells)), result(**changes))


def page(*cells, frame=FRAME):
    one = executed(*cells)
    return notebook_page(one, frame, layouts((one,))["01"])


def first_page(*runs, frame=FRAME):
    return front_page(front(runs, layouts(runs)), frame)


def words(html):
    """Give the text of a page as a reader sees it, without style and code."""
    body = re.sub(r"<(style|details)\b.*?</\1>", " ", html.split("<body", 1)[1], flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_the_title_the_lead_and_the_sections():
    html = page(
        new_markdown_cell("# Who came\n\nBefore any model."),
        new_markdown_cell("## The clients\n\nThey came."),
        code("count()", sentence("12 came.")),
    )
    assert re.search(r"<h1>Who came</h1>\s*<div class=\"lead\"><p>Before any model.</p>", html)
    assert "<h2>The clients</h2>" in html
    assert '<p class="finding">12 came.</p>' in html
    assert html.count("Before any model.") == 1
    assert '<html lang="en">' in html


def test_code_is_folded_and_parameters_are_hidden():
    html = page(
        new_markdown_cell("# T\n\n## A"),
        code('study = ""', tags=["parameters"]),
        code('study = "secret"', tags=["injected-parameters"]),
        code("fit_it()"),
    )
    folded = re.findall(r"<details.*?</details>", html, flags=re.S)
    assert len(folded) == 1
    assert "fit_it" in folded[0]
    assert "How this was computed" in folded[0]
    assert "secret" not in html


def test_a_heading_inside_a_code_block_is_no_section():
    laid_out = layout(new_notebook(cells=[new_markdown_cell("# T\n\n```\n## not one\n```")]), "n")
    assert len(laid_out.sections) == 1


def test_a_section_with_nothing_but_gaps_says_why_once_and_drops_its_prose():
    html = page(
        new_markdown_cell("# T\n\n## Therapists\n\nThe model below has two levels."),
        code("a()", gap("There is no therapist column.")),
        new_markdown_cell("More about the model."),
        code("b()", gap("There is no therapist column.")),
    )
    assert html.count("There is no therapist column.") == 1
    assert "Therapists</h2>" in html
    assert "The model below" not in html
    assert "More about" not in html
    assert "a()" not in html


def test_a_section_with_a_gap_and_a_finding_keeps_both():
    html = page(
        new_markdown_cell("# T\n\n## Therapists\n\nProse."),
        code("a()", gap("No therapist."), sentence("12 came.")),
    )
    assert "Prose." in html
    assert "No therapist." in html
    assert "12 came." in html


def test_a_refused_fit_is_marked():
    refused = gap("It did not converge.", "refused")
    html = page(new_markdown_cell("# T\n\n## A"), code("a()", refused))
    assert '<p class="gap refused"><strong>Refused:</strong> It did not converge.</p>' in html


def test_a_figure_is_a_picture_with_words():
    told = {"name": "stay", "title": "Half stayed", "alt": 'A "curve" < 1', "caption": "All."}
    shown = {FIGURE: told, "image/svg+xml": SVG, "image/png": PNG}
    html = page(new_markdown_cell("# T\n\n## A"), code("a()", shown))
    tag = re.search(r"<img [^>]*>", html.replace("< 1", "&lt; 1")).group()
    found = {
        "alt": re.search(r"""alt=(["'])(.*?)\1""", tag)[2],
        "drawing": re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', tag)[1],
    }
    assert unescape(found["alt"]) == 'A "curve" < 1'
    assert base64.b64decode(found["drawing"]).decode() == SVG
    assert "All." in html


def test_a_figure_without_words_stops_the_report():
    told = {"name": "stay", "title": "Half stayed", "alt": "", "caption": "All."}
    with pytest.raises(NotebookFailed, match="no alternative text"):
        page(code("a()", {FIGURE: told, "image/svg+xml": SVG, "image/png": PNG}))


def test_a_table_can_be_scrolled_and_has_a_caption():
    told = {"name": "t", "title": "Effects", "columns": ["a"], "rows": [[1]], "note": "In points."}
    shown = {TABLE: told, "text/html": "<table><tr><td>1</td></tr></table>"}
    html = page(new_markdown_cell("# T\n\n## A"), code("a()", shown))
    assert re.search(r'<div [^>]*class="wide"[^>]*>\s*<table><caption>Effects</caption>', html)
    assert "In points." in html


def test_warnings_are_model_checks_and_prints_are_prints():
    cell = code("a()")
    cell.outputs = [
        new_output("stream", name="stdout", text="seen <b>\n"),
        new_output("stream", name="stderr", text="gradient large\n"),
    ]
    html = page(new_markdown_cell("# T\n\n## A"), cell)
    assert re.search(r'class="checks".*Model checks.*<pre>gradient large</pre>', html, flags=re.S)
    assert re.search(r'<pre class="printed"[^>]*>seen &lt;b&gt;</pre>', html)


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_data_are_called_so_on_every_page(synthetic):
    frame = Frame("clinic", "A clinic", synthetic, "0123456789ab", "0.1.0", (("01", "Who"),))
    for html in (page(frame=frame), first_page(executed(), frame=frame)):
        assert ("Synthetic data." in words(html)) is synthetic


def test_script_in_any_text_is_text():
    evil = "<script>alert(1)</script>"
    table = {"name": "t", "title": evil, "columns": [evil], "rows": [[1]], "note": evil}
    figure = {"name": "f", "title": evil, "alt": evil, "caption": evil}
    cells = [
        new_markdown_cell(f"# {evil}\n\n{evil}\n\n## {evil}"),
        code(
            f"'{evil}'",
            sentence(evil),
            gap(evil),
            {TABLE: table, "text/html": f"<table><tr><td>1</td></tr>{evil}</table>"},
            {FIGURE: figure, "image/svg+xml": SVG, "image/png": PNG},
            {"text/plain": evil, "text/html": evil},
        ),
    ]
    part = {"name": "p", "question": evil, "status": "missing", "reason": evil}
    answered = PART | {"sentence": evil}
    changes = {"title": evil, "question": evil, "methods": evil, "sources": [evil]}
    run = executed(*cells, parts=[part, answered], ledger=[[evil, 1, 1]], notes=[evil], **changes)
    frame = Frame("clinic", evil, True, "0123456789ab", "0.1.0", (("01", evil),))
    for html in (notebook_page(run, frame, layouts((run,))["01"]), first_page(run, frame=frame)):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_pages_need_no_network_and_no_script():
    run = executed(new_markdown_cell("# T\n\nSee <https://example.org>."), code("a()"))
    for html in (notebook_page(run, FRAME, layouts((run,))["01"]), first_page(run)):
        assert "://" not in html
        assert "@import" not in html
        assert "<script" not in html
        assert "<link" not in html
        assert "url(" not in html


def test_the_footer_names_study_digest_and_version():
    said = "Study clinic , notebook 01 · input digest 0123456789ab · sessionwise 0.1.0"
    assert said in words(page())


def test_the_first_page_tells_findings_and_each_reason_once():
    refused = {"status": "refused", "reason": "It did not converge."}
    parts = [
        PART,
        {"name": "a", "question": "Does it precede?", **refused},
        {"name": "b", "question": "For whom?", **refused},
    ]
    text = words(first_page(executed(new_markdown_cell("# Who came?"), parts=parts)))
    assert "What was found Who came? Half stayed." in text
    assert text.count("It did not converge.") == 1
    assert "Does it precede? · For whom?" in text
    assert "1 of 3 parts answered" in text
    assert "1,204 clients" in text
    assert "test clients 1,002 3" in text
    assert "Open courses were censored" in text
    assert "We counted." in text
    assert "Bates (2015)" in text


def test_findings_stand_under_the_page_they_are_from_and_only_once():
    one = executed(new_markdown_cell("# Who came?"))
    other = Executed("02", new_notebook(cells=[new_markdown_cell("# Who left?")]), one.result)
    told = front((one, other), layouts((one, other))).findings
    assert told == (("01", "Who came?", ("Half stayed.",)),)


def test_a_study_that_answers_nothing_still_has_a_first_page():
    part = {"name": "a", "question": "Q?", "status": "missing", "reason": "No alliance."}
    text = words(first_page(executed(parts=[part], ledger=[])))
    assert "No question was answered" in text
    assert "not answered" in text
    assert "No row and no course was left out" in text


def test_one_page_made_twice_is_the_same():
    cells = [new_markdown_cell("# T\n\n## A"), code("a()", sentence("12 came."))]
    assert page(*cells) == page(*cells)


def test_a_result_is_never_shown():
    bundle = {"application/vnd.sessionwise.result+json": result()}
    cell = code("results()", bundle | {"text/plain": "the raw result"})
    assert result_of(new_notebook(cells=[cell]), "01")["title"] == "Who came"
    assert "the raw result" not in page(new_markdown_cell("# T\n\n## A"), cell)


def test_sources_are_listed_once_and_not_in_the_methods_paragraph():
    text = "We counted. References: Laird, N. M., & Ware, J. H. (1982)."
    runs = executed(methods=text, sources=["mixed"])
    told = front((runs, runs), layouts((runs,)))
    assert told.methods == ("We counted.",)
    assert len(told.sources) == 1
    assert told.sources[0].startswith("Laird, N. M., & Ware, J. H. (1982).")


def test_two_tables_of_one_name_are_refused():
    told = {"name": "health", "title": "T", "columns": ["a"], "rows": [[1]], "note": ""}
    shown = {TABLE: told, "text/html": "<table><tr><td>1</td></tr></table>"}
    with pytest.raises(NotebookFailed, match="two tables are called 'health'"):
        page(code("a()", shown), code("b()", shown))
