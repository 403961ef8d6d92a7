"""Files that are not what they seem, or that the system does not hand out."""

import hashlib
import os
from datetime import time
from pathlib import Path

import pytest
from exports import (
    AGAIN,
    BOOK,
    CELLS,
    FIRST,
    SECOND,
    as_nobody,
    assert_broken,
    assert_refused,
    check,
    csv,
    frame,
    parquet,
    run,
    study_of,
    with_error,
    workbook,
)

import sessionwise as sw
from sessionwise.errors import InvalidInput
from sessionwise.records.codebook import Codebook
from sessionwise.records.opening import layout_of

BROKEN = {
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
    "a workbook with a cell in its farthest corner": (
        "sessions.xlsx",
        workbook(CELLS, AGAIN, corner="x"),
        ["has cells as far off as row 1,048,576 and column 16,384", "Delete the empty rows"],
    ),
    "a workbook whose client numbers lost digits": (
        "sessions.xlsx",
        workbook([1.2345678901234568e17, *CELLS[1:]]),
        ["`client` should not be a number of more than 15 digits; 1 cell(s) are (row 2 of",
         "Make the column text in the spreadsheet program"],
    ),
    "a workbook with true and false for scores": (
        "sessions.xlsx",
        workbook(CELLS, [*AGAIN[:4], True, None]),
        ["`srs` should be a number; 1 cell(s) are not (row 3", "They say yes or no"],
    ),
    "a workbook with times in place of days": (
        "sessions.xlsx",
        workbook(CELLS, [*AGAIN[:2], time(9, 30), *AGAIN[3:]]),
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 3"],
    ),
    "Parquet with lists for scores": (
        "sessions.parquet",
        parquet(frame().assign(SRS=[[30], [31]])),
        ["`srs` should be a number; 2 cell(s) are not (rows 2, 3 of sessions.parquet)"],
    ),
    "Parquet with a column twice, but for marks nobody sees": (
        "sessions.parquet",
        parquet(frame().assign(**{"SRS\u200b": 1.0})),
        ["`SRS` stands in the header more than once"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), BROKEN.values(), ids=BROKEN)
def test_it_is_refused_in_words_and_left_as_it_was(tmp_path, name, content, said):
    assert_broken(tmp_path, name, content, BOOK, said)


WHOLE = {"csv": csv(FIRST, SECOND), "parquet": parquet(frame()), "xlsx": workbook(CELLS, AGAIN)}
LATER = {
    "csv": csv(FIRST.replace("30", "12")),
    "parquet": parquet(frame().head(1)),
    "xlsx": workbook([*CELLS[:4], 12, None]),
}
NO_FILES = {
    "a folder": (Path.mkdir, "sessions.csv is a folder. Name the file in it."),
    "a pipe": (os.mkfifo, "sessions.csv is a pipe, not a file. Save what comes out of it"),
    "an endless device": (
        lambda place: place.symlink_to("/dev/zero"), "sessions.csv is a device, not a file."),
    "nothing at all": (lambda place: None, "sessions.csv is not there. Check the name"),
    "a link to nothing": (
        lambda place: place.symlink_to("gone.csv"), "sessions.csv is not there. Check the name"),
    "a link to itself": (
        lambda place: place.symlink_to(place.name), "could not be read: Too many levels"),
    "a file larger than any export": (
        lambda place: (place.touch(), os.truncate(place, 3 * 1024**3)),
        "sessions.csv is larger than 2 GB. Export fewer columns or years"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "said"), NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file_is_not_waited_for(tmp_path, make, said):
    """To open a pipe would wait for ever, to read a device would never end."""
    file = tmp_path / "sessions.csv"
    make(file)
    assert_refused(check(file), [said])
    assert_refused(run("report", study_of(file), "--out", tmp_path / "reports"), [said])
    assert_refused(run("codebook", file), [said])


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a folder", "a pipe"])
@pytest.mark.parametrize("command", ["check", "report"])
def test_nor_is_a_codebook_or_a_study_that_is_no_file(tmp_path, make, command):
    file, place = tmp_path / "sessions.csv", tmp_path / "notes.toml"
    file.write_bytes(WHOLE["csv"])
    make(place)
    told = {"check": ["check", file, "--codebook", place], "report": ["report", place]}
    assert_refused(run(*told[command]), ["notes.toml is a "])


@pytest.mark.parametrize("closed", ["sessions.csv", "codebook.toml", "."])
def test_a_file_or_a_folder_closed_to_the_reader(tmp_path_factory, closed):
    """The administrator, as whom tests may run, can read all: so the rights are given up."""
    folder = tmp_path_factory.mktemp("clinic")
    for above in (folder, *folder.parents):
        if above == folder or above.name.startswith(("pytest-", "popen-")):
            above.chmod(0o755)
    file = folder / "sessions.csv"
    file.write_bytes(WHOLE["csv"])
    assert check(file).exit_code == 0  # everything it needs is loaded now
    with as_nobody():
        assert run("check", file, "--codebook", folder / "codebook.toml").exit_code == 0
    place = folder / closed
    place.chmod(0o000)
    try:
        with as_nobody():
            refused = run("check", file, "--codebook", folder / "codebook.toml")
    finally:
        place.chmod(0o755)
    name = "codebook.toml" if closed == "." else closed
    assert_refused(refused, [f"{name} may not be read by you. Ask for permission, or copy it."])


def test_a_disk_that_fails(tmp_path, monkeypatch):
    file, read_bytes = tmp_path / "sessions.csv", Path.read_bytes
    file.write_bytes(WHOLE["csv"])

    def fail(path: Path) -> bytes:
        if path.suffix == ".csv":
            raise OSError(5, "Input/output error")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", fail)
    assert_refused(check(file), ["sessions.csv could not be read: Input/output error. Copy it"])


def test_a_file_that_does_not_fit_into_memory(tmp_path, monkeypatch):
    def fail(*_: object) -> bytes:
        raise MemoryError

    file = tmp_path / "sessions.csv"
    file.write_bytes(WHOLE["csv"])
    monkeypatch.setattr("sessionwise.records.opening.cells_of_text", fail)
    assert_refused(check(file), ["sessions.csv does not fit into memory. Clear what is empty"])


def replaced(place: Path, later: bytes) -> None:
    place.rename(place.with_name("old"))
    place.write_bytes(later)


CHANGES = {
    "replaced": replaced,
    "written on": lambda place, later: place.write_bytes(place.read_bytes() + later),
    "cut off": lambda place, _: os.truncate(place, 20),
    "gone": lambda place, _: place.unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch, kind, change):
    """Nobody may be told that a file is in order that is not there any more."""
    file, read_bytes = tmp_path / f"sessions.{kind}", Path.read_bytes
    file.write_bytes(WHOLE[kind])

    def read_then_changed(path: Path) -> bytes:
        content = read_bytes(path)
        if path == file:
            monkeypatch.setattr(Path, "read_bytes", read_bytes)
            change(path, LATER[kind])
        return content

    monkeypatch.setattr(Path, "read_bytes", read_then_changed)
    gone = f"sessions.{kind} is not there"
    changed = f"sessions.{kind} changed while it was being read. Try again when nothing writes"
    assert_refused(check(file), [changed if file.exists() else gone])


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_that_changes_between_two_looks_gives_the_later_one_and_its_digest(tmp_path, kind):
    """Cells and digest are of the same bytes: each reading reads once."""
    file = tmp_path / f"sessions.{kind}"
    for content, scores in ((WHOLE[kind], 2), (LATER[kind], 1)):
        file.write_bytes(content)
        s = sw.read(file, Codebook.parse(BOOK))
        assert s.table["srs"].notna().sum() == scores
        assert s.origin.digest == hashlib.sha256(content).hexdigest()


def test_a_name_that_is_no_text(tmp_path):
    """Old systems wrote names in other encodings; a codebook could not name such a file."""
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xfcro.csv"))
    file.write_bytes(WHOLE["csv"])
    for command in ("check", "codebook", "start"):
        result = run(command, file)
        assert_refused(result, ["has a name that is not UTF-8. Rename the file."])
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["[red]b[bold].csv", "a 'b' \"c\".csv", "büro §.csv", "-x.csv"])
def test_a_name_with_odd_marks_is_a_name(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(WHOLE["csv"])
    assert check(file).stdout.startswith(f"{name} is in order: 2 rows;")


def test_marks_that_steer_a_terminal_are_not_sent_to_it(tmp_path):
    file = tmp_path / "a\x1b[2J\x07b.csv"
    file.write_bytes(WHOLE["csv"])
    assert check(file).stdout.startswith("a\ufffd[2J\ufffdb.csv is in order")


def test_a_terminal_that_knows_ascii_only(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    file = tmp_path / "büro.csv"
    file.write_bytes(WHOLE["csv"])
    assert check(file, charset="ascii").stdout.startswith("b?ro.csv is in order")


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_off_anywhere_is_refused_in_words(tmp_path, kind):
    """Only a text file can end early and be whole: after a row, or before its last empty cell."""
    content, file, book = WHOLE[kind], tmp_path / f"sessions.{kind}", Codebook.parse(BOOK)
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
