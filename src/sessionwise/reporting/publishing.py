"""An executed notebook as it may be shown: no machine paths, no times, no process numbers."""

from __future__ import annotations

import copy
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode

import sessionwise
from sessionwise.reporting.canonical import KERNELSPEC, stable_ids
from sessionwise.reporting.studying import Studied

CELL_FILE = re.compile(re.escape(tempfile.gettempdir()) + r"[/\\]ipykernel_\d+[/\\]\d+\.py")
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
SVG_DATE = re.compile(r"\s*<dc:date>[^<]*</dc:date>")
FLOOD = 100_000
PICTURES = ("image/png", "image/jpeg")


def published(executed: NotebookNode, study: Studied) -> NotebookNode:
    """Give an executed notebook in the form the report holds.

    Two runs on one machine give the same bytes, and nobody learns from it where on whose disk the
    study lay: paths are replaced by names, papermill's times and the cell it marks an error with
    are left out, and ids are made from the sources.

    Parameters
    ----------
    executed
        The notebook as papermill left it; it is not changed.
    study
        The study it ran for.

    Returns
    -------
    NotebookNode
        A new notebook of format 4.5, with outputs.
    """
    clean = without_paths(study)
    notebook = copy.deepcopy(executed)
    notebook.cells = written_cells(notebook)
    for cell in notebook.cells:
        kept = _tags(cell)
        cell.metadata = NotebookNode({"tags": kept} if kept else {})
        if "injected-parameters" in kept:
            cell.source = cell.source.replace(str(study.path), study.name)
        if cell.cell_type == "code":
            cell.outputs = [_output(output, clean) for output in cell.outputs]
    for cell, name in zip(notebook.cells, stable_ids(notebook.cells), strict=True):
        cell.id = name
    language = notebook.metadata.get("language_info", {"name": "python"})
    notebook.metadata = NotebookNode({"kernelspec": dict(KERNELSPEC), "language_info": language})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def without_paths(study: Studied) -> Callable[[str], str]:
    """Make a function that replaces this machine's paths in a text by names.

    The study's own files keep their names; the interpreter becomes ``<python>``, the package
    ``sessionwise``, the home folder ``~`` and a kernel's temporary file ``<cell>``.
    """
    labels: dict[str, str] = {}
    for path in (study.truth_path, study.codebook_path, study.data_path, study.path):
        if path is not None:
            labels[str(path.parent)] = path.parent.name
    labels[str(study.folder_of_notebooks)] = study.folder_of_notebooks.name
    labels[str(Path(sessionwise.__file__).parent)] = "sessionwise"
    labels |= {sys.prefix: "<python>", sys.base_prefix: "<python>"}
    labels |= {str(Path.cwd()): ".", str(Path.home()): "~"}
    roots = sorted((root for root in labels if len(root) > 2), key=len, reverse=True)
    found = re.compile("|".join(rf"(?<![\w.]){re.escape(root)}(?!\w)" for root in roots))

    def clean(text: str) -> str:
        text = found.sub(lambda match: labels[match.group()], CELL_FILE.sub("<cell>", text))
        return ADDRESS.sub("0x…", text)

    return clean


def written_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Give the cells without those papermill puts in to point at an error."""
    return [cell for cell in notebook.cells if "papermill-error-cell-tag" not in _tags(cell)]


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _output(output: NotebookNode, clean: Callable[[str], str]) -> NotebookNode:
    """Clean one output of a cell and cut a flood of text."""
    if output.output_type == "stream":
        output.text = clean(_short(output.text))
    elif output.output_type == "error":
        output.evalue = clean(output.evalue)
        output.traceback = [clean(line) for line in output.traceback]
    else:
        output.metadata = NotebookNode()
        for kind, content in output.data.items():
            if kind == "image/svg+xml":
                output.data[kind] = SVG_DATE.sub("", content)
            elif kind not in PICTURES:
                output.data[kind] = _everywhere(content, clean)
    return output


def _everywhere(content: object, clean: Callable[[str], str]) -> object:
    """Clean every text inside lists and mappings."""
    if isinstance(content, str):
        return clean(content)
    if isinstance(content, dict):
        return NotebookNode({key: _everywhere(value, clean) for key, value in content.items()})
    if isinstance(content, list):
        return [_everywhere(value, clean) for value in content]
    return content


def _short(text: str) -> str:
    if len(text) <= FLOOD:
        return text
    return f"{text[:FLOOD]}\n… {len(text) - FLOOD:,} more characters were printed here.\n"
