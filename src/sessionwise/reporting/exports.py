"""The files of a report beside its pages: tables, figures, results, notebooks, methods."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sessionwise.reporting.canonical import text_of
from sessionwise.reporting.first_page import Front
from sessionwise.reporting.running import Executed

RUN_BY_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutral(cell: object) -> object:
    """Give a cell that a spreadsheet shows and never runs.

    A text that begins like a formula gets an apostrophe in front; numbers stay numbers, whatever
    their sign. Nothing is written for a missing value.

    Examples
    --------
    >>> [neutral(cell) for cell in ("=1+1", "-0.5", "@cmd", "  =x", -3, None, "srs")]
    ["'=1+1", '-0.5', "'@cmd", "'  =x", -3, '', 'srs']
    """
    if cell is None:
        return ""
    if not isinstance(cell, str) or _is_number(cell):
        return cell
    first = cell.lstrip(" ")[:1] if cell[:1] == " " else cell[:1]
    return f"'{cell}" if first in RUN_BY_A_SPREADSHEET else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def csv_text(columns: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    r"""Write a table as comma-separated text, UTF-8 with ``\n``.

    Examples
    --------
    >>> csv_text(["term", "estimate"], [["=srs", -0.25]])
    "term,estimate\n'=srs,-0.25\n"
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([neutral(column) for column in columns])
    writer.writerows([[neutral(cell) for cell in row] for row in rows])
    return written.getvalue()


def json_text(value: object) -> str:
    """Write JSON with sorted keys, two spaces of indent and a newline at the end."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def methods_text(title: str, front: Front) -> str:
    """Write the methods paragraphs and their sources as Markdown, in which no mark is markup."""
    blocks = [f"# Methods: {title}", *front.methods]
    if front.sources:
        blocks += ["## Sources", "\n".join(f"- {source}" for source in front.sources)]
    return "\n\n".join(blocks).replace("<", "&lt;") + "\n"


def export_files(title: str, executed: Sequence[Executed], front: Front) -> Mapping[str, bytes]:
    """Make every file of a report but its pages and its manifest.

    Parameters
    ----------
    title
        Title of the study.
    executed
        The notebooks as they ran.
    front
        What the first page tells, with every table and figure.

    Returns
    -------
    mapping
        Name inside the report's folder to content.
    """
    texts = {"methods.md": methods_text(title, front)}
    texts["tables/ledger.csv"] = csv_text(("reason", "rows", "courses"), front.ledger)
    for notebook, table in front.tables:
        texts[f"tables/{notebook}--{table.name}.csv"] = csv_text(table.columns, table.rows)
    for notebook, figure in front.figures:
        texts[f"figures/{notebook}--{figure.name}.svg"] = figure.svg
    for one in executed:
        texts[f"results/{one.name}.json"] = json_text(one.result)
        texts[f"notebooks/{one.name}.ipynb"] = text_of(one.notebook)
    pictures = {
        f"figures/{notebook}--{figure.name}.png": figure.png for notebook, figure in front.figures
    }
    return {name: text.encode("utf-8") for name, text in texts.items()} | pictures


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, making the folders they need."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
