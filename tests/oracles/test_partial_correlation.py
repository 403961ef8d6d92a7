"""Early alliance and the last outcome, beside R and beside every resample there is.

- R 4.2.2 (`lm`, the formula, `boot` 1.3-28.1) on the clinic of these oracles; the script is
  `r/partial_correlation.R`.
- A handful of clients of whom every resample can be written down.
"""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.engine.partial_correlation import bca_limits, partial_r, resampled
from sessionwise.models.early_alliance import early_alliance_and_outcome
from sessionwise.records.sessions import Sessions

R = json.loads((Path(__file__).parent / "r/partial_correlation.json").read_text("utf-8"))
EXACT = 5e-10  # R's values are written with ten decimals


@pytest.fixture(scope="module")
def rows(clinic) -> pd.DataFrame:
    """The scores times 0.9, as one simulated ORS is above 40; a correlation has no scale."""
    frame = clinic[["client", "session", "ors", "srs"]].astype({"client": "str"})
    return frame.assign(ors=0.9 * frame["ors"])


@pytest.fixture(scope="module")
def records(rows) -> Sessions:
    return Sessions.of(rows)


@pytest.fixture(scope="module")
def in_pairs(rows) -> Sessions:
    """Two courses of one client, as R's `client %/% 2` has them."""
    place = rows["client"].astype(int)
    return Sessions.of(rows.assign(client=(place // 2).astype("str"), course=place % 2 + 1))


@pytest.mark.parametrize("expected", R["by_early"], ids=lambda one: f"early {one['early']}")
def test_the_correlation_of_residuals_of_courses_r_chose(records, expected):
    found = early_alliance_and_outcome(records, early=expected["early"])
    assert found.rows.used == expected["n"]
    assert found.estimate == pytest.approx(expected["r"], abs=EXACT)


def test_the_formula_is_the_correlation_of_residuals():
    by_residuals = next(one["r"] for one in R["by_early"] if one["early"] == 3)
    assert R["formula"] == pytest.approx(by_residuals, abs=EXACT)


def test_limits_with_several_courses_of_a_client(in_pairs):
    """Two Monte Carlo samples, of 4,999 and 5,000: a limit has an error of about .0018 in each

    (√(.025 · .975 / 5000) divided by the density of the draws there), and the difference of two is
    within four of its standard errors: .01. Rows instead of clients resampled would not be found
    out here, as courses of these pairs are independent: the next test does that.
    """
    found = early_alliance_and_outcome(in_pairs)
    assert found.rows.clients < found.rows.used
    assert (found.low, found.high) == pytest.approx(R["pairs"]["bca"], abs=0.01)
    assert found.std_error == pytest.approx(R["pairs"]["se"], rel=0.06)


def test_courses_of_a_client_stay_together(records, rows):
    """Each client's course entered twice tells nothing new: the interval stays as wide."""
    twice = pd.concat([rows.assign(course=1), rows.assign(course=2)], ignore_index=True)
    one = early_alliance_and_outcome(records)
    two = early_alliance_and_outcome(Sessions.of(twice))
    assert (two.rows.used, two.rows.clients) == (2 * one.rows.used, one.rows.clients)
    assert two.estimate == pytest.approx(one.estimate, abs=1e-12)
    assert (two.low, two.high) == pytest.approx((one.low, one.high), abs=1e-9)  # same draws


def test_bca_limits_of_the_draws_r_made():
    """R interpolates between neighbouring draws on the normal scale, this on their own: with 999
    draws neighbours in the tails lie up to .02 apart, and each limit lies between the same two."""
    small = R["small"]
    draws = np.sort(small["draws"])
    found = bca_limits(draws, small["estimate"], np.array(small["jackknife"]))
    for limit, expected in zip(found, small["bca"], strict=True):
        place = np.searchsorted(draws, expected)
        assert draws[place - 2] <= limit <= draws[place + 1]
        assert limit == pytest.approx(expected, abs=0.005)


def test_draws_and_jackknife_of_the_clients_r_took(rows):
    """The same 25 clients: other draws, the same distribution; spread within 10 %, which is four
    standard errors of a standard deviation of 999 draws."""
    chosen = rows[rows["client"].isin([str(name) for name in R["small"]["client"]])]
    s = Sessions.of(chosen)
    found = early_alliance_and_outcome(s)
    assert found.estimate == pytest.approx(R["small"]["estimate"], abs=EXACT)
    assert found.std_error == pytest.approx(np.std(R["small"]["draws"], ddof=1), rel=0.1)


def test_every_resample_of_six_clients():
    """6^6 = 46,656 resamples written down with NumPy's own correlations of residuals, and 200,000
    drawn: the distributions agree within .01 at every tenth (four standard errors are below .006).
    """
    x = np.array([30.0, 34, 31, 38, 29, 36])
    z = np.array([14.0, 21, 17, 16, 12, 24])
    y = np.array([20.0, 22, 25, 27, 14, 30])

    def by_residuals(rows: list[int]) -> float:
        design = np.column_stack([np.ones(6), z[rows]])
        left = [v[rows] - design @ np.linalg.lstsq(design, v[rows], rcond=None)[0] for v in (x, y)]
        if min(np.abs(one).max() for one in left) < 1e-8:
            return np.nan
        return np.corrcoef(*left)[0, 1]

    every = {}
    exact = []
    for rows in product(range(6), repeat=6):
        kind = tuple(sorted(rows))
        if kind not in every:
            every[kind] = by_residuals(list(kind)) if len({*z[list(kind)]}) > 1 else np.nan
        exact.append(every[kind])
    exact = np.array(exact)
    # Few different clients fit a line exactly, and those resamples say nothing.
    lost = np.isnan(exact).mean()
    rng = np.random.default_rng(4)
    drawn = resampled(x, y, z, np.arange(6), 200_000, rng)
    assert drawn.lost / 200_000 == pytest.approx(lost, abs=0.001)
    for share in np.arange(0.1, 1, 0.1):
        at = np.nanquantile(exact, share)
        below = np.mean(drawn.draws <= at + 1e-9)
        truly = np.mean(exact[~np.isnan(exact)] <= at + 1e-9)
        assert below == pytest.approx(truly, abs=0.006)
    assert drawn.estimate == pytest.approx(by_residuals(list(range(6))), abs=1e-12)


def test_it_is_the_correlation_of_residuals_whatever_the_scales():
    rng = np.random.default_rng(7)
    z, x, y = rng.normal(size=(3, 50))
    x, y = x + z, y + 0.5 * x - z
    design = np.column_stack([np.ones(50), z])
    left = [v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (x, y)]
    expected = np.corrcoef(*left)[0, 1]
    assert partial_r(x, y, z) == pytest.approx(expected, abs=1e-12)
    assert partial_r(1e6 + 3 * x, 1e-4 * y - 1e3, 5e5 - z) == pytest.approx(expected, abs=1e-6)
