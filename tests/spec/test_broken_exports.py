"""Exports as bad as real ones: each is refused with a message a person can act on.

A case is a file (its name and its bytes), lines added to the codebook or a codebook of its own,
and words the message must hold: what was found, where, what to do. Whatever the fault, `check`
ends with 1, shows no traceback and no client, writes nothing and leaves the file as it was.
"""

import io
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

import sessionwise as sw
from sessionwise.cli import app
from sessionwise.errors import InvalidInput
from sessionwise.records.codebook import Codebook
from sessionwise.records.opening import layout_of

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


def workbook(*rows: list[object], header: bool = True) -> bytes:
    book, written = openpyxl.Workbook(), io.BytesIO()
    for row in [HEADER.split(","), *rows] if header else rows:
        book.active.append(row)
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

TEXT_FILES = {
    "semicolons where the codebook says commas": (
        csv(FIRST).replace(b",", b";"),
        'delimiter = ","\n' + BOOK,
        ["sessions.csv has one column only: its first line holds no commas (line 1).",
         'parted by semicolons: write delimiter = ";" in the codebook, or leave it out'],
    ),
    "commas where the codebook says tabs": (
        csv(FIRST),
        'delimiter = "\\t"\n' + BOOK,
        ["has one column only: its first line holds no tabs (line 1)", 'write delimiter = ","'],
    ),
    "cells parted by a mark nobody uses": (
        csv(FIRST).replace(b",", b"~"),
        BOOK,
        ["has one column only", "Export it as CSV with the names of the columns"],
    ),
    "a delimiter of two characters": (
        csv(FIRST),
        'delimiter = ";;"\n' + BOOK,
        ["`delimiter` in the codebook should be one character", 'e.g. delimiter = ";"'],
    ),
    "a header with commas over rows with semicolons": (
        csv(FIRST.replace(",", ";"), SECOND.replace(",", ";")),
        BOOK,
        ["it has 6 cells, line 2 has 1, and 1 more line differs too",
         "Check quotes and delimiters there"],
    ),
    "Latin-1 that does not say so": (
        csv(FIRST, SECOND, header=HEADER.replace("end", "Güte")).decode().encode("latin-1"),
        BOOK,
        ["sessions.csv is not UTF-8 (line 1)", 'encoding = "latin-1"'],
    ),
    "an encoding that is not the file's": (
        csv(FIRST, "CLIENT-2,1,2024-01-08,Zoë,30,"),
        'encoding = "ascii"\n' + BOOK,
        ["sessions.csv is not ascii (line 3)", "Correct `encoding` in the codebook"],
    ),
    "an encoding nobody knows": (
        csv(FIRST),
        'encoding = "latin-99"\n' + BOOK,
        ["unknown encoding 'latin-99'", 'encoding = "latin-1"'],
    ),
    "UTF-16 cut in the middle of a letter": (
        csv(FIRST).decode().encode("utf-16")[:-1],
        BOOK,
        ["begins as UTF-16-LE and does not go on so", "Export it anew."],
    ),
    "UTF-16 without its mark": (
        csv(FIRST).decode().encode("utf-16-le"),
        BOOK,
        ["holds NUL characters (first in line 1)", 'encoding = "utf-16-le" in the codebook'],
    ),
    "NUL bytes in a cell": (
        csv(FIRST, SECOND.replace("31", "\0\0")),
        BOOK,
        ["holds NUL characters (first in line 3)", "it is damaged: export it anew"],
    ),
    "a row with a cell too few": (
        csv(FIRST, "CLIENT-1,2,2024-01-15", SECOND.replace(",2,", ",3,")),
        BOOK,
        ["has rows that do not fit its header: it has 6 cells, line 3 has 3."],
    ),
    "a row with a cell too few beside quoted commas": (
        csv(FIRST, 'CLIENT-1,2,2024-01-15,"THERAPIST-1, once"'),
        BOOK,
        ["it has 6 cells, line 3 has 4."],
    ),
    "rows with cells too many": (
        csv(FIRST + ",x", SECOND, SECOND + ",y,z"),
        BOOK,
        ["it has 6 cells, line 2 has 7, and 1 more line differs too"],
    ),
    "a file cut off while it was copied": (
        csv(FIRST, SECOND)[:-15],
        BOOK,
        ["it has 6 cells, line 3 has 4.", "whether the file was cut off"],
    ),
    "a quote that is never closed": (
        csv(FIRST, 'CLIENT-1,2,2024-01-15,"THERAPIST-1,31,'),
        BOOK,
        ["a quote that is opened and never closed (it is opened in row 3)", "Close it"],
    ),
    "a quote that is closed rows later": (
        csv(FIRST, 'CLIENT-1,2,2024-01-15,"THERAPIST-1,31,', 'CLIENT-1,3,2024-01-22,",31,'),
        BOOK,
        ["`therapist` should not have line breaks or more than 200 characters; 1 cell(s) do",
         "row 3 of sessions.csv", "swallows the rows that follow"],
    ),
    "a quote in the header that is never closed": (
        b'"' + csv(FIRST),
        BOOK,
        ["a quote that is opened and never closed (it is opened in row 1)"],
    ),
    "an empty file": (b"", BOOK, ["sessions.csv is empty. Export it anew."]),
    "nothing but a mark": (b"\xef\xbb\xbf\n", BOOK, ["sessions.csv is empty. Export it anew."]),
    "a header only": (csv(), BOOK, ["has a header and no rows. Export the records with it."]),
    "rows without a single entry": (
        csv(",,,,,", ",,,,,"),
        BOOK,
        ["No row has an entry in the columns the codebook names (sessions.csv)"],
    ),
    "an empty line above the header": (
        b"\n" + csv(FIRST),
        BOOK,
        ["begins with an empty line (line 1)", "Put the names of the columns into the first"],
    ),
    "a title above the header": (
        b"Export of May,,,,,\n" + csv(FIRST),
        BOOK,
        ["The first row names only 1 of 6 columns (row 1 of sessions.csv)", "Take out titles"],
    ),
    "no header": (
        csv(SECOND, header=FIRST),
        BOOK,
        ["The first row looks like a record", "(row 1 of sessions.csv)"],
    ),
    "an e-mail address in the first row": (
        csv(header="CLIENT-1,first,spring,someone@example.org,good,none"),
        BOOK,
        ["The first row looks like a record", "names of the columns into the first row"],
    ),
    "a name in the header of a thousand characters": (
        csv(FIRST + ",1", header=f"{HEADER},{'a' * 1000}"),
        BOOK,
        ["longer than 200 characters", "row 1 of sessions.csv, column 7", "shorten the name"],
    ),
    "missing columns": (
        csv("CLIENT-1,1,30", header="ID,visits,SRS"),
        BOOK,
        ["4 problems", "has no column 'visit' (wanted by [columns.session]). Did you mean 'visits'",
         "has no column 'day'", "has no column 'who'", "has no column 'end'"],
    ),
    "a column twice": (
        csv(FIRST, header=HEADER.replace("end", "SRS")),
        BOOK,
        ["`SRS` stands in the header more than once", "Rename all but one"],
    ),
}  # fmt: skip

