"""Regression of a 0/1 outcome, a count or a number, with errors that may be clustered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from sessionwise.engine.sandwich import cluster_covariance
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.features.leaving import Episodes, refuse_the_future
from sessionwise.models.fit import VARIANCE_COLUMNS, Fit, Recipe
from sessionwise.models.formulas import Design, complete_rows, design, parse
from sessionwise.models.likelihood_maximum import LINKS, Maximum, maximum
from sessionwise.models.model_rows import counted, left_out_before, model_frame, standard_deviations
from sessionwise.models.wald import estimates_frame
from sessionwise.models.wild_bootstrap import WILD, judged_wildly

Family = Literal["binomial", "gaussian", "poisson"]
Link = Literal["logit", "cloglog", "probit", "identity", "log"]
Errors = Literal["model", "CR0", "CR1", "CR2", "wild"]
ERRORS = ("model", "CR0", "CR1", "CR2", "wild")


def glm(
    formula: str,
    data: Any,
    family: Family = "binomial",
    link: Link | None = None,
    cluster: str | None = None,
    errors: Errors = "model",
) -> Fit:
    """Say what goes with a 0/1 outcome, a count or a number, averaged over clients and therapists.

    Clients of one therapist resemble each other; cluster errors (CR0, CR1, CR2) stay right then,
    while model errors take every row for independent. CR2 is the one for tens of therapists.

    Parameters
    ----------
    formula
        ``"left_unplanned ~ session + srs"``; fixed terms only. Its columns in their own units.
    data
        A data frame, or anything with a ``frame`` (`Sessions`, `Episodes`).
    family, link
        ``"binomial"`` (0/1; logit, cloglog or probit), ``"gaussian"`` (identity) or ``"poisson"``
        (log). The first link named is the default.
    cluster
        The column whose levels are independent of each other, e.g. ``"therapist"``; needed by
        CR0, CR1 and CR2.
    errors
        ``"model"`` uses the expected information; statistics are then normal (gaussian: t on
        n − p). With cluster errors they are t on G − 1, G the number of clusters. ``"wild"``, of a
        0/1 outcome: errors are CR2, p and limits those of the wild cluster bootstrap.

    Returns
    -------
    Fit
        Estimates on the scale of the linear predictor: a positive one makes a 1 (or a higher
        outcome) likelier. ``rows.events`` and ``rows.events_lost`` count the ones of a 0/1 outcome.

    Raises
    ------
    InvalidInput
        A problem of the formula, an unknown column or word.
    Refused
        The outcome does not vary or is not 0/1; terms that separate the ones from the zeros; one
        cluster; no convergence.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., section 2.5 (estimates).
    Errors: :func:`sessionwise.engine.sandwich.cluster_covariance`.

    Examples
    --------
    >>> frame = pd.DataFrame({"left": [0, 0, 0, 1, 0, 1, 1, 1], "group": list("aaaabbbb")})
    >>> odds_ratio = np.exp(glm("left ~ group", frame).term("group[b]")["estimate"])
    >>> float(odds_ratio.round(6))
    9.0
    """
    frame = model_frame(data)
    link = link or next(iter(LINKS.get(family, {"": None})))
    _check_words(family, link, cluster, errors, frame)
    parsed = parse(formula, frame.columns)
    if parsed.random:
        raise InvalidInput(
            [
                Problem(
                    f"`{parsed.random[0]}` is a random term, and glm has none",
                    remedy="Take it out and cluster the errors, or use mixed.",
                )
            ],
            "the formula",
        )
    if isinstance(data, Episodes):
        refuse_the_future(data, parsed.columns, parsed.outcome)
    needed = [*parsed.columns, *([cluster] if cluster else [])]
    used, left_out = complete_rows(frame, list(dict.fromkeys(needed)))
    made = design(parsed, used)
    check_outcome(made, family)
    solved = maximum(made, family, link)
    clusters = used[cluster].to_numpy() if cluster and errors != "model" else None
    covariance, df = _errors(solved, clusters, "CR2" if errors == "wild" else errors, family)
    estimates = estimates_frame(list(made.terms), solved.estimate, covariance, df)
    if clusters is not None and errors == "wild":
        estimates = judged_wildly(estimates, made, link, clusters)
    rows = counted(used, (*left_out_before(data), *left_out))
    if family == "binomial":
        rows = with_events(rows, frame[made.outcome], made.response)
    return Fit(
        question=f"What goes with `{made.outcome}`?",
        estimates=estimates,
        variances=pd.DataFrame(columns=list(VARIANCE_COLUMNS)),
        health=solved.health,
        rows=rows,
        recipe=Recipe(
            kind=f"generalised linear model ({family})",
            formula=str(parsed),
            estimation="iteratively reweighted least squares",
            link=link,
            errors=errors,
            cluster=cluster if clusters is not None else "",
            reference=WILD if errors == "wild" else _reference(df, clusters),
            references=tuple(made.references.items()),
            notes=_notes(made, clusters),
            sources=_sources(errors),
        ),
        loglik=solved.loglik,
        covariance=covariance,
        scales=standard_deviations(used, parsed.measured),
        outcome=made.outcome,
    )


def _check_words(
    family: str, link: str, cluster: str | None, errors: str, frame: pd.DataFrame
) -> None:
    problems = []
    if family not in LINKS:
        problems.append(Problem(f"there is no family '{family}'", remedy=nearest(family, LINKS)))
    elif link not in LINKS[family]:
        problems.append(
            Problem(f"'{link}' is no link of '{family}'", remedy=nearest(link, LINKS[family]))
        )
    if errors not in ERRORS:
        problems.append(Problem(f"there are no errors '{errors}'", remedy=nearest(errors, ERRORS)))
    elif errors == "wild" and family != "binomial":
        problems.append(
            Problem("the wild bootstrap is for 0/1 outcomes", remedy='Take errors="CR2".')
        )
    elif errors != "model" and cluster is None:
        problems.append(
            Problem(f"{errors} needs clusters", remedy='Name their column: cluster="therapist".')
        )
    elif errors == "model" and cluster is not None:
        problems.append(
            Problem(
                f"`{cluster}` is given as cluster, and model errors do not use it",
                remedy='Write errors="CR2", or leave the cluster out.',
            )
        )
    if cluster is not None and cluster not in frame.columns:
        problems.append(
            Problem(
                f"there is no column `{cluster}`", remedy=nearest(cluster, map(str, frame.columns))
            )
        )
    if problems:
        raise InvalidInput(problems, "what glm was given")


def check_outcome(made: Design, family: str) -> None:
    """Refuse an outcome its family does not have, or terms that leave nothing to judge them by."""
    y = made.response
    if family == "binomial" and not np.isin(y, (0, 1)).all():
        odd = int((~np.isin(y, (0, 1))).sum())
        raise Refused(
            f"`{made.outcome}` is neither 0 nor 1 in {odd} of {y.size} rows. "
            "Make a 0/1 column first, or use another family."
        )
    if family == "poisson" and ((y < 0) | (y != np.round(y))).any():
        raise Refused(f"`{made.outcome}` is not a count: whole numbers ≥ 0 are needed.")
    if made.matrix.shape[0] <= made.matrix.shape[1]:
        raise Refused(
            f"{made.matrix.shape[1]} terms leave nothing of {y.size} rows to judge them by. "
            "Leave terms out."
        )


def _errors(
    solved: Maximum, clusters: np.ndarray | None, errors: str, family: str
) -> tuple[np.ndarray, float]:
    """Covariance of the estimates and degrees of freedom of their statistics."""
    covariance, df = solved.bread, np.inf
    if clusters is not None:
        covariance = cluster_covariance(
            solved.derivative, solved.variance, solved.residual, clusters, errors
        )
        df = float(pd.unique(clusters).size - 1)
    elif family == "gaussian":
        df = float(solved.residual.size - solved.estimate.size)
        covariance = solved.bread * float(solved.residual @ solved.residual) / df
    return solved.back @ covariance @ solved.back.T, df


def _reference(df: float, clusters: np.ndarray | None) -> str:
    if clusters is not None:
        return f"t with G−1 = {df:.0f} df"
    return "normal" if np.isinf(df) else f"t with n−p = {df:.0f} df"


def _notes(made: Design, clusters: np.ndarray | None) -> tuple[str, ...]:
    notes = []
    if clusters is not None and pd.unique(clusters).size <= len(made.terms):
        notes.append(
            f"There are {pd.unique(clusters).size} clusters and {len(made.terms)} terms: "
            "too few clusters to judge all terms together."
        )
    return tuple(notes)


def _sources(errors: str) -> tuple[str, ...]:
    each = {"model": ("glm",), "CR2": ("glm", "cr2"), "wild": ("glm", "cr2", "wild_bootstrap")}
    return each.get(errors, ("glm", "cr0"))


def with_events(rows: Any, outcome: pd.Series, response: np.ndarray) -> Any:
    """Add how many ones there are, and how many were lost with incomplete rows."""
    events = int(response.sum())
    return replace(rows, events=events, events_lost=int(outcome.eq(1).sum()) - events)
