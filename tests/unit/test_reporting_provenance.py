"""The manifest says what a report was made from."""

from types import SimpleNamespace

import pytest

from sessionwise.reporting.provenance import checkout, digest, inputs, short_digest, versions


@pytest.fixture
def study(tmp_path):
    for name in ("clinic.toml", "data.csv", "codebook.toml", "01.ipynb"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    return SimpleNamespace(
        name="clinic",
        path=tmp_path / "clinic.toml",
        data_path=tmp_path / "data.csv",
        codebook_path=tmp_path / "codebook.toml",
        truth_path=None,
        notebooks=["01"],
        folder_of_notebooks=tmp_path,
    )


def test_a_file_has_the_digest_anyone_can_check(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # the example of FIPS 180-4, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest(tmp_path / "a") == expected


def test_a_folder_changes_with_names_and_contents_and_not_with_compiled_files(tmp_path):
    (tmp_path / "a.py").write_text("1", encoding="utf-8")
    first = digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert digest(tmp_path) == first
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    second = digest(tmp_path)
    (tmp_path / "b.py").write_text("2", encoding="utf-8")
    assert len({first, second, digest(tmp_path)}) == 3


@pytest.mark.parametrize("changed", ["clinic.toml", "data.csv", "codebook.toml", "01.ipynb"])
def test_every_input_is_in_the_digest(study, tmp_path, changed):
    before = short_digest(inputs(study, {}))
    (tmp_path / changed).write_text("other", encoding="utf-8")
    assert short_digest(inputs(study, {})) != before


def test_a_parameter_is_in_the_digest(study):
    assert short_digest(inputs(study, {"cohort": "a"})) != short_digest(inputs(study, {}))


def test_where_the_study_lies_is_not_in_it(study, tmp_path):
    assert str(tmp_path) not in str(inputs(study, {}))


def test_outside_a_checkout_there_is_no_commit(tmp_path):
    assert checkout(tmp_path) is None


def test_versions_name_the_packages_numbers_pass_through():
    assert {"python", "numpy", "pandas", "statsmodels", "sessionwise"} <= set(versions())
