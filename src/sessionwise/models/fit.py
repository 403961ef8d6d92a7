"""What a model said: estimates, their errors, its health and the rows it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from sessionwise.models.fit_text import plain_text

VARIANCE_COLUMNS = ("group", "term1", "term2", "variance", "sd", "correlation")
FURTHER_COLUMNS = ("parameter", "of", "reference", "estimate", "std_error", "low", "high")


@dataclass(frozen=True, eq=False)
class Health:
    """Whether a fit may be believed, free of the scale of the outcome.

    Attributes
    ----------
    converged
        The optimiser stopped where the likelihood is flat.
    singular
        Names of random terms whose variance is zero or whose correlation is ±1; empty if none.
    gradient
        Largest slope of the log-likelihood in any parameter, in units of log-likelihood per
        standard error (fixed effects), per unit of log variance or, for what goes together, per
        standard deviation: near 0 at a maximum.
    optimiser
        What was run, in order, e.g. ``"lbfgs"`` or ``"lbfgs, powell"``.
    evaluations
        Iterations or evaluations the last optimiser took; 0 where it does not say.
    warnings
        What the optimiser warned of while it ran, without repeats.
    dropped
        Terms left out of the model because the data cannot carry them, with the reason.
    """

    converged: bool
    singular: tuple[str, ...] = ()
    gradient: float = float("nan")
    optimiser: str = ""
    evaluations: int = 0
    warnings: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """True if the fit converged and nothing in it is singular."""
        return self.converged and not self.singular

    def __str__(self) -> str:
        words = ["converged" if self.converged else "NOT converged"]
        words.append("singular: " + ", ".join(self.singular) if self.singular else "not singular")
        if np.isfinite(self.gradient):
            words.append(f"largest scaled gradient {self.gradient:.1e}")
        if self.optimiser:
            steps = f" in {self.evaluations} evaluations" if self.evaluations else ""
            words.append(f"by {self.optimiser}{steps}")
        words += [f"left out: {term}" for term in self.dropped]
        return "; ".join(words)


@dataclass(frozen=True, eq=False)
class Rows:
    """How many rows, clients, therapists and events a model used, and what it left out.

    Attributes
    ----------
    used
        Rows in the model.
    clients, therapists
        Distinct clients and therapists among them (0: the data have none).
    events
        Events among them, for models of leaving; ``None`` otherwise.
    events_lost
        Events among the rows left out for a missing value; ``None`` otherwise.
    left_out
        Reason and number of rows for each step from the data to the model, in order.
    unit
        What one row is: ``"sessions"``, ``"assessments"``, ``"courses"``, ``"appointments"`` or
        ``"rows"``.
    """

    used: int
    clients: int = 0
    therapists: int = 0
    events: int | None = None
    events_lost: int | None = None
    left_out: tuple[tuple[str, int], ...] = ()
    unit: Literal["sessions", "assessments", "courses", "appointments", "rows"] = "rows"


@dataclass(frozen=True)
class Recipe:
    """How a fit was made, in the words a methods section needs.

    Attributes
    ----------
    kind
        ``"linear mixed model"``, ``"discrete-time hazard"``, …
    formula
        The formula as fitted.
    estimation
        ``"REML"``, ``"ML"``, ``"iteratively reweighted least squares"``.
    link
        ``"identity"``, ``"cloglog"``, ``"logit"``.
    errors
        ``"model"``, ``"CR0"``, ``"CR1"``, ``"CR2"``, ``"GLS"``.
    cluster
        The column errors are clustered by, or empty.
    reference
        The reference distribution of the statistics, in words, e.g. ``"t with G−1 = 29 df"``.
    clock, step
        ``"session"``, ``"date"`` or ``"time"``; what one step of it is, e.g. ``"month"``.
    references
        Category → the level the others are compared with.
    notes
        Sentences a reader must know (who is nested in whom, why model errors were used).
    caution
        A sentence that goes wherever the estimates go, e.g. which way they are biased.
    sources
        Citation keys of the methods used.
    """

    kind: str
    formula: str
    estimation: str = ""
    link: str = "identity"
    errors: str = "model"
    cluster: str = ""
    reference: str = ""
    clock: str = "session"
    step: str = "session"
    references: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    caution: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Fit:
    """What a model said; numbers only.

    Attributes
    ----------
    question
        The question the model answers, one sentence with what it assumes.
    estimates
        One row per fixed effect: ``term, estimate, std_error, df, statistic, p, low, high``
        (95 % limits, on the scale of the linear predictor).
    variances
        One row per variance or covariance: ``group, term1, term2, variance, sd, correlation``.
        For a covariance ``variance`` holds it and ``correlation`` its correlation.
    health, rows, recipe
        Whether it may be believed; which rows it used; how it was made.
    loglik
        (Restricted) log-likelihood at the estimates.
    covariance
        Covariance of the estimates, shape ``(terms, terms)``, in the order of ``estimates``.
    scales
        Standard deviations for reading effects in, by column, e.g. ``{"srs_lag1_within": 2.9}``.
    outcome
        The column that was explained.
    better
        Which direction of the outcome is the better one; empty where no instrument says.
    labels
        Words for the terms and the outcome, from the columns they are made of.
    further
        Parameters beside fixed effects and variances: ``parameter, of, reference, estimate,
        std_error, low, high``; most models have none. ``"threshold"``: where an ordinal outcome
        passes from one category to the next (``of`` names both: logit P(at most the first) is the
        threshold less what the fixed effects say). ``"theta"``: of counts whose variance is
        μ + μ²/θ. ``"phi"``: the correlation of residuals one step or unit apart, ``of`` what it is
        counted in. ``"sd_ratio"``: their standard deviation in one group over that in the
        reference, which the residual variance is of. ``"alpha"``: a working correlation.
    """

    question: str
    estimates: pd.DataFrame
    variances: pd.DataFrame
    health: Health
    rows: Rows
    recipe: Recipe
    loglik: float
    covariance: np.ndarray = field(repr=False)
    scales: Mapping[str, float] = field(default_factory=dict)
    outcome: str = ""
    better: Literal["higher", "lower", ""] = ""
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    further: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(FURTHER_COLUMNS)), repr=False
    )

    def replace(self, **changes: Any) -> Fit:
        """Give a copy with some attributes changed."""
        return replace(self, **changes)

    def term(self, name: str) -> pd.Series:
        """Give the row of ``estimates`` of one term.

        Raises
        ------
        KeyError
            No such term; the message lists those there are.
        """
        found = self.estimates[self.estimates["term"] == name]
        if found.empty:
            raise KeyError(f"no term '{name}'; terms: {', '.join(self.estimates['term'])}")
        return found.iloc[0]

    def __repr__(self) -> str:
        return plain_text(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from sessionwise.show.fit_page import page

        return {"text/plain": repr(self), "text/html": page(self)}


@dataclass(frozen=True, eq=False)
class Curve:
    """An estimated function of time.

    Attributes
    ----------
    estimates
        ``group, state, time, at_risk, estimate, std_error, low, high``, one row per group, state
        and time; probabilities between 0 and 1. ``state`` says what the probability is of
        (``"unplanned ending"``, ``"still in therapy"``).
    question, rows, recipe
        As in :class:`Fit`.
    unit
        What ``time`` counts: ``"sessions"``, ``"months"``.
    """

    question: str
    estimates: pd.DataFrame
    rows: Rows
    recipe: Recipe
    unit: str = "sessions"

    def __repr__(self) -> str:
        numbers = self.estimates.to_string(index=False, float_format=lambda x: f"{x:.4g}")
        return f"{self.question}\n{numbers}"


@dataclass(frozen=True)
class Unanswered:
    """A question the study cannot answer, and why; shown where the answer would have stood.

    Attributes
    ----------
    question
        What was asked.
    reason
        What is missing or why the fit was refused, in a sentence.
    kind
        ``"missing"``: the study lacks a column; ``"refused"``: a fit that must not be reported.
    """

    question: str
    reason: str
    kind: Literal["missing", "refused"] = "missing"
