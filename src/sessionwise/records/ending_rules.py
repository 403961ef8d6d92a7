"""What each kind of ending counts as in a model of leaving, and which definition judged it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["unplanned", "planned", "censored", "open", "not at risk"]
"""``"unplanned"``: the event; ``"planned"``: the ending that competes with it; ``"censored"``: the
client decided nothing after the last session; ``"open"``; ``"not at risk"``: nobody ever came."""

DEFAULT_ROLES: Mapping[str, Role] = {
    "planned": "planned",
    "unplanned": "unplanned",
    "transferred": "censored",
    "service_ended": "censored",
    "limit_reached": "censored",
    "external": "censored",
    "never_started": "not at risk",
    "ongoing": "open",
}
CHANGEABLE: tuple[Role, ...] = ("unplanned", "planned", "censored")
"""What an ending may be counted as; who is open, and who never came, is no matter of choice."""

NOT_COUNTED = "not_counted"
"""The ending of a course that is over and counts neither as the event nor beside it."""


@dataclass(frozen=True)
class EndingRule:
    """By which rule the endings of some records count.

    Attributes
    ----------
    definition
        The definition of dropout; ``"declared"``: as recorded.
    notes
        Sentences every model of leaving says.
    caution
        What goes wherever the estimates go, if the definition uses the outcome; else empty.
    roles
        Kind of ending → what it counts as.
    last_session
        Nobody is at risk after a later session; ``None``: no such limit.
    source
        Citation key of the definition, or empty.
    """

    definition: str = "declared"
    notes: tuple[str, ...] = ()
    caution: str = ""
    roles: Mapping[str, Role] = field(default_factory=lambda: dict(DEFAULT_ROLES))
    last_session: int | None = None
    source: str = ""
