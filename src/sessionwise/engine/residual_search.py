"""Where the likelihood is highest in the residuals' correlation, their sizes, and the variances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.row_sums import Factor
from sessionwise.engine.variance_search import Summit, VarianceSearch, highest
from sessionwise.engine.whitened_rows import ResidualRows, Whitening

MOST, DONE = 60, 1e-11
"""Steps at most; a step that promises less than this of the deviance is not worth taking."""

FURTHEST = 1.0
"""A step in ω goes no further: φ from 0 to .76, a size to 2.7 times itself."""

STARTS = {False: (-0.3, 0.0, 0.3, 0.6, 0.9), True: (0.1, 0.35, 0.6, 0.9)}
"""Correlations at the usual gap that are tried first, in steps and in continuous time."""

FLAT = 1e-4
"""A root below this does not vary, so that another summit may be higher."""

EDGE = 1e-6
"""A correlation this close to ±1, or in continuous time to 0, is one."""


@dataclass(frozen=True, eq=False)
class MarkedModel:
    """A linear mixed model whose residuals have a structure, on its rows.

    Attributes
    ----------
    design, response
        Fixed part, shape (n, p), and response, shape (n,).
    factors
        The grouping factors; each series of the residuals lies in one level of each.
    residuals
        What the residuals may do.
    reml
        Whether by restricted maximum likelihood.
    """

    design: np.ndarray
    response: np.ndarray
    factors: tuple[Factor, ...]
    residuals: ResidualRows
    reml: bool

    def at(self, omega: np.ndarray) -> Whitened:
        """Make the rows independent at ω."""
        whitening = self.residuals.at(omega)
        factors = tuple(
            Factor(factor.level, whitening.whiten(factor.columns), factor.free)
            for factor in self.factors
        )
        design = np.ascontiguousarray(whitening.whiten(self.design.T).T)
        response = whitening.whiten(self.response)
        model = LinearMixedModel.of(design, response, factors, reml=self.reml)
        model = replace(model, log_determinant=whitening.log_determinant)
        return Whitened(self, omega, whitening, model)


@dataclass(frozen=True, eq=False)
class Whitened:
    """The model at given ω: its whitened rows, on which residuals are independent and alike.

    Likelihoods of ``model`` are those of the rows before whitening.
    """

    marked: MarkedModel
    omega: np.ndarray
    whitening: Whitening
    model: LinearMixedModel

    def slopes(self, roots: Sequence[np.ndarray]) -> np.ndarray:
        """Give the exact derivative of the deviance by ω at T of each factor, shape (ω,).

        The deviance is a function of the cross-products w w′ of the whitened rows; with K̄ its
        derivative by them, a change of one row changes it by 2 (K̄ w)′dw.
        """
        _, bar = self.model.sensitivity(roots)
        given, whiten = self.model.given, self.whitening.whiten
        marked = self.marked
        fixed = np.vstack([marked.design.T, marked.response])
        plain = [*(marked.factors[k].columns for k in given.order), fixed]
        rows = [*(factor.columns for factor in given.factors), whiten(fixed)]
        pulled = [bar.total @ rows[-1]]
        for f, factor in enumerate(given.factors):
            columns = bar.xy[f][..., factor.level]
            pulled[-1] += np.einsum("axn,an->xn", columns, rows[f])
            own = np.einsum("axn,xn->an", columns, rows[-1])
            own += np.einsum("abn,bn->an", bar.own[f][..., factor.level], rows[f])
            pulled.insert(-1, own)
        for (f, g), link in given.links.items():
            between = bar.between[f, g][..., link.pair]
            pulled[f] += np.einsum("abn,bn->an", between, rows[g])
            pulled[g] += np.einsum("abn,an->bn", between, rows[f])
        along, before = np.zeros(marked.response.size), np.zeros(marked.response.size)
        for pull, columns in zip(pulled, plain):
            own, earlier = self.whitening.parts(columns)
            along += np.einsum("an,an->n", pull, own)
            before += np.einsum("an,an->n", pull, earlier)
        return self.whitening.slopes(along, before)


@dataclass(frozen=True, eq=False)
class ResidualSummit:
    """The best parameters of the residuals, and the best variances there.

    Attributes
    ----------
    whitened
        The model at them.
    summit
        The variances; its gradient is the largest slope in an entry of ω or of T, per standard
        error of it.
    """

    whitened: Whitened
    summit: Summit

    @property
    def loglik(self) -> float:
        """(Restricted) log-likelihood of the rows, all constants included."""
        return self.summit.loglik

    @property
    def omega(self) -> np.ndarray:
        """The parameters of the residuals, shape (ω,)."""
        return self.whitened.omega


@dataclass(frozen=True, eq=False)
class _Place:
    whitened: Whitened
    summit: Summit
    gradient: np.ndarray

    @property
    def omega(self) -> np.ndarray:
        return self.whitened.omega

    @property
    def deviance(self) -> float:
        return -2 * self.summit.loglik


class ResidualSearch:
    """Newton's method on ω, the variances at their best for each; the curvature is corrected."""

    def __init__(self, marked: MarkedModel) -> None:
        self.marked = marked
        self.evaluations = 0

    def place(self, omega: np.ndarray, roots: Sequence[np.ndarray] | None) -> _Place:
        """Find the best variances at ω, from those known nearby."""
        whitened = self.marked.at(omega)
        with np.errstate(divide="ignore", invalid="ignore"):  # where nothing is left to vary
            if roots is None:
                summit = highest(whitened.model)
            else:
                search = VarianceSearch(whitened.model)
                summit = search.run(np.maximum(search.entries.vector(roots), _least(search)))
            slopes = whitened.slopes(summit.roots)
        self.evaluations += summit.evaluations
        return _Place(whitened, summit, slopes)

    def run(self, here: _Place) -> tuple[_Place, np.ndarray]:
        """Climb to where the likelihood is flat in ω; give the place and the curvature there."""
        curve = here.whitened.whitening.information()
        for _ in range(MOST):
            values, vectors = np.linalg.eigh(curve)
            floor = 1e-8 * max(float(np.abs(values).max(initial=0.0)), 1e-8)
            curve = (vectors * np.maximum(np.abs(values), floor)) @ vectors.T
            step = -np.linalg.solve(curve, here.gradient)
            if float(-here.gradient @ step) <= DONE or self.lost(here.omega):
                break
            moved = self._moved(here, step)
            if moved is None:
                break
            curve = _corrected(curve, moved.omega - here.omega, moved.gradient - here.gradient)
            here = moved
        return here, curve

    def lost(self, omega: np.ndarray) -> bool:
        """Whether the correlation has gone to its bounds."""
        if not self.marked.residuals.correlated:
            return False
        rho = np.abs(self.marked.residuals.correlations(omega)[0])
        rho = rho[self.marked.residuals.follows]
        return bool(rho.min() > 1 - EDGE or (rho.max() < EDGE and self.marked.residuals.continuous))

    def _moved(self, here: _Place, step: np.ndarray) -> _Place | None:
        step = step * min(1.0, FURTHEST / float(np.abs(step).max()))
        rounding = 1e-13 * max(1.0, abs(here.deviance))
        for _ in range(25):
            try:
                moved = self.place(here.omega + step, here.summit.roots)
            except np.linalg.LinAlgError:
                step = step / 4
                continue
            falls = moved.deviance - here.deviance
            flatter = np.abs(moved.gradient).max() < np.abs(here.gradient).max()
            if falls < -rounding or (falls <= rounding and flatter):
                return moved
            step = step / 3
        return None


