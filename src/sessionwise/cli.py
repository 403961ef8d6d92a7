"""The command line: `sessionwise start`, `codebook`, `check`, `report`, `simulate`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

import sessionwise
from sessionwise.errors import SessionwiseError

if TYPE_CHECKING:
    from sessionwise.study.starting import Started

INTERRUPTED = 130


class _Commands(TyperGroup):
    """Commands whose mistakes are said once, without a traceback."""

    def invoke(self, ctx: typer.Context) -> object:
        """Run a command; what a user can mend ends with 1, an interruption with 130."""
        try:
            return super().invoke(ctx)
        except SessionwiseError as error:
            _say(str(error), error=True)
            raise typer.Exit(1) from None
        except OSError as error:
            place = f" ({Path(error.filename).name})" if error.filename else ""
            _say(f"The file system refused: {error.strerror}{place}.", error=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            _say("Stopped.", error=True)
            raise typer.Exit(INTERRUPTED) from None


class _WithParameters(TyperCommand):
    """A command that takes `-p NAME VALUE`, and `-p NAME=VALUE` alike."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        """Join each name with its value."""
        joined, rest = [], iter(args)
        for word in rest:
            joined.append(word)
            if word in ("-p", "--parameter"):
                name = next(rest, "")
                joined.append(name if "=" in name else f"{name}={next(rest, '')}")
        return super().parse_args(ctx, joined)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Session-by-session psychotherapy feedback as defensible science.",
)


def _version(asked: bool) -> None:
    """Say which version this is, and stop."""
    if asked:
        _say(f"sessionwise {sessionwise.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    """Session-by-session psychotherapy feedback as defensible science."""


Export = Annotated[Path, typer.Argument(help="The export: .csv, .tsv, .parquet or .xlsx.")]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]


@app.command()
def start(
    file: Export,
    name: Annotated[str, typer.Option(help="Name of the study; else made of the file's.")] = "",
    folder: Annotated[Path, typer.Option(help="The project; gets studies/NAME.toml.")] = Path(),
    force: Force = False,
) -> None:
    """Write a codebook and a study of an export, ready for `sessionwise report`."""
    from sessionwise.study.starting import begun, write_new

    begins = begun(file, name, folder)
    write_new(begins.files, force=force)
    for path in begins.files:
        _say(f"Written: {path}")
    _look_at(begins.drafted.doubts)
    _say(_next_step(begins, file))


def _next_step(begins: Started, file: Path) -> str:
    """Say what to do after a study has begun."""
    if not begins.problems:
        return f"Next: sessionwise report {quote(str(begins.study_file))}"
    found = [f"  {number}. {problem}" for number, problem in enumerate(begins.problems, 1)]
    again = f"Next: mend these, then {_check_of(file, begins.codebook_file)}"
    return "\n".join(["Before a report can be made:", *found, again])


def _check_of(file: Path, codebook: Path) -> str:
    return f"sessionwise check {quote(str(file))} --codebook {quote(str(codebook))}"


@app.command()
def codebook(
    file: Export,
    out: Annotated[Path | None, typer.Option(help="Where to write it; else beside.")] = None,
    force: Force = False,
) -> None:
    """Look at an export and write a commented codebook of it."""
    from sessionwise.records.drafting import draft_codebook
    from sessionwise.study.starting import codebook_place, write_new

    drafted = draft_codebook(file)
    place = out or codebook_place(file)
    write_new({place: drafted.text}, force=force)
    _say(f"Written: {place}")
    _look_at(drafted.doubts)
    _say(f"Next: {_check_of(file, place)}")


@app.command()
def check(
    file: Export,
    codebook: Annotated[Path | None, typer.Option(help="Its codebook; else beside.")] = None,
) -> None:
    """Read an export and say everything that is wrong with it; write nothing."""
    from sessionwise.records.codebook import Codebook
    from sessionwise.records.reading import read
    from sessionwise.records.whole_files import refuse_absent
    from sessionwise.study.starting import clock_of, codebook_place

    refuse_absent(file)
    book = Codebook.load(codebook or codebook_place(file))
    s = read(file, book, clock_of(book))
    counts = ", ".join(_counted(number, noun) for noun, number in s.counts().items() if number)
    scores = ", ".join(s.instruments) or "none"
    rows = _counted(s.origin.rows_read, "rows")
    _say(f"{file.name} is in order: {rows}; {counts}; scores: {scores}.")
    for left in s.origin.ledger:
        _say(f"Left out: {_counted(left.rows, 'rows')} ({left.reason}).")
    for note in s.origin.notes:
        _say(f"Note: {note}")


def _counted(number: int, nouns: str) -> str:
    """Count something; its word is given for several."""
    return f"{number:,} {nouns.removesuffix('s') if number == 1 else nouns}"


@app.command(cls=_WithParameters)
def report(
    study: Annotated[list[str], typer.Argument(help="Studies: names, or paths of .toml files.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME VALUE", help="alliance, outcome, cohort."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder that holds reports.")] = Path("reports"),
) -> None:
    """Run the notebooks of one or more studies and make their reports."""
    from sessionwise.study.study import Study

    given = _parameters(parameter or [])
    studies = [Study.load(name) for name in study]
    failed = 0
    for one in studies:
        try:
            _say(f"{one.title}: {_reported(one, given, out) / 'index.html'}")
        except SessionwiseError as error:  # the other studies still get their reports
            _say(f"{one.name}: {error}", error=True)
            failed += 1
    if failed:
        raise typer.Exit(1)


def _parameters(pairs: Iterable[str]) -> dict[str, str]:
    """Give parameters by name; one without a value, or given twice, is a mistake of usage."""
    given: dict[str, str] = {}
    for name, _, value in (pair.partition("=") for pair in pairs):
        if not name or not value:
            raise typer.BadParameter(f"write -p NAME VALUE; '{name}' has no value")
        if name in given:
            raise typer.BadParameter(f"'{name}' is given twice")
        given[name] = value
    return given


def _reported(study: object, given: dict[str, str], out: Path) -> Path:
    """Make one report with a progress bar for each notebook; give its folder."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from sessionwise.reporting.report import make_report

    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        tasks: dict[str, int] = {}

        def progress(notebook: str, done: int, of: int) -> None:
            if notebook not in tasks:
                tasks[notebook] = bars.add_task(notebook, total=of)
            bars.update(tasks[notebook], completed=done, total=of)

        return make_report(study, given, out, progress).folder


