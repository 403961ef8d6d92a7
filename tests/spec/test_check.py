"""`sessionwise check`: everything that is wrong with a file, said at once, and nothing written.

Each case is an export with one fault (or several), the codebook it is read with, and words that
the message must hold. Clients are called CLIENT-…; no message may ever name one.
"""

import pytest
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
[columns.srs]
from = "SRS"
instrument = "srs"
[columns.ending]
from = "end"
"""
HEADER = "ID,visit,day,SRS,end"


def rows(*cells: str) -> str:
    return "\n".join([HEADER, *cells]) + "\n"


def three_99() -> str:
    """391 rows, of which 17, 204 and 391 of the spreadsheet hold 99."""
    lines = [f"CLIENT-{n},1,2024-01-01,{99 if n in (17, 204, 391) else 30},"
             for n in range(2, 392)]  # fmt: skip
    return rows(*lines)


BROKEN = {
    "scores out of their range, as the house says it": (
        three_99(),
        BOOK,
        ["1 problem in sessions.csv:",
         '1. `srs` should lie between 0 and 40; 3 rows do not (rows 17, 204, 391 of sessions.csv). '
         'If 99 means "not answered", add it to `missing` for `srs` in the codebook.'],
    ),
    "one score out of its range that is no code": (
        rows("CLIENT-1,1,2024-01-01,40.5,"),
        BOOK,
        ["1 row does not (row 2 of sessions.csv). Correct them"],
    ),
    "a session twice": (
        rows("CLIENT-1,1,2024-01-01,30,", "CLIENT-1,2,2024-01-08,30,", "CLIENT-1,2,2024-01-08,31,"),
        BOOK,
        ["Within a course each session number stands once", "row 4 of", "[columns.course]"],
    ),
    "an ending followed by sessions": (
        rows("CLIENT-1,1,2024-01-01,30,", "CLIENT-1,2,2024-01-08,30,unplanned",
             "CLIENT-1,3,2024-01-15,30,"),
        BOOK,
        ["Nothing follows the ending of a course", "row 4 of", "a client who came back"],
    ),
    "two endings": (
        rows("CLIENT-1,1,2024-01-01,30,planned", "CLIENT-1,2,2024-01-08,30,unplanned"),
        BOOK,
        ["A course ends once", "rows 2, 3"],
    ),
    "a date that goes back": (
        rows("CLIENT-1,1,2024-02-01,30,", "CLIENT-1,2,2024-01-08,30,"),
        BOOK,
        ["A later session has no earlier date", "row 3"],
    ),
    "text in a number": (
        rows("CLIENT-1,1,2024-01-01,thirty,", "CLIENT-1,2,2024-01-08,30,"),
        BOOK,
        ["`srs` should be a number; 1 cell(s) are not (row 2", "`missing` of [columns.srs]"],
    ),
    "a decimal comma nobody announced": (
        rows('CLIENT-1,1,2024-01-01,"30,5",', "CLIENT-1,2,2024-01-08,30,"),
        BOOK,
        ["`srs` should be a number", 'decimal = ","'],
    ),
    "an unknown code": (
        rows("CLIENT-1,1,2024-01-01,30,plannd"),
        BOOK,
        ["`ending` may be planned, unplanned", "row 2", "Did you mean 'planned'?"],
    ),
    "half a session": (
        rows("CLIENT-1,1.5,2024-01-01,30,"),
        BOOK,
        ["`session` should be a whole number; 1 are not (row 2"],
    ),
    "a client nobody named": (
        rows("CLIENT-1,1,2024-01-01,30,", ",1,2024-01-01,30,"),
        BOOK,
        ["Every row has its `client`", "row 3"],
    ),
    "a missing column": (
        "ID,visits,day,SRS,end\nCLIENT-1,1,2024-01-01,30,\n",
        BOOK,
        ["sessions.csv has no column 'visit' (wanted by [columns.session])",
         "Did you mean 'visits'?"],
    ),
    "a missing column and text in a number": (
        "ID,visits,day,SRS,end\nCLIENT-1,1,2024-01-01,thirty,\n",
        BOOK,
        ["2 problems", "no column 'visit'", "`srs` should be a number"],
    ),
    "a key the codebook does not have": (
        rows("CLIENT-1,1,2024-01-01,30,"),
        BOOK.replace('instrument = "srs"', 'instument = "srs"'),
        ["There is no key `columns.srs.instument`. Did you mean 'instrument'?"],
    ),
    "an instrument nobody knows": (
        rows("CLIENT-1,1,2024-01-01,30,"),
        BOOK.replace('instrument = "srs"', 'instrument = "sr"'),
        ["There is no instrument 'sr'", "Did you mean 'srs'?"],
    ),
    "a codebook that is no TOML": (
        rows("CLIENT-1,1,2024-01-01,30,"),
        "columns = ",
        ["codebook.toml is not valid TOML"],
    ),
    "a codebook of a later version": (
        rows("CLIENT-1,1,2024-01-01,30,"),
        BOOK.replace("schema = 1", "schema = 2"),
        ["schema = 2", "Use a newer sessionwise."],
    ),
    "years of two digits": (
        rows("CLIENT-1,1,01.02.24,30,"),
        BOOK.replace('from = "day"', 'from = "day"\nformat = "%d.%m.%y"'),
        ["`date` is written with two-digit years", "write %Y"],
    ),
    "dates in two forms": (
        rows("CLIENT-1,1,2024-01-01,30,", "CLIENT-1,2,08.01.2024,30,"),
        BOOK,
        ["`date` should be written as %Y-%m-%d; 1 cell(s) are not (row 3"],
    ),
    "a row with a cell too many": (
        rows("CLIENT-1,1,2024-01-01,30,,7"),
        BOOK,
        ["has rows that do not fit its header", "line 2"],
    ),
    "a column twice": (
        "ID,visit,day,SRS,SRS\nCLIENT-1,1,2024-01-01,30,31\n",
        BOOK,
        ["`SRS` stands in the header more than once"],
    ),
    "no header": (
        "CLIENT-1,1,2024-01-01,30,\n",
        BOOK,
        ["The first row looks like a record"],
    ),
    "an empty file": ("", BOOK, ["sessions.csv is empty"]),
    "a header alone": (HEADER + "\n", BOOK, ["has a header and no rows"]),
    "everything at once": (
        rows("CLIENT-1,1,2024-01-01,99,", "CLIENT-1,1,2024-01-08,30,", "CLIENT-2,1,soon,30,",
             "CLIENT-3,1,2024-01-01,x,", "CLIENT-4,1,2024-01-01,30,gone"),
        BOOK,
        ["5 problems in sessions.csv:", "`srs` should lie between", "`srs` should be a number",
         "stands once", "`date` should be written", "`ending` may be"],
    ),
}  # fmt: skip


def check(*arguments: object):
    return CliRunner().invoke(app, ["check", *(str(argument) for argument in arguments)])


@pytest.mark.parametrize(("export", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_said_and_nothing_is_written(tmp_path, export, book, said):
    file, codebook = tmp_path / "sessions.csv", tmp_path / "codebook.toml"
    file.write_text(export, encoding="utf-8")
    codebook.write_text(book, encoding="utf-8")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = check(file, "--codebook", codebook)
    assert result.exit_code == 1
    for words in said:
        assert words in result.stderr
    assert result.stdout == ""
    assert "CLIENT-" not in result.output
    assert "Traceback" not in result.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_that_is_not_there(tmp_path):
    codebook = tmp_path / "codebook.toml"
    codebook.write_text(BOOK, encoding="utf-8")
    result = check(tmp_path / "sessions.csv", "--codebook", codebook)
    assert result.exit_code == 1
    assert "sessions.csv is not there. Check the name and the folder." in result.stderr


def test_a_folder_in_place_of_a_file(tmp_path):
    codebook = tmp_path / "codebook.toml"
    codebook.write_text(BOOK, encoding="utf-8")
    (tmp_path / "sessions.csv").mkdir()
    result = check(tmp_path / "sessions.csv", "--codebook", codebook)
    assert result.exit_code == 1
    assert "sessions.csv is a folder. Name the file in it." in result.stderr


def test_a_codebook_that_is_not_there(tmp_path):
    file = tmp_path / "sessions.csv"
    file.write_text(rows("CLIENT-1,1,2024-01-01,30,"), encoding="utf-8")
    result = check(file)
    assert result.exit_code == 1
    assert "There is no file sessions.codebook.toml" in result.stderr


@pytest.mark.parametrize("name", ["sessions.parquet", "sessions.xlsx"])
def test_a_file_that_is_not_what_its_name_says(tmp_path, name):
    file, codebook = tmp_path / name, tmp_path / "codebook.toml"
    file.write_text("CLIENT-1;30\n", encoding="utf-8")
    codebook.write_text(BOOK, encoding="utf-8")
    result = check(file, "--codebook", codebook)
    assert result.exit_code == 1
    assert f"{name} could not be read" in result.stderr
    assert "CLIENT-" not in result.output


def test_rows_of_scores_made_from_items_are_numbered_as_in_the_file(tmp_path):
    items = "".join(f'[columns.srs_{n}]\nfrom = "s{n}"\ninstrument = "srs"\nitem = {n}\n'
                    for n in range(1, 5))  # fmt: skip
    book = f'[columns.client]\nfrom = "ID"\n[columns.session]\nfrom = "visit"\n{items}'
    file, codebook = tmp_path / "sessions.csv", tmp_path / "codebook.toml"
    codebook.write_text(book, encoding="utf-8")
    file.write_text("ID,visit,s1,s2,s3,s4\nCLIENT-1,1,9,9,9,9\n,,,,,\nCLIENT-1,2,9,9,99,9\n",
                    encoding="utf-8")  # fmt: skip
    result = check(file, "--codebook", codebook)
    assert result.exit_code == 1
    assert "`srs_3` should lie between 0 and 10; 1 row does not" in result.stderr
    assert "row 4 of sessions.csv" in result.stderr


def test_a_file_in_order_is_summed_up(tmp_path):
    file, codebook = tmp_path / "sessions.csv", tmp_path / "codebook.toml"
    file.write_text(
        rows("CLIENT-1,1,2024-01-01,30,", "CLIENT-1,2,2024-01-08,31,", "CLIENT-2,1,2024-01-02,20,",
             ",,,,"), encoding="utf-8"
    )  # fmt: skip
    codebook.write_text(BOOK, encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    result = check(file, "--codebook", codebook)
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "sessions.csv is in order: 4 rows; 3 appointments, 3 sessions, 2 clients, 2 courses; "
        "scores: srs.\nLeft out: 1 row (rows without a single entry).\n"
    )
    assert "Note: Records are taken to end on 2024-01-08" in result.stdout
    assert "CLIENT-" not in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_cell_that_could_not_be_read_is_not_called_empty_as_well(tmp_path):
    file, codebook = tmp_path / "sessions.csv", tmp_path / "codebook.toml"
    codebook.write_text(BOOK + '[columns.attendance]\nfrom = "came"\n', encoding="utf-8")
    file.write_text(
        f"{HEADER},came\nCLIENT-1,1,2024-01-01,30,,there\nCLIENT-1,,2024-01-08,30,,\n",
        encoding="utf-8",
    )
    result = check(file, "--codebook", codebook)
    assert "`attendance` may be attended, cancelled, no_show; 1 cell(s) are not (row 2" in (
        result.stderr
    )
    assert "Every row has its `attendance`; 1 row does not (row 3" in result.stderr
