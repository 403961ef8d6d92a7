"""Reading: from the rows of an export to clients, courses and scores."""

import numpy as np
import pytest
from visits_export import BOOK, PLAIN, book, written

from sessionwise.errors import InvalidInput
from sessionwise.records.codebook import Codebook
from sessionwise.records.reading import read


def test_scores_in_several_columns_of_a_row_become_rows_of_their_own(tmp_path):
    path = written(tmp_path, "ID,b0,b2,b8,arm\n1,29,2,,TAU\n2,32,,17,BtheB\n")
    text = """
    time_unit = "months"
    [columns.client]
    from = "ID"
    [columns.arm]
    from = "arm"
    level = "course"
    order = ["TAU", "BtheB"]
    [repeated.bdi]
    instrument = "bdi2"
    known = "before"
    at = { b0 = 0, b2 = 2, b8 = 8 }
    """
    s = read(path, Codebook.parse(text), clock="time")
    assert s.table["client"].tolist() == ["1", "1", "1", "2", "2", "2"]
    assert s.table["time"].tolist() == [0, 2, 8, 0, 2, 8]
    assert s.table["bdi"].fillna(-1).tolist() == [29, 2, -1, 32, -1, 17]
    assert s.courses["arm"].tolist() == ["TAU", "BtheB"]
    assert (s.clock, s.time_unit) == ("time", "months")
    assert s.origin.rows_read == 2
    assert s.origin.notes == (
        "Each of the 2 rows of the file holds several assessments, one row each.",
    )


def test_a_score_out_of_range_names_the_row_of_the_file_also_when_rows_were_laid_out(tmp_path):
    path = written(tmp_path, "ID,b0,b2\n1,29,2\n2,32,64\n")
    text = "[columns.client]\nfrom='ID'\n[repeated.bdi]\ninstrument='bdi2'\nknown='before'\n"
    with pytest.raises(InvalidInput, match=r"`bdi` should lie between 0 and 63.*row 3 of visits"):
        read(path, Codebook.parse(text + "at = { b0 = 0, b2 = 2 }"), clock="time")


def test_items_are_scored_to_the_total_and_every_subscale(tmp_path):
    """WAI-SR: task is items 1, 2, 10, 12; bond 3, 5, 7, 9; goal 4, 6, 8, 11."""
    answers = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]
    names = ",".join(f"q{n}" for n in range(1, 13))
    rows = ["a,1," + ",".join(map(str, answers)), "a,2," + ",".join(["", *map(str, answers[1:])])]
    path = written(tmp_path, f"ID,visit,{names}\n" + "\n".join(rows) + "\n")
    text = "[columns.client]\nfrom='ID'\n[columns.session]\nfrom='visit'\n" + "\n".join(
        f"[columns.wai_{n}]\nfrom='q{n}'\ninstrument='wai_sr'\nitem={n}\nknown='after'"
        for n in range(1, 13)
    )
    s = read(path, Codebook.parse(text))
    first = s.table.iloc[0]
    assert first["wai"] == 33
    assert first["wai_task"] == 1 + 2 + 5 + 2
    assert first["wai_bond"] == 3 + 5 + 2 + 4
    assert first["wai_goal"] == 4 + 1 + 3 + 1
    second = s.table.iloc[1]  # item 1 was not answered: no total, no task; bond and goal stand
    assert np.isnan(second["wai"])
    assert np.isnan(second["wai_task"])
    assert (second["wai_bond"], second["wai_goal"]) == (14, 9)
    assert s.columns["wai"].known == "after"
    assert s.columns["wai"].made_from == tuple(f"wai_{n}" for n in range(1, 13))
    assert s.instruments["wai"].id == "wai_sr"


def test_items_that_are_not_all_there_are_asked_for(tmp_path):
    path = written(tmp_path, "ID,visit,a,b\n1,1,9,9\n")
    text = "[columns.client]\nfrom='ID'\n[columns.session]\nfrom='visit'\n" + "\n".join(
        f"[columns.srs_{n}]\nfrom='{c}'\ninstrument='srs'\nitem={n}"
        for n, c in ((1, "a"), (2, "b"))
    )
    with pytest.raises(InvalidInput, match="`srs` cannot be scored: items 3, 4 are not"):
        read(path, Codebook.parse(text))


def test_an_instrument_of_the_codebooks_own(tmp_path):
    path = written(tmp_path, "ID,visit,m1,m2\n1,1,0,4\n1,2,3,1\n")
    text = """
    [columns.client]
    from = "ID"
    [columns.session]
    from = "visit"
    [columns.mood_1]
    from = "m1"
    instrument = "mood"
    item = 1
    [columns.mood_2]
    from = "m2"
    instrument = "mood"
    item = 2
    [instruments.mood]
    name = "Mood, two questions"
    rater = "client"
    better = "higher"
    administered = "before"
    items = 2
    item_min = 0
    item_max = 4
    item_step = 1
    scoring = "sum"
    reverse = [2]
    licence = "ours"
    wording_free = true
    short = "Mood"
    status = { scoring = "secondary", reverse = "secondary" }
    [instruments.mood.sources]
    scoring = "our own form"
    reverse = "our own form"
    administered = "our own form"
    """
    s = read(path, Codebook.parse(text))
    assert s.table["mood"].tolist() == [0 + (4 - 4), 3 + (4 - 1)]
    assert s.columns["mood"].known == "before"


def test_one_client_number_in_two_clinics_is_two_clients(tmp_path):
    path = written(tmp_path, "site,ID,visit,SRS\nnorth,7,1,30\nnorth,7,2,31\nsouth,7,1,20\n")
    text = BOOK.replace('[columns.date]\nfrom = "day"', '[columns.clinic]\nfrom = "site"')
    assert read(path, book(text)).courses["client"].tolist() == ["north/7", "south/7"]
    shared = read(path, book(text, ids_global=True))
    assert shared.courses["client"].tolist() == ["7", "7"]
    assert shared.counts()["clients"] == 1


def test_two_courses_of_one_client(tmp_path):
    path = written(tmp_path, "ID,therapy,visit,SRS\n7,1,1,30\n7,1,2,31\n7,2,1,20\n")
    text = BOOK.replace('[columns.date]\nfrom = "day"', '[columns.course]\nfrom = "therapy"')
    s = read(path, book(text))
    assert s.courses[["client", "course"]].to_numpy().tolist() == [["7", 1], ["7", 2]]
    assert s.counts()["clients"] == 1
    without = book(BOOK.replace('[columns.date]\nfrom = "day"\n', ""))
    with pytest.raises(InvalidInput, match=r"each session number stands once; 1 row.*row 4 of"):
        read(path, without)


def test_a_clock_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="The clock is `time`, and no column holds it"):
        read(written(tmp_path, PLAIN), book(), clock="time")


def test_columns_the_codebook_does_not_name_are_not_read_and_counted(tmp_path):
    s = read(written(tmp_path, PLAIN.replace("\n", ",note\n")), book(BOOK))
    assert "1 column of the export is not in the codebook and not read." in s.origin.notes
    assert "note" not in s.table
    more = PLAIN.replace("\n", ",note,room\n")
    s = read(written(tmp_path, more), book(BOOK))
    assert "2 columns of the export are not in the codebook and not read." in s.origin.notes


def test_where_every_column_is_read_nothing_is_said_of_columns(tmp_path):
    s = read(written(tmp_path, PLAIN), book(BOOK))
    assert not any("codebook" in note for note in s.origin.notes)
