"""Errors and degrees of freedom of fixed effects where groups are few: Kenward and Roger's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy import linalg

from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.engine.random_factors import (
    MarginalProducts,
    RandomFactor,
    at_right_angles,
    marginal_products,
)
from sessionwise.errors import Refused

UNTOLD = 1e-10
"""Information on a direction of the variances below this share of the most is none."""

NOUGHT = 1e-10
"""What an expression that is 0 in exact arithmetic may come out as."""


@dataclass(frozen=True, eq=False)
class KenwardRoger:
    """Covariances of the fixed effects, and on how many degrees of freedom they are judged.

    Parameters
    ----------
    covariance_model
        Φ = (X′V⁻¹X)⁻¹, shape (p, p): as if the variances were known.
    covariance
        Φ_A, shape (p, p): with what estimating them adds. Tests use this one.
    coefficient_df
        Degrees of freedom of each coefficient on its own, shape (p,).
    slopes
        ΦP_rΦ of each variance parameter, shape (parameters, p, p), in units of the residual
        variance. The parameters are orthogonal directions among the covariances asked for.
    doubt
        W, covariance matrix of these parameters, shape (parameters, parameters), same unit.
    unit
        The residual variance.
    """

    covariance_model: np.ndarray
    covariance: np.ndarray
    coefficient_df: np.ndarray
    slopes: np.ndarray
    doubt: np.ndarray
    unit: float

    def df(self, contrast: np.ndarray) -> tuple[float, float]:
        """Give the denominator degrees of freedom of a test that L β = 0, and the scale λ of its F.

        F = λ · (Lβ)′ (L Φ_A L′)⁻¹ Lβ / k is judged as F(k, df). λ is 1 for one row.

        Parameters
        ----------
        contrast
            L, rows linearly independent, shape (k, p).

        Raises
        ------
        Refused
            Several rows, and too few groups for them.
        """
        contrast = np.atleast_2d(np.asarray(contrast, float))
        model = contrast @ self.covariance_model @ contrast.T / self.unit
        return _degrees(model, contrast @ self.slopes @ contrast.T, self.doubt)

    def df_of_rows(self, rows: np.ndarray) -> np.ndarray:
        """Give the degrees of freedom of each of many contrasts of one row, (n, p) → (n,)."""
        model = np.einsum("ni,ij,nj->n", rows, self.covariance_model / self.unit, rows)
        moves = np.stack([((rows @ slope) * rows).sum(axis=1) / model for slope in self.slopes])
        return 2 / np.einsum("rn,rs,sn->n", moves, self.doubt, moves, optimize=True)


def kenward_roger_adjustment(
    design: np.ndarray, factors: Sequence[RandomFactor], residual_variance: float
) -> KenwardRoger:
    """Say how sure the fixed effects of a mixed model are when its variances are only estimated.

    V = σ²I + Σ Z (I ⊗ G) Z′, factors nested or crossed, at the REML estimates. Unlike containment
    it needs no nesting and gives a term that varies a little within clients and mostly between
    them its due; unlike Satterthwaite's it also widens the error itself. Expected information;
    V is linear in the parameters, so the term R_rs of the paper is zero. Parameters on the edge
    (variance 0, correlation ±1) count as estimated, as R's pbkrtest has it.

    Parameters
    ----------
    design
        Fixed part of full rank, shape (n, p).
    factors
        At least one.
    residual_variance
        σ², units of the outcome², > 0.

    Raises
    ------
    Refused
        The rows cannot tell the variances apart (one group only, or one row in each).

    References
    ----------
    Kenward & Roger (1997), Biometrics 53:983–997, sections 2 and 3; its equations as in Halekoh &
    Højsgaard (2014), J Stat Softw 59(9), section 4.

    Examples
    --------
    Four groups of three: their mean is judged on 3 degrees of freedom.

    >>> ones, level = np.ones((12, 1)), np.repeat([0, 1, 2, 3], 3)
    >>> group = RandomFactor(level, ones.T, np.array([[True]]), np.array([[2.0]]))
    >>> said = kenward_roger_adjustment(ones, [group], residual_variance=1.5)
    >>> said.coefficient_df.round(9), said.covariance.round(9)
    (array([3.]), array([[0.625]]))
    """
    basis, triangle = orthogonal(np.asarray(design, float))
    back = linalg.inv(triangle)
    ordered = sorted(factors, key=lambda each: -each.levels * each.size)
    turned, units, values = [], [], []
    for number, factor in enumerate(ordered):
        ratio = replace(factor, covariance=factor.covariance / residual_variance)
        right, directions = at_right_angles(ratio)
        turned.append(right)
        units += [(number, direction) for direction in directions]
        values += np.tensordot(directions, right.covariance).tolist()
    products = marginal_products(basis, turned)
    first, second, traces = _with_residual(products, units, np.array(values), len(basis))
    model = np.linalg.inv(products.fixed)
    doubt = _doubt(model, first, second, traces)
    added = np.einsum("rs,rsij->ij", doubt, second)
    added -= np.einsum("rs,rij,jk,skl->il", doubt, first, model, first, optimize=True)
    added = model @ (added + added.T) @ model
    slopes = back @ model @ first @ model @ back.T
    covariance_model = back @ model @ back.T
    each = [
        _degrees(covariance_model[[j]][:, [j]], slopes[:, [j]][:, :, [j]], doubt)[0]
        for j in range(len(model))
    ]
    return KenwardRoger(
        covariance_model=residual_variance * covariance_model,
        covariance=residual_variance * (covariance_model + back @ added @ back.T),
        coefficient_df=np.array(each),
        slopes=slopes,
        doubt=doubt,
        unit=residual_variance,
    )


def _with_residual(
    products: MarginalProducts, units: list, values: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give P (r, p, p), Q (r, r, p, p) and tr(V⁻¹V_r V⁻¹V_s) (r, r), the residual's last.

    V is Σ value · V_r + I, so what the residual has follows from V and from the other parameters.
    """
    cross, second, traces, single = _of_factors(products, units)
    p, count = len(products.fixed), len(units)
    first, twice = np.empty((count + 1, p, p)), np.empty((count + 1, count + 1, p, p))
    all_traces = np.empty((count + 1, count + 1))
    first[:count] = -cross
    first[count] = np.tensordot(values, cross, 1) - products.fixed
    twice[:count, :count] = second
    twice[:count, count] = cross - np.tensordot(second, values, ([1], [0]))
    twice[count, :count] = twice[:count, count].transpose(0, 2, 1)
    twice[count, count] = -first[count] - np.tensordot(values, twice[:count, count], 1)
    all_traces[:count, :count] = traces
    all_traces[:count, count] = all_traces[count, :count] = single - traces @ values
    all_traces[count, count] = n - values @ single - values @ all_traces[:count, count]
    return first, twice, all_traces


