"""The clinics in which truth is set against estimate: the plain one, and one feature at a time."""

from dataclasses import dataclass

import sessionwise as sw

FLAT = {"growth": 0}
"""No growth of the alliance, so that the outcome's own slope is its whole slope."""


@dataclass(frozen=True)
class Regime:
    """A truth, what it adds to the plain regime in words, and how many clinics are drawn of it."""

    words: str
    truth: sw.Truth
    clinics: int = 100


def _with(*features: str, **sections: dict) -> sw.Truth:
    sections["alliance"] = {**FLAT, **sections.get("alliance", {})}
    return sw.Truth(**sections).switched_on(*features)


PLAIN = Regime("the plain regime", sw.Truth(), clinics=200)
HONEST = {
    "ceiling": Regime("a ceiling at 40, average 38", _with("ceiling", alliance={"start": 38.0})),
    "informative_leaving": Regime(
        "leaving by one's own slope",
        _with("informative_leaving", outcome={"slope_sd": 0.3}),
    ),
    "feedback": Regime("outcome moves later alliance", _with("feedback")),
    "between_not_within": Regime("between 0.9, within 0.3", _with(outcome={"between": 0.9})),
    "missing_badly": Regime(
        "forms missing where it goes badly",
        _with("missing_badly", missing={"alliance": 0.2, "outcome": 0.2}),
    ),
    "few_therapists": Regime("5 therapists", _with(clinic={"therapists": 5})),
    "frailty": Regime(
        "frailty of therapists and clients", _with("frailty", frailty={"client_sd": 1.0})
    ),
    "remembering": Regime("weeks that remember (0.27)", _with(outcome={"carry_over": 0.27})),
    "handovers": Regime(
        "clients change therapist",
        _with("handovers", handovers={"administrative": 0.03}, outcome={"between": 0.9}),
    ),
}
