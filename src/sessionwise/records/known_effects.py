"""`KnownEffect`: what a simulated clinic was made to show, and what keeps an estimate from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class KnownEffect:
    """The true value of one term of a named question.

    Attributes
    ----------
    value
        On the scale of the term.
    scale
        What it counts, e.g. ``"ORS points per SRS point"``.
    variable
        Whether the effect is of the score as ``"recorded"``, or of the ``"latent"`` state behind.
    clock
        What comes before what, e.g. ``"after session t−1 → before session t"``.
    moved_by
        What is on in this clinic under which the model's estimate is off, one phrase each; empty
        where the model is right.
    """

    value: float
    scale: str
    variable: Literal["recorded", "latent"] = "recorded"
    clock: str = ""
    moved_by: tuple[str, ...] = ()
