"""The one form in which a notebook is committed, so that only what was written differs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
KEPT_OF_A_CELL = ("tags", "jupyter")


def canonical_form(notebook: NotebookNode) -> NotebookNode:
    """Give the notebook as it is committed: no outputs, no counts, ids made from the source.

    An id made from a cell's source changes when the cell does and stays when its neighbours do,
    so that a difference between two versions shows what was written and nothing else.

    Parameters
    ----------
    notebook
        Any notebook of format 4.

    Returns
    -------
    NotebookNode
        A new notebook of format 4.5 with kernelspec ``python3``; empty cells are left out.

    Examples
    --------
    >>> cell = nbformat.v4.new_code_cell("1 + 1", execution_count=3)
    >>> made = canonical_form(nbformat.v4.new_notebook(cells=[cell]))
    >>> made.cells[0].execution_count is None, canonical_form(made) == made
    (True, True)
    """
    written = [cell for cell in notebook.cells if cell.source.strip()]
    cells = [_cell(cell, name) for cell, name in zip(written, stable_ids(written), strict=True)]
    metadata = {"kernelspec": dict(KERNELSPEC), "language_info": dict(LANGUAGE)}
    made = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    made.nbformat_minor = 5
    return made


def _cell(cell: NotebookNode, name: str) -> NotebookNode:
    """Give one cell with its source, its tags and a stable id."""
    kept = {key: cell.metadata[key] for key in KEPT_OF_A_CELL if cell.metadata.get(key)}
    new = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }[cell.cell_type]
    return new(cell.source.rstrip(), id=name, metadata=kept)


def stable_ids(cells: Iterable[NotebookNode]) -> list[str]:
    """Make one id per cell from its type and source; a repeat gets a number."""
    ids: list[str] = []
    seen: dict[str, int] = {}
    for cell in cells:
        source = f"{cell.cell_type}\n{cell.source.rstrip()}"
        name = f"{cell.cell_type}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return ids


def text_of(notebook: NotebookNode) -> str:
    """Write a notebook as text: sorted keys, one space of indent, a newline at the end."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def is_canonical(path: Path) -> bool:
    """Say whether a notebook file is, byte for byte, in the form in which it is committed."""
    text = path.read_text(encoding="utf-8")
    return text == text_of(canonical_form(nbformat.reads(text, as_version=4)))


def make_canonical(path: Path) -> bool:
    """Rewrite a notebook file in the committed form; say whether anything changed."""
    if is_canonical(path):
        return False
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    path.write_text(text_of(canonical_form(notebook)), encoding="utf-8", newline="\n")
    return True
