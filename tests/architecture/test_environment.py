"""environment.yml says what pyproject.toml says."""

import re

from environment import ROOT, environment


def test_environment_is_made_from_pyproject():
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment()


def test_the_project_itself_is_installed_last():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "  - pip: [-e .]"


def test_the_lock_names_no_index_and_pins_every_requirement():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|--index|--find-links|file:", lock)
    pins = re.findall(r"^([a-z0-9-]+)==\S+ ?(?:;.*)?\\$", lock, re.MULTILINE)
    named = set(re.findall(r"^  - ([a-z0-9_-]+)[<>=]", environment(), re.MULTILINE)) - {"python"}
    conda = {"matplotlib-base": "matplotlib", "great_tables": "great-tables"}
    assert {conda.get(name, name) for name in named} <= set(pins)
    blocks = re.split(r"\n(?=[a-z0-9-]+==)", lock)
    assert all("--hash=sha256:" in block for block in blocks)
