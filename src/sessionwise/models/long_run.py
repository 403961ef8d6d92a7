"""What a question would find in a simulated clinic if it had very many clients."""

from __future__ import annotations

from sessionwise.engine.partial_correlation import partial_r
from sessionwise.models.early_alliance import complete_courses
from sessionwise.records.known_effects import KnownEffect
from sessionwise.records.simulation import simulate
from sessionwise.records.truth import Truth

CLIENTS = 12_000
SEED = 1


def early_alliance_in_the_long_run(
    truth: Truth, alliance: str = "srs", outcome: str = "ors", early: int = 3
) -> dict[str, KnownEffect]:
    """Give the partial correlation of :func:`early_alliance_and_outcome` in a very large clinic.

    No single number of a truth is this correlation: all of its effects together make it. It is
    therefore drawn: in a clinic of the same truth with 12,000 clients, and as many therapists for
    each client as there are, where its own standard error is below .01. Two decimals are given.

    Examples
    --------
    >>> known = early_alliance_in_the_long_run(Truth())
    >>> 0.1 < known["partial_r"].value < 0.4
    True
    """
    times = max(CLIENTS // truth.clinic.clients, 1)
    clinic = truth.clinic.model_copy(
        update={
            "clients": truth.clinic.clients * times,
            "therapists": truth.clinic.therapists * times,
        }
    )
    team = truth.children.model_copy(
        update={
            "clients": truth.children.clients * times,
            "therapists": truth.children.therapists * times,
        }
    )
    many = truth.model_copy(update={"clinic": clinic, "children": team})
    kept = complete_courses(simulate(many, SEED), alliance, outcome, early)
    r = partial_r(kept["early"].to_numpy(), kept["last"].to_numpy(), kept["first"].to_numpy())
    clock = f"sessions 1 to {early} → the last outcome, given the first"
    return {"partial_r": KnownEffect(round(r, 2), "a correlation", clock=clock)}
