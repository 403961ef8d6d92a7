"""How surely the mean of each row is known, from cross-products: prediction errors and leverage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sessionwise.engine.elimination import Remaining
from sessionwise.engine.profiled_likelihood import LinearMixedModel, Roots
from sessionwise.engine.row_sums import CrossProducts, Factor


def fixed_error(unscaled: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Give x′(X′V⁻¹X)⁻¹x of each row, shape (n,), for rows (n, p): Var(x′β̂) over σ²."""
    return np.einsum("np,np->n", design @ unscaled, design)


def deviation_variance(roots: Roots, columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """Give Σ_f z_f′G_f z_f of each row, shape (n,): how far its levels deviate, over σ².

    Parameters
    ----------
    roots, columns
        By factor T, shape (q, q), and what each deviation is multiplied by, shape (q, n).
    rows
        n, which no column tells where there is no factor.

    Examples
    --------
    >>> deviation_variance([np.array([[2.0]])], [np.array([[1.0, 3.0]])], 2).tolist()
    [4.0, 36.0]
    """
    total = np.zeros(rows)
    for root, own in zip(roots, columns):
        total += ((root.T @ own) ** 2).sum(axis=0)
    return total


def joint_error(
    joint: Remaining,
    given: CrossProducts,
    design: np.ndarray,
    columns: Sequence[np.ndarray],
    rows: slice = slice(None),
) -> np.ndarray:
    """Give Var(x′(β̂ − β) + z′(b̂ − b)) over σ² of each row, shape (n,).

    Of a model's own rows it is their leverage: the diagonal of what makes Xβ̂ + Zb̂ of y.

    Parameters
    ----------
    joint
        What :meth:`~sessionwise.engine.profiled_likelihood.LinearMixedModel.joint` gave.
    given
        The cross-products it was given by, whose links say where levels meet.
    design, columns
        x of the rows, shape (n, p), and by factor, numbered as in ``given``, z, shape (q, n).
    rows
        Which rows of ``given`` these are.

    References
    ----------
    Demidenko & Stukel (2005), Stat Med 24:893–909 (leverage of a mixed model).
    """
    p = design.shape[1]
    total = fixed_error(joint.total[:p, :p], design)
    of_rows = np.ascontiguousarray(design.T)
    for f, own in enumerate(columns):
        level = given.factors[f].level[rows]
        inner = joint.own[f]
        for a, left in enumerate(own):
            part = inner[a, a][level] * left
            for b in range(a):
                part += 2 * inner[a, b][level] * own[b]
            for x, column in enumerate(of_rows):
                part += 2 * joint.xy[f][a, x][level] * column
            for g in range(f + 1, len(columns)):
                pair = given.links[f, g].pair[rows]
                for b, right in enumerate(columns[g]):
                    part += 2 * joint.between[f, g][a, b][pair] * right
            total += left * part
    return total


def leverages(model: LinearMixedModel, roots: Roots, design: np.ndarray) -> np.ndarray:
    """Give the leverage of each row of a model, shape (n,): R's ``hatvalues`` of an lme4 fit.

    Parameters
    ----------
    model, roots
        The model, and T of each factor.
    design
        Its fixed part, shape (n, p).

    Examples
    --------
    Two clients of two sessions who differ as much as sessions do: V = [[2, 1], [1, 2]] for each.

    >>> client = Factor(np.array([0, 0, 1, 1]), np.ones((1, 4)), np.eye(1, dtype=bool))
    >>> ones = np.ones((4, 1))
    >>> model = LinearMixedModel.of(ones, np.array([1.0, 2, 4, 5]), [client], reml=True)
    >>> leverages(model, [np.eye(1)], ones).round(6).tolist()
    [0.416667, 0.416667, 0.416667, 0.416667]
    """
    columns = [factor.columns for factor in model.given.factors]
    return joint_error(model.joint(roots), model.given, design, columns)


def with_rows(
    model: LinearMixedModel,
    design: np.ndarray,
    response: np.ndarray,
    levels: Sequence[np.ndarray],
) -> LinearMixedModel:
    """Give the same model with rows of nothing, in which given levels meet.

    A row of zeros tells nothing, but makes a place for each pair of levels that meets in it, so
    that :meth:`~sessionwise.engine.profiled_likelihood.LinearMixedModel.joint` speaks of pairs that
    never met before. They come after the rows of the model.

    Parameters
    ----------
    model
        The model.
    design, response
        Its own rows, shape (n, p) and (n,).
    levels
        By factor, numbered as in the list the model was given, the level of each new row.
    """
    by_list = dict(zip(model.given.order, model.given.factors))
    many = len(levels[0]) if len(levels) else 0
    factors = [
        Factor(
            np.concatenate([by_list[k].level, own]),
            np.hstack([by_list[k].columns, np.zeros((by_list[k].size, many))]),
            by_list[k].free,
        )
        for k, own in enumerate(levels)
    ]
    longer = np.vstack([design, np.zeros((many, design.shape[1]))])
    return LinearMixedModel.of(
        longer, np.concatenate([response, np.zeros(many)]), factors, reml=model.reml
    )
