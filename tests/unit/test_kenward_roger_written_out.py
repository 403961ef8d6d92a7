"""Kenward–Roger through cross-products is the paper's own formulas on n × n matrices."""

from dataclasses import replace

import numpy as np
import pytest

from sessionwise.engine.kenward_roger import kenward_roger_adjustment
from sessionwise.engine.random_factors import RandomFactor
from sessionwise.errors import Refused

CLOSE = 1e-8


def incidence(factor):
    """Z written out, one block of columns per group."""
    q, n = factor.columns.shape
    z = np.zeros((n, factor.levels, q))
    z[np.arange(n), factor.level] = factor.columns.T
    return z.reshape(n, -1)


def derivatives(factors, n):
    """∂V/∂parameter of every free entry, the residual variance's last."""
    found = []
    for factor in factors:
        z = incidence(factor)
        q = len(factor.free)
        for row, column in [(r, c) for r in range(q) for c in range(r + 1) if factor.free[r, c]]:
            unit = np.zeros((q, q))
            unit[row, column] = unit[column, row] = 1.0
            found.append(z @ np.kron(np.eye(factor.levels), unit) @ z.T)
    return [*found, np.eye(n)]


def of_the_paper(design, factors, residual):
    """Φ, Φ_A, W and P by the definitions of Kenward & Roger (1997), pages 984–986."""
    n = len(design)
    v = residual * np.eye(n)
    for factor in factors:
        z = incidence(factor)
        v += z @ np.kron(np.eye(factor.levels), factor.covariance) @ z.T
    inverse = np.linalg.inv(v)
    phi = np.linalg.inv(design.T @ inverse @ design)
    parts = derivatives(factors, n)
    through = [inverse @ part @ inverse for part in parts]
    p = [-design.T @ each @ design for each in through]
    count = len(parts)
    q = {
        (r, s): design.T @ through[r] @ parts[s] @ inverse @ design
        for r in range(count)
        for s in range(count)
    }
    information = np.empty((count, count))
    for r, s in q:
        information[r, s] = 0.5 * (
            np.trace(through[r] @ parts[s]) - np.trace(2 * phi @ q[r, s] - phi @ p[r] @ phi @ p[s])
        )
    w = np.linalg.inv(information)
    middle = sum(w[r, s] * (q[r, s] - p[r] @ phi @ p[s]) for r, s in q)
    return phi, phi + 2 * phi @ middle @ phi, w, p


def df_of_the_paper(contrast, phi, w, p):
    """Degrees of freedom and scale by the paper's page 987, moments of F matched."""
    size = len(contrast)
    theta = contrast.T @ np.linalg.inv(contrast @ phi @ contrast.T) @ contrast
    u = [theta @ phi @ each @ phi for each in p]
    pairs = [(r, s) for r in range(len(p)) for s in range(len(p))]
    a1 = sum(w[r, s] * np.trace(u[r]) * np.trace(u[s]) for r, s in pairs)
    a2 = sum(w[r, s] * np.trace(u[r] @ u[s]) for r, s in pairs)
    b = (a1 + 6 * a2) / (2 * size)
    g = ((size + 1) * a1 - (size + 4) * a2) / ((size + 2) * a2)
    c1, c2, c3 = (x / (3 * size + 2 * (1 - g)) for x in (g, size - g, size + 2 - g))
    mean = 1 / (1 - a2 / size)
    variance = 2 / size * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    rho = variance / (2 * mean**2)
    df = 4 + (size + 2) / (size * rho - 1)
    return df, df / (mean * (df - 2))


