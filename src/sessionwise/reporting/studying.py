"""What a report needs to know of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from sessionwise.study.study import Study


class Studied(Protocol):
    """The part of a :class:`~sessionwise.study.study.Study` that reports are made from."""

    name: str
    title: str
    path: Path
    data_path: Path
    codebook_path: Path
    truth_path: Path | None
    synthetic: bool
    notebooks: Sequence[str]
    seed: int
    clock: str
    folder_of_notebooks: Path

    def using(self, alliance: str = "", outcome: str = "", cohort: str = "") -> Studied:
        """Give the study with other choices, or refuse one it does not know."""

    def read(self) -> object:
        """Read the records, or say everything that is wrong with them."""


def studied(study: Studied | str | Path) -> Studied:
    """Give the study itself, loading it if it is named."""
    return Study.load(study) if isinstance(study, str | Path) else study
