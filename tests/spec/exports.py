"""Exports as bad as real ones: how a page makes them, and what every refusal must hold.

A case on a page is a file (its bytes, and its name where that matters), the codebook it is read
with, and words the message must hold: what was found, where, what to do.
"""

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
from typer.testing import CliRunner

from sessionwise.cli import app

BOOK = """\
schema = 1
[columns.client]
from = "ID"
[columns.session]
from = "visit"
[columns.date]
from = "day"
[columns.therapist]
from = "who"
[columns.srs]
from = "SRS"
instrument = "srs"
[columns.ending]
from = "end"
"""
CLINIC = '[columns.clinic]\nfrom = "site"\n'
COURSE = '[columns.course]\nfrom = "nth"\n'
MOOD = '[columns.mood]\nfrom = "mood"\nknown = "before"\ntype = "category"\n'
GERMAN_DATES = BOOK.replace('from = "day"', 'from = "day"\nformat = "%d.%m.%Y"')
HEADER = "ID,visit,day,who,SRS,end"
FIRST = "CLIENT-1,1,2024-01-08,THERAPIST-1,30,"
SECOND = "CLIENT-1,2,2024-01-15,THERAPIST-1,31,"
SECRETS = ("CLIENT-", "THERAPIST-", "someone@", "HYPERLINK", "cmd", "aaaaaaaa")


def csv(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode("utf-8")


def with_column(name: str, *cells: str) -> bytes:
    """Two rows or more with a column more."""
    rows = [FIRST, SECOND, "CLIENT-2,1,2024-01-09,THERAPIST-2,29,"]
    return csv(
        *[f"{row},{cell}" for row, cell in zip(rows, cells, strict=False)],
        header=f"{HEADER},{name}",
    )


def formatted(form: str) -> str:
    return BOOK.replace('from = "day"', f'from = "day"\nformat = "{form}"')


def frame() -> pd.DataFrame:
    rows = [line.split(",") for line in (FIRST, SECOND)]
    return pd.DataFrame(rows, columns=HEADER.split(",")).astype({"visit": int, "SRS": float})


def parquet(table: pd.DataFrame) -> bytes:
    written = io.BytesIO()
    table.to_parquet(written)
    return written.getvalue()


def workbook(*rows: list[object], header: bool = True, corner: object = None) -> bytes:
    book, written = openpyxl.Workbook(), io.BytesIO()
    for row in [HEADER.split(","), *rows] if header else rows:
        book.active.append(row)
    if corner is not None:
        book.active.cell(1_048_576, 16_384, corner)
    book.save(written)
    return written.getvalue()


def with_error(content: bytes) -> bytes:
    """A workbook whose number 31 is the error of a formula."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            xml = old.read(name)
            new.writestr(name, xml.replace(b't="n"><v>31</v>', b't="e"><v>#REF!</v>'))
    return written.getvalue()


CELLS = ["CLIENT-1", 1, datetime(2024, 1, 8), "THERAPIST-1", 30, None]
AGAIN = ["CLIENT-1", 2, datetime(2024, 1, 15), "THERAPIST-1", 31, None]


def run(*words: object, charset: str = "utf-8"):
    return CliRunner(charset=charset).invoke(app, [str(word) for word in words])


def check(file: Path, book: str = BOOK, **terminal: str):
    codebook = file.parent / "codebook.toml"
    codebook.write_text(book, encoding="utf-8")
    return run("check", "--codebook", codebook, "--", file, **terminal)


def study_of(file: Path, *lines: str) -> Path:
    """Write a study of a file beside it, with lines of one's own in place of the usual ones."""
    place = file.parent / "study.toml"
    told = ["schema = 1", 'name = "place"', 'title = "A place"', f'data = "{file.name}"',
            'codebook = "codebook.toml"', 'alliance = "srs"', *lines]  # fmt: skip
    by_key = {line.partition(" ")[0]: line for line in told}
    place.write_text("\n".join([*by_key.values(), ""]), encoding="utf-8")
    return place


def assert_refused(result, said: list[str]) -> None:
    """Hold a command to having refused in words, without a traceback, a client or a score's."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    for words in said:
        assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert len(result.output) < 2_000
    for secret in SECRETS:
        assert secret not in result.output


def assert_broken(folder: Path, name: str, content: bytes, book: str, said: list[str]) -> None:
    """Hold `check` and `report` to refusing a file, and to leaving it as it was.

    A first look (`codebook`) drafts what it can or says why not, and shows no client either.
    """
    file = folder / name
    file.write_bytes(content)
    assert_refused(check(file, book), said)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["codebook.toml", name])
    reports = folder / "reports"
    assert_refused(run("report", study_of(file), "--out", reports), said)
    assert [path.name for path in reports.iterdir()] == ["place.failed"]
    failure = (reports / "place.failed" / "FAILURE.txt").read_text(encoding="utf-8")
    assert said[0] in failure
    looked = run("codebook", file, "--out", folder / "drafted.toml")
    assert isinstance(looked.exception, SystemExit | None)
    assert looked.exit_code in (0, 1)
    for secret in SECRETS:
        assert secret not in failure + looked.output
    assert file.read_bytes() == content


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up the rights of the administrator, to whom no file is closed, for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
