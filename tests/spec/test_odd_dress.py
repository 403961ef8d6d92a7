"""Right input in an odd dress is read: however an export was written, the records are the same.

Few clients, one therapist or scores that never vary are no fault of a file either: it is read,
and each named question gives its answer or a sentence that says why there is none.
"""

import hashlib
import io
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exports import (
    AGAIN,
    BOOK,
    CELLS,
    CLINIC,
    COURSE,
    FIRST,
    GERMAN_DATES,
    HEADER,
    MOOD,
    SECOND,
    check,
    csv,
    frame,
    parquet,
    with_column,
    workbook,
)

import sessionwise as sw
from sessionwise.models.fit import Curve, Fit, Unanswered
from sessionwise.records.codebook import Codebook
from sessionwise.records.opening import open_export
from sessionwise.records.sessions import Sessions
from sessionwise.reporting.exports import csv_text

PLAIN = csv(FIRST, SECOND)
TEXT = PLAIN.decode()
GERMAN = TEXT.replace("2024-01-08", "08.01.2024").replace("2024-01-15", "15.01.2024")


def indexed() -> bytes:
    """Parquet whose clients were the index of the frame when it was written."""
    return parquet(frame().set_index("ID"))


def zoned() -> bytes:
    """Parquet whose days are moments in a time zone."""
    return parquet(frame().assign(day=pd.to_datetime(frame()["day"]).dt.tz_localize("CET")))


