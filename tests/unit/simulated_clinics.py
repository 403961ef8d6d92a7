"""Large simulated clinics with one feature each, and how near a number is to its equation.

Tolerances are 4 Monte Carlo standard errors of a seed fixed beforehand: a right program fails one
such comparison in 16,000.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from sessionwise.records.truth import Truth

ROOT = Path(__file__).resolve().parents[2]
N, J = 8_000, 800
NOBODY = {"baseline": -50, "first_session": 0, "session": 0, "to_date": 0, "change": 0}
STAYING = {
    "leaving": {**NOBODY, "severity": 0},
    "planned": {"baseline": -50},
    "missing": {"alliance": 0, "outcome": 0},
}
STILL = {"growth": 0, "therapist_sd": 0, "trait_sd": 0, "session_sd": 0, "carry_over": 0}
QUIET = {"therapist_sd": 0, "client_sd": 0, "slope_sd": 0, "session_sd": 0, "severity": 0}


def clinic(*features: str, limit: int = 6, **sections) -> Truth:
    size = {"therapists": J, "clients": N, "session_limit": limit, "intake_days": 0}
    given = {"clinic": size, "decimals": 6, **STAYING, **sections}
    return Truth(**given).switched_on(*features)


def full_clinic(**size) -> Truth:
    """Give the truth of the committed clinic, with another size."""
    truth = Truth.load(ROOT / "data" / "clinic" / "truth.toml")
    return truth.model_copy(update={"clinic": truth.clinic.model_copy(update=size)})


def near(got, expected, error) -> None:
    assert np.all(np.abs(np.asarray(got) - expected) < 4 * np.asarray(error)), (got, expected)


def share_near(got: float, expected: float, many: int) -> None:
    near(got, expected, np.sqrt(expected * (1 - expected) / many))


def wide(s, name: str) -> pd.DataFrame:
    rows = s.table[s.attended]
    return rows.pivot(index="client", columns="session", values=name)


def slope(x, y) -> tuple[float, float]:
    """Least squares of y on x with its standard error."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    at = x - x.mean()
    b = (at @ y) / (at @ at)
    left = y - y.mean() - b * at
    return b, np.sqrt((left @ left) / (len(x) - 2) / (at @ at))