@app.command()
def simulate(
    truth: Annotated[Path, typer.Argument(help="What the clinic is made of: a truth.toml.")],
    out: Annotated[Path, typer.Option(help="The export to write, .csv.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same clinic.")] = 1,
    force: Force = False,
) -> None:
    """Draw a synthetic clinic with known effects and write it as an export."""
    from sessionwise.records.simulation import simulate as simulated
    from sessionwise.records.truth import Truth
    from sessionwise.records.writing import simulated_export
    from sessionwise.study.starting import write_new

    if out.suffix.lower() != ".csv":
        raise typer.BadParameter("the export is written as .csv", param_hint="--out")
    s = simulated(Truth.load(truth), seed)
    write_new({out: simulated_export(s)}, force=force)
    counts = s.counts()
    _say(f"Written: {out}, {counts['clients']:,} clients, {counts['sessions']:,} sessions, "
         f"seed {seed}; every row is stamped SYNTHETIC.")  # fmt: skip


def _look_at(doubts: Iterable[str]) -> None:
    """List what was guessed with little confidence."""
    doubts = list(doubts)
    if doubts:
        _say("Please look at these; each is marked CHECK in the codebook:")
    for doubt in doubts:
        _say(f"  {doubt}")


def _say(text: str, *, error: bool = False) -> None:
    """Show text as it is: a name with brackets is a name, and one with control marks harmless."""
    console = Console(stderr=error, soft_wrap=True)
    seen = "".join(
        letter if letter in "\n\t" or letter.isprintable() else "\ufffd" for letter in text
    )
    console.print(Text(seen.encode(console.encoding, "replace").decode(console.encoding)))


def main() -> None:
    """Run the command line."""
    app(prog_name="sessionwise")
