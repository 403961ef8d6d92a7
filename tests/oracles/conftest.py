"""The simulated clinic, and what R says of it (versions inside each file)."""

import json
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def expected():
    """Expected values that came with the clinic."""
    return json.loads((HERE / "clinic/expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def clinic():
    """One row per attended session, sorted; ``th1`` the therapist of the client's first row."""
    rows = pd.read_csv(HERE / "clinic/clinic.csv").sort_values(["client", "session"])
    rows = rows.reset_index(drop=True)
    rows["th1"] = rows.groupby("client")["therapist"].transform("first")
    rows["srs34"] = rows["srs"] - 34
    rows["unplanned"] = (rows["ending"] == 1).astype(int)
    return rows


@pytest.fixture(scope="session")
def decisions(clinic):
    """Rows at risk of leaving."""
    return clinic[clinic["decided"] == 1]


@pytest.fixture(scope="session")
def courses(decisions):
    """One row per course: time of its last decision, and how it ended (0: it had not)."""
    return decisions.groupby("client", as_index=False).last()[["client", "session", "ending"]]


@pytest.fixture(scope="session")
def split(clinic):
    """Rows of the lagged hybrid model, split on these rows."""
    rows = clinic.assign(srs_lag1=clinic.groupby("client")["srs"].shift())
    rows = rows.dropna(subset=["ors", "srs_lag1", "base"]).copy()
    for name in ("srs_lag1", "session"):
        rows[f"{name}_between"] = rows.groupby("client")[name].transform("mean")
        rows[f"{name}_within"] = rows[name] - rows[f"{name}_between"]
    return rows