DRESSES = {
    "a mark in front (BOM)": ("sessions.csv", TEXT.encode("utf-8-sig"), BOOK),
    "a mark in front, UTF-8 in the codebook": (
        "sessions.csv", TEXT.encode("utf-8-sig"), 'encoding = "utf-8"\n' + BOOK),
    "UTF-16": ("sessions.csv", TEXT.encode("utf-16"), BOOK),
    "UTF-16, big end first": (
        "sessions.csv", b"\xfe\xff" + TEXT.encode("utf-16-be"), BOOK),
    "UTF-16 with tabs, as spreadsheets save Unicode text": (
        "sessions.txt", TEXT.replace(",", "\t").replace("\n", "\r\n").encode("utf-16"), BOOK),
    "UTF-16 without its mark, as the codebook says": (
        "sessions.csv", TEXT.encode("utf-16-le"), 'encoding = "utf-16-le"\n' + BOOK),
    "UTF-32": ("sessions.csv", TEXT.encode("utf-32"), BOOK),
    "semicolons": ("sessions.csv", PLAIN.replace(b",", b";"), BOOK),
    "semicolons and decimal commas": (
        "sessions.csv", TEXT.replace(",", ";").replace("30", "30,0").encode(),
        'decimal = ","\n' + BOOK),
    "semicolons, a comma in a quoted name of a column": (
        "sessions.csv",
        TEXT.replace(",", ";").replace("end", '"end, if any, of all, of it, now, ever"').encode(),
        BOOK.replace('"end"', '"end, if any, of all, of it, now, ever"')),
    "tabs": ("sessions.tsv", PLAIN.replace(b",", b"\t"), BOOK),
    "bars": ("sessions.txt", PLAIN.replace(b",", b"|"), BOOK),
    "the line by which spreadsheets name the delimiter": (
        "sessions.csv", b"sep=;\r\n" + PLAIN.replace(b",", b";"), BOOK),
    "line ends of another system": ("sessions.csv", PLAIN.replace(b"\n", b"\r\n"), BOOK),
    "line ends of a system long gone": ("sessions.csv", PLAIN.replace(b"\n", b"\r"), BOOK),
    "the last line without its end": ("sessions.csv", PLAIN[:-1], BOOK),
    "the mark old programs end a file with": ("sessions.csv", PLAIN + b"\x1a", BOOK),
    "empty lines at the end": ("sessions.csv", PLAIN + b"\n\n,,,,,\n", BOOK),
    "every cell in quotes": (
        "sessions.csv",
        "\n".join('"' + line.replace(",", '","') + '"' for line in TEXT.splitlines()).encode(),
        BOOK),
    "numbers kept as they are written": (
        "sessions.csv", TEXT.replace("CLIENT-1", '="CLIENT-1"').encode(), BOOK),
    "dates as a country writes them": ("sessions.csv", GERMAN.encode(), GERMAN_DATES),
    "dates with the hour": ("sessions.csv", PLAIN.replace(b"-08,", b"-08T09:30:00+01:00,")
                            .replace(b"-15,", b"-15 09:30,"), BOOK),
    "a name of a column in another form of the same letters": (
        "sessions.csv", TEXT.replace("SRS", "Gu\u0308te").encode(),
        BOOK.replace('"SRS"', '"G\u00fcte"')),
    "Latin-1, as the codebook says": (
        "sessions.csv", TEXT.replace("SRS", "Güte").encode("latin-1"),
        'encoding = "latin-1"\n' + BOOK.replace('"SRS"', '"Güte"')),
    "99 for not answered, as the codebook says": (
        "sessions.csv", PLAIN + b"CLIENT-1,3,2024-01-22,THERAPIST-1,99,\n",
        BOOK.replace('instrument = "srs"', 'instrument = "srs"\nmissing = [99]')),
    "a workbook": ("sessions.xlsx", workbook(CELLS, AGAIN), BOOK),
    "Parquet": ("sessions.parquet", parquet(frame()), BOOK),
    "Parquet with the clients as its index": ("sessions.parquet", indexed(), BOOK),
    "Parquet with moments in a time zone": ("sessions.parquet", zoned(), BOOK),
    "a workbook saved with the days as text": (
        "sessions.xlsx", workbook([*CELLS[:2], "2024-01-08", *CELLS[3:]],
                                  [*AGAIN[:2], "2024-01-15", *AGAIN[3:]]), BOOK),
    "Parquet whose text is bytes": (
        "sessions.parquet", parquet(frame().assign(ID=[b"CLIENT-1"] * 2)), BOOK),
    "Parquet with numbers of another kind": (
        "sessions.parquet", parquet(frame().assign(SRS=[Decimal("30.0"), Decimal("31")])), BOOK),
    "digits as wide as letters of another script": (
        "sessions.csv", TEXT.replace("30", "３０").replace("31", "٣١").encode(), BOOK),
    "marks nobody sees, and spaces that are wide or do not break": (
        "sessions.csv", TEXT.replace("CLIENT-1,2", "\u200fCLIENT-1\u200b,\u00a02\u3000")
        .replace("SRS", "\ufeffSRS\u00a0").encode(), BOOK),
    "numbers as calculators write them": (
        "sessions.csv", TEXT.replace("30", "3.0E+01").replace("31", "+31.").encode(), BOOK),
    "moments of another time zone": (
        "sessions.csv", TEXT.replace("-08,", "-08T23:30:00Z,").replace("-15,", "-15 23:30-0500,")
        .encode(), BOOK),
    "columns nobody asked for": (
        "sessions.csv", with_column("note", "someone@example.org", '"a\nb"').rstrip(), BOOK),
}  # fmt: skip


def read(folder: Path, content: bytes, book: str = BOOK, name: str = "sessions.csv") -> Sessions:
    file = folder / name
    file.write_bytes(content)
    assert check(file, book).exit_code == 0
    return sw.read(file, Codebook.parse(book))


@pytest.mark.parametrize(("name", "content", "book"), DRESSES.values(), ids=DRESSES)
def test_an_odd_dress_changes_nothing(tmp_path, name, content, book):
    s = read(tmp_path, content, book, name)
    table = s.table.iloc[:2]
    assert table["client"].tolist() == ["CLIENT-1", "CLIENT-1"]
    assert table["session"].tolist() == [1, 2]
    assert table["date"].tolist() == [pd.Timestamp(2024, 1, 8), pd.Timestamp(2024, 1, 15)]
    assert table["therapist"].tolist() == ["THERAPIST-1", "THERAPIST-1"]
    assert table["srs"].tolist() == [30, 31]
    assert s.table["srs"].notna().sum() == 2
    assert s.courses["ending"].tolist() == ["ongoing"]
    assert s.origin.digest == hashlib.sha256(content).hexdigest()
    assert (tmp_path / name).read_bytes() == content


