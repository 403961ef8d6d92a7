"""A published notebook says nothing of the machine it ran on."""

import sys
from pathlib import Path
from tempfile import gettempdir
from types import SimpleNamespace

from nbformat.v4 import new_code_cell, new_notebook, new_output

from sessionwise.reporting.canonical import text_of
from sessionwise.reporting.publishing import published, without_paths

STUDY = SimpleNamespace(
    name="clinic",
    path=Path("/srv/private/studies/clinic.toml"),
    data_path=Path("/srv/private/data/clinic/sessions.csv"),
    codebook_path=Path("/srv/private/data/clinic/codebook.toml"),
    truth_path=None,
    folder_of_notebooks=Path("/srv/private/notebooks"),
)


def executed(output, source="x", **metadata):
    cell = new_code_cell(source, metadata=metadata, execution_count=1)
    cell.outputs = [output]
    made = new_notebook(cells=[cell], metadata={"papermill": {"start_time": "2026-01-01"}})
    made.cells[0].id = "random-1"
    return made


def test_paths_become_names():
    clean = without_paths(STUDY)
    assert clean("in /srv/private/data/clinic/sessions.csv") == "in clinic/sessions.csv"
    assert clean(f"{sys.prefix}/lib/x.py:3") == "<python>/lib/x.py:3"
    assert clean(f"{Path.home()}/notes") == "~/notes"
    assert clean(f"{gettempdir()}/ipykernel_99/123.py:1: UserWarning") == "<cell>:1: UserWarning"


def test_a_path_that_only_begins_alike_is_left_alone():
    assert without_paths(STUDY)("/srv/private/studies2/x") == "/srv/private/studies2/x"


def test_addresses_in_memory_are_cut():
    assert without_paths(STUDY)("<object at 0x7f3a00c1>") == "<object at 0x…>"


def test_no_path_time_or_random_id_is_left():
    output = new_output(
        "display_data",
        data={"application/vnd.sessionwise.result+json": {"x": ["/srv/private/data/clinic/s"]}},
    )
    run = executed(output, papermill={"duration": 1.5}, execution={"iopub": "2026"}, tags=["t"])
    text = text_of(published(run, STUDY))
    for unwanted in ("/srv", "papermill", "2026", "random-1", "duration"):
        assert unwanted not in text


def test_two_runs_with_different_ids_and_times_are_the_same_bytes():
    first = executed(new_output("stream", text="at 0x7f3a00c1"), papermill={"duration": 1.5})
    second = executed(new_output("stream", text="at 0x7f3a99ff"), papermill={"duration": 2.5})
    second.cells[0].id = "random-2"
    assert text_of(published(first, STUDY)) == text_of(published(second, STUDY))


def test_the_injected_study_is_its_name():
    run = executed(new_output("stream", text=""), source=f'study = "{STUDY.path}"')
    run.cells[0].metadata["tags"] = ["injected-parameters"]
    assert published(run, STUDY).cells[0].source == 'study = "clinic"'


def test_a_flood_is_cut_and_said_so():
    run = executed(new_output("stream", text="x" * 100_007))
    text = published(run, STUDY).cells[0].outputs[0].text
    assert text.endswith("\n… 7 more characters were printed here.\n")


def test_the_executed_notebook_is_not_changed():
    run = executed(new_output("stream", text="/srv/private/data/clinic"))
    published(run, STUDY)
    assert run.cells[0].outputs[0].text == "/srv/private/data/clinic"
