"""The runner, with small notebooks made for the purpose: a report is whole, or there is none."""

import hashlib
import json
import os
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from sessionwise.errors import InvalidInput, Problem
from sessionwise.reporting.failure import NotebookFailed
from sessionwise.reporting.report import make_report
from sessionwise.reporting.running import run_notebook

PARAMETERS = 'study = ""\nalliance = ""\noutcome = ""\ncohort = ""  # a name of the study file'
SHOW = "from IPython.display import display\ndisplay({bundle!r}, raw=True)"
SVG = '<svg viewBox="0 0 4 2"><path d="M0 0h4"/></svg>'
VENDOR = "application/vnd.sessionwise"


def show(**bundle):
    kinds = {"text": "text/plain", "html": "text/html", "svg": "image/svg+xml", "png": "image/png"}
    named = {kinds.get(key, f"{VENDOR}.{key}+json"): value for key, value in bundle.items()}
    return SHOW.format(bundle=named)


FIGURE = show(
    figure={"name": "staying", "title": "Half stayed", "alt": "A curve.", "caption": "All."},
    svg=SVG,
    png="cG5n",
)
TABLE = show(
    table={"name": "counts", "title": "Counts", "columns": ["a"], "rows": [["=1"]], "note": ""},
    html="<table><tr><td>=1</td></tr></table>",
)
PART = {"name": "stay", "question": "How long?", "status": "answered", "sentence": "Half stayed."}


def result(**changes):
    said = {
        "schema": 1,
        "notebook": "01-first",
        "study": "clinic",
        "title": "First",
        "question": "Who came?",
        "parts": [PART],
        "ledger": [["test clients", 2, 1]],
        "rows": {"clients": 10},
        "methods": "We counted.",
        "sources": ["Bates (2015)"],
        "synthetic": True,
    }
    return show(result=said | changes)


class Home:
    """A folder with a study whose notebooks a test writes."""

    def __init__(self, folder):
        for name in ("data", "studies", "notebooks"):
            (folder / name).mkdir()
        for name in ("data/x.csv", "data/codebook.toml", "studies/clinic.toml"):
            (folder / name).write_text(name, encoding="utf-8")
        self.folder = folder
        self.out = folder / "reports"
        self.study = SimpleNamespace(
            name="clinic",
            title="A clinic",
            path=folder / "studies/clinic.toml",
            data_path=folder / "data/x.csv",
            codebook_path=folder / "data/codebook.toml",
            truth_path=None,
            synthetic=True,
            notebooks=[],
            seed=7,
            clock="session",
            folder_of_notebooks=folder / "notebooks",
            using=self.using,
            read=lambda: None,
        )

    def using(self, cohort="", **_):
        """Know one cohort."""
        if cohort not in ("", "a"):
            raise InvalidInput([Problem(f"There is no cohort '{cohort}'")], "clinic.toml")
        return self.study

    def write(self, name, *sources):
        """Write a notebook: its parameters cell, then Markdown ('# …') and code cells."""
        cells = [new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]
        for source in sources:
            cells.append(
                new_markdown_cell(source) if source.startswith("#") else new_code_cell(source)
            )
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.folder / "notebooks" / f"{name}.ipynb")
        if name not in self.study.notebooks:
            self.study.notebooks.append(name)

    def run(self, name="01-first", parameters=None, **options):
        return run_notebook(self.study, name, parameters, **options)

    def report(self, **parameters):
        return make_report(self.study, parameters, out=self.out)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """One study reported twice: the folder of each report, and the calls of the progress bar."""
    home = Home(tmp_path_factory.mktemp("twice"))
    home.write("01-first", "# First\n\nLead.\n\n## Who", "print(study)", FIGURE, TABLE, result())
    home.write("02-second", "# Second", "import warnings", "warnings.warn('look')", result())
    calls = []
    made = make_report(home.study, out=home.out, progress=lambda *call: calls.append(call))
    again = make_report(home.study, out=home.folder / "again")
    return home, made, again, calls


def published(report):
    return {
        path.relative_to(report.folder).as_posix(): path.read_bytes()
        for path in sorted(report.folder.rglob("*"))
        if path.is_file()
    }


