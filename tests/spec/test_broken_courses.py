"""Courses that contradict themselves: double entries, endings, numbers of sessions."""

import pytest
from exports import BOOK, COURSE, FIRST, HEADER, SECOND, assert_broken, csv, with_column

CAME = '[columns.attendance]\nfrom = "came"\n'

BROKEN = {
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
    "an ending nobody knows": (
        csv(FIRST + "moved away"),
        BOOK,
        ["`ending` may be planned, unplanned", "(row 2 of sessions.csv)", "`codes` of"],
    ),
    "the number of a file for the number of a session": (
        csv(FIRST, SECOND.replace(",2,", ",45306,")),
        BOOK,
        ["Session numbers are below 10,000; 1 row does not (row 3", "may hold numbers of files"],
    ),
    "an ending in capitals": (
        csv(FIRST + "PLANNED"),
        BOOK,
        ["`ending` may be planned, unplanned", "Did you mean 'planned'?"],
    ),
    "an ending in another language": (
        csv(FIRST + "terminé"),
        BOOK,
        ["1 cell(s) are not (row 2 of sessions.csv). Translate them in `codes`"],
    ),
    "somebody who never started and came": (
        csv(FIRST + "never_started"),
        BOOK,
        ["A course that never started has no attended session; 1 row does not (row 2",
         "Correct the ending or the attendance"],
    ),
    "a missed appointment with a session number": (
        with_column("came", "attended", "no_show"),
        BOOK + CAME,
        ["Only attended appointments have a session number; 1 row does not (row 3",
         "If the column numbers appointments, name it [columns.appointment]"],
    ),
    "an attended appointment without a session number": (
        with_column("came", "attended", "attended").replace(b",2,2024", b",,2024"),
        BOOK + CAME,
        ["An attended appointment has a session number; 1 row does not (row 3",
         "leave [columns.session] out of the codebook: sessions are counted then"],
    ),
    "attendance in words of another language": (
        with_column("came", "erschienen", "attended"),
        BOOK + CAME,
        ["`attendance` may be attended, cancelled, no_show; 1 cell(s) are not (row 2",
         "Translate them in `codes` of [columns.attendance]"],
    ),
    "a modality nobody knows": (
        with_column("how", "in_person", "carrier pigeon"),
        BOOK + '[columns.modality]\nfrom = "how"\n',
        ["`modality` may be in_person, video, phone; 1 cell(s) are not (row 3"],
    ),
    "a missed appointment that nothing places in its course": (
        csv("CLIENT-1,,,THERAPIST-1,,", FIRST.replace("2024-01-08", ""), header=HEADER),
        BOOK,
        ["Every row has its place in the course; 1 row does not (row 2", "give every row a date"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "book", "said"), BROKEN.values(), ids=BROKEN)
def test_it_is_refused_in_words_and_left_as_it_was(tmp_path, content, book, said):
    assert_broken(tmp_path, "sessions.csv", content, book, said)
