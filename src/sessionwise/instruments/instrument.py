"""One questionnaire: its range and direction, its key, and how far each part of it is known."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from sessionwise.errors import InvalidInput, Problem, Unanswerable, nearest
from sessionwise.instruments.card import card_rows
from sessionwise.instruments.consistency import contradictions
from sessionwise.instruments.parts import PARTS, Band, Cutoff, Name, Part, Prorating, Status


class Instrument(BaseModel):
    """Say how a questionnaire is scored and what a score of it means.

    What is known is held part by part, because a scoring key can be certain while the reliable
    change of the same questionnaire is disputed. A part is stated if and only if its status is
    ``"verified"`` or ``"secondary"``, and then it has a source. A part that is left out is
    ``"unverified"`` (nobody has shown what it is) or ``"none"`` (there is none, by design).

    Parameters
    ----------
    id, short, name
        The name used for columns (``"ors"``), in sentences (``"ORS"``) and in full.
    rater
        Who fills it in.
    administered
        ``"before"`` or ``"after"`` the session, only where the manual fixes it.
    better
        Which end of the scale is the better one.
    items
        Number of items.
    item_min, item_max, item_step
        Lowest and highest answer to an item and the distance between neighbouring answers;
        no step means any number in between (a visual analogue scale).
    scoring
        ``"sum"`` or ``"mean"`` of the items; ``"total_only"`` if no item key may be given, so that
        the total (with the range of a sum) is all there is.
    reverse
        Numbers of the items that point the other way; an empty list states that none does.
    subscales
        Name → item numbers.
    prorating, cutoff, bands, reliable_change
        See ``Prorating``, ``Cutoff`` and ``Band``; reliable change is the smallest change, in
        points of the total, that counts as more than measurement error.
    not_applicable
        True if the form offers "does not apply"; such an answer counts as missing.
    licence, wording_free
        Who owns it; whether anyone may reproduce its wording for any purpose without asking.
    sources, status
        By part: the citation, and ``verified``, ``secondary``, ``unverified`` or ``none``.

    Raises
    ------
    InvalidInput
        The parts contradict each other; every contradiction is listed.

    Examples
    --------
    >>> from sessionwise.instruments.catalogue import instrument
    >>> ors = instrument("ors")
    >>> ors.low, ors.high, ors.cutoff_value()
    (0.0, 40.0, 25.0)
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    id: Name
    short: str = ""
    name: str
    rater: Literal["client", "therapist", "caregiver", "child", "observer"]
    administered: Literal["before", "after"] | None = None
    better: Literal["higher", "lower"]
    items: PositiveInt
    item_min: float
    item_max: float
    item_step: PositiveFloat | None = None
    scoring: Literal["sum", "mean", "total_only"] | None = None
    reverse: tuple[int, ...] | None = None
    subscales: dict[Name, tuple[int, ...]] | None = None
    prorating: Prorating | None = None
    cutoff: Cutoff | None = None
    bands: tuple[Band, ...] | None = None
    reliable_change: PositiveFloat | None = None
    not_applicable: bool = False
    licence: str
    wording_free: bool = False
    sources: dict[Literal[Part, "administered"], str] = {}
    status: dict[Part, Status] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_by_default(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("short") and "id" in given:
            return {**given, "short": str(given["id"]).upper()}
        return given

    @field_validator("status")
    @classmethod
    def _for_every_part(cls, status: dict[Part, Status]) -> dict[Part, Status]:
        return {part: status.get(part, "unverified") for part in PARTS}

    @model_validator(mode="after")
    def _possible(self) -> Instrument:
        found = contradictions(self)
        if found:
            raise InvalidInput(found, source=f"instrument `{self.id}`")
        return self

    def stated(self, part: Part) -> Any:
        """Give a part that may be used, or say what must be supplied.

        Raises
        ------
        Unanswerable
            The part is unverified, or the instrument has none.
        """
        if self.status[part] in ("verified", "secondary"):
            return getattr(self, part)
        if self.status[part] == "none":
            found = f"`{self.id}` has no `{part}`, by design"
            remedy = "Leave it out, or give one of your own"
        else:
            found = f"The `{part}` of `{self.id}` is not verified, so none is used"
            remedy = "Give it"
        remedy += f" under `{self.id}` in the codebook, with its `status` and `sources`."
        raise Unanswerable(str(Problem(found, self.sources.get(part, ""), remedy)))

    def cutoff_value(self) -> float:
        """Give the cut-off, in points of the total; see ``Cutoff`` for the side it belongs to."""
        return self.stated("cutoff").value

    def reliable_change_value(self) -> float:
        """Give the smallest reliable change, in points of the total."""
        return self.stated("reliable_change")

    def reversed_items(self) -> tuple[int, ...]:
        """Give the numbers of the items that point the other way."""
        return () if self.status["reverse"] == "none" else self.stated("reverse")

    def items_of(self, part: str = "total") -> tuple[int, ...]:
        """Give the item numbers of the total or of a subscale."""
        if part == "total":
            return tuple(range(1, self.items + 1))
        subscales = self.stated("subscales")
        if part not in subscales:
            known = ["total", *subscales]
            problem = Problem(f"`{self.id}` has no subscale '{part}'", "", nearest(part, known))
            raise InvalidInput([problem], source="the part to score")
        return subscales[part]

    def max_missing(self, part: str = "total") -> int:
        """Give how many items of a part may be unanswered: 0 unless a rule is cited."""
        return self.prorating.max_missing.get(part, 0) if self.prorating else 0

    def range_of(self, part: str = "total") -> tuple[float, float]:
        """Give the lowest and highest possible score of the total or of a subscale."""
        count = 1 if self.stated("scoring") == "mean" else len(self.items_of(part))
        return count * self.item_min, count * self.item_max

    @property
    def low(self) -> float:
        """The lowest possible total."""
        return self.range_of()[0]

    @property
    def high(self) -> float:
        """The highest possible total."""
        return self.range_of()[1]

    def sentence(self, part: str = "total") -> str:
        """Say what a score may be, as the data dictionary does.

        Examples
        --------
        >>> from sessionwise.instruments.catalogue import instrument
        >>> instrument("ors").sentence()
        'between 0 and 40, higher is better, filled in before the session'
        """
        low, high = self.range_of(part)
        words = f"between {low:g} and {high:g}, {self.better} is better"
        return words + f", filled in {self.administered} the session" * bool(self.administered)

    def card(self) -> list[dict[str, str]]:
        """List what is known: one row per part, with ``part, value, status, source``."""
        return card_rows(self)

    def __repr__(self) -> str:
        return f"<Instrument {self.id}: {self.name}>"

    __str__ = __repr__
