"""Errors between clients: what they become when clients are alike, few, or all the same."""

import numpy as np
import pytest
from scipy import stats

from sessionwise.engine.cluster_ratios import jackknifed, on_scale, ratio_of_sums


def test_with_equal_denominators_a_ratio_is_a_mean():
    values = np.array([1.0, 4.0, 2.0, 7.0, 3.0])
    found = ratio_of_sums(3 * values, np.full(5, 3.0))
    low, high = stats.t.interval(0.95, 4, values.mean(), values.std(ddof=1) / np.sqrt(5))
    assert found.estimate == pytest.approx(values.mean(), rel=1e-14)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)


def test_rows_of_one_client_go_together():
    """A client copied into a second one halves the variance; rows doubled within one do not."""
    a, b = np.array([1.0, 5.0, 2.0, 9.0]), np.array([4.0, 6.0, 5.0, 9.0])
    assert ratio_of_sums(2 * a, 2 * b).std_error == pytest.approx(ratio_of_sums(a, b).std_error)
    more = ratio_of_sums(np.tile(a, 2), np.tile(b, 2)).std_error
    assert more < ratio_of_sums(a, b).std_error * 0.75


def test_one_client_has_no_error_and_none_has_no_estimate():
    assert np.isnan(ratio_of_sums(np.array([1.0]), np.array([2.0])).low)
    assert np.isnan(ratio_of_sums(np.array([]), np.array([])).estimate)
    assert np.isnan(ratio_of_sums(np.zeros(3), np.zeros(3)).estimate)


def test_limits_on_another_scale_stay_where_the_estimate_may_be():
    found = ratio_of_sums(np.array([1.0, 0.0, 0.0, 0.0, 0.0]), np.full(5, 10.0))
    assert found.low < 0
    share = found.estimate
    kept = on_scale(found, 5, lambda p: np.log(p / (1 - p)), 1 / (share * (1 - share)),
                    lambda z: 1 / (1 + np.exp(-z)))  # fmt: skip
    assert 0 < kept.low < share < kept.high < 1


def test_the_jackknife_of_a_mean_is_the_error_of_a_mean():
    values = np.array([1.0, 4.0, 2.0, 7.0])
    left_out = np.array([np.delete(values, place).mean() for place in range(4)])
    found = jackknifed(values.mean(), left_out)
    assert found.std_error == pytest.approx(values.std(ddof=1) / 2, rel=1e-12)
