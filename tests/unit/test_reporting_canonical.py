"""Committed notebooks hold what was written, and nothing of what a run left behind."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sessionwise.reporting.canonical import canonical_form, is_canonical, make_canonical, text_of


def used_notebook():
    ran = new_code_cell("1 + 1\n", execution_count=7, metadata={"tags": ["parameters"], "x": 1})
    ran.outputs = [new_output("stream", text="2")]
    cells = [new_markdown_cell("# Title"), ran, new_code_cell(""), new_code_cell("1 + 1")]
    return new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "my-env", "display_name": "Mine"}, "widgets": {}},
    )


def test_a_run_leaves_no_trace():
    made = canonical_form(used_notebook())
    assert [cell.source for cell in made.cells] == ["# Title", "1 + 1", "1 + 1"]
    assert made.cells[1].outputs == []
    assert made.cells[1].execution_count is None
    assert made.cells[1].metadata == {"tags": ["parameters"]}
    assert made.metadata.kernelspec.name == "python3"
    assert (made.nbformat, made.nbformat_minor) == (4, 5)
    nbformat.validate(made)


def test_ids_are_different_and_depend_on_nothing_but_the_source():
    ids = [cell.id for cell in canonical_form(used_notebook()).cells]
    assert len(set(ids)) == 3
    assert ids == [cell.id for cell in canonical_form(used_notebook()).cells]


def test_an_edit_changes_the_id_of_its_own_cell_only():
    before = [cell.id for cell in canonical_form(used_notebook()).cells]
    edited = used_notebook()
    edited.cells[0].source = "# Another title"
    after = [cell.id for cell in canonical_form(edited).cells]
    assert before[0] != after[0]
    assert before[1:] == after[1:]


def test_tidying_makes_a_file_canonical_once(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(nbformat.writes(used_notebook()), encoding="utf-8")
    assert not is_canonical(path)
    assert make_canonical(path)
    assert is_canonical(path)
    assert not make_canonical(path)


def test_one_changed_byte_is_seen(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(text_of(canonical_form(used_notebook())) + "\n", encoding="utf-8")
    assert not is_canonical(path)
