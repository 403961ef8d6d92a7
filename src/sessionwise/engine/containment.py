"""Degrees of freedom by containment: at which level of the nesting a term is judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SAME = 1e-8
"""Values that differ from that of one row of their group by less than this share of the column's
spread are the same."""

FEW = 50_000
"""Rows looked at before asking whether there is anything left to find out."""


def containment_df(design: np.ndarray, levels: Sequence[np.ndarray]) -> np.ndarray:
    """Say on how many degrees of freedom each fixed effect is judged in a nested mixed model.

    A term that varies within clients is judged against the rows; one that is constant within each
    client but differs between clients of a therapist, against the clients; one that is constant
    within therapists, against the therapists. At each level the degrees of freedom are the groups
    there, less the groups one level out and the terms judged there. The intercept takes the
    largest. This is the rule of R's ``nlme::lme``; it is exact for balanced designs, cheap, and
    generous to a term that varies a little within clients and mostly between them.

    Parameters
    ----------
    design
        Fixed part, shape (n, p).
    levels
        The nested factors from the outermost in, each the number of the group of every row, shape
        (n,). Empty: ordinary regression, n − p for all.

    Returns
    -------
    numpy.ndarray
        Shape (p,); a term judged where nothing is left has 0 or fewer.

    References
    ----------
    Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, p. 91.

    Examples
    --------
    >>> clients = np.repeat([0, 1, 2, 3], 3)
    >>> X = np.column_stack([np.ones(12), np.tile([0, 1, 2], 4), clients > 1]).astype(float)
    >>> containment_df(X, [clients])
    array([7., 7., 2.])
    """
    n, p = design.shape
    groups = [int(level.max()) + 1 for level in levels] + [n]
    spread = np.ptp(design, axis=0)
    varies = spread > SAME * np.abs(design).max(axis=0)
    judged = np.zeros(p, int)
    for depth, level in enumerate(levels, start=1):
        judged[_varies_within(design, level, spread)] = depth
    left = np.diff([0, *groups]).astype(float)
    np.subtract.at(left, judged[varies], 1)
    if varies.all():
        left[1:] += 1
    else:
        left[0] -= 1
    return np.where(varies, left[judged], left.max())


def _varies_within(design: np.ndarray, level: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Which columns take different values in some group of a factor, shape (p,)."""
    member = np.empty(int(level.max()) + 1, np.intp)
    member[level] = np.arange(level.size)
    varies = np.zeros(len(spread), bool)
    for begin in range(0, level.size, FEW):
        some = slice(begin, begin + FEW)
        of_member = member[level[some]]
        for term in np.flatnonzero(~varies):
            column = design[:, term]
            apart = np.abs(column[some] - column[of_member]).max()
            varies[term] = apart > SAME * spread[term]
        if varies.all():
            break
    return varies
