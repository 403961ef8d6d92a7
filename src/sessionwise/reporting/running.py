"""Run one notebook of a study, or say in a sentence which cell stopped it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill import PapermillExecutionError, execute_notebook, inspect_notebook

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.reporting.collecting import result_of
from sessionwise.reporting.failure import NotebookFailed
from sessionwise.reporting.kernel import Watch, register
from sessionwise.reporting.publishing import published, without_paths, written_cells
from sessionwise.reporting.studying import Studied

Progress = Callable[[str, int, int], None]

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
INJECTED = "injected-parameters"


@dataclass(frozen=True, eq=False)
class Executed:
    """A notebook that ran to its end.

    Attributes
    ----------
    name
        ``"01-who-came"``.
    notebook
        The executed notebook in published form: no paths, no times, stable ids.
    result
        What its last cell displayed as its result.
    """

    name: str
    notebook: NotebookNode
    result: Mapping[str, object]


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook file.

    Raises
    ------
    InvalidInput
        The file is missing or is not a notebook.
    """
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except FileNotFoundError:
        near = nearest(path.stem, [other.stem for other in path.parent.glob("*.ipynb")])
        problem = Problem(f"there is no notebook '{path.stem}'", path.parent.name, near)
    except (nbformat.reader.NotJSONError, UnicodeDecodeError) as error:
        problem = Problem("this is not a notebook file", path.name, str(error).splitlines()[0])
    raise InvalidInput([problem], "the study's notebooks")


def check_parameters(notebooks: Mapping[str, Path], given: Mapping[str, object]) -> None:
    """Refuse parameters that a notebook does not have, before any kernel starts.

    Papermill runs on with an unknown parameter and uses the default instead, which is how a typo
    reports the wrong cohort.

    Parameters
    ----------
    notebooks
        Name and path of each notebook.
    given
        The parameters asked for, without ``study``.

    Raises
    ------
    InvalidInput
        A notebook has no parameters cell, a name is unknown, or a value is not text; every
        problem at once.
    """
    problems = []
    for name, value in given.items():
        if name == "study":
            remedy = "Name the study itself; do not pass it as a parameter."
            problems.append(Problem("'study' is set by the report", "parameters", remedy))
        elif not isinstance(value, str):
            found = f"'{name}' should be text, not {type(value).__name__}"
            problems.append(Problem(found, "parameters", f"Write '{name}' as a string."))
    unknown: dict[str, tuple[str, list[str]]] = {}
    for notebook, path in notebooks.items():
        known = list(inspect_notebook(read_notebook(path)))
        if "study" not in known:
            remedy = "Tag the cell that sets `study` with 'parameters'."
            problems.append(Problem("there is no parameter 'study'", notebook, remedy))
            continue
        for name in (name for name in given if name not in known):
            unknown.setdefault(name, (nearest(name, known), []))[1].append(notebook)
    problems += [
        Problem(f"there is no parameter '{name}'", ", ".join(where), near)
        for name, (near, where) in unknown.items()
    ]
    if problems:
        raise InvalidInput(problems, "the parameters of the report")


def run_notebook(
    study: Studied,
    name: str,
    parameters: Mapping[str, str] | None = None,
    *,
    progress: Progress | None = None,
    cell_timeout: int = 1800,
) -> Executed:
    """Execute one notebook of a study in a fresh kernel and read its result.

    Whether it succeeded is decided here and not from the executed file: papermill marks every
    cell "completed" when the kernel has been killed.

    Parameters
    ----------
    study
        The study; its notebooks are found in its ``folder_of_notebooks``.
    name
        Name of the notebook.
    parameters
        Values for the notebook's parameters other than ``study``.
    progress
        Called with the notebook's name, the cells done and the cells in all.
    cell_timeout
        Seconds one cell may take.

    Returns
    -------
    Executed
        The notebook in published form, and its result.

    Raises
    ------
    InvalidInput
        The notebook is missing, or a parameter is unknown; no kernel has started.
    NotebookFailed
        A cell failed, took too long or killed the kernel; or there is not exactly one result.
    """
    path = study.folder_of_notebooks / f"{name}.ipynb"
    given = dict(parameters or {})
    check_parameters({name: path}, given)
    watch = Watch(None if progress is None else lambda done, of: progress(name, done, of))
    try:
        executed = execute_notebook(
            read_notebook(path),
            None,
            parameters={"study": str(study.path)} | given,
            engine_name=register(),
            kernel_name="python3",
            progress_bar=False,
            autosave_cell_every=0,
            watch=watch,
            cell_timeout=cell_timeout,
        )
    except PapermillExecutionError as error:
        reason = ANSI.sub("", f"{error.ename}: {error.evalue}").strip()
        raise _failure(study, name, watch, reason) from None
    except DeadKernelError:
        reason = "the kernel was killed while this cell ran; it may have run out of memory"
        raise _failure(study, name, watch, reason) from None
    except CellTimeoutError:
        reason = f"the cell took longer than {cell_timeout} seconds"
        raise _failure(study, name, watch, reason) from None
    except RuntimeError as error:
        if watch.index is not None:
            raise
        reason = f"the kernel did not start: {str(error).splitlines()[0]}"
        raise _failure(study, name, watch, reason) from None
    notebook = published(executed, study)
    return Executed(name=name, notebook=notebook, result=result_of(notebook, name))


def _failure(study: Studied, name: str, watch: Watch, reason: str) -> NotebookFailed:
    """Say where a notebook stopped, in the numbering of the notebook as committed."""
    reason = without_paths(study)(reason)
    if watch.notebook is None or watch.index is None:
        return NotebookFailed(name, reason)
    above = written_cells(watch.notebook)[: watch.index]
    injected = sum(INJECTED in cell.metadata.get("tags", []) for cell in above)
    return NotebookFailed(
        name,
        reason,
        cell=watch.index + 1 - injected,
        heading=_heading(above),
        executed=published(watch.notebook, study),
    )


def _heading(cells: list[NotebookNode]) -> str:
    """Give the last heading in these cells, or an empty string."""
    for cell in reversed(cells):
        if cell.cell_type == "markdown":
            found = HEADING.findall(FENCE.sub("", cell.source))
            if found:
                return found[-1]
    return ""
