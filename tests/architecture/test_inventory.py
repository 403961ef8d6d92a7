"""docs/modules.md has every module in its own words; ARCHITECTURE.md names only those there are."""

import re

from canonical import ROOT
from modules import FLOORS, PAGE, modules, page


def named() -> set[str]:
    """The modules ARCHITECTURE.md names, each on the floor where it stands."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    _, *floors = re.split(r"^### `([a-z/.]+)`$", text, flags=re.MULTILINE)
    return {
        module if floor == "." else f"{floor}/{module}"
        for floor, said in zip(floors[::2], floors[1::2], strict=True)
        for module in re.findall(r"`([a-z_]+\.py)`", said)
    }


def test_the_page_of_modules_is_that_of_the_modules():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_folder_has_its_place_on_the_page():
    assert {name.rpartition("/")[0] or "." for name in modules()} == set(FLOORS)


def test_every_module_says_in_a_line_what_it_is_for():
    long = [name for name, said in modules().items() if not 12 <= len(said) <= 110]
    assert long == []


def test_the_architecture_names_no_module_that_is_gone():
    assert named() <= set(modules())


def test_the_architecture_can_be_read_in_ten_minutes():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
