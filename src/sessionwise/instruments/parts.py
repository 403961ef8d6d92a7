"""The parts of what is known about a questionnaire, and how far each part is known."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Part = Literal["scoring", "reverse", "subscales", "prorating", "cutoff", "bands", "reliable_change"]
Status = Literal["verified", "secondary", "unverified", "none"]

PARTS: tuple[Part, ...] = get_args(Part)

MEANING: dict[Status, str] = {
    "verified": "read in a named source",
    "secondary": "widely reported; the original was not read",
    "unverified": "not verified, so no value is given",
    "none": "the instrument has none, by design",
}

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Prorating(_Value):
    """How many answers may be missing before a score is.

    Parameters
    ----------
    max_missing
        By part (``"total"`` or a subscale), the most items that may be unanswered. A part that is
        not named allows none.
    words
        The rule in words, as a methods section would give it.
    """

    max_missing: dict[Name, int]
    words: str


class Cutoff(_Value):
    """The score that parts a clinical from a non-clinical population.

    Parameters
    ----------
    value
        The lowest score on the upper side: with ``better="lower"`` a score *at or above* it is
        clinical, with ``better="higher"`` a score *below* it.
    population
        Whom it holds for, and what it separates.
    """

    value: float
    population: str


class Band(_Value):
    """A named stretch of a total, from ``low`` up to the next band.

    Parameters
    ----------
    name
        What the literature calls it.
    low
        The lowest score in it.
    """

    name: str
    low: float
