"""Fine–Gray's model by its definition: case weights, a known truth, and what is refused."""

import numpy as np
import pytest

from sessionwise.engine.incidence_curves import aalen_johansen
from sessionwise.engine.subdistribution import fine_gray
from sessionwise.engine.subdistribution_curve import predicted_incidence
from sessionwise.errors import InvalidInput, Refused

STEP = 1e-5
# Of the largest slope: G's own slope is dN/(Y(Y − dN)), the score's part has dN/Y². Without what
# the estimated G adds the gap would be 0.03 or more.
SLOPE = 6e-3


def score(time, cause, x, beta, group, weight):
    """The score by its definition, a course counted ``weight`` times, censoring by group."""

    def not_censored(of, before):
        rows, product = group == of, 1.0
        if before > time[rows].max():  # nobody of the group was seen that long
            return 0.0
        for u in np.unique(time[rows & (cause == 0)]):
            if u < before:
                ended = weight[rows & (cause == 0) & (time == u)].sum()
                product *= 1 - ended / weight[rows & (time >= u)].sum()
        return product

    risk, total = weight * np.exp(x @ beta), 0.0
    for t in time[cause == 1]:
        there = (time >= t).astype(float)
        for i in np.flatnonzero((time < t) & (cause == 2)):
            there[i] = not_censored(group[i], t) / not_censored(group[i], time[i])
        event = (time == t) & (cause == 1)
        total = total + weight[event] @ (x[event] - (risk * there) @ x / (risk @ there))
    return total


@pytest.mark.parametrize("groups", [1, 2])
def test_each_course_adds_the_slope_of_the_score_in_its_weight(groups):
    rng = np.random.default_rng(7)
    n = 40
    x, time = rng.normal(size=(n, 2)), rng.exponential(size=n)
    cause, group = rng.choice([0, 1, 2], n, p=[0.35, 0.35, 0.3]), rng.integers(0, groups, n)
    cause[(time > 1.5) & (cause == 0)] = 1  # none censored where few are at risk
    fit = fine_gray(time, cause, x, censoring=group)
    slopes = np.empty((n, 2))
    for i in range(n):
        step = STEP * (np.arange(n) == i)
        up, down = (score(time, cause, x, fit.estimate, group, 1 + s) for s in (step, -step))
        slopes[i] = (up - down) / (2 * STEP)
    information = np.linalg.lstsq(fit.influence, slopes, rcond=None)[0]
    gap = np.abs(fit.influence @ information - slopes).max()
    assert gap < SLOPE * np.abs(slopes).max()


def made(rng, n, beta, censored):
    """Courses whose cumulative incidence has the ratio exp(beta) (Fine & Gray 1999, section 6)."""
    x, share = rng.normal(size=n), 0.4
    total = 1 - (1 - share) ** np.exp(beta * x)
    u = rng.uniform(size=n)
    first = u < total
    inner = (1 - (1 - np.where(first, u, 0.0)) ** np.exp(-beta * x)) / share
    time = np.where(first, -np.log(1 - np.minimum(inner, 1 - 1e-12)), rng.exponential(size=n))
    end = rng.uniform(0.5, 3, n) if censored else np.full(n, np.inf)
    return np.minimum(time, end), np.where(end < time, 0, np.where(first, 1, 2)), x[:, None]


def test_the_truth_comes_back_and_its_errors_are_right():
    rng, beta, at = np.random.default_rng(8), 0.6, 1.0
    fits = [fine_gray(*made(rng, 400, beta, censored=True)) for _ in range(300)]
    estimates = np.array([fit.estimate[0] for fit in fits])
    errors = np.array([np.sqrt(fit.covariance[0, 0]) for fit in fits])
    assert abs(estimates.mean() - beta) < 3 * estimates.std() / np.sqrt(300)
    assert 0.9 < (np.abs(estimates - beta) < 1.96 * errors).mean() < 0.985
    assert errors.mean() == pytest.approx(estimates.std(), rel=0.12)
    truth = 1 - (1 - 0.4 * (1 - np.exp(-at))) ** np.exp(beta * 1.0)
    curves = [predicted_incidence(fit, np.array([1.0]), np.array([at])) for fit in fits]
    covered = np.mean([curve.low[0] < truth < curve.high[0] for curve in curves])
    assert 0.9 < covered < 0.985


def test_without_an_effect_the_curve_and_its_error_are_those_of_everybody():
    rng = np.random.default_rng(3)
    time, cause = rng.integers(1, 15, 3000), rng.choice([0, 1, 2], 3000)
    fit = fine_gray(time, cause, rng.normal(size=(3000, 1)))
    whole = aalen_johansen(time, cause)
    curve = predicted_incidence(fit, fit.x.mean(axis=0), whole.times[:10])
    np.testing.assert_allclose(curve.estimate, whole.estimate[:10, 0], rtol=0.03)
    np.testing.assert_allclose(curve.std_error, whole.std_error[:10, 0], rtol=0.05)


def test_the_order_of_courses_and_the_origin_of_a_covariate_do_not_matter():
    rng = np.random.default_rng(4)
    time, cause, x = rng.integers(1, 12, 200), rng.integers(0, 3, 200), rng.normal(size=(200, 2))
    one, mixed = fine_gray(time, cause, x), rng.permutation(200)
    other = fine_gray(time[mixed], cause[mixed], x[mixed] + 30)
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-9)
    np.testing.assert_allclose(one.influence[mixed], other.influence, atol=1e-10)
    np.testing.assert_allclose(
        predicted_incidence(one, x[0], [5]).high, predicted_incidence(other, x[0] + 30, [5]).high
    )


@pytest.mark.parametrize(
    ("cause", "x", "error"),
    [
        ([0, 2, 0, 2], [[1.0], [2], [3], [4]], Refused),
        ([1, 2, 1, 0], [[1.0], [1], [1], [1]], Refused),
        ([1, 2, 1, 0], [[1.0, 2], [2, 4], [3, 6], [5, 10]], Refused),
        ([1, 2, 1, 0], [[1.0], [np.nan], [1], [1]], InvalidInput),
        ([1, 2, 1], [[1.0], [1], [1], [1]], InvalidInput),
    ],
)
def test_what_has_no_answer(cause, x, error):
    with pytest.raises(error):
        fine_gray(np.array([1, 2, 3, 4]), np.array(cause), np.array(x))


def test_more_to_explain_than_there_are_endings_is_refused_and_breaks_nothing():
    rng = np.random.default_rng(3)
    time, cause = rng.integers(3, 12, 50), rng.choice([0, 1, 2], 50)
    x = np.column_stack([rng.normal(size=50), np.eye(50)[:, 1:46]])
    with np.errstate(all="raise"), pytest.raises(Refused):
        fine_gray(time, cause, x)


def test_an_endless_effect_is_refused():
    x = np.array([1.0, 1, 1, 0, 0, 0, 0, 0])[:, None]
    with pytest.raises(Refused, match="separates"):
        fine_gray(np.arange(1, 9), np.array([1, 1, 1, 2, 0, 2, 0, 0]), x)
