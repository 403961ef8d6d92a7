"""The codebook: what it may say, and how it is told what is wrong."""

import pytest

from sessionwise.errors import InvalidInput
from sessionwise.records.codebook import Codebook

LEAST = """
schema = 1
[columns.client]
from = "ID"
[columns.session]
from = "visit"
"""


def refused(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as told:
        Codebook.parse(text)
    return [str(problem) for problem in told.value.problems]


def test_the_least_a_codebook_says_is_who_and_when():
    book = Codebook.parse(LEAST)
    assert {name: spec.source for name, spec in book.columns.items()} == {
        "client": "ID",
        "session": "visit",
    }


def test_without_client_and_clock_both_are_asked_for():
    said = refused('[columns.age]\nfrom = "Age"\nlevel = "course"')
    assert [line.split(".")[0] for line in said] == [
        "No column is named as `client` ([columns])",
        "No column says when a row happened ([columns])",
    ]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("[colums.srs]\nfrom = 'SRS'", "no key `colums`. Did you mean 'columns'?"),
        ("[columns.srs]\nfron = 'SRS'", "no key `columns.srs.fron`. Did you mean 'from'?"),
        ("[columns.srs]\ninstrument = 'srs'", "`columns.srs.from` is missing"),
        ("[columns.srs]\nfrom = 'SRS'\nknown = 'befor'", "Did you mean 'before'?"),
        ("[columns.srs]\nfrom = 'SRS'\ninstrument = 'srss'", "Did you mean 'srs'?"),
        ("[columns.wai]\nfrom = 'WAI'\ninstrument = 'wai_sr'", "When `wai` is known is not said"),
        ("[columns.mood]\nfrom = 'Mood'", "When `mood` is known is not said"),
        ("[columns.class]\nfrom = 'C'\nknown = 'after'", "'class' cannot name a column"),
        ("[columns.'SRS total']\nfrom = 'S'\nknown = 'after'", "cannot name a column"),
        ("[columns.therapist]\nfrom = 'T'\nlevel = 'course'", "belongs to the appointment"),
        ("[columns.date]\nfrom = 'D'\ndivide_by = 7", "`date` has no unit to change"),
        ("[columns.srs]\nfrom = 'S'\ninstrument = 'srs'\ndivide_by = 2", "never a score"),
        ("[columns.time]\nfrom = 'day'\ndivide_by = 0", "greater than 0"),
        ("[columns.ending]\nfrom = 'E'\nlevel = 'appointment'", "belongs to the course"),
    ],
)
def test_what_a_codebook_cannot_say_is_named_with_what_was_meant(more, found):
    assert any(found in said for said in refused(LEAST + more))


def test_every_unknown_key_is_named_at_once():
    said = refused(LEAST + "[columns.srs]\nfrom = 'SRS'\nlo = 0\nhi = 40")
    assert len(said) == 2


def test_a_newer_form_is_refused_before_its_keys_are_read():
    said = refused("schema = 2\nwhatever = true\n[columns.client]\nfrom = 'ID'")
    assert said == [
        "the codebook has schema = 2, and this version reads 1. Use a newer sessionwise."
    ]


def test_an_older_file_without_a_schema_is_read_as_the_first():
    assert Codebook.parse(LEAST.replace("schema = 1", "")).schema_ == 1


def test_text_that_is_no_toml_is_said_so():
    (said,) = refused("columns = [")
    assert said.startswith("the codebook is not valid TOML")


def test_a_file_is_named_when_it_is_not_there_or_not_text(tmp_path):
    (tmp_path / "latin.toml").write_bytes("[columns.größe]".encode("latin-1"))
    for name, found in [("none.toml", "no file none.toml"), ("latin.toml", "text file in UTF-8")]:
        with pytest.raises(InvalidInput, match=found) as told:
            Codebook.load(tmp_path / name)
        assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize(
    ("name", "table", "known"),
    [
        ("srs", "instrument = 'srs'", "after"),  # as its manual fixes it
        ("srs", "instrument = 'srs'\nknown = 'before'", "before"),  # as this service gives it
        ("age", "level = 'course'", "before"),  # intake
        ("attendance", "", "after"),
        ("modality", "", "before"),
        ("ending", "", "course"),
    ],
)
def test_when_a_column_is_known(name, table, known):
    book = Codebook.parse(f"{LEAST}\n[columns.{name}]\nfrom = 'X'\n{table}")
    assert book.timing(name) == known


def test_an_instrument_of_its_own_goes_before_one_of_the_catalogue():
    book = Codebook.parse(
        LEAST
        + """
        [columns.srs]
        from = "SRS"
        instrument = "srs"
        [instruments.srs]
        like = "srs"
        name = "Session Rating Scale, our translation"
        """
    )
    assert book.instrument_named("srs").name == "Session Rating Scale, our translation"
    assert book.instrument_named("ors").name == "Outcome Rating Scale"


def test_a_codebook_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Codebook.parse(LEAST).decimal = ","
