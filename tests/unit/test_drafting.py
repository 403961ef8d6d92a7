"""An export is looked at, and what it probably holds is written down with the reason."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.errors import InvalidInput
from sessionwise.records.codebook import Codebook
from sessionwise.records.drafting import draft_codebook
from sessionwise.records.reading import read
from sessionwise.study.starting import begun, write_new
from sessionwise.study.study import Study

SERVICE = """\
Klienten-Nr;Therapeut/in;Sitzung;Datum;Erschienen;Setting;SRS gesamt;ORS;\
PHQ1;PHQ2;PHQ3;PHQ4;PHQ5;PHQ6;PHQ7;PHQ8;PHQ9;Alter;Nachname;Abschluss
KL-90071;T1;1;03.01.2024;ja;vor Ort;31,5;18,2;1;1;1;1;1;1;1;1;1;34;Geheim;regulär
KL-90071;T1;2;10.01.2024;ja;Video;99;19,0;0;0;0;0;0;0;0;0;3;34;Geheim;regulär
KL-90071;T1;;17.01.2024;nein;Video;;;;;;;;;;;;34;Geheim;regulär
KL-90071;T1;3;24.01.2024;ja;Video;35,0;22,4;0;0;0;;0;0;0;0;0;34;Geheim;regulär
KL-90072;T2;1;05.01.2024;ja;vor Ort;28,0;15,5;2;2;2;2;2;2;2;2;2;51;Vertraulich;Abbruch
KL-90072;T2;2;26.01.2024;ja;Telefon;26,5;k.A.;3;3;3;3;3;3;3;3;3;51;Vertraulich;Abbruch
KL-90073;T2;1;29.01.2024;ja;vor Ort;30,0;20,0;1;0;0;0;0;0;0;0;0;28;Privat;läuft noch
"""  # fmt: skip


@pytest.fixture
def service(tmp_path):
    """An export as a German outpatient service might write it, in the encoding of old Excel."""
    file = tmp_path / "Export Ambulanz.csv"
    file.write_bytes(SERVICE.encode("cp1252"))
    return file


def csv(folder: Path, text: str, name: str = "visits.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def drafted(folder: Path, text: str) -> Codebook:
    return draft_codebook(csv(folder, text)).codebook


class TestAServiceStarts:
    def test_its_study_reads_the_right_rows(self, service, tmp_path):
        begins = begun(service, folder=tmp_path)
        write_new(begins.files)
        study = Study.load(begins.study_file)
        s = study.read()
        assert s.counts() == {
            "appointments": 7, "sessions": 6, "clients": 3, "therapists": 2, "courses": 3,
        }  # fmt: skip
        table = s.table
        assert table["session"].tolist() == [1, 2, pd.NA, 3, 1, 2, 1]
        assert table["appointment"].tolist() == [1, 2, 3, 4, 1, 2, 1]
        assert table["attendance"].tolist()[:4] == ["attended", "attended", "no_show", "attended"]
        assert table["modality"].tolist()[4:] == ["in_person", "phone", "in_person"]
        assert table["date"].iloc[1] == pd.Timestamp("2024-01-10")
        np.testing.assert_equal(
            table["srs"].to_numpy(float), [31.5, np.nan, np.nan, 35, 28, 26.5, 30]
        )
        np.testing.assert_equal(
            table["ors"].to_numpy(float), [18.2, 19, np.nan, 22.4, 15.5, np.nan, 20]
        )
        # nine items; one missing makes the score missing
        np.testing.assert_equal(table["phq9"].to_numpy(float), [9, 3, np.nan, np.nan, 18, 27, 1])
        assert s.courses["ending"].tolist() == ["planned", "unplanned", "ongoing"]
        assert s.courses["alter"].tolist() == [34, 51, 28]
        assert (s.columns["srs"].known, s.columns["ors"].known) == ("after", "before")

    def test_the_study_names_what_the_models_use(self, service, tmp_path):
        begins = begun(service, folder=tmp_path)
        write_new(begins.files)
        study = Study.load(begins.study_file)
        assert (study.name, study.clock) == ("export-ambulanz", "session")
        assert (study.alliance, study.outcome, study.adjust) == ("srs", "ors", ())
        text = begins.files[begins.study_file]
        assert "# observed_until = 2024-01-29" in text
        assert '# adjust = ["alter"]' in text
        assert begins.problems == ()

    def test_nothing_that_names_a_client_is_written(self, service, tmp_path):
        written = "".join(begun(service, folder=tmp_path).files.values())
        for secret in ("KL-9007", "Geheim", "Vertraulich", "Privat"):
            assert secret not in written

    def test_every_guess_says_why_and_every_doubt_is_marked(self, service):
        draft = draft_codebook(service)
        blocks = draft.text.split("\n\n")[1:]
        assert all(block.startswith("# ") for block in blocks)
        assert "# 3 different values, repeats over rows\n[columns.client]" in draft.text
        assert "# CHECK: 99 taken as 'not answered' (1 cell)" in draft.text
        assert '#   "Nachname": may name a person or hold free text' in draft.text
        assert any(doubt.startswith("srs: 99") for doubt in draft.doubts)

    def test_how_the_file_is_laid_out_is_found(self, service):
        book = draft_codebook(service).codebook
        assert (book.encoding, book.delimiter, book.decimal) == ("cp1252", ";", ",")

    def test_nothing_is_written_if_one_file_would_be_overwritten(self, service, tmp_path):
        begins = begun(service, folder=tmp_path)
        begins.codebook_file.write_text("mine", encoding="utf-8")
        with pytest.raises(InvalidInput, match="is there already"):
            write_new(begins.files)
        assert begins.codebook_file.read_text(encoding="utf-8") == "mine"
        assert not begins.study_file.exists()

    def test_a_name_that_is_no_name_is_refused(self, service, tmp_path):
        with pytest.raises(InvalidInput, match="'Our Clinic' cannot name a study"):
            begun(service, "Our Clinic", tmp_path)

    @pytest.mark.parametrize("kind", [".parquet", ".xlsx", ".tsv"])
    def test_other_kinds_of_file_are_read_alike(self, service, tmp_path, kind):
        frame = pd.read_csv(service, sep=";", encoding="cp1252", dtype="str", keep_default_na=False)
        other = tmp_path / f"other{kind}"
        if kind == ".parquet":
            frame.to_parquet(other, index=False)
        elif kind == ".xlsx":
            frame.to_excel(other, index=False)
        else:
            frame.to_csv(other, index=False, sep="\t")
        begins = begun(other, folder=tmp_path)
        write_new(begins.files)
        table = Study.load(begins.study_file).read().table
        np.testing.assert_equal(table["phq9"].to_numpy(float), [9, 3, np.nan, np.nan, 18, 27, 1])


DATES = {
    "ISO": (["2024-01-03", "2024-01-10"], "%Y-%m-%d"),
    "points": (["3.1.2024", "10.1.2024"], "%d.%m.%Y"),
    "day first, a 13th": (["03/01/2024", "13/01/2024"], "%d/%m/%Y"),
    "month first, a 13th": (["01/03/2024", "01/13/2024"], "%m/%d/%Y"),
    "undecided, sessions decide for the day": (["05/01/2024", "02/02/2024"], "%d/%m/%Y"),
    "undecided, sessions decide for the month": (["01/05/2024", "02/02/2024"], "%m/%d/%Y"),
    "with a time of day": (["03.01.2024 14:00", "10.01.2024 14:00"], "%d.%m.%Y %H:%M"),
}


@pytest.mark.parametrize(("cells", "form"), DATES.values(), ids=DATES)
def test_the_one_format_that_fits_every_date(tmp_path, cells, form):
    first, second = cells
    book = drafted(tmp_path, f"client,session,date,ors\na,1,{first},9\na,2,{second},8\n")
    assert book.columns["date"].format == form


def test_dates_that_could_be_either_are_not_used_until_somebody_looks(tmp_path):
    draft = draft_codebook(
        csv(tmp_path, "client,session,date,ors\na,1,03/04/2024,9\na,2,05/06/2024,8\n")
    )
    assert "date" not in draft.codebook.columns
    assert '# format = "%d/%m/%Y"' in draft.text
    assert "every cell fits %d/%m/%Y and %m/%d/%Y" in "".join(draft.doubts)


def test_dates_that_could_be_either_are_marked_where_there_is_no_other_clock(tmp_path):
    draft = draft_codebook(csv(tmp_path, "client,date,ors\na,03/04/2024,9\na,05/06/2024,8\n"))
    assert draft.codebook.columns["date"].format == "%d/%m/%Y"
    assert any(doubt.startswith("date: every cell fits") for doubt in draft.doubts)


def test_two_digit_years_are_not_guessed(tmp_path):
    draft = draft_codebook(
        csv(tmp_path, "client,session,date,ors\na,1,03.04.24,9\na,2,15.04.24,8\n")
    )
    assert "date" not in draft.codebook.columns
    assert "two digits do not say the century" in "".join(draft.doubts)


CODES = {
    "words": ("status", ["Attended", "DNA", "Cancelled by client"],
              ["attended", "no_show", "cancelled"]),
    "0 and 1": ("attended", ["1", "0", "1"], ["attended", "no_show", "attended"]),
    "a column of no-shows is the other way round": (
        "no_show", ["1", "0", "0"], ["no_show", "attended", "attended"]),
    "DNA, yes or no": ("DNA", ["yes", "no", "no"], ["no_show", "attended", "attended"]),
}  # fmt: skip


@pytest.mark.parametrize(("header", "cells", "words"), CODES.values(), ids=CODES)
def test_attendance_is_translated(tmp_path, header, cells, words):
    rows = [f"a,2024-01-0{day},{cell},20" for day, cell in enumerate(cells, 1)]
    file = csv(tmp_path, "\n".join([f"client,date,{header},ors", *rows, "b,2024-01-04,,20"]))
    codes = draft_codebook(file).codebook.columns["attendance"].codes
    assert [codes.get(cell, cell) for cell in cells] == words


def test_codes_nobody_can_translate_are_left_to_fill_in(tmp_path):
    rows = [f"{who},{n},{code},20" for who, code in zip("abcd", ["DO", "Q7", "Q7", "moved in with "
            "an aunt"], strict=True) for n in (1, 2)]  # fmt: skip
    draft = draft_codebook(csv(tmp_path, "\n".join(["client,session,ending,ors", *rows])))
    assert '# "Q7" = ""    # 4 rows' in draft.text
    assert "aunt" not in draft.text  # one client alone has it
    assert "ending" not in draft.codebook.columns  # none is understood: not read yet


def test_an_unknown_code_beside_known_ones_must_be_filled_in_before_reading(tmp_path):
    rows = [f"{who},1,{code},20" for who, code in zip("abc", ["dropout", "Q7", "Q7"], strict=True)]
    file = csv(tmp_path, "\n".join(["client,session,ending,ors", *rows]))
    begins = begun(file, folder=tmp_path)
    assert [str(problem) for problem in begins.problems] == [
        "`ending` holds 1 code(s) the codebook does not explain (rows 3, 4 of visits.csv). "
        "Add them to `codes` of [columns.ending], or to its `missing`."
    ]


SCORES = {
    "srs": ("SRS", "srs"),
    "Session Rating Scale": ("Session Rating Scale", "srs"),
    "WAI-SR": ("WAI-SR", "wai_sr"),
    "PHQ-9": ("PHQ-9 total", "phq9"),
    "GAD7": ("gad7_score", "gad7"),
    "CORE-10": ("CORE-10", "core10"),
    "BDI-II": ("BDI-II", "bdi2"),
    "CARE": ("care", "care"),
}


@pytest.mark.parametrize(("header", "name"), SCORES.values(), ids=SCORES)
def test_a_total_is_known_by_its_name(tmp_path, header, name):
    book = drafted(tmp_path, f"client,session,{header}\na,1,15\na,2,14\n")
    assert book.columns[name].instrument == name
    assert book.columns[name].item is None


def test_a_number_that_would_be_an_item_if_it_were_alone_is_the_total(tmp_path):
    book = drafted(tmp_path, "client,session,phq9,phq_2\na,1,15,1\na,2,14,2\n")
    assert book.columns["phq9"].item is None


def test_items_beside_their_total_are_left_out(tmp_path):
    items = ",".join(f"srs_{n}" for n in range(1, 5))
    draft = draft_codebook(
        csv(tmp_path, f"client,session,srs,{items}\na,1,30,7,8,8,7\na,2,32,8,8,8,8\n")
    )
    assert set(draft.codebook.columns) == {"client", "session", "srs"}
    assert '"srs_1": an item of the Session Rating Scale, version 3, whose total' in draft.text


def test_too_few_items_are_said_to_be_too_few(tmp_path):
    draft = draft_codebook(
        csv(tmp_path, "client,session,SRS1,SRS2,SRS4,ors\na,1,7,8,8,9\na,2,7,8,8,9\n")
    )
    assert "no column for item 3" in draft.text


def test_a_column_mostly_outside_its_range_is_not_taken_for_the_instrument(tmp_path):
    rows = "".join(f"a,{n},{60 + n},20\n" for n in range(1, 10))
    draft = draft_codebook(csv(tmp_path, f"client,session,srs,ors\n{rows}"))
    assert "srs" not in draft.codebook.columns
    assert any(doubt == "srs: 9 cells outside 0 to 40" for doubt in draft.doubts)


@pytest.mark.parametrize("code", [99, 999, -9])
def test_codes_outside_the_range_are_proposed_as_missing(tmp_path, code):
    book = drafted(tmp_path, f"client,session,ors\na,1,20\na,2,{code}\na,3,21\nb,1,19\n")
    assert book.columns["ors"].missing == [code]


def test_a_count_over_missed_appointments_counts_appointments(tmp_path):
    rows = "a,1,2024-01-01,attended,20\na,2,2024-01-08,DNA,\na,3,2024-01-15,attended,22\n"
    file = csv(tmp_path, f"client,session,date,attendance,ors\n{rows}")
    s = read(file, draft_codebook(file).codebook)
    assert s.table["appointment"].tolist() == [1, 2, 3]
    assert s.table["session"].tolist() == [1, pd.NA, 2]


def test_a_column_that_may_change_from_row_to_row_is_left_to_fill_in(tmp_path):
    draft = draft_codebook(
        csv(tmp_path, "client,session,ors,mood\na,1,9,3\na,2,8,4\nb,1,7,5\nb,2,6,3\n")
    )
    assert "mood" not in draft.codebook.columns
    assert '# [columns.mood]\n# from = "mood"\n# type = "number"\n# known = ""' in draft.text


def test_a_client_without_a_telling_header_is_found_by_what_the_cells_do(tmp_path):
    rows = "".join(f"{who},{n},20\n" for who in ("q1", "q2", "q3") for n in (1, 2, 3))
    draft = draft_codebook(csv(tmp_path, f"Zeichen,session,ors\n{rows}"))
    assert draft.codebook.columns["client"].source == "Zeichen"
    assert any(doubt.startswith("client: no header says") for doubt in draft.doubts)


def test_one_row_a_client_with_a_score_at_several_times(tmp_path):
    file = csv(tmp_path, "subject,arm,bdi.pre,bdi.2m,bdi.3m\n1,a,20,15,10\n2,b,21,20,19\n")
    draft = draft_codebook(file)
    assert draft.codebook.time_unit == "months"
    assert draft.codebook.repeated["bdi2"].at == {"bdi.pre": 0, "bdi.2m": 2, "bdi.3m": 3}
    assert read(file, draft.codebook, "time").table["bdi2"].tolist() == [20, 15, 10, 21, 20, 19]


REFUSED = {
    "no client": ("a,b\n1.5,2\n1.5,3\n", "No column says which client"),
    "no clock": ("client,ors\na,20\na,21\n", "No column says when a row happened"),
    "no header": ("KL-90071,1,34.5\nKL-90071,2,36\n", "looks like a record"),
    "a header alone": ("client,session,ors\n", "has a header and no rows"),
    "nothing": ("", "is empty"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_an_export_that_cannot_be_placed_is_refused(tmp_path, text, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        draft_codebook(csv(tmp_path, text))
    assert "KL-90071" not in str(caught.value)


def test_headers_are_data_and_never_code(tmp_path):
    strange = 'srs"]\\n[columns.x]\nfrom = "y'
    frame = pd.DataFrame({"client": ["a", "a"], "session": [1, 2], "ors": [9, 8], strange: [1, 2]})
    file = tmp_path / "strange.csv"
    frame.to_csv(file, index=False)
    book = draft_codebook(file).codebook
    assert set(book.columns) == {"client", "session", "ors"}
