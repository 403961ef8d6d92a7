"""Headers that are none, and tables without anything below them."""

import pytest
from exports import BOOK, FIRST, HEADER, SECOND, assert_broken, csv

BROKEN = {
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
    "a column in small letters": (
        csv(FIRST, header=HEADER.replace("SRS", "srs")),
        BOOK,
        ["has no column 'SRS' (wanted by [columns.srs]). Did you mean 'srs'?"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_it_is_refused_in_words_and_left_as_it_was(tmp_path, content, book, said):
    assert_broken(tmp_path, "sessions.csv", content, book, said)
