"""Whatever a cell of an export holds, it is read or refused in words, and the file stays as it was.

Each example writes one strange cell (or two) into a small export that is in order otherwise.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sessionwise as sw
from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.records.codebook import Codebook
from sessionwise.records.drafting import draft_codebook

HEADER = ["ID", "site", "day", "came", "how", "task", "who", "mood", "SRS", "end"]
ROWS = [
    ["CLIENT-1", "north", "2024-01-08", "attended", "video", "1", "THERAPIST-1", "well", "30", ""],
    ["CLIENT-1", "north", "2024-01-15", "no_show", "", "", "THERAPIST-2", "", "", ""],
    ["CLIENT-1", "north", "2024-01-22", "attended", "phone", "0.5", "", "bad", "31", "planned"],
    ["CLIENT-2", "north", "2024-01-09", "attended", "", "0", "THERAPIST-1", "well", "28.5", ""],
]
NAMES = ["client", "clinic", "date", "attendance", "modality", "homework", "therapist", "mood",
         "srs", "ending"]  # fmt: skip
MORE = {"srs": {"instrument": "srs"}, "mood": {"known": "before", "type": "category"}}
BOOK = Codebook.parse(
    {
        "columns": {
            name: {"from": source, **MORE.get(name, {})}
            for name, source in zip(NAMES, HEADER, strict=True)
        }
    }
)
WORDS = ["", "-0", "1e3", "1e400", "inf", "nan", "50%", "1,234", "TRUE", "½", "１２", "\u200b7",
         "2024-02-30", "45299", "08.01.24", "2024-01-08T25:00", "=1+1", "@x", "#REF!", "a@b.de",
         "<script>", "client-1", "planned", "never_started", "a\nb", '"', "\0", "\ufffe", "9" * 400,
         "\U0001f600", "İ", "e\u0301", "a" * 300]  # fmt: skip
CELLS = st.sampled_from(WORDS) | st.text(max_size=8)
PLACES = st.tuples(st.integers(0, len(ROWS)), st.integers(0, len(HEADER) - 1))


def written(changes: list[tuple[tuple[int, int], str]], delimiter: str) -> bytes:
    rows = [list(row) for row in (HEADER, *ROWS)]
    for (row, column), cell in changes:
        rows[row][column] = cell
    return "\n".join(delimiter.join(row) for row in [*rows, []]).encode("utf-8", "surrogatepass")


def read_or_refused(file, content: bytes) -> None:
    file.write_bytes(content)
    try:
        s = sw.read(file, BOOK)
        assert s.counts()["appointments"] <= len(ROWS)
        sw.who_came(s)
        assert sum(sw.endings(s)["courses"]) == len(s.courses)
    except (InvalidInput, Unanswerable) as error:
        assert str(error).rstrip().endswith((".", "?"))
        assert "CLIENT-" not in str(error)
        assert "THERAPIST-" not in str(error)
    try:
        Codebook.parse(draft_codebook(file).text)
    except InvalidInput as error:
        assert error.problems
    assert file.read_bytes() == content


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("clinic") / "sessions.csv"


@given(
    st.lists(st.tuples(PLACES, CELLS), min_size=1, max_size=2),
    st.sampled_from([",", ";", "\t"]),
)
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_cell_is_read_or_refused_in_words(place, changes, delimiter):
    read_or_refused(place, written(changes, delimiter))


@given(st.integers(0, 2000), st.binary(max_size=6), st.integers(0, 40))
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_read_or_refused_in_words(place, start, put, taken):
    content = written([], ",")
    start %= len(content)
    read_or_refused(place, content[:start] + put + content[start + taken :])
