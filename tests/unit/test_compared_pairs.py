"""Concordance against a loop over all pairs."""

import numpy as np
import pytest

from sessionwise.engine.compared_pairs import concordance_pairs


def by_hand(risk, start, stop, event, strata):
    """Compare every pair: who is concordant, tied and discordant with whom."""
    n = len(risk)
    pairs = np.zeros((3, n, n), int)
    for i in np.flatnonzero(event):
        for j in range(n):
            outlasts = stop[j] > stop[i] or (stop[j] == stop[i] and not event[j])
            if strata[i] == strata[j] and start[j] < stop[i] and outlasts:
                pairs[1 - int(np.sign(risk[i] - risk[j])), i, j] = 1
    return pairs


def drawn(seed, n=50):
    random = np.random.default_rng(seed)
    start = random.integers(0, 6, n)
    stop = start + random.integers(1, 6, n)
    return (
        random.integers(0, 8, n) / 2,
        start,
        stop,
        random.random(n) < 0.5,
        random.integers(0, 3, n),
    )


@pytest.mark.parametrize("seed", range(6))
def test_pairs_and_influence(seed):
    rows = drawn(seed)
    found, pairs = concordance_pairs(*rows), by_hand(*rows)
    assert [found.concordant, found.tied, found.discordant] == pairs.sum(axis=(1, 2)).tolist()

    def estimate(weight):
        concordant, tied, discordant = ((weight @ one) @ weight for one in pairs)
        return (concordant + tied / 2) / (concordant + tied + discordant)

    ones, h = np.ones(50), 1e-5
    slopes = [(estimate(ones + d) - estimate(ones - d)) / (2 * h) for d in h * np.eye(50)]
    assert found.estimate == pytest.approx(estimate(ones))
    np.testing.assert_allclose(found.influence, slopes, atol=1e-9)
    assert found.std_error() == pytest.approx(np.sqrt(np.square(slopes).sum()), rel=1e-6)


def test_the_other_way_round():
    risk, *rows = drawn(9)
    one, other = concordance_pairs(risk, *rows), concordance_pairs(-risk, *rows)
    assert one.estimate + other.estimate == pytest.approx(1)
    assert one.std_error() == pytest.approx(other.std_error())


def test_one_risk_for_all_says_nothing():
    _, *rows = drawn(10)
    found = concordance_pairs(np.zeros(50), *rows)
    assert found.estimate == 0.5
    assert found.tied > 0
    assert found.std_error() == 0


def test_no_pair():
    found = concordance_pairs(*(np.array([1, 2]), np.zeros(2), np.ones(2), np.ones(2), np.zeros(2)))
    assert np.isnan(found.estimate)
    assert found.concordant + found.discordant + found.tied == 0


def test_rows_split_in_time_say_the_same():
    """A row cut in two at a time of no event: the same pairs, and by course the same error."""
    random = np.random.default_rng(4)
    n = 40
    risk, stop, event = random.normal(size=n), random.uniform(1, 9, n), random.random(n) < 0.6
    none = np.zeros(n)
    whole = concordance_pairs(risk, none, stop, event, none)
    cut = concordance_pairs(
        np.tile(risk, 2), np.r_[none, stop / 2], np.r_[stop / 2, stop],
        np.r_[none > 0, event], np.zeros(2 * n),
    )  # fmt: skip
    assert cut.estimate == pytest.approx(whole.estimate)
    assert cut.std_error(np.tile(np.arange(n), 2)) == pytest.approx(whole.std_error())