VALUES = {
    "day numbers of a spreadsheet": (
        csv(FIRST.replace("2024-01-08", "45299"), SECOND.replace("2024-01-15", "45306")),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 2 cell(s) are not (rows 2, 3 of",
         "look like the day numbers of a spreadsheet: make the column dates there"],
    ),
    "dates in two forms": (
        csv(FIRST, SECOND.replace("2024-01-15", "15.01.2024")),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 3 of",
         "`format` of [columns.date]; one format a column"],
    ),
    "month and day the other way round": (
        csv(FIRST.replace("2024-01-08", "08/01/2024"), SECOND.replace("2024-01-15", "01/15/2024")),
        formatted("%d/%m/%Y"),
        ["`date` should be written as %d/%m/%Y; 1 cell(s) are not (row 3"],
    ),
    "years of two digits": (
        csv(FIRST.replace("2024-01-08", "08.01.24"), SECOND.replace("2024-01-15", "15.01.24")),
        GERMAN_DATES,
        ["`date` should be written as %d.%m.%Y; 2 cell(s) are not (rows 2, 3",
         "years have two digits, which do not say the century: export four"],
    ),
    "a codebook that asks for years of two digits": (
        csv(FIRST.replace("2024-01-08", "08.01.24")),
        formatted("%d.%m.%y"),
        ["two-digit years", "(format = '%d.%m.%y' in [columns.date])", "write %Y"],
    ),
    "a format as spreadsheets write it": (
        csv(FIRST),
        formatted("YYYY-MM-DD"),
        ["has a format that does not say day, month and year (format = 'YYYY-MM-DD'",
         "e.g. %Y-%m-%d"],
    ),
    "a format that leaves the guessing to the reader": (
        csv(FIRST),
        formatted("mixed"),
        ["does not say day, month and year (format = 'mixed'"],
    ),
    "a format that says the year twice": (
        csv(FIRST),
        formatted("%Y-%m-%d %Y"),
        ["has a format that cannot be used", "Use each of %d, %m and %Y once"],
    ),
    "dates before anybody was born": (
        csv(FIRST, SECOND.replace("2024-01-15", "1900-01-00")
            , "CLIENT-2,1,1899-12-30,THERAPIST-2,30,", "CLIENT-3,1,0202-01-08,THERAPIST-2,30,"),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 3",
         "`date` holds 2 date(s) before 1901 or after 2100 (rows 4, 5", "`missing` of"],
    ),
    "an appointment twice": (
        csv(FIRST, SECOND, SECOND),
        BOOK,
        ["Within a course each session number stands once; 1 row does not (row 4",
         "Take out the double entries"],
    ),
    "two endings": (
        csv(FIRST + "planned", SECOND + "unplanned"),
        BOOK,
        ["A course ends once; 2 rows do not (rows 2, 3", "Keep one ending a course"],
    ),
    "sessions after the ending": (
        csv(FIRST + "planned", SECOND),
        BOOK,
        ["Nothing follows the ending of a course; 1 row does not (row 3", "on its last row"],
    ),
    "a client who came back, without a column for it": (
        csv(FIRST, SECOND + "planned", FIRST.replace("2024", "2025")),
        BOOK,
        ["each session number stands once; 1 row does not (row 4",
         "add [columns.course] if these are second courses"],
    ),
    "a client who came back and left twice from the second course": (
        with_column("nth", "1", "2").replace(b"30,,", b"30,planned,")
        + b"CLIENT-1,3,2024-01-22,THERAPIST-1,31,planned,2\n"
        + b"CLIENT-1,4,2024-01-29,THERAPIST-1,31,unplanned,2\n",
        BOOK + COURSE,
        ["A course ends once; 2 rows do not (rows 4, 5 of"],
    ),
    "one client number in two clinics nobody told apart": (
        csv(FIRST, SECOND, FIRST),
        BOOK,
        ["row 4 of sessions.csv", "[columns.clinic] if clients of two clinics share a number"],
    ),
    "a session number below one": (
        csv(FIRST, SECOND.replace(",2,", ",-1,"), SECOND.replace(",2,", ",0,")),
        BOOK,
        ["Session numbers start at 1 and are whole; 2 rows do not (rows 3, 4",
         "Count the first attended session as 1"],
    ),
    "half a session": (
        csv(FIRST, SECOND.replace(",2,", ",1.5,")),
        BOOK,
        ["`session` should be a whole number; 1 are not (row 3"],
    ),
    "a session number no computer can count to": (
        csv(FIRST, SECOND.replace(",2,", ",1e300,")),
        BOOK,
        ["`session` should be a whole number; 1 are not (row 3", "Mend them in the export"],
    ),
    "a score above its range": (
        csv(FIRST, SECOND.replace("31", "40.5")),
        BOOK,
        ["`srs` should lie between 0 and 40; 1 row does not (row 3", "Correct them"],
    ),
    "a score below its range": (
        csv(FIRST, SECOND.replace("31", "-9")),
        BOOK,
        ["`srs` should lie between 0 and 40; 1 row does not (row 3", "If -9 means"],
    ),
    "99 for not answered": (
        csv(FIRST, SECOND.replace("31", "99")),
        BOOK,
        ["`srs` should lie between 0 and 40", 'If 99 means "not answered", add it to `missing`'],
    ),
    "a comma in the numbers": (
        csv(FIRST.replace("30", '"30,5"'), SECOND),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 2", 'write decimal = ","'],
    ),
    "a point in numbers with commas": (
        csv(FIRST.replace("30", '"30,5"'), SECOND.replace("31", "1.000")),
        'decimal = ","\n' + BOOK,
        ["`srs` should have a comma as its decimal mark; 1 cell(s) do not (row 3",
         "none with marks between thousands"],
    ),
    "text in numbers": (
        csv(FIRST, SECOND.replace("31", "about thirty")),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 3", "`missing` of [columns.srs]"],
    ),
    "infinity": (
        csv(FIRST, SECOND.replace("31", "inf")),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 3"],
    ),
    "e-mail addresses for clients": (
        csv(FIRST.replace("CLIENT-1", "someone@example.org"), SECOND),
        BOOK,
        ["`client` should not hold e-mail addresses; 1 cell(s) do (row 2",
         "Put numbers that name nobody in their place"],
    ),
    "an e-mail address in a text": (
        with_column("mood", "well", "write to someone@example.org"),
        BOOK + MOOD.replace("category", "text"),
        ["`mood` should not hold e-mail addresses; 1 cell(s) do (row 3"],
    ),
    "a formula for a client": (
        csv('"=HYPERLINK(""http://example.org"",""7"")",1,2024-01-08,THERAPIST-1,30,', SECOND),
        BOOK,
        ["`client` should not begin as a formula does; 1 cell(s) do (row 2",
         "Export the values, not the formulas"],
    ),
    "a formula for a clinic": (
        with_column("site", "north", "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0"),
        BOOK + CLINIC,
        ["`clinic` should not begin as a formula does; 2 cell(s) do (rows 3, 4"],
    ),
    "a formula in a number": (
        csv(FIRST, SECOND.replace("31", '"=HYPERLINK(""http://example.org"",31)"')),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 3"],
    ),
    "the error of a formula in a category": (
        with_column("mood", "well", "#REF!"),
        BOOK + MOOD,
        ["`mood` should not be the error of a formula; 1 cell(s) do (row 3", "Mend the formula"],
    ),
    "clients whose digits a spreadsheet lost": (
        csv(FIRST.replace("CLIENT-1", "1.23457E+11"), SECOND),
        BOOK,
        ["`client` should not be written as 1.2E+11, which has lost digits; 1 cell(s) do (row 2",
         "Make the column text"],
    ),
    "a cell of a million characters": (
        csv(FIRST.replace("CLIENT-1", "a" * 1_000_000), SECOND),
        BOOK,
        ["`client` should not have line breaks or more than 200 characters",
         "row 2 of sessions.csv"],
    ),
    "a number of a million digits": (
        csv(FIRST.replace("30", "1" * 1_000_000), SECOND),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 2 of sessions.csv)"],
    ),
    "an ending nobody knows": (
        csv(FIRST + "moved away"),
        BOOK,
        ["`ending` may be planned, unplanned", "(row 2 of sessions.csv)", "`codes` of"],
    ),
}  # fmt: skip