def test_a_report_holds_everything(twice):
    _, made, _, _ = twice
    assert sorted(published(made)) == [
        "01-first.html",
        "02-second.html",
        "figures/01-first--staying.png",
        "figures/01-first--staying.svg",
        "index.html",
        "manifest.json",
        "methods.md",
        "notebooks/01-first.ipynb",
        "notebooks/02-second.ipynb",
        "results/01-first.json",
        "results/02-second.json",
        "tables/01-first--counts.csv",
        "tables/ledger.csv",
    ]
    assert made.results["01-first"]["title"] == "First"
    assert published(made)["tables/01-first--counts.csv"] == b"a\n'=1\n"
    assert published(made)["figures/01-first--staying.png"] == b"png"


def test_made_twice_everything_but_the_manifest_is_the_same(twice):
    _, made, again, _ = twice
    first, second = published(made), published(again)
    del first["manifest.json"], second["manifest.json"]
    assert first == second


def test_no_published_file_says_where_the_study_lies(twice):
    home, made, _, _ = twice
    unwanted = [str(home.folder).encode(), str(Path.home()).encode() + b"/", b"ipykernel_"]
    for name, content in published(made).items():
        assert not [path for path in unwanted if path in content], name


def test_pages_name_nothing_outside(twice):
    _, made, _, _ = twice
    for name, content in published(made).items():
        if name.endswith(".html"):
            assert b"://" not in content, name


def test_the_manifest_holds_digests_status_and_settings(twice):
    _, made, _, _ = twice
    files = published(made)
    said = json.loads(files.pop("manifest.json"))
    assert said == made.manifest
    assert said["outputs"] == {name: hashlib.sha256(c).hexdigest() for name, c in files.items()}
    assert said["parts"]["01-first"] == {"stay": "answered"}
    assert said["environment"]["PYTHONHASHSEED"] == "0"
    assert said["git"] is None
    assert said["digest"].encode() in files["index.html"]


def test_progress_reaches_the_end_of_every_notebook(twice):
    _, _, _, calls = twice
    for name, cells in (("01-first", 7), ("02-second", 6)):  # with the injected cell
        assert [call for call in calls if call[0] == name][-1] == (name, cells, cells)


def test_parameters_and_a_quiet_kernel_reach_the_notebook(home):
    seen = (
        "import json, os\nfrom ipykernel.connect import get_connection_info\n"
        "way = json.loads(get_connection_info())['transport']\n"
        "print(study, repr(cohort), way, os.environ['TZ'], os.environ['OMP_NUM_THREADS'])\n"
        "print(os.path.isabs(study), len(study))"
    )
    home.write("01-first", "# First", seen, result())
    before = dict(os.environ)
    ran = home.run(parameters={"cohort": 'a "quoted" {name}'})
    assert dict(os.environ) == before
    printed = ran.notebook.cells[3].outputs[0].text
    assert printed.splitlines() == [
        "studies/clinic.toml 'a \"quoted\" {name}' ipc UTC 1",
        f"True {len(str(home.study.path))}",
    ]
    assert 'study = "clinic"' in ran.notebook.cells[1].source


def test_an_unknown_parameter_is_refused_before_anything_runs(home):
    trace = home.folder / "ran"
    home.write("01-first", f"open({str(trace)!r}, 'w')", result())
    with pytest.raises(InvalidInput, match="no parameter 'cohrt'.*Did you mean 'cohort'"):
        home.report(cohrt="a")
    assert not trace.exists()
    assert not home.out.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [({"cohort": 3}, "'cohort' should be text, not int"), ({"study": "x"}, "set by the report")],
)
def test_a_parameter_of_the_wrong_kind_is_refused(home, given, said):
    home.write("01-first", result())
    with pytest.raises(InvalidInput, match=said):
        home.report(**given)


def test_an_unknown_cohort_is_refused_before_anything_runs(home):
    home.write("01-first", "raise SystemError", result())
    with pytest.raises(InvalidInput, match="There is no cohort 'b'"):
        home.report(cohort="b")
    assert not home.out.exists()


def test_a_missing_notebook_is_named(home):
    home.write("01-first", result())
    home.study.notebooks.append("01-frist")
    with pytest.raises(InvalidInput, match="no notebook '01-frist'.*Did you mean '01-first'"):
        home.report()


