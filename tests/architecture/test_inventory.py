"""ARCHITECTURE.md names the modules there are, on the floor where they are."""

import re

from canonical import ROOT


def listed() -> set[str]:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    _, *floors = re.split(r"^### `([a-z/.]+)`$", text, flags=re.MULTILINE)
    return {
        module if floor == "." else f"{floor}/{module}"
        for floor, said in zip(floors[::2], floors[1::2], strict=True)
        for module in re.findall(r"`([a-z_]+\.py)`", said)
    }


def there() -> set[str]:
    package = ROOT / "src" / "sessionwise"
    files = {str(path.relative_to(package)) for path in package.rglob("*.py")}
    return {name for name in files if not name.endswith("__init__.py")}


def test_every_module_is_listed_and_none_other():
    assert listed() == there()


def test_it_can_be_read_in_ten_minutes():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