def _least(search: VarianceSearch) -> np.ndarray:
    """Something that did not vary elsewhere is tried again: its root begins a little above zero."""
    return np.where(search.bounded, 1e-3, -np.inf)


def _corrected(curve: np.ndarray, moved: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Give the curvature the change of slope that was met (BFGS)."""
    along = curve @ moved
    inner, bend = float(moved @ along), float(moved @ changed)
    if bend <= 1e-3 * inner:
        return curve
    return curve - np.outer(along, along) / inner + np.outer(changed, changed) / bend


def best_residuals(marked: MarkedModel) -> ResidualSummit:
    """Find the correlation and the sizes of the residuals, and the variances, of most likelihood.

    The likelihood may have several summits: what goes on from session to session may be told as
    differences between clients. It is looked at on a grid of correlations, and climbed from each
    of its points that is higher than its neighbours; where something does not vary in the end,
    other variances are tried there too.

    Parameters
    ----------
    marked
        The model.
    """
    search, rows = ResidualSearch(marked), marked.residuals
    starts = [np.zeros(rows.size)]
    if rows.correlated:
        tried = np.array(STARTS[rows.continuous])
        first = np.log(-np.log(tried)) if rows.continuous else np.arctanh(tried)
        starts = [np.concatenate([[one], np.zeros(rows.size - 1)]) for one in first]
    places: list[_Place] = []
    for omega in starts:
        places.append(search.place(omega, places[-1].summit.roots if places else None))
    heights = [np.inf, *(place.deviance for place in places), np.inf]
    tops = [
        place
        for k, place in enumerate(places, start=1)
        if heights[k] <= min(heights[k - 1], heights[k + 1])
    ]
    best, curve = min((search.run(top) for top in tops), key=lambda found: found[0].deviance)
    if any((np.diag(root) < FLAT).any() for root in best.summit.roots):
        again = search.place(best.omega, None)
        if again.deviance < best.deviance - 1e-8:
            best, curve = search.run(again)
    spread = np.sqrt(2 / np.maximum(np.diag(curve), 1e-12))
    steep = float(np.abs(best.gradient * spread / 2).max(initial=0.0))
    steep = max(steep, best.summit.gradient)
    summit = replace(best.summit, evaluations=search.evaluations, gradient=steep)
    return ResidualSummit(best.whitened, summit)