def test_a_failing_cell_is_named_and_leaves_no_half_report(home):
    home.write("01-first", "# First", result())
    home.report()
    older = published(SimpleNamespace(folder=home.out / "clinic"))
    home.write("02-second", "# Second\n\n## Health first", "x = 1", "y = x / 0", result())
    with pytest.raises(NotebookFailed) as caught:
        home.report()
    said = str(caught.value)
    assert 'Notebook 02-second failed in cell 4, under "Health first"' in said
    assert "ZeroDivisionError: division by zero" in said
    assert "Traceback" not in said
    assert published(SimpleNamespace(folder=home.out / "clinic")) == older
    failed = home.out / "clinic.failed"
    assert sorted(path.name for path in failed.iterdir()) == ["02-second.ipynb", "FAILURE.txt"]
    reason = (failed / "FAILURE.txt").read_text(encoding="utf-8")
    assert "Cell: 4\nUnder: Health first\nReason: ZeroDivisionError" in reason
    assert str(home.folder) not in (failed / "02-second.ipynb").read_text(encoding="utf-8")

    home.write("02-second", "# Second", result())
    home.report()
    assert sorted(path.name for path in home.out.iterdir()) == ["clinic"]
    assert (home.out / "clinic" / "02-second.html").exists()


def test_an_export_that_changes_while_the_report_is_made_leaves_none(home):
    """The manifest vouches for the bytes the notebooks read, or there is no report."""
    home.write("01-first", "# First", result())
    older = home.report()
    write = f"from pathlib import Path\nPath({str(home.study.data_path)!r}).write_text('other')"
    home.write("01-first", "# First", write, result())
    with pytest.raises(InvalidInput, match="x.csv changed while the report was made"):
        home.report()
    kept = json.loads((home.out / "clinic" / "manifest.json").read_text(encoding="utf-8"))
    assert kept == older.manifest
    said = (home.out / "clinic.failed" / "FAILURE.txt").read_text(encoding="utf-8")
    assert "x.csv changed while the report was made. Make it again" in said


def test_an_export_that_changed_and_changed_back_is_found_by_what_was_read(home):
    """The file is as it was, and the result says that other bytes were read."""
    digest = hashlib.sha256(home.study.data_path.read_bytes()).hexdigest()
    home.write("01-first", "# First", result(data=digest))
    home.report()
    home.write("01-first", "# First", result(data="0" * 64))
    with pytest.raises(InvalidInput, match="x.csv changed while the report was made"):
        home.report()


def test_records_that_cannot_be_read_are_said_before_anything_runs(home):
    home.write("01-first", "raise SystemError", result())

    def refuse() -> None:
        raise InvalidInput([Problem("`srs` should lie between 0 and 40", "row 2")], "x.csv")

    home.study.read = refuse
    with pytest.raises(InvalidInput, match="`srs` should lie between 0 and 40"):
        home.report()
    failed = home.out / "clinic.failed"
    assert [path.name for path in failed.iterdir()] == ["FAILURE.txt"]
    assert "(row 2)" in (failed / "FAILURE.txt").read_text(encoding="utf-8")


def test_a_killed_kernel_is_a_failure(home):
    home.write("01-first", "# First", "import os", "os.kill(os.getpid(), 9)", result())
    with pytest.raises(NotebookFailed, match="in cell 4.*the kernel was killed"):
        home.run()


def test_a_cell_that_takes_too_long_is_a_failure(home):
    home.write("01-first", "# First", "import time\ntime.sleep(60)", result())
    with pytest.raises(NotebookFailed, match="in cell 3.*longer than 1 seconds"):
        home.run(cell_timeout=1)


def test_a_notebook_that_says_nothing_is_a_failure(home):
    home.write("01-first", "# First", "1 + 1")
    with pytest.raises(NotebookFailed, match="displayed no result"):
        home.report()
    assert not (home.out / "clinic").exists()
    assert "no result" in (home.out / "clinic.failed" / "FAILURE.txt").read_text(encoding="utf-8")


def test_a_figure_without_words_leaves_no_report(home):
    bare = show(figure={"name": "f", "title": "T", "alt": "", "caption": ""}, svg=SVG, png="cG5n")
    home.write("01-first", "# First", bare, result())
    with pytest.raises(NotebookFailed, match="'f' has no alternative text"):
        home.report()
    assert not (home.out / "clinic").exists()


def test_a_folder_that_is_no_report_is_never_replaced(home):
    home.write("01-first", result())
    (home.out / "clinic").mkdir(parents=True)
    (home.out / "clinic" / "thesis.docx").write_text("precious", encoding="utf-8")
    with pytest.raises(InvalidInput, match="'clinic' is there and is not a report"):
        home.report()
    assert (home.out / "clinic" / "thesis.docx").read_text(encoding="utf-8") == "precious"
