"""Codebooks and studies with a fault: what is wrong, where in the file, and what to write."""

import pytest
from exports import BOOK, FIRST, SECOND, assert_refused, check, csv, run, study_of

BOOKS = {
    "an empty codebook": ("", ["`columns` is missing. Add it."]),
    "no TOML": (BOOK + "[columns.srs", ["codebook.toml is not valid TOML", "(at end of document)"]),
    "an export in its place": (csv(FIRST).decode(), ["codebook.toml is not valid TOML"]),
    "a name without quotes": (
        BOOK.replace('"ID"', "ID"), ["not valid TOML", "Text goes in quotes"]),
    "a table twice": (BOOK + '[columns.srs]\nfrom = "SRS"\n', ["not valid TOML", "columns"]),
    "a key nobody knows": (
        BOOK.replace("instrument", "intrument"), ["intrument", "Did you mean 'instrument'?"]),
    "an instrument nobody knows": (
        BOOK.replace('= "srs"', '= "srss"'), ["There is no instrument 'srss'", "'srs'?"]),
    "a decimal mark that is none": (BOOK.replace("1", "1\ndecimal = ';'"), ["decimal"]),
    "no client": (
        BOOK.replace("columns.client", "columns.person"), ["No column is named as `client`"]),
    "no clock": (
        '[columns.client]\nfrom = "ID"\n', ["No column says when a row happened"]),
    "a score nobody says the time of": (
        BOOK.replace('instrument = "srs"', 'low = 0'), ["When `srs` is known is not said"]),
    "a name with capitals": (
        BOOK.replace("columns.srs", "columns.SRS"), ["'SRS' cannot name a column"]),
    "a column the package makes": (
        BOOK.replace("columns.srs", "columns.due"), ["'due' cannot name a column"]),
    "a script for the name of a column": (
        BOOK.replace("columns.srs", 'columns."<script>"'), ["'<script>' cannot name a column"]),
    "a schema of the future": (BOOK.replace("1", "2", 1), ["schema = 2", "Use a newer"]),
    "a schema that is a word": (BOOK.replace("1", '"one"', 1), ["schema"]),
    "a list where a table belongs": ("columns = [1, 2]", ["columns"]),
    "a column that is a word": ('[columns]\nclient = "ID"\n', ["columns.client"]),
    "an order that forgets a category": (
        BOOK.replace('from = "who"', 'from = "who"\n[columns.mood]\nfrom = "end"\n'
                     'known = "before"\norder = ["good"]'),
        ["`mood` holds 1 value(s) that are not in its `order`", "Add them to `order`"]),
    "codes that explain nothing there": (
        BOOK.replace('from = "end"', 'from = "end"\ncodes = { 1 = "planned" }'),
        ["`ending` holds 1 code(s) the codebook does not explain", "row 3"]),
}  # fmt: skip
STUDIES = {
    "an empty study": ("", ["`name` is missing"]),
    "no TOML": ("name = x", ["study.toml is not valid TOML"]),
    "a key nobody knows": ('aliance = "srs"', ["aliance", "Did you mean 'alliance'?"]),
    "a landmark before the first session": ("landmark = 0", ["landmark"]),
    "a reliability above one": ("reliability = 85", ["reliability"]),
    "a clock nobody knows": ('clock = "week"', ["clock"]),
    "a day that is none": ("observed_until = 2024-02-30", ["not valid TOML"]),
    "a score that is not there": ('outcome = "ors"', ["'ors' is no column", "Did you mean 'srs'?"]),
    "a date for a score": ('outcome = "date"', ["outcome = 'date' is no score of sessions"]),
    "what came later to explain what came before": (
        'adjust = ["ending"]', ["'ending' was not known at intake"]),
    "a name that leaves its folder": ('name = "../../x"', ["name"]),
    "an export that is not there": ('data = "gone.csv"', ["gone.csv is not there"]),
    "a codebook that is not there": ('codebook = "gone.toml"', ["There is no file gone.toml"]),
    "a folder for an export": ('data = "."', ["is a folder. Name the file in it."]),
    "a notebook that is not there": ('notebooks = ["09-magic"]', ["no notebook '09-magic'"]),
    "a notebook of another place": ('notebooks = ["../x"]', ["'../x' cannot name a file"]),
}  # fmt: skip


@pytest.mark.parametrize(("book", "said"), BOOKS.values(), ids=BOOKS)
def test_a_codebook_with_a_fault(tmp_path, book, said):
    file = tmp_path / "sessions.csv"
    file.write_bytes(csv(FIRST, SECOND + "gone"))
    assert_refused(check(file, book), said)


@pytest.mark.parametrize(("line", "said"), STUDIES.values(), ids=STUDIES)
def test_a_study_with_a_fault(tmp_path, line, said):
    """Nothing is run, and no report is left where one is looked for."""
    file = tmp_path / "sessions.csv"
    file.write_bytes(csv(FIRST, SECOND))
    check(file)
    place = study_of(file, line)
    if not line:
        place.write_text("", encoding="utf-8")
    refused = run("report", place, "--out", tmp_path / "reports")
    assert_refused(refused, said)
    assert not (tmp_path / "reports" / "place").exists()
    assert file.read_bytes() == csv(FIRST, SECOND)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_codebook_as_editors_save_it(tmp_path, encoding):
    file, book = tmp_path / "sessions.csv", tmp_path / "book.toml"
    file.write_bytes(csv(FIRST, SECOND))
    book.write_bytes(BOOK.replace("\n", "\r\n").encode(encoding))
    result = run("check", file, "--codebook", book)
    if encoding == "utf-16":
        assert_refused(result, ["book.toml could not be read as a codebook (not UTF-8)", "save it"])
    else:
        assert result.exit_code == 0
