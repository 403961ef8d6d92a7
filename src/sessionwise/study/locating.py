"""Where a study file is, by its name or its path."""

from __future__ import annotations

import re
from pathlib import Path

from sessionwise.errors import InvalidInput, Problem, nearest


def study_file(name: str) -> Path:
    """Find a study file by name or path."""
    if "/" in name or name.endswith(".toml"):
        return Path(name)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        problem = Problem(f"'{name}' is no name of a study", "", "Use a name such as clinic.")
        raise InvalidInput([problem], "the parameters")
    here = Path.cwd().resolve()
    for folder in [here, *here.parents]:
        if (folder / "studies").is_dir():
            found = folder / "studies" / f"{name}.toml"
            if not found.is_file():
                known = [file.stem for file in (folder / "studies").glob("*.toml")]
                problem = Problem(f"There is no study '{name}'", "studies/", nearest(name, known))
                raise InvalidInput([problem], "the parameters")
            return found
    problem = Problem(
        "There is no folder `studies` here or in any folder above",
        "",
        "Give the path of a study file, or run `sessionwise start FILE`.",
    )
    raise InvalidInput([problem], "the parameters")
