"""New responses for the rows of a fitted mixed model: drawn from it, or given to it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.engine.drawn_responses import simulated_response
from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.mixed_solution import MixedSolution

PURPOSE = "responses of a mixed model"


def simulated_rows(found: MixedSolution, draws: int, seed: int) -> pd.DataFrame:
    """Draw responses in units of the outcome, one column each; see `MixedFit.simulate`."""
    check_draws(draws)
    scaled = found.scaled
    trend = found.made.matrix @ scaled.trend
    drawn = np.empty((draws, trend.size))
    for number in range(draws):
        drawn[number] = trend + scaled.spread * scaled_draw(found, seed, number)
    return pd.DataFrame(drawn.T, index=found.used.index)


def scaled_draw(found: MixedSolution, seed: int, number: int) -> np.ndarray:
    """Draw response ``number`` of a seed, shape (n,), in the units of the scaled model.

    Each draw has a stream of its own, so that it is the same whoever draws the others.
    """
    key = (*PURPOSE.encode(), number)
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    at, given = found.summit.at, found.model.given
    roots = [found.summit.roots[place] for place in given.order]
    mean = found.scaled.basis @ at.estimate
    return simulated_response(mean, given.factors, roots, at.residual_variance, random)


def check_draws(draws: int) -> None:
    """Refuse less than one draw."""
    if draws < 1:
        problem = Problem(f"{draws} draws are asked for", remedy="Ask for at least one.")
        raise InvalidInput([problem], "the simulation")


def given_response(found: MixedSolution, response: pd.Series | np.ndarray) -> np.ndarray:
    """Give a response as numbers, shape (n,), checked against the rows of the model."""
    wanted, problems = len(found.used), []
    if isinstance(response, pd.Series) and not response.index.equals(found.used.index):
        remedy = "Give an array in their order, or a Series with the index of their data."
        problems.append(Problem("its index is not that of the model's rows", remedy=remedy))
    values = np.asarray(response)
    if values.shape != (wanted,):
        found_shape = f"it has shape {values.shape} and the model {wanted} rows"
        problems.append(Problem(found_shape, remedy="Give one number per row of the model."))
    elif not (np.issubdtype(values.dtype, np.number) and np.isfinite(values.astype(float)).all()):
        problems.append(Problem("not all of it are finite numbers", remedy="Fill or choose rows."))
    if problems:
        raise InvalidInput(problems, "the new response")
    return values.astype(float)