OTHER_FILES = {
    "a workbook called .csv": (
        "sessions.csv",
        workbook(CELLS),
        ["it is a workbook or an archive", "should be called .xlsx"],
    ),
    "Parquet called .csv": (
        "sessions.csv",
        parquet(frame()),
        ["it is a Parquet file", "should be called .parquet"],
    ),
    "text called .xlsx": (
        "sessions.xlsx",
        csv(FIRST),
        ["sessions.xlsx could not be read: it is damaged, cut off, or no .xlsx file", "anew"],
    ),
    "a web page called .xlsx": (
        "sessions.xlsx",
        b"<html><table><tr><td>CLIENT-1</td></tr></table></html>",
        ["it is a web page", "Export the records as CSV"],
    ),
    "an old or protected workbook": (
        "sessions.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        ["it is an old or a protected workbook", "Save it as .xlsx, no password"],
    ),
    "a compressed file": ("sessions.csv", b"\x1f\x8b\x08" + bytes(20), ["Unpack it first"]),
    "a workbook cut off": (
        "sessions.xlsx",
        workbook(CELLS)[:-600],
        ["it is damaged, cut off, or no .xlsx file", "Export it anew"],
    ),
    "an empty workbook": (
        "sessions.xlsx",
        workbook(header=False),
        ["sessions.xlsx is empty: no cell is filled in", "sheet in the codebook"],
    ),
    "a workbook with formulas that were never worked out": (
        "sessions.xlsx",
        workbook(CELLS, [*AGAIN[:4], '=HYPERLINK("http://example.org",31)', None]),
        ["formulas whose values are not stored (row 3 of sessions.xlsx)", "save it"],
    ),
    "a workbook with the error of a formula": (
        "sessions.xlsx",
        with_error(workbook(CELLS, AGAIN)),
        ["formulas that came to an error (row 3 of sessions.xlsx)", "Mend or empty"],
    ),
    "a workbook whose days are numbers": (
        "sessions.xlsx",
        workbook([*CELLS[:2], 45299, *CELLS[3:]]),
        ["`date` should be written as", "(row 2 of sessions.xlsx)", "make the column dates"],
    ),
    "Parquet cut off": (
        "sessions.parquet",
        parquet(frame())[:-40],
        ["sessions.parquet could not be read: it is damaged, cut off", "Export it anew"],
    ),
    "Parquet that lost its middle": (
        "sessions.parquet",
        parquet(frame())[:300] + parquet(frame())[500:],
        ["sessions.parquet could not be read: it is damaged, cut off", "Export it anew"],
    ),
    "Parquet without rows": (
        "sessions.parquet",
        parquet(frame().iloc[:0]),
        ["has a header and no rows"],
    ),
}  # fmt: skip