def _of_factors(
    products: MarginalProducts, units: list
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give X′V⁻¹V_rV⁻¹X, Q, the traces of pairs and tr(V⁻¹V_r) of the factors' parameters."""
    p, count = len(products.fixed), len(units)
    turned = [unit @ products.deviations[which] for which, unit in units]
    cross, single = np.empty((count, p, p)), np.empty(count)
    second, traces = np.empty((count, count, p, p)), np.empty((count, count))
    used = sorted({which for which, _ in units})
    squares = {pair: products.squares(*pair) for pair in product(used, used) if pair[0] <= pair[1]}
    for s, (other, unit) in enumerate(units):
        cross[s] = np.tensordot(products.deviations[other], turned[s], ([0, 1], [0, 1]))
        single[s] = np.sum(products.own(other) * unit)
        for r, (one, other_unit) in enumerate(units[: s + 1]):
            through = products.times(one, other, turned[s])
            second[r, s] = np.tensordot(turned[r], through, ([0, 1], [0, 1]))
            second[s, r] = second[r, s].T
            traces[r, s] = traces[s, r] = np.einsum(
                "bc,bacd,da->", other_unit, squares[one, other], unit, optimize=True
            )
    return cross, second, traces, single


def _doubt(
    model: np.ndarray, first: np.ndarray, second: np.ndarray, traces: np.ndarray
) -> np.ndarray:
    """Give W, the inverse of the expected information on the parameters (REML)."""
    moved = model @ first
    double = traces - 2 * np.einsum("ij,rsji->rs", model, second)
    double += np.einsum("rij,sji->rs", moved, moved)
    told = np.diag(double)
    if (told > UNTOLD * np.diag(traces)).all():
        size = np.sqrt(np.outer(told, told))
        if np.linalg.eigvalsh(double / size)[0] > UNTOLD:
            return 2 * np.linalg.inv(double / size) / size
    raise Refused(
        "Kenward–Roger needs every variance to be told from the others and from the fixed terms; "
        "in these rows one cannot be (a grouping factor with one group, with one row in each "
        "group, or the same as another or as a fixed term). Leave that random term out."
    )


def _degrees(model: np.ndarray, slopes: np.ndarray, doubt: np.ndarray) -> tuple[float, float]:
    """Give df and λ of a contrast: LΦL′ (k, k) and LΦP_rΦL′ (parameters, k, k) in one unit."""
    k = len(model)
    try:
        root = np.linalg.inv(np.linalg.cholesky(model))
    except np.linalg.LinAlgError:
        raise ValueError(f"the {k} rows of a contrast are not linearly independent") from None
    standard = root @ slopes @ root.T
    alone = np.trace(standard, axis1=1, axis2=2)
    a1 = float(alone @ doubt @ alone)
    a2 = float(np.einsum("rij,rs,sji->", standard, doubt, standard, optimize=True))
    if k == 1:
        return 2 / a2, 1.0
    b = (a1 + 6 * a2) / (2 * k)
    g = ((k + 1) * a1 - (k + 4) * a2) / ((k + 2) * a2)
    below = 3 * k + 2 * (1 - g)
    top, middle = 1 + g / below * b, 1 - (k - g) / below * b
    last = 1 - (k + 2 - g) / below * b
    mean = 1 - a2 / k
    ratio = 1.0 if max(abs(mean), abs(middle)) < NOUGHT else mean / middle
    excess = ratio**2 * top - last
    found = 4 + (k + 2) * last / excess if excess else np.inf
    if not found > 0:
        raise Refused(
            f"Too few groups to test {k} terms at once: Kenward–Roger finds no degrees of freedom "
            "for them. Test them one by one, or leave terms of the groups out."
        )
    if abs(found - 2) < 0.01 or np.isinf(found):
        return float(found), 1.0
    return float(found), float(found * mean / (found - 2))
