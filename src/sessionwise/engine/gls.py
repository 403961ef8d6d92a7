"""Generalised least squares for nested random terms: what the likelihood is, given variances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg


@dataclass(frozen=True, eq=False)
class Term:
    """One way in which clients (or therapists) differ: its column, and whose each row carries.

    Attributes
    ----------
    column
        What the deviation is multiplied by, shape (n,): ones for an intercept.
    level
        Number of the client (or therapist) of each row, shape (n,), whole, from 0.
    """

    column: np.ndarray
    level: np.ndarray


@dataclass(frozen=True, eq=False)
class Pieces:
    """Cross-products of the model, group by group: all that is needed to weigh variances.

    The columns of each term are padded with zeros to a common width (a zero column changes nothing)
    and groups stacked in a few batches by size, so that linear algebra runs on stacks.

    Attributes
    ----------
    rows
        Number of rows, n.
    xx, xy, yy
        X′X (p, p), X′y (p,), y′y.
    batches
        For each batch: the columns of each random term, Z′Z (groups, q, q) and Z′[X y]
        (groups, q, p + 1).
    """

    rows: int
    xx: np.ndarray
    xy: np.ndarray
    yy: float
    batches: tuple[tuple[list[slice], np.ndarray, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class GeneralisedFit:
    """Fixed effects and likelihood at given variances.

    Attributes
    ----------
    estimate, covariance
        β̂ = (X′V⁻¹X)⁻¹X′V⁻¹y, shape (p,), and (X′V⁻¹X)⁻¹, shape (p, p).
    residual_variance
        Its best value, given the ratios.
    loglik
        (Restricted) log-likelihood, all constants included.
    """

    estimate: np.ndarray
    covariance: np.ndarray
    residual_variance: float
    loglik: float


def loadings(terms: Sequence[Term], groups: np.ndarray) -> list[list[np.ndarray]]:
    """Lay out each random term as a matrix per group: rows of the group by levels in it.

    Parameters
    ----------
    terms
        The random terms.
    groups
        Number of the outermost group of each row, shape (n,), from 0; rows of different groups are
        independent.

    Returns
    -------
    list of list of numpy.ndarray
        ``[group][term]``, each of shape (rows of the group, levels in it).
    """
    laid_out = []
    for rows in rows_by_group(groups):
        blocks = []
        for term in terms:
            _, position = np.unique(term.level[rows], return_inverse=True)
            block = np.zeros((rows.size, position.max() + 1))
            block[np.arange(rows.size), position] = term.column[rows]
            blocks.append(block)
        laid_out.append(blocks)
    return laid_out


def rows_by_group(groups: np.ndarray) -> list[np.ndarray]:
    """Row numbers of each group, in the order of the group numbers."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.cumsum(np.bincount(groups))[:-1])


def pieces(
    design: np.ndarray, response: np.ndarray, blocks: list[list[np.ndarray]], groups: np.ndarray
) -> Pieces:
    """Form the cross-products of X (n, p), y (n,) and the loadings, once per model."""
    joined = np.column_stack([design, response])
    by_width: dict[int, list[tuple[list[np.ndarray], np.ndarray]]] = {}
    for rows, of_group in zip(rows_by_group(groups), blocks):
        width = sum(block.shape[1] for block in of_group)
        if width:
            by_width.setdefault(width.bit_length(), []).append((of_group, joined[rows]))
    return Pieces(
        rows=response.size,
        xx=design.T @ design,
        xy=design.T @ response,
        yy=float(response @ response),
        batches=tuple(_stacked(batch) for batch in by_width.values()),
    )


def _stacked(
    batch: list[tuple[list[np.ndarray], np.ndarray]],
) -> tuple[list[slice], np.ndarray, np.ndarray]:
    """Pad the terms of the groups of a batch to the widest of each, and stack the groups."""
    widths = np.max([[block.shape[1] for block in of_group] for of_group, _ in batch], axis=0)
    ends = np.cumsum(widths)
    columns = [slice(int(end - width), int(end)) for end, width in zip(ends, widths)]
    zz = np.zeros((len(batch), ends[-1], ends[-1]))
    zxy = np.zeros((len(batch), ends[-1], batch[0][1].shape[1]))
    for g, (of_group, joined) in enumerate(batch):
        z = np.zeros((len(joined), ends[-1]))
        for term, block in zip(columns, of_group):
            z[:, term.start : term.start + block.shape[1]] = block
        zz[g], zxy[g] = z.T @ z, z.T @ joined
    return columns, zz, zxy


def _weighed(factor: np.ndarray, columns: list[slice], matrix: np.ndarray) -> np.ndarray:
    """Give Λ′M for the stack M (groups, q, …): each level's rows, put together by the factor.

    Terms that go together have the same levels in the same order, so their rows correspond.
    """
    own = np.repeat(np.diag(factor), [term.stop - term.start for term in columns])
    weighed = own[:, None] * matrix
    for i, j in zip(*np.nonzero(factor - np.diag(np.diag(factor)))):
        weighed[:, columns[j]] += factor[i, j] * matrix[:, columns[i]]
    return weighed


def generalised_fit(given: Pieces, factor: np.ndarray, *, reml: bool) -> GeneralisedFit:
    """Give the fixed effects, their errors and the likelihood at given variances.

    With ``V = σ²(I + Z Λ Λ′ Z′)``, ``V⁻¹`` is formed by
    ``(I + Z Λ Λ′ Z′)⁻¹ = I − Z Λ (I + Λ′ Z′Z Λ)⁻¹ Λ′ Z′``, so variances of exactly zero and
    correlations of exactly ±1 need no special case. σ² is profiled out: the residual sum of squares
    over n − p (REML) or n (ML).

    Parameters
    ----------
    given
        Cross-products of the model.
    factor
        F, shape (terms, terms), with F F′ the covariance of the terms over the residual variance;
        zero between terms that are independent. Λ is F for each level.
    reml
        Restricted likelihood, or the full one.

    Returns
    -------
    GeneralisedFit
        ``loglik`` as lme4's ``logLik``: REML keeps ``−½ log|X′V⁻¹X|`` without ``½ log|X′X|``.

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), J Stat Softw 67(1), eq. 34 (ML) and 39 (REML);
    Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, section 2.2.
    """
    p = given.xy.size
    inside = np.zeros((p + 1, p + 1))
    log_determinant = 0.0
    for columns, zz, zxy in given.batches:
        half_way = _weighed(factor, columns, zz).swapaxes(1, 2)
        inner = _weighed(factor, columns, half_way)
        inner[:, np.arange(zz.shape[1]), np.arange(zz.shape[1])] += 1.0
        root = np.linalg.cholesky(inner)
        log_determinant += 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum()
        half = np.linalg.solve(root, _weighed(factor, columns, zxy))
        flat = half.reshape(-1, p + 1)
        inside += flat.T @ flat
    information = linalg.cho_factor(given.xx - inside[:p, :p], lower=True)
    weighted_xy = given.xy - inside[:p, p]
    estimate = linalg.cho_solve(information, weighted_xy)
    df = given.rows - p if reml else given.rows
    residual_variance = float(given.yy - inside[p, p] - weighted_xy @ estimate) / df
    if reml:
        log_determinant += 2 * np.log(np.diag(information[0])).sum()
    return GeneralisedFit(
        estimate=estimate,
        covariance=residual_variance * linalg.cho_solve(information, np.eye(p)),
        residual_variance=residual_variance,
        loglik=-0.5 * (df * (1 + np.log(2 * np.pi * residual_variance)) + log_determinant),
    )