def test_the_same_client_number_in_two_clinics_is_two_clients(tmp_path):
    content = with_column("site", "north", "north") + FIRST.encode() + b",south\n"
    s = read(tmp_path, content, BOOK + CLINIC)
    assert s.courses["client"].tolist() == ["north/CLIENT-1", "south/CLIENT-1"]


def test_a_client_who_came_back_has_a_second_course(tmp_path):
    content = with_column("nth", "1", "1").replace(b"31,,", b"31,planned,")
    s = read(tmp_path, content + FIRST.replace("2024", "2025").encode() + b",2\n", BOOK + COURSE)
    assert s.counts()["clients"] == 1
    assert s.courses["course"].tolist() == [1, 2]
    assert s.courses["ending"].tolist() == ["planned", "ongoing"]


ALIKE = "holds names that differ only in capitals, spaces, dashes or leading zeros (rows 2, 3 of"


@pytest.mark.parametrize(
    "twin", ["client-1", "CLIENT 1", "CLIENT-01", "CLIENT–1", "CLIENT-１", "ＣLIENT-1"]
)
def test_names_that_look_alike_are_two_and_that_is_said(tmp_path, twin):
    """Nobody but the service can know; a client parted in two would make two short courses."""
    twin = twin.replace(" ", " - ") if twin == "CLIENT 1" else twin
    s = read(tmp_path, csv(FIRST, SECOND.replace("CLIENT-1", twin)))
    assert len(s.courses) == 2
    assert f"`client` {ALIKE}" in s.origin.notes[0]
    said = check(tmp_path / "sessions.csv").stdout
    assert s.origin.notes[0] in said
    assert twin not in said


def test_names_alike_in_two_clinics_are_no_doubt(tmp_path):
    content = with_column("site", "north", "north") + FIRST.lower().encode() + b",south\n"
    s = read(tmp_path, content, BOOK + CLINIC)
    assert not any(ALIKE[:20] in note for note in s.origin.notes)


def test_a_last_day_far_behind_the_others_is_doubted(tmp_path):
    """By a slip of one digit every course would count as observed for ten years."""
    s = read(tmp_path, csv(FIRST, SECOND.replace("2024", "2034")))
    assert any(
        "No session was attended in the 3,660 days before 2034-01-15: if that date is a slip" in n
        for n in s.origin.notes
    )


def test_what_is_taken_for_a_missed_appointment_is_said(tmp_path):
    s = read(tmp_path, csv(FIRST, "CLIENT-1,,2024-01-12,THERAPIST-1,,", SECOND))
    assert s.table["attendance"].tolist() == ["attended", "no_show", "attended"]
    assert "fewer than 5 appointments without a session number are taken as not" in str(
        s.origin.notes
    )


def test_a_word_a_workbook_might_take_for_nothing_is_a_word(tmp_path):
    """`None` and `nan` are categories unless the codebook says otherwise, as in a text file."""
    header, rows = [*HEADER.split(","), "mood"], [[*CELLS, "None"], [*AGAIN, "NA"]]
    s = read(tmp_path, workbook(header, *rows, header=False), BOOK + MOOD, "sessions.xlsx")
    assert s.table["mood"].astype("str").fillna("missing").tolist() == ["None", "missing"]


def test_a_clinic_called_script_is_a_name_and_a_spreadsheet_runs_none_of_its_cells(tmp_path):
    name = "<script>alert(1)</script>"
    s = read(tmp_path, with_column("site", name, name), BOOK + CLINIC)
    assert s.table["clinic"].tolist() == [name, name]
    text = csv_text(["clinic", "rows"], [[name, 2], ["=cmd|' /C calc'!A0", 1], ["@SUM(A1)", 1]])
    assert text.splitlines() == [
        "clinic,rows", f"{name},2", "'=cmd|' /C calc'!A0,1", "'@SUM(A1),1",
    ]  # fmt: skip


def test_a_delimiter_inside_quotes_does_not_part_cells(tmp_path):
    """Commas inside quotes are cells' own; rows are not taken for short ones because of them."""
    (tmp_path / "sessions.csv").write_bytes(with_column("note", '"a, b, c"', '""', '"d"'))
    raw, _ = open_export(tmp_path / "sessions.csv")
    assert raw["note"].tolist() == ["a, b, c", "", "d"]


