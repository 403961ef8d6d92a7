"""Writes docs/modules.md from what each module says of itself: by `make tidy`, held by a test."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "sessionwise"
PAGE = ROOT / "docs" / "modules.md"
FLOORS = (
    ".", "instruments", "records", "records/simulated", "features", "engine", "models", "show",
    "show/figures", "show/sentences", "study", "reporting",
)  # fmt: skip
HEAD = """\
# Every module, in its own words

Made by `make tidy` from the first line of each module; do not edit. From the ground up, as
[ARCHITECTURE.md](../ARCHITECTURE.md) has the floors.
"""


def modules() -> dict[str, str]:
    """Give what each module says of itself, by its path in the package."""
    paths = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    return {str(path.relative_to(PACKAGE)): said(path) for path in paths}


def said(path: Path) -> str:
    """Give the first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return text.splitlines()[0] if text else ""


def page() -> str:
    found = modules()
    floors = [floor for floor in FLOORS if any(_floor(name) == floor for name in found)]
    parts = [HEAD]
    for floor in floors:
        rows = [
            f"| `{Path(name).name}` | {words} |"
            for name, words in found.items()
            if _floor(name) == floor
        ]
        parts.append("\n".join([f"## `{floor}`\n", "| module | |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def _floor(name: str) -> str:
    return str(Path(name).parent)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
