"""Make the report of a study: all of it, or none."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sessionwise.errors import InvalidInput, Problem, SessionwiseError
from sessionwise.reporting.canonical import text_of
from sessionwise.reporting.exports import export_files, json_text, write_files
from sessionwise.reporting.failure import NotebookFailed
from sessionwise.reporting.first_page import front
from sessionwise.reporting.pages import Frame, front_page, layouts, notebook_page
from sessionwise.reporting.provenance import MADE_BY, inputs, manifest, short_digest
from sessionwise.reporting.running import Executed, Progress, check_parameters, run_notebook
from sessionwise.reporting.studying import Studied, studied

AT_ONCE = 2
CHOICES = ("alliance", "outcome", "cohort")
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, eq=False)
class Report:
    """A finished report.

    Attributes
    ----------
    folder
        Where it is; ``index.html`` is its first page.
    results
        What each notebook found, by name.
    manifest
        What it was made from, as in ``manifest.json``.
    """

    folder: Path
    results: Mapping[str, Mapping[str, object]]
    manifest: Mapping[str, object]


def make_report(
    study: Studied | str | Path,
    parameters: Mapping[str, str] | None = None,
    out: Path = Path("reports"),
    progress: Progress | None = None,
) -> Report:
    """Execute a study's notebooks and make their report.

    The report is built beside its place and moved there when it is whole, so a folder
    ``out/NAME`` is always a complete report. When the records cannot be read or a notebook fails,
    ``out/NAME.failed`` says why, until a report succeeds.

    Parameters
    ----------
    study
        The study, its name or the path of its file.
    parameters
        Values for the notebooks' parameters other than ``study``.
    out
        The folder that holds reports.
    progress
        Called with a notebook's name, its cells done and its cells in all; notebooks run two at a
        time, so calls for them alternate. One call at a time.

    Returns
    -------
    Report
        The folder, the results and the manifest.

    Raises
    ------
    InvalidInput
        A parameter, a cohort or a notebook is unknown, ``out/NAME`` is something other than a
        report, or the records cannot be read: nothing has run. Or what the report is made from
        changed while it was made.
    NotebookFailed
        A notebook failed; an older report stays as it was, with ``NAME.failed`` beside it.
    """
    study, given = studied(study), dict(parameters or {})
    started = _now()
    _check_place(study, out)
    notebooks = {name: study.folder_of_notebooks / f"{name}.ipynb" for name in study.notebooks}
    check_parameters(notebooks, given)
    chosen = study.using(**{name: value for name, value in given.items() if name in CHOICES})
    out.mkdir(parents=True, exist_ok=True)
    try:
        chosen.read()  # a broken export is said at once, and not by a notebook
        made_from = inputs(study, given)
        executed = _run_all(study, given, progress)
        _refuse_changed(study, executed, made_from, inputs(study, given))
        files = _files(study, executed, short_digest(made_from))
    except SessionwiseError as failure:
        _write_failure(out / f"{study.name}.failed", failure)
        raise
    outputs = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    made = manifest(study, executed, made_from, outputs, (started, _now()))
    with _moved_into_place(out / study.name) as partial:
        write_files(partial, files | {"manifest.json": json_text(made).encode("utf-8")})
    shutil.rmtree(out / f"{study.name}.failed", ignore_errors=True)
    return Report(out / study.name, {one.name: one.result for one in executed}, made)


def _run_all(
    study: Studied, parameters: Mapping[str, str], progress: Progress | None
) -> tuple[Executed, ...]:
    """Run the notebooks two at a time, each in its own kernel; report the first that fails."""
    lock = threading.Lock()

    def told(name: str, done: int, of: int) -> None:
        with lock:
            if progress is not None:
                progress(name, done, of)

    def run(name: str) -> Executed:
        return run_notebook(study, name, parameters, progress=told)

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        running = [pool.submit(run, name) for name in study.notebooks]
        try:
            return tuple(one.result() for one in running)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _files(study: Studied, executed: tuple[Executed, ...], short: str) -> dict[str, bytes]:
    """Make every file of the report but the manifest."""
    laid_out = layouts(executed)
    told = front(executed, laid_out)
    frame = Frame(
        study=study.name,
        title=study.title,
        synthetic=study.synthetic or any(one.result["synthetic"] for one in executed),
        digest=short,
        version=version("sessionwise"),
        pages=tuple((one.name, laid_out[one.name].title) for one in executed),
    )
    pages = {f"{one.name}.html": notebook_page(one, frame, laid_out[one.name]) for one in executed}
    pages["index.html"] = front_page(told, frame)
    written = {name: page.encode("utf-8") for name, page in pages.items()}
    return written | dict(export_files(study.title, executed, told))


@contextmanager
def _moved_into_place(place: Path) -> Iterator[Path]:
    """Give a folder to fill; it takes the place when all went well and is removed otherwise."""
    mark = uuid.uuid4().hex[:8]
    partial = place.with_name(f".{place.name}.partial-{mark}")
    partial.mkdir()
    try:
        yield partial
        old = place.with_name(f".{place.name}.old-{mark}")
        if place.exists():
            place.rename(old)
        try:
            partial.rename(place)
        except OSError:
            if old.exists():
                old.rename(place)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _refuse_changed(
    study: Studied,
    executed: Sequence[Executed],
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    """Refuse a report whose notebooks may have read different files than its manifest names."""
    names = {"data": study.data_path.name, "codebook": study.codebook_path.name,
             "study": study.path.name}  # fmt: skip
    changed = {name for name in after if after[name] != before[name]}
    if any(one.result.get("data", before["data"]) != before["data"] for one in executed):
        changed.add("data")
    problems = [
        Problem(
            f"{names.get(name, f'the {name} of the report')} changed while the report was made",
            "",
            "Make it again when nothing writes to it any more.",
        )
        for name in sorted(changed)
    ]
    if problems:
        raise InvalidInput(problems, "the inputs of the report")


def _write_failure(place: Path, failure: SessionwiseError) -> None:
    """Say beside the report's place what failed, with the notebook as far as it ran."""
    said = [f"Reason: {failure}"]
    files = {}
    if isinstance(failure, NotebookFailed):
        said = [
            f"Notebook: {failure.notebook}",
            f"Cell: {failure.cell or 'no one cell'}",
            f"Under: {failure.heading or 'no heading'}",
            f"Reason: {failure.reason}",
        ]
        if failure.executed is not None:
            files[f"{failure.notebook}.ipynb"] = text_of(failure.executed)
    older = "This report was not made. An older one beside it does not describe the present data."
    files["FAILURE.txt"] = "\n".join([*said, "", older]) + "\n"
    shutil.rmtree(place, ignore_errors=True)
    with _moved_into_place(place) as partial:
        write_files(partial, {name: text.encode("utf-8") for name, text in files.items()})


def _check_place(study: Studied, out: Path) -> None:
    """Refuse a name that is no folder name, and a folder that is not a report of ours."""
    problems = [
        Problem(
            f"'{name}' cannot name a file", "the study", "Use letters, digits, '.', '-' and '_'."
        )
        for name in (study.name, *study.notebooks)
        if not SAFE_NAME.fullmatch(name)
    ]
    place = out / study.name
    if not problems and place.exists() and not _is_report(place):
        remedy = "Choose another folder for reports, or move this one away."
        problems.append(Problem(f"'{place.name}' is there and is not a report", str(out), remedy))
    if problems:
        raise InvalidInput(problems, "the place of the report")


def _is_report(place: Path) -> bool:
    try:
        found = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("made_by") == MADE_BY


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
