"""Where the likelihood of a mixed model is highest in its variance ratios, and how flat it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sessionwise.engine.gls import Pieces, generalised_fit

STEP = 1e-3
"""Step in log ratio for numerical derivatives; see `slopes` for the error it leaves."""

ZERO = 1e-9
"""A ratio that has sunk below this is set to zero: no likelihood can tell the difference."""

BEYOND = 1e10
"""A ratio above this is on its way to infinity: the residual variance is zero."""

SMALLEST = 1e-6
"""A ratio, for a column of mean square 1, below which there is nothing to tell apart."""

LIFT = 1e-4
"""How much a ratio that is zero is lifted, to see whether it should be."""

DROP = 1e-8
"""What the log-likelihood loses, at most, by leaving out what it does not see."""


@dataclass(frozen=True, eq=False)
class Summit:
    """The best variance ratios found from a start.

    Attributes
    ----------
    factor
        Lower triangle F, shape (terms, terms); F F′ is the covariance of the terms over the
        residual variance. Its diagonal is not negative; where it is zero, so is what stands below.
    loglik
        Log-likelihood there.
    gradient
        Its largest slope per unit of log ratio (of a variance, given the terms before it) or of
        one standard deviation (of what goes together), over what is not zero.
    steps
        Newton steps taken.
    """

    factor: np.ndarray
    loglik: float
    gradient: float
    steps: int

    @property
    def ratios(self) -> np.ndarray:
        """Variance of each random term over the residual variance, shape (terms,)."""
        return (self.factor**2).sum(axis=1)


@dataclass(frozen=True, eq=False)
class _Ways:
    """In which ways a factor may move: its diagonal in logs, the rest in standard deviations.

    A log ratio has no unit, and neither has a share of a standard deviation: a slope in them is
    the same whatever scale the outcome or a column has.
    """

    factor: np.ndarray
    free: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, factor: np.ndarray, together: np.ndarray) -> _Ways:
        """List what is free: every column that is not zero, in rows of terms that go together.

        Below the diagonal, that is; above it too where the column of the row's own is zero, since
        a correlation of ±1 may change its sign through a variance of zero.
        """
        alive = np.diag(factor) > 0
        lower = np.tri(len(factor), dtype=bool)
        return cls(factor, np.nonzero(together & alive & (lower | ~alive[:, None])))

    @property
    def count(self) -> int:
        return self.free[0].size

    def moved(self, step: np.ndarray) -> np.ndarray:
        """Give the factor one step further, shape (ways,)."""
        rows, columns = self.free
        sizes = np.sqrt(np.maximum((self.factor**2).sum(axis=1), LIFT))[rows]
        own = self.factor[rows, columns]
        moved = self.factor.copy()
        moved[rows, columns] = np.where(rows == columns, own * np.exp(step / 2), own + sizes * step)
        return moved


def slopes(given: Pieces, ways: _Ways, *, reml: bool) -> tuple[np.ndarray, np.ndarray]:
    """Give first and second derivatives of the log-likelihood in the ways its factor may move.

    The first derivative is a central difference of fourth order: it is wrong by the order of
    ``STEP⁴`` and by the rounding of the log-likelihood over STEP, each near 1e-9 for thousands of
    rows. The second is of second order; it only steers.

    Returns
    -------
    tuple of numpy.ndarray
        Slopes (ways,), and second derivatives (ways, ways).
    """

    def height(shift: np.ndarray) -> float:
        return generalised_fit(given, ways.moved(STEP * shift), reml=reml).loglik

    unit = np.eye(ways.count)
    here = height(np.zeros(ways.count))
    near = np.array([(height(e), height(-e)) for e in unit])
    far = np.array([(height(2 * e), height(-2 * e)) for e in unit])
    first = (8 * (near[:, 0] - near[:, 1]) - (far[:, 0] - far[:, 1])) / (12 * STEP)
    second = np.diag((near.sum(axis=1) - 2 * here) / STEP**2)
    for i in range(ways.count):
        for j in range(i):
            both = height(unit[i] + unit[j]) + height(-unit[i] - unit[j])
            mixed = (both - near[i].sum() - near[j].sum() + 2 * here) / (2 * STEP**2)
            second[i, j] = second[j, i] = mixed
    return first, second


def climb(
    given: Pieces, start: np.ndarray, together: np.ndarray, *, reml: bool, most: int = 50
) -> Summit:
    """Walk uphill from given variance ratios by Newton's method until the likelihood is flat.

    Flat: no slope above what rounding leaves of it. Where the likelihood is not yet curved
    downwards the step follows the slope; a step that would lower the likelihood is halved. What
    sinks to nothing is set to zero. As the other ratios may have been far off when it sank, what is
    zero is lifted again at the end if that makes the data more likely.

    Parameters
    ----------
    given
        Cross-products of the model.
    start
        Variance ratios to start at, shape (terms,), ≥ 0, nothing going together yet.
    together
        Which terms go together, shape (terms, terms), symmetric, true on the diagonal.
    reml
        Restricted likelihood, or the full one.
    most
        Steps at most; the slope left over is in the result for the caller to judge.
    """
    factor = np.diag(np.sqrt(np.asarray(start, float)))
    loglik, gradient = generalised_fit(given, factor, reml=reml).loglik, 0.0
    steps = 0
    while True:
        sunk = (np.diag(factor) > 0) & (np.diag(factor) ** 2 < ZERO)
        if sunk.any() or np.triu(factor, 1).any():
            factor = triangular(factor @ factor.T)
            loglik = generalised_fit(given, factor, reml=reml).loglik
        ways, moved, gradient = _Ways.of(factor, together), None, 0.0
        if ways.count:
            first, second = slopes(given, ways, reml=reml)
            gradient = float(np.abs(first).max())
            if (factor**2).sum(axis=1).max() > BEYOND:
                break
            if gradient > max(1e-8, 1e-11 * abs(loglik)):
                moved = _higher(given, ways, _uphill(first, second), loglik, reml=reml)
        moved = moved or _lifted(given, factor, together, loglik, reml=reml)
        if moved is None or steps == most:
            break
        factor, loglik = moved
        steps += 1
    return Summit(factor, loglik, gradient, steps)


def _lifted(
    given: Pieces, factor: np.ndarray, together: np.ndarray, loglik: float, *, reml: bool
) -> tuple[np.ndarray, float] | None:
    """Let something vary that does not, if the data are then more likely.

    A covariance D on the boundary is at a maximum only if no D + t v v′ with D v = 0 is higher.
    The slopes in t at 0 are a quadratic form in v; its first eigenvector is the way up, if any is.
    """
    covariance = factor @ factor.T

    def height(way: np.ndarray) -> float:
        lifted = triangular(covariance + LIFT * np.outer(way, way))
        return generalised_fit(given, lifted, reml=reml).loglik

    for mates in np.unique(together, axis=0):
        values, vectors = np.linalg.eigh(covariance[np.ix_(mates, mates)])
        flat = values < max(ZERO, 1e-12 * values[-1])
        if not flat.any():
            continue
        ways = np.zeros((flat.sum(), len(covariance)))
        ways[:, mates] = vectors[:, flat].T
        form = np.diag([height(way) - loglik for way in ways])
        for i, j in zip(*np.tril_indices(len(ways), -1)):
            both = height(ways[i] + ways[j]) - loglik
            form[i, j] = (both - form[i, i] - form[j, j]) / 2
        way = np.linalg.eigh(form)[1][:, -1] @ ways
        higher = height(way)
        if higher > loglik + DROP:
            return triangular(covariance + LIFT * np.outer(way, way)), higher
    return None


def triangular(covariance: np.ndarray) -> np.ndarray:
    """Give the lower triangle F with F F′ a covariance, which may be singular.

    Cholesky's, except that a diagonal whose square is below ZERO, or no more than rounding, is
    zero, and so is what stands below it.

    Examples
    --------
    >>> triangular(np.array([[0.0, 0.0], [0.0, 4.0]]))
    array([[0., 0.],
           [0., 2.]])
    """
    factor = np.zeros_like(covariance)
    for j in range(len(covariance)):
        left = covariance[j:, j] - factor[j:, :j] @ factor[j, :j]
        if left[0] >= max(ZERO, 1e-13 * covariance[j, j]):
            factor[j:, j] = left / np.sqrt(left[0])
    return factor


def _uphill(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A Newton step that takes every curvature as downwards, at most 3 long in any log."""
    values, vectors = np.linalg.eigh(second)
    step = vectors @ ((vectors.T @ first) / np.maximum(np.abs(values), 1e-8))
    return step * min(1.0, 3.0 / np.abs(step).max())


