"""Starting a study: from an export to a codebook and a study file that run as they stand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sessionwise.errors import InvalidInput, Problem
from sessionwise.records.codebook import Codebook
from sessionwise.records.drafting import Drafted, draft_codebook
from sessionwise.records.guess import quoted, written
from sessionwise.records.reading import read
from sessionwise.records.sessions import Clock
from sessionwise.records.vocabulary import ALLIANCE, OUTCOME, folded
from sessionwise.records.writing import write_text

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, eq=False)
class Started:
    """What is written when a study begins.

    Attributes
    ----------
    name
        Name of the study.
    study_file, codebook_file
        Where they go.
    files
        Where → what is written there.
    drafted
        The codebook in the making, with its doubts.
    problems
        What `read` finds with this codebook, to be mended before a report can be made.
    """

    name: str
    study_file: Path
    codebook_file: Path
    files: Mapping[Path, str]
    drafted: Drafted
    problems: tuple[Problem, ...]


def codebook_place(export: Path) -> Path:
    """Say where the codebook of an export goes: beside it.

    Examples
    --------
    >>> codebook_place(Path("data/visits.csv")).name
    'visits.codebook.toml'
    """
    return export.with_name(f"{export.stem}.codebook.toml")


def begun(export: Path, name: str = "", folder: Path = Path()) -> Started:
    """Draft a codebook and a study of an export, and read the export with them; write nothing.

    Parameters
    ----------
    export
        The export; it is only read.
    name
        Name of the study; by default made of the file's name.
    folder
        The project's folder; the study goes to its ``studies/``.

    Raises
    ------
    InvalidInput
        The export cannot be read, or no codebook can be drafted of it, or the name is no name.
    """
    drafted = draft_codebook(export)
    name = name or slug(export.stem)
    if not NAME.fullmatch(name):
        remedy = "Use small letters, digits and -, e.g. --name our-clinic."
        raise InvalidInput([Problem(f"'{name}' cannot name a study", "", remedy)], "the command")
    place, codebook = folder / "studies" / f"{name}.toml", codebook_place(export)
    told = "\n".join(_study_lines(drafted, name, export, place)) + "\n"
    files = {codebook: drafted.text, place: told}
    return Started(name, place, codebook, files, drafted, _problems(export, drafted))


def write_new(files: Mapping[Path, str], *, force: bool = False) -> None:
    """Write files, or none of them if one is there already.

    Raises
    ------
    InvalidInput
        Names every file that is there; nothing was written.
    """
    there = [] if force else [path for path in files if path.exists()]
    if there:
        remedy = "Move it away, or say --force to write over it."
        raise InvalidInput([Problem(f"{path} is there already", "", remedy) for path in there],
                           "the place to write to")  # fmt: skip
    for path, text in files.items():
        write_text(path, text)


def slug(text: str) -> str:
    """Make a name for a study of a file's name.

    Examples
    --------
    >>> slug("Export Ambulanz_2025 (final)")
    'export-ambulanz-2025-final'
    """
    return folded(text).replace(" ", "-")[:60].strip("-") or "study"


def clock_of(book: Codebook) -> Clock:
    """Say what orders the rows: sessions can be counted where appointments are dated."""
    dated = {"session", "date"} & set(book.columns)
    return "session" if dated and not book.repeated else "time"


def _problems(export: Path, drafted: Drafted) -> tuple[Problem, ...]:
    """Say what stops this codebook from being read with."""
    book = drafted.codebook
    try:
        read(export, book, clock_of(book))
    except InvalidInput as error:
        return error.problems
    return ()


def _study_lines(drafted: Drafted, name: str, export: Path, place: Path) -> Iterator[str]:
    """Write the study."""
    near = place.parent.resolve()
    scores = _scores(drafted)
    alliance = [score for score in ALLIANCE if score in scores]
    outcome = [score for score in OUTCOME if score in scores]
    intake = [n for n, guess in drafted.active.items() if guess.keys.get("level") == "course"]
    yield f"# What is to be reported of {quoted(drafted.source)}. Correct what is wrong; then:"
    yield f"#   sessionwise report studies/{place.name}"
    yield "schema = 1"
    yield f"name = {quoted(name)}"
    yield f"title = {quoted(name.replace('-', ' ').capitalize())}"
    yield '# about = ""               # what these data are, in a sentence or two'
    yield f"data = {quoted(_relative(export, near))}"
    yield f"codebook = {quoted(_relative(codebook_place(export), near))}"
    if drafted.synthetic:
        yield '# truth = "…/truth.toml"   # every row says SYNTHETIC: name what it was made of'
    yield f"clock = {quoted(clock_of(drafted.codebook))}"
    yield _choice("alliance", alliance, "no alliance score was found")
    yield _choice("outcome", outcome, "no outcome score was found")
    yield "# reliability = 0.9        # of the outcome, for reliable change; cite where it is from"
    yield '# by = ""                  # a group known at intake to compare, e.g. the arm of a trial'
    yield "adjust = []                # intake covariates of the models"
    if intake:
        yield f"# adjust = {written(intake)}    # known at intake: choose before looking at results"
    yield "landmark = 3               # session at which early alliance is fixed"
    last = drafted.last_date or "2025-12-31"
    said = "the last date in the export" if drafted.last_date else "the day of the export"
    yield f"# observed_until = {last}    # {said}: courses open then are still open"
    yield "# interval_days = 7        # from one appointment to the next; else their median gap"
    yield "# session_limit = 20       # the last session the service allows"


def _choice(key: str, names: list[str], none: str) -> str:
    """Write the first of several scores, the others beside it."""
    if not names:
        return f'# {key} = ""    # {none}'
    others = f"    # or {', '.join(names[1:])}" if names[1:] else ""
    return f"{key} = {quoted(names[0])}{others}"


def _scores(drafted: Drafted) -> set[str]:
    """Name the totals the codebook gives, also those made from items."""
    return {
        str(guess.keys["instrument"])
        for guess in drafted.active.values()
        if "instrument" in guess.keys and "part" not in guess.keys
    }


def _relative(path: Path, start: Path) -> str:
    """Give a path as seen from the study."""
    return Path(os.path.relpath(path.resolve(), start)).as_posix()
