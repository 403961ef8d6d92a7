"""`DropoutRule`: which definition of dropout is meant, and the numbers it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sessionwise.errors import Problem

Definition = Literal[
    "declared",
    "missed last appointment",
    "no return after intake",
    "ended before n sessions",
    "before reliable improvement",
    "before clinically significant change",
    "never reached the cut-off",
    "OpenFIT",
]


class DropoutRule(BaseModel):
    """Which definition of dropout is meant, and the numbers it needs.

    Examples
    --------
    >>> DropoutRule(definition="missed last appointment", weeks=6).weeks
    6.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    definition: Definition = Field("declared", description="which course ended in dropout")
    weeks: float | None = Field(
        None, gt=0, le=104, description="without a return until somebody has left; 4"
    )
    sessions: int | None = Field(
        None, ge=2, description="fewer than these are dropout; the service's median"
    )
    outcome: str = Field("", description="the score that improves; that of the study")
    reliability: float | None = Field(None, gt=0, lt=1, description="of the outcome")
    criterion: float | None = Field(None, gt=0, description="reliable change, in points")
    cutoff: float | None = Field(None, description="lowest score of the upper side")


@dataclass(frozen=True)
class Meaning:
    """What a definition says.

    Attributes
    ----------
    words
        Whose course ended in dropout, after "dropout is".
    source
        Citation key, or empty where nobody in particular defined it.
    options
        The keys of a :class:`DropoutRule` it uses.
    uses_outcome
        Whether the outcome is in the definition.
    """

    words: str
    source: str
    options: tuple[str, ...] = ()
    uses_outcome: bool = False


CHANGE = ("outcome", "reliability", "criterion")
MEANINGS: dict[str, Meaning] = {
    "declared": Meaning("an ending the therapist recorded as unplanned", "hatchett_park"),
    "missed last appointment": Meaning(
        "missing the last appointment made, and not returning in the weeks after the first one "
        "missed",
        "hatchett_park",
        ("weeks",),
    ),
    "no return after intake": Meaning(
        "not returning after the first session", "hatchett_park", ("weeks",)
    ),
    "ended before n sessions": Meaning(
        "ending therapy after fewer sessions than a number", "hatchett_park", ("sessions",)
    ),
    "before reliable improvement": Meaning(
        "ending therapy without reliable improvement from the first to the last score",
        "jacobson_truax",
        CHANGE,
        uses_outcome=True,
    ),
    "before clinically significant change": Meaning(
        "ending therapy without reliable improvement that crossed the cut-off",
        "swift_callahan_levine",
        (*CHANGE, "cutoff"),
        uses_outcome=True,
    ),
    "never reached the cut-off": Meaning(
        "ending therapy without one score on the healthy side of the cut-off",
        "jacobson_truax",
        ("outcome", "cutoff"),
        uses_outcome=True,
    ),
    "OpenFIT": Meaning(
        "an unplanned ending without one score on the healthy side of the cut-off",
        "openfit",
        ("outcome", "cutoff"),
        uses_outcome=True,
    ),
}
OUTCOME_CAUTION = (
    "Dropout is defined by the outcome here: this is not independent evidence beside the outcome "
    "model."
)


def misfits(rule: DropoutRule) -> list[Problem]:
    """Say which of the numbers given the definition does not use.

    Examples
    --------
    >>> print(*misfits(DropoutRule(definition="OpenFIT", weeks=4)))
    `weeks` says nothing of 'OpenFIT' (dropout). Leave it out; it uses `outcome`, `cutoff`.
    """
    used = MEANINGS[rule.definition].options
    given = [name for name in rule.model_fields_set if name not in ("definition", *used)]
    listed = ", ".join(f"`{name}`" for name in used) or "no number"
    return [
        Problem(
            f"`{name}` says nothing of '{rule.definition}'",
            "dropout",
            f"Leave it out; it uses {listed}.",
        )
        for name in sorted(given)
    ]
