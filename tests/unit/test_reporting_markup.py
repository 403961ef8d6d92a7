"""Only tables and prose get through to a page; whatever could act or reach out does not."""

import pytest

from sessionwise.reporting.markup import prose_markup, table_markup

TABLE = """<div id="t"><style>#t td {color: red} tr {display: none}</style>
<script>alert(1)</script>
<table class="gt_table" onclick="run()"><thead>
<tr class="gt_heading"><td colspan="2" class="gt_title">Title again</td></tr>
<tr><th scope="col" class="gt_right">term</th></tr></thead>
<tbody><tr><td style="text-align: right; background: url(http://x)">&lt;b&gt; &amp; 1</td></tr>
<tr><td><a href="http://x">link</a><img src="http://x/y.png"></td></tr></tbody>
<tfoot class="gt_sourcenotes"><tr><td class="gt_sourcenote">The note</td></tr></tfoot>
</table></div>"""


def test_a_table_keeps_its_cells_and_gets_a_caption():
    cleaned = table_markup(TABLE, "A < B", note="The note")
    assert "<caption>A &lt; B</caption>" in cleaned
    assert '<th scope="col" class="gt_right">term</th>' in cleaned
    assert '<td style="text-align: right">&lt;b&gt; &amp; 1</td>' in cleaned
    assert "<td>link</td>" in cleaned


@pytest.mark.parametrize(
    "unwanted", ["script", "alert", "onclick", "http", "style>", "img", "Title again", "The note"]
)
def test_a_table_brings_nothing_else(unwanted):
    assert unwanted not in table_markup(TABLE, "Caption", note="The note")


def test_a_note_that_stands_nowhere_else_is_kept():
    assert "The note" in table_markup(TABLE, "Caption")


def test_tags_left_open_are_closed():
    assert table_markup("<table><tr><td>1", "C").endswith("<td>1</td></tr></table>")


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "Text <img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://example.org/x.png)",
        "<https://example.org>",
        "https://example.org",
        "[x](https://example.org)",
        "[x](//example.org/y)",
        "[x]: https://example.org\n\n[x]",
    ],
)
def test_prose_runs_nothing_and_loads_nothing(written):
    made = prose_markup(written)
    assert "<script" not in made
    assert "<img" not in made
    assert "href" not in made
    assert "://" not in made


def test_prose_links_inside_the_report():
    made = prose_markup("[next](03-alliance.html#2-health)")
    assert '<a href="03-alliance.html#2-health">next</a>' in made
