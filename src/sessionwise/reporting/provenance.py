"""What a report was made from: digests, versions, seed, counts, and the status of each part."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import sessionwise
from sessionwise.reporting.kernel import ENVIRONMENT
from sessionwise.reporting.running import Executed
from sessionwise.reporting.studying import Studied

SCHEMA = 1
MADE_BY = "sessionwise"
PACKAGES = (
    "formulaic",
    "great-tables",
    "ipykernel",
    "matplotlib",
    "nbclient",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pyarrow",
    "pydantic",
    "scipy",
    "seaborn",
    "sessionwise",
    "statsmodels",
)


def digest(path: Path) -> str:
    """Give the SHA-256 of a file, or of a folder's files with their relative names.

    Compiled files and hidden ones are left out, so that a folder means what was written in it.

    Parameters
    ----------
    path
        A file or a folder.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in name.parts)
        if file.is_file() and not hidden:
            total.update(f"{name.as_posix()}\0{digest(file)}\n".encode())
    return total.hexdigest()


def inputs(study: Studied, parameters: Mapping[str, str]) -> dict[str, object]:
    """Give the digest of everything a report depends on.

    Parameters
    ----------
    study
        The study.
    parameters
        Values given for the notebooks' parameters, without ``study``.

    Returns
    -------
    dict
        ``data``, ``codebook``, ``study``, ``truth``, ``notebooks`` (by name), ``package``,
        ``parameters``; no path of this machine.
    """
    return {
        "data": digest(study.data_path),
        "codebook": digest(study.codebook_path),
        "study": digest(study.path),
        "truth": digest(study.truth_path) if study.truth_path else None,
        "notebooks": {
            name: digest(study.folder_of_notebooks / f"{name}.ipynb") for name in study.notebooks
        },
        "package": digest(Path(sessionwise.__file__).parent),
        "parameters": dict(sorted(parameters.items())),
    }


def short_digest(made_from: Mapping[str, object]) -> str:
    """Give the 12 digits a page's footer shows: the same inputs, the same digits.

    Examples
    --------
    >>> short_digest({"data": "a", "study": "b"}) == short_digest({"study": "b", "data": "a"})
    True
    """
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:12]


def versions() -> dict[str, str | None]:
    """Give the versions of Python and of the packages a report's numbers pass through."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def checkout(folder: Path) -> dict[str, object] | None:
    """Give the commit the study's folder is at and whether files differ; ``None`` outside git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


def manifest(
    study: Studied,
    executed: Sequence[Executed],
    made_from: Mapping[str, object],
    outputs: Mapping[str, str],
    times: tuple[str, str],
) -> dict[str, object]:
    """Gather what is written to ``manifest.json``.

    Parameters
    ----------
    study
        The study.
    executed
        Its notebooks as they ran.
    made_from
        From :func:`inputs`.
    outputs
        Digest of every file of the report, by its name inside the folder.
    times
        When the run started and finished, ISO 8601 in UTC.
    """
    results = {one.name: one.result for one in executed}
    return {
        "schema": SCHEMA,
        "made_by": MADE_BY,
        "study": study.name,
        "title": study.title,
        "synthetic": study.synthetic,
        "seed": study.seed,
        "clock": study.clock,
        "digest": short_digest(made_from),
        "inputs": made_from,
        "versions": versions(),
        "git": checkout(study.path.parent),
        "environment": dict(ENVIRONMENT),
        "rows": {name: result["rows"] for name, result in results.items()},
        "parts": {
            name: {part["name"]: part["status"] for part in result["parts"]}
            for name, result in results.items()
        },
        "outputs": dict(sorted(outputs.items())),
        "started": times[0],
        "finished": times[1],
    }
