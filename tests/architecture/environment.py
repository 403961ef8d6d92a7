"""Writes environment.yml from pyproject.toml; `make tidy` runs it and a test holds them equal."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "great-tables": "great_tables"}
"""Names that differ on conda-forge; every other package has the same name there."""


def environment() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    lines = []
    for requirement in sorted(wanted):
        name, limits = re.fullmatch(r"([A-Za-z0-9_.-]+?)([<>=!~].*)?", requirement).groups()
        lines.append(f"  - {CONDA_NAMES.get(name, name)}{limits or ''}")
    head = [
        "# Made from pyproject.toml by `make tidy`. Ranges, not pins: it was not solved here.",
        "# The pinned environment is requirements.lock, which `make` installs.",
        "name: sessionwise",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python{project['requires-python']}",
        "  - pip",
    ]
    return "\n".join([*head, *lines, "  - pip: [-e .]"]) + "\n"


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(environment(), encoding="utf-8", newline="\n")
