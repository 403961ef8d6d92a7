"""Profile limits of generalised mixed models agree with those of glmmTMB's own objective.

r/generalized_profiles.R climbs that objective in all parameters but one; its limits are found to
1e-9, ours to 1e-7 of the fall.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from test_generalized_mixed import fit_of

HERE = Path(__file__).parent
READ = json.loads((HERE / "r/generalized_profiles.json").read_text(encoding="utf-8"))["fits"]
CLOSE = 1e-5
"""Of the width of the interval."""


@pytest.mark.slow
@pytest.mark.parametrize("said", READ, ids=lambda said: said["name"])
def test_limits(said):
    fit = fit_of(said["name"])
    ours = fit.intervals()
    spread = ours["term"].str.startswith("sd(")
    kinds = [one["kind"] for one in said["limits"]]
    beta = [one for one in said["limits"] if one["kind"] == "beta"]
    sizes = [one for one in said["limits"] if one["kind"] == "theta"][: int(spread.sum())]
    assert kinds.count("beta") == len(fit.estimates)
    pairs = [(one, float) for one in beta] + [(one, np.exp) for one in sizes]
    rows = [*ours.to_dict("records")[: len(beta)], *ours[spread].to_dict("records")]
    if "betad" in kinds:
        pairs.append((said["limits"][kinds.index("betad")], np.exp))
        rows.append(ours[ours["term"] == "theta"].to_dict("records")[0])
    assert len(rows) == len(pairs) == len(ours)
    for row, (theirs, scale) in zip(rows, pairs):
        width = row["high"] - row["low"]
        for end in ("low", "high"):
            there = 0.0 if theirs[end] is None else float(scale(theirs[end]))
            assert abs(row[end] - there) < CLOSE * width, (row, theirs)
