"""The clinics in which truth is set against estimate: the plain one, and one feature at a time."""

from dataclasses import dataclass

import sessionwise as sw

FLAT = {"growth": 0}
"""No growth of the alliance, so that the outcome's own slope is its whole slope."""


@dataclass(frozen=True)
class Regime:
    """A truth, what it adds to the plain regime in words, why that matters, how many clinics."""

    words: str
    truth: sw.Truth
    reason: str = ""
    clinics: int = 100


def _with(*features: str, **sections: dict) -> sw.Truth:
    sections["alliance"] = {**FLAT, **sections.get("alliance", {})}
    return sw.Truth(**sections).switched_on(*features)


PLAIN = Regime("the plain regime", sw.Truth(), clinics=1000)
HONEST = {
    "ceiling": Regime(
        "a ceiling at 40, average 38",
        _with("ceiling", alliance={"start": 38.0}),
        "the best sessions are recorded as 40: swings and differences look smaller than they are, "
        "so a recorded point stands for more of what is behind it",
    ),
    "informative_leaving": Regime(
        "leaving by one's own slope",
        _with("informative_leaving", outcome={"slope_sd": 0.3}),
        "who would improve less leaves first; the growth model sees it only as far as their scores "
        "showed it before they left",
    ),
    "feedback": Regime(
        "outcome moves later alliance",
        _with("feedback"),
        "a client's own mean of the alliance holds what earlier outcomes did to it (no strict "
        "exogeneity)",
    ),
    "between_not_within": Regime(
        "between 0.9, within 0.3",
        _with(outcome={"between": 0.9}),
        "the mean of a client's few sessions holds their swings too, and those go by the within "
        "effect",
    ),
    "missing_badly": Regime(
        "forms missing where it goes badly",
        _with("missing_badly", missing={"alliance": 0.2, "outcome": 0.2}),
        "the sessions in the model are the better ones",
    ),
    "few_therapists": Regime(
        "5 therapists",
        _with(clinic={"therapists": 5}),
        "with so few, errors between therapists rest on 4 degrees of freedom",
    ),
    "frailty": Regime(
        "frailty of therapists and clients",
        _with("frailty", frailty={"client_sd": 1.0}),
        "who is likely to leave for unrecorded reasons leaves first, and who is left is less so: "
        "hazard ratios are pulled towards 1, and the baseline falls",
    ),
    "remembering": Regime(
        "weeks that remember (0.27)",
        _with(outcome={"carry_over": 0.27}),
        "residuals of neighbouring sessions go together, and the model takes them as independent",
    ),
    "handovers": Regime(
        "clients change therapist",
        _with("handovers", handovers={"administrative": 0.03}, outcome={"between": 0.9}),
        "a new therapist's level of alliance counts as a swing of the client's",
    ),
}
