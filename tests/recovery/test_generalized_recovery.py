"""Does the truth come back? Two hundred drawn clinics for each of four outcomes, by quadrature."""

import numpy as np
import pandas as pd
import pytest

from sessionwise.models.mixed_model import mixed

CLINICS, CLIENTS, SESSIONS = 200, 80, 8
TRUE = {"Intercept": -0.4, "x": 0.5, "z": -0.3}
SD, THRESHOLDS, THETA = 0.9, (-0.8, 0.6), 2.0
LEAST, MOST = 0.905, 0.99
"""Share of 200 intervals of 95 % that hold the truth: three Monte Carlo errors and a little."""


def drawn(family, seed):
    rng = np.random.default_rng(seed)
    client = np.repeat(np.arange(CLIENTS), SESSIONS)
    x, z = rng.normal(size=client.size), rng.normal(size=CLIENTS)[client]
    eta = TRUE["x"] * x + TRUE["z"] * z + rng.normal(0, SD, CLIENTS)[client]
    if family == "ordinal":
        y = np.digitize(eta + rng.logistic(size=eta.size), THRESHOLDS)
        return pd.DataFrame({"y": y, "x": x, "z": z, "client": client})
    eta += TRUE["Intercept"]
    if family == "binomial":
        y = (rng.random(eta.size) < 1 / (1 + np.exp(-eta))).astype(int)
    elif family == "poisson":
        y = rng.poisson(np.exp(eta))
    else:
        y = rng.negative_binomial(THETA, THETA / (THETA + np.exp(eta)))
    return pd.DataFrame({"y": y, "x": x, "z": z, "client": client})


@pytest.mark.slow
@pytest.mark.parametrize("family", ["binomial", "poisson", "negative-binomial", "ordinal"])
def test_truth_comes_back(family):
    found, held, sds = [], [], []
    for seed in range(CLINICS):
        fit = mixed("y ~ x + z + (1 | client)", drawn(family, seed), family=family, quadrature=9)
        table = fit.estimates.set_index("term")
        true = pd.Series(TRUE)[table.index]
        found.append((table["estimate"] - true) / table["std_error"])
        held.append((table["low"] < true) & (true < table["high"]))
        sds.append(fit.variances["sd"].iloc[0])
    found, held = pd.DataFrame(found), pd.DataFrame(held)
    assert (found.mean().abs() < 3 / np.sqrt(CLINICS) + 0.05).all(), found.mean()
    assert held.mean().between(LEAST, MOST).all(), held.mean()
    assert np.abs(found.std() - 1).max() < 0.2
    variance = np.square(sds)
    error = variance.std() / np.sqrt(CLINICS)
    lost = 2 / CLIENTS  # what maximum likelihood loses to two fixed effects between clients
    assert variance.mean() == pytest.approx(SD**2 * (1 - lost), abs=3 * error)