BROKEN = {
    **{name: ("sessions.csv", *case) for name, case in (TEXT_FILES | VALUES).items()},
    **{name: (file, made, BOOK, said) for name, (file, made, said) in OTHER_FILES.items()},
}


def check(file: Path, book: str = BOOK):
    codebook = file.parent / "codebook.toml"
    codebook.write_text(book, encoding="utf-8")
    return CliRunner().invoke(app, ["check", str(file), "--codebook", str(codebook)])


def assert_refused(result, said: list[str]) -> None:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    for words in said:
        assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert len(result.output) < 2_000
    for secret in SECRETS:
        assert secret not in result.output


@pytest.mark.parametrize(("name", "content", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_export_is_refused_and_left_as_it_was(tmp_path, name, content, book, said):
    file = tmp_path / name
    file.write_bytes(content)
    result = check(file, book)
    assert_refused(result, said)
    assert file.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["codebook.toml", name]


def test_the_page_is_long_enough():
    assert len(BROKEN) >= 40


@pytest.mark.parametrize("book", [BOOK, BOOK + CLINIC, BOOK + MOOD])
def test_what_is_broken_lies_in_the_file_not_in_the_page(tmp_path, book):
    """The rows the cases are made of are in order."""
    file = tmp_path / "sessions.csv"
    file.write_bytes(csv(FIRST + ",a,b", SECOND + ",a,b", header=f"{HEADER},site,mood"))
    assert check(file, book).exit_code == 0


def test_a_folder(tmp_path):
    (tmp_path / "sessions.csv").mkdir()
    result = check(tmp_path / "sessions.csv")
    assert_refused(result, ["sessions.csv is a folder. Name the file in it."])


def test_a_file_that_is_not_there(tmp_path):
    result = check(tmp_path / "sessions.csv")
    assert_refused(result, ["sessions.csv", "Check the name and the folder."])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied"), "may not be read by you. Ask for permission"),
        (OSError(5, "Input/output error"), "could not be read: Input/output error. Copy it"),
    ],
    ids=["no permission", "a disk that fails"],
)
def test_a_file_the_system_does_not_hand_out(tmp_path, monkeypatch, error, said):
    file = tmp_path / "sessions.csv"
    file.write_bytes(csv(FIRST))

    def refuse(path: Path) -> bytes:
        raise error

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert_refused(check(file), [f"sessions.csv {said}"])


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_a_file_cut_off_anywhere_is_refused_in_words(tmp_path, kind):
    """Only a text file can end early and be whole: after a row, or before its last empty cell."""
    whole = {"csv": csv(FIRST, SECOND), "parquet": parquet(frame()), "xlsx": workbook(CELLS, AGAIN)}
    content, file, book = whole[kind], tmp_path / f"sessions.{kind}", Codebook.parse(BOOK)
    may_end = {len(csv(FIRST)), len(csv(FIRST)) - 1, len(content) - 1} if kind == "csv" else set()
    read = set()
    for end in range(0, len(content), max(1, len(content) // 150)):
        file.write_bytes(content[:end])
        try:
            sw.read(file, book)
            read.add(end)
        except InvalidInput as error:
            assert "CLIENT-" not in str(error)
            assert error.problems
    assert read == may_end


@pytest.mark.parametrize(("name", "content", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_a_first_look_at_a_broken_export_is_words_as_well(tmp_path, name, content, book, said):
    """`codebook` drafts one or says why not."""
    file = tmp_path / name
    file.write_bytes(content)
    result = CliRunner().invoke(app, ["codebook", str(file), "--out", str(tmp_path / "c.toml")])
    assert isinstance(result.exception, SystemExit | None)
    assert result.exit_code in (0, 1)
    for secret in SECRETS:
        assert secret not in result.output
    assert file.read_bytes() == content


def test_the_layout_of_a_file_that_holds_nothing(tmp_path):
    (tmp_path / "sessions.csv").write_bytes(b"\xef\xbb\xbf")
    assert layout_of(tmp_path / "sessions.csv") == ("", ",")


def test_problems_raised_in_python_are_the_ones_the_command_shows(tmp_path):
    file = tmp_path / "sessions.csv"
    file.write_bytes(csv(FIRST, SECOND.replace("31", "99")))
    shown = check(file).stderr
    with pytest.raises(InvalidInput) as told:
        sw.read(file, tmp_path / "codebook.toml")
    assert shown.strip() == str(told.value)
