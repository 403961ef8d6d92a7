"""Estimates of a 0/1 outcome judged by the wild cluster bootstrap, where clusters are few."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.engine.outcome_families import Cloglog, Logit, Probit
from sessionwise.engine.score_bootstrap import ScoreBootstrap
from sessionwise.engine.wild_scores import cluster_weights
from sessionwise.models.formulas import Design

FAMILIES = {"logit": Logit, "cloglog": Cloglog, "probit": Probit}
DRAWS = 9_999
SEED = 20_120_101
"""Of the one stream of weights, so that a model judged twice is judged alike."""

WILD = f"wild cluster bootstrap of the scores, {DRAWS:,} draws"


def judged_wildly(
    estimates: pd.DataFrame, made: Design, link: str, clusters: np.ndarray
) -> pd.DataFrame:
    """Put p-values and limits of the wild cluster bootstrap into a table of estimates.

    Each coefficient is tested with the null hypothesis imposed; limits are where, going from the
    estimate, values are first rejected. Estimates and standard errors stay as they are, so a limit
    is no multiple of the error, and lies endlessly far where so few clusters reject no value.

    Parameters
    ----------
    estimates
        With CR2 errors, a row per term.
    made
        The model's matrix and 0/1 outcome.
    link
        ``"logit"``, ``"cloglog"`` or ``"probit"``.
    clusters
        Shape (n,).

    Returns
    -------
    DataFrame
        As given, but for ``p, low, high``.

    Examples
    --------
    >>> from sessionwise.models.formulas import design, parse
    >>> rows = pd.DataFrame({"y": [0, 1, 1, 0, 1, 0, 1, 0, 0, 1], "x": range(10)})
    >>> table = pd.DataFrame({"estimate": [0.2, -0.04], "std_error": [1.3, 0.2]})
    >>> made = design(parse("y ~ x", rows.columns), rows)
    >>> bool(judged_wildly(table, made, "logit", np.arange(10) // 2)["p"].between(0, 1).all())
    True
    """
    ones = np.ones_like(made.response)
    rng = np.random.default_rng(np.random.SeedSequence(SEED))
    weights = cluster_weights(pd.unique(clusters).size, DRAWS, rng)
    bootstrap = ScoreBootstrap(made.matrix, FAMILIES[link](made.response, ones), clusters, weights)
    estimate, error = (estimates[name].to_numpy(float) for name in ("estimate", "std_error"))
    judged = bootstrap.judge(estimate, error)
    return estimates.assign(p=judged.p, low=judged.low, high=judged.high)
