"""The committed notebooks keep the rules, and the rules can be broken."""

import nbformat
import pytest
from canonical import ROOT, notebooks
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebook_rules import violations

from sessionwise.reporting.canonical import is_canonical

GOOD = [
    new_markdown_cell("# Who came?"),
    new_code_cell(
        'study = ""\nalliance = ""\noutcome = ""\ncohort = ""', metadata={"tags": ["parameters"]}
    ),
    new_markdown_cell("First we read."),
    new_code_cell("import sessionwise as sw\nsw.results()"),
]


def test_there_are_notebooks():
    assert [path.stem for path in notebooks() if path.parent.name == "notebooks"] == [
        "01-who-came",
        "02-how-alliance-moves",
        "03-alliance-and-outcome",
        "04-alliance-and-staying",
        "05-who-changed",
    ]


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_notebook_keeps_the_rules(path):
    assert violations(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_notebook_is_in_canonical_form(path):
    assert is_canonical(path), f"run `make tidy`: {path.relative_to(ROOT)}"


def with_last(source, *, prose="Then we report."):
    cells = [*GOOD[:1], new_markdown_cell("Settings."), *GOOD[1:]]
    return new_notebook(cells=[*cells, new_markdown_cell(prose), new_code_cell(source)])


def test_a_good_notebook_breaks_nothing():
    assert violations(with_last("sw.results()")) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = [i for i in y]\nsw.results()", "ListComp"),
        ("def f():\n    pass\nsw.results()", "FunctionDef"),
        ("import pandas as pd\nsw.results()", "imports something else"),
        ("np.mean(x)\nsw.results()", "np in"),
        ("x = 1", "does not end with sw.results"),
        ("sw.show.estimates(fit)\nsw.results()", "estimates of fit before its health"),
        ("x = sw.answer(f)\nsw.show.leaving(x)\nsw.results()", "x is first shown by leaving"),
        ("\n".join(["x = 1"] * 10 + ["sw.results()"]), "a cell has 11 lines"),
    ],
)
def test_a_bad_cell_is_named(source, said):
    assert any(said in violation for violation in violations(with_last(source)))


def test_a_notebook_with_a_fifth_parameter_is_refused():
    notebook = with_last("sw.results()")
    notebook.cells[2].source += '\nthreshold = ""'
    assert any("the parameters are" in violation for violation in violations(notebook))