def _higher(
    given: Pieces, ways: _Ways, step: np.ndarray, loglik: float, *, reml: bool
) -> tuple[np.ndarray, float] | None:
    """The first of step, step/2, step/4, … that does not lower the likelihood."""
    rounding = 1e-13 * abs(loglik)
    for _ in range(25):
        moved = ways.moved(step)
        height = generalised_fit(given, moved, reml=reml).loglik
        if height >= loglik - rounding:
            return moved, height
        step = step / 2
    return None


def vanishing(given: Pieces, summit: Summit, triangle: np.ndarray, *, reml: bool) -> np.ndarray:
    """Say which variances are zero as far as the data can tell.

    A term vanishes where its ratio, for a column of mean square 1, is below SMALLEST, or where
    taking it out altogether lowers the log-likelihood by less than DROP.

    Parameters
    ----------
    given, summit, reml
        As in :func:`climb`.
    triangle
        Shape (terms, terms): the columns asked about are the columns of the model times it. The
        terms of a model that go together have columns at right angles, which are nobody's; a
        variance belongs to a column as it was written.

    Returns
    -------
    numpy.ndarray
        One truth value per term, shape (terms,).
    """
    written = np.linalg.solve(triangle, summit.factor)
    gone = (written**2).sum(axis=1) * (triangle**2).sum(axis=0) < SMALLEST
    for k in np.flatnonzero(~gone):
        without = written.copy()
        without[k] = 0.0
        gone[k] = _unseen(given, summit, triangle @ without, reml=reml)
    return gone


def degenerate(given: Pieces, summit: Summit, terms: slice, *, reml: bool) -> bool:
    """Say whether terms that go together do so perfectly: some mixture of them does not vary.

    Their covariance has an eigenvalue below SMALLEST times the residual variance, or one that
    the log-likelihood does not miss by DROP.

    Parameters
    ----------
    given, summit, reml
        As in :func:`climb`.
    terms
        Which terms go together, two or more.
    """
    own = summit.factor[terms, terms]
    values, vectors = np.linalg.eigh(own @ own.T)
    if values[0] < SMALLEST:
        return True
    without = summit.factor.copy()
    without[terms] -= np.outer(vectors[:, 0], vectors[:, 0] @ summit.factor[terms])
    return _unseen(given, summit, without, reml=reml)


def _unseen(given: Pieces, summit: Summit, without: np.ndarray, *, reml: bool) -> bool:
    return generalised_fit(given, without, reml=reml).loglik > summit.loglik - DROP