def drawn(seed, kind):
    """Draw a small unbalanced design: fixed part (n, 4) and factors."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 8, 18)
    client = np.repeat(np.arange(18), sizes)
    n = len(client)
    session = np.concatenate([np.arange(size) for size in sizes]) + rng.integers(0, 2, n)
    slope = np.column_stack([np.ones(n), session])
    home = rng.permutation(np.arange(18) % 5)[client]
    therapist = home if "nested" in kind else np.where(rng.random(n) < 0.4, home, (home + 1) % 5)
    full = np.array([[4.0, -0.7], [-0.7, 0.5]])
    every = np.ones((2, 2), bool)
    diagonal = np.eye(2, dtype=bool)
    if "apart" in kind:
        full, every = np.diag([4.0, 0.5]), diagonal
    if "edge" in kind:
        full = np.outer([2.0, 0.4], [2.0, 0.4])
    if "zero" in kind:
        full = np.zeros((2, 2))
    factors = [
        RandomFactor(therapist, slope.T, diagonal, np.diag([1.5, 0.1])),
        RandomFactor(client, slope.T, every, full),
    ]
    if "three" in kind:
        one = np.ones((1, n))
        room = rng.permutation(np.arange(n) % 4)
        factors.append(RandomFactor(room, one, np.array([[True]]), np.array([[0.8]])))
    if "alone" in kind:
        factors = factors[1:2]
    x = np.column_stack([np.ones(n), session, rng.normal(size=18)[client], rng.normal(size=n)])
    return x, factors


KINDS = (
    "crossed",
    "nested",
    "crossed three",
    "crossed apart",
    "crossed edge",
    "nested zero",
    "alone",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_the_paper_written_out(kind, seed):
    design, factors = drawn(seed, kind)
    found = kenward_roger_adjustment(design, factors, 2.5)
    phi, adjusted, w, p = of_the_paper(design, factors, 2.5)
    np.testing.assert_allclose(found.covariance_model, phi, rtol=CLOSE, atol=1e-12)
    np.testing.assert_allclose(found.covariance, adjusted, rtol=CLOSE, atol=1e-12)
    each = [df_of_the_paper(row[None], phi, w, p)[0] for row in np.eye(4)]
    np.testing.assert_allclose(found.coefficient_df, each, rtol=CLOSE)
    for contrast in (np.eye(4)[1:3], np.eye(4)[1:], np.array([[1.0, 3.0, 0.0, -1.0]])):
        said = df_of_the_paper(contrast, phi, w, p)
        np.testing.assert_allclose(found.df(contrast), said, rtol=CLOSE)


def test_a_far_off_zero_point_and_units_change_nothing():
    design, factors = drawn(3, "crossed three")
    plain = kenward_roger_adjustment(design, factors, 2.5)
    shift = np.eye(4)
    shift[0, 1:] = [1e5, -1e4, 1e5]
    scale = np.diag([1.0, 1e3, 1e-3, 1.0])
    far = kenward_roger_adjustment(
        design @ shift @ scale,
        [replace(factor, covariance=1e4 * factor.covariance) for factor in factors],
        2.5e4,
    )
    np.testing.assert_allclose(far.coefficient_df[1:], plain.coefficient_df[1:], rtol=1e-8)
    ratio = np.diag(far.covariance)[1:] / np.diag(plain.covariance)[1:]
    np.testing.assert_allclose(ratio, [1e-2, 1e10, 1e4], rtol=1e-8)


def test_slopes_of_sessions_counted_from_far_off():
    design, factors = drawn(4, "crossed")
    every = np.ones((2, 2), bool)
    near = [replace(factor, free=every) for factor in factors]
    turn = np.array([[1.0, 2e4], [0.0, 1.0]])
    back = np.linalg.inv(turn)
    far = [
        RandomFactor(each.level, turn.T @ each.columns, every, back @ each.covariance @ back.T)
        for each in near
    ]
    one, other = (
        kenward_roger_adjustment(design, near, 2.5),
        kenward_roger_adjustment(design, far, 2.5),
    )
    np.testing.assert_allclose(other.coefficient_df, one.coefficient_df, rtol=1e-6)


def test_a_slope_of_something_constant_is_refused():
    design, (_, client) = drawn(4, "crossed")
    flat = np.column_stack([np.ones(len(design)), np.full(len(design), 7.0)])
    with pytest.raises(Refused, match="follows from the others"):
        kenward_roger_adjustment(design, [replace(client, columns=flat.T)], 2.5)


def test_one_factor_twice_is_refused():
    design, factors = drawn(4, "crossed")
    with pytest.raises(Refused, match="same as another"):
        kenward_roger_adjustment(design, [factors[0], *factors], 2.5)


def test_the_order_of_factors_does_not_matter():
    design, factors = drawn(5, "crossed three")
    one, other = (
        kenward_roger_adjustment(design, order, 2.5) for order in (factors, factors[::-1])
    )
    np.testing.assert_allclose(one.coefficient_df, other.coefficient_df, rtol=1e-10)


def test_balanced_groups_are_the_analysis_of_variance():
    group, ones = np.repeat(np.arange(10), 4), np.ones((40, 1))
    design = np.column_stack([ones, group % 2, np.tile([0, 1, 2, 3], 10)])
    factor = RandomFactor(group, ones.T, np.array([[True]]), np.array([[3.0]]))
    found = kenward_roger_adjustment(design, [factor], 2.0)
    np.testing.assert_allclose(found.coefficient_df[1:], [8, 29])
    np.testing.assert_allclose(found.covariance[1:, 1:], found.covariance_model[1:, 1:], atol=1e-12)


@pytest.mark.parametrize("variance", [0.1, 0.3, 3.0])
@pytest.mark.parametrize("groups", [5, 7, 12])
def test_balanced_arms_at_once_are_the_f_test_of_their_means(groups, variance):
    """Three arms of whole groups: F on groups − 3, unscaled; with five, the moments are 0 / 0."""
    group, ones = np.repeat(np.arange(groups), 3), np.ones((3 * groups, 1))
    design = np.column_stack([ones, group % 3 == 1, group % 3 == 2]).astype(float)
    factor = RandomFactor(group, ones.T, np.array([[True]]), np.array([[variance]]))
    found = kenward_roger_adjustment(design, [factor], 2.0).df(np.eye(3)[1:])
    np.testing.assert_allclose(found, [groups - 3, 1.0], rtol=1e-8)


def test_more_terms_than_the_groups_can_tell_are_refused():
    """One degree of freedom is left between groups: each term has it, five at once have none."""
    rng = np.random.default_rng(7)
    group, client = np.repeat(np.arange(5), 12), np.tile(np.arange(12), 5)
    ones = np.ones((60, 1))
    design = np.column_stack(
        [ones, rng.normal(size=(5, 3))[group], rng.normal(size=(12, 2))[client]]
    )
    factors = [
        RandomFactor(level, ones.T, np.array([[True]]), np.array([[variance]]))
        for level, variance in ((group, 2.0), (client, 1.0))
    ]
    found = kenward_roger_adjustment(design, factors, 1.0)
    assert (found.coefficient_df > 0).all()
    with pytest.raises(Refused, match="Too few groups to test 5 terms"):
        found.df(np.eye(6)[1:])


@pytest.mark.parametrize("level", [np.zeros(30, int), np.arange(30)])
def test_one_group_or_one_row_in_each_is_refused(level):
    ones = np.ones((30, 1))
    factor = RandomFactor(level, ones.T, np.array([[True]]), np.array([[1.0]]))
    with pytest.raises(Refused, match="one group"):
        kenward_roger_adjustment(ones, [factor], 1.0)


def test_a_dependent_contrast_and_a_wrong_mask_are_refused():
    design, factors = drawn(6, "alone")
    with pytest.raises(ValueError, match="independent"):
        kenward_roger_adjustment(design, factors, 2.5).df(np.array([[0.0, 1, 0, 0], [0, 1, 0, 0]]))
    with pytest.raises(ValueError, match="0 wherever"):
        replace(factors[0], free=np.eye(2, dtype=bool))
