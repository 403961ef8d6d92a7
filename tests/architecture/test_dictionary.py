"""data/README.md says what the codebooks and the rules say."""

import csv

from dictionary import DATA_SETS, ROOT, readme


def test_the_dictionary_is_made_from_the_codebooks():
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == readme()


def test_every_data_set_has_its_dictionary():
    folders = {path.parent.name for path in (ROOT / "data").glob("*/codebook.toml")}
    assert folders == set(DATA_SETS)


def test_every_row_of_the_synthetic_clinic_is_stamped():
    with (ROOT / "data" / "clinic" / "sessions.csv").open(encoding="utf-8", newline="") as file:
        assert {row["stamp"] for row in csv.DictReader(file)} == {"SYNTHETIC"}