def clinic() -> pd.DataFrame:
    """The packaged clinic as a service might export it."""
    names = ["client", "therapist", "session", "date", "ors", "srs", "severity", "ending"]
    whole = sw.example().frame[names]
    ending = whole["ending"].astype("str")
    return whole.assign(ending=ending.mask(ending == "ongoing"))


WHOLE = clinic()
PLACES = {
    "one client": WHOLE[WHOLE["client"] == WHOLE["client"].iloc[0]],
    "two clients": WHOLE[WHOLE["client"].isin(WHOLE["client"].unique()[:2])],
    "a client with one session": WHOLE.head(1),
    "one session each": WHOLE[WHOLE["session"] == 1],
    "one therapist": WHOLE.assign(therapist="T1"),
    "an alliance that never varies": WHOLE.assign(srs=30.0),
    "an outcome that never varies": WHOLE.assign(ors=20.0),
    "scores at their ceiling": WHOLE.assign(ors=40.0, srs=40.0),
    "an alliance nobody filled in": WHOLE.assign(srs=np.nan),
    "an outcome nobody filled in": WHOLE.assign(ors=np.nan),
    "one alliance score in all": WHOLE.assign(srs=WHOLE["srs"].where(np.arange(len(WHOLE)) == 5)),
    "a covariate that never varies": WHOLE.assign(severity=1.0),
    "a covariate nobody filled in": WHOLE.assign(severity=np.nan),
}
QUESTIONS = {
    "alliance and next outcome": (sw.alliance_and_next_outcome, {"adjust": ["severity"]}),
    "alliance and leaving": (sw.alliance_and_leaving, {"adjust": ["severity"]}),
    "outcome over time": (sw.outcome_over_time, {"outcome": "ors"}),
    "how courses end": (sw.incidence, {}),
    "how courses end, by early alliance": (
        sw.incidence, {"by": "early_alliance", "landmark": 3}),
    "who is still in therapy": (sw.still_in_therapy, {}),
    "who still answers": (sw.still_answering, {"outcome": "ors"}),
}  # fmt: skip
NO_ANSWER = {
    "one client": ["alliance and next outcome", "alliance and leaving", "outcome over time"],
    "a client with one session": ["alliance and next outcome", "alliance and leaving"],
    "an alliance that never varies": ["alliance and next outcome", "alliance and leaving"],
    "an alliance nobody filled in": ["alliance and next outcome", "alliance and leaving",
                                     "how courses end, by early alliance"],
    "an outcome that never varies": ["alliance and next outcome", "outcome over time"],
    "an outcome nobody filled in": ["alliance and next outcome", "outcome over time"],
    "one therapist": [],
}  # fmt: skip
PLACE_BOOK = """
[columns.client]
from = "client"
[columns.therapist]
from = "therapist"
[columns.session]
from = "session"
[columns.date]
from = "date"
[columns.ending]
from = "ending"
[columns.ors]
from = "ors"
instrument = "ors"
[columns.srs]
from = "srs"
instrument = "srs"
[columns.severity]
from = "severity"
level = "course"
"""


@pytest.mark.parametrize(("place", "rows"), PLACES.items(), ids=PLACES)
def test_a_small_or_silent_place_is_read_and_every_question_is_met(tmp_path, place, rows):
    written = io.StringIO()
    rows.to_csv(written, index=False)
    s = read(tmp_path, written.getvalue().encode(), PLACE_BOOK)
    assert s.counts()["sessions"] == len(rows)
    unanswered = []
    for name, (question, asked) in QUESTIONS.items():
        got = sw.answer(question, s, **asked)
        assert isinstance(got, Fit | Curve | Unanswered), name
        if isinstance(got, Unanswered):
            assert got.reason.endswith("."), name
            assert not any(client in got.reason for client in rows["client"].unique()), name
            unanswered.append(name)
        elif isinstance(got, Fit):
            assert got.health.converged, name
            assert np.isfinite(got.estimates["estimate"]).all(), name
    assert set(NO_ANSWER.get(place, [])) <= set(unanswered)
    if place == "one therapist":
        assert unanswered == []
