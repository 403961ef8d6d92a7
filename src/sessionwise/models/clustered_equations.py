"""Generalised estimating equations: `sw.gee`, averages over clients without a model of clients."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from sessionwise.engine.estimating_equations import Clusters, Equations, Mean, solved_equations
from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.features.leaving import Episodes, refuse_the_future
from sessionwise.models.fit import FURTHER_COLUMNS, VARIANCE_COLUMNS, Fit, Health, Recipe
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design, complete_rows, design, parse
from sessionwise.models.generalized_linear import Family, Link, check_outcome, with_events
from sessionwise.models.likelihood_maximum import FAMILIES, LINKS, maximum
from sessionwise.models.model_rows import counted, left_out_before, model_frame, standard_deviations
from sessionwise.models.residual_structure import ResidualWish, series_steps
from sessionwise.models.wald import estimates_frame

Correlation = Literal["independence", "exchangeable", "ar1"]
ClusterErrors = Literal["kauermann-carroll", "mancl-derouen", "robust"]

NAMES = {"kauermann-carroll": "Kauermann–Carroll", "mancl-derouen": "Mancl–DeRouen"}
CITED = {
    "robust": ("gee",),
    "kauermann-carroll": ("gee", "kauermann_carroll"),
    "mancl-derouen": ("gee", "mancl_derouen"),
}
FLAT = 1e-8
"""The equations are solved if the last step was smaller than this many standard errors."""

OTHER_ROWS = (
    "A working correlation other than independence assumes that the outcome of a row depends on "
    "its own columns only, not on those of the cluster's other rows: with earlier outcomes or "
    "scores among the columns, compare correlation='independence'."
)


def gee(  # noqa: PLR0913 - the words a study may say, each with a default
    formula: str,
    data: Any,
    cluster: str,
    family: Family = "gaussian",
    link: Link | None = None,
    correlation: Correlation = "exchangeable",
    errors: ClusterErrors = "kauermann-carroll",
    order: str = "session",
) -> Fit:
    """Say what goes with an outcome, on average over clients, however their own rows are alike.

    Beside `mixed` and `glm`: estimates speak of averages over all clients, as those of `glm` do
    (for a 0/1 outcome they are smaller than those of one client, which a random term gives), errors
    let the rows of a cluster be alike in any way. The working correlation only makes the estimates
    sharper; errors stay right where it is wrong.

    Parameters
    ----------
    formula
        Fixed terms only; its columns in their own units.
    data
        A data frame, or anything with a ``frame`` (`Sessions`, `Episodes`).
    cluster
        The column whose levels are independent of each other: the client, or the therapist.
    family, link
        As `glm` has them; by default ``"gaussian"``.
    correlation
        Between the rows of a cluster: none, the same between any two, or ``"ar1"``, its power by
        the gap in ``order``, sessions missed counted.
    errors
        ``"robust"`` is too small with few clusters, ``"mancl-derouen"`` rather large,
        ``"kauermann-carroll"`` between the two.
    order
        The column that orders the rows of a cluster; only ``"ar1"`` uses it.

    Returns
    -------
    Fit
        Estimates on the scale of the linear predictor, statistics t on G − p, G the number of
        clusters. ``further`` holds α, the working correlation. There is no likelihood.

    Raises
    ------
    InvalidInput
        A problem of the formula, an unknown column or word.
    Refused
        As `glm`; no more clusters than terms; a working correlation that cannot be.

    References
    ----------
    Liang & Zeger (1986), Biometrika 73:13–22; Mancl & DeRouen (2001), Biometrics 57:126–134;
    Kauermann & Carroll (2001), J Am Stat Assoc 96:1387–1396. The other rows of a cluster: Pepe &
    Anderson (1994), Commun Stat Simul Comput 23:939–951.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0, 2, 3, 5, 2, 4], "x": [0, 1] * 3, "client": list("aabbcc")})
    >>> fit = gee("y ~ x", frame, "client", correlation="independence", errors="robust")
    >>> float(fit.term("x")["estimate"].round(6)), float(fit.term("x")["df"])
    (1.666667, 1.0)
    """
    frame = model_frame(data)
    link = link or next(iter(LINKS.get(family, {"": None})))
    needed = [cluster, *([order] if correlation == "ar1" else [])]
    _check_words((family, link, correlation, errors), needed, frame)
    parsed = parse(formula, frame.columns)
    _check_terms(parsed)
    if isinstance(data, Episodes):
        refuse_the_future(data, parsed.columns, parsed.outcome)
    used, left_out = complete_rows(frame, list(dict.fromkeys([*parsed.columns, *needed])))
    made = design(parsed, used)
    check_outcome(made, family)
    clusters = _clusters(used, needed, correlation, len(made.terms))
    found, back = _solved(made, (family, link), clusters)
    covariance = back @ found.covariance(errors) @ back.T
    df = float(clusters.size.size - len(made.terms))
    rows = counted(used, (*left_out_before(data), *left_out), client=cluster)
    if family == "binomial":
        rows = with_events(rows, frame[made.outcome], made.response)
    unit = order if correlation == "ar1" else cluster
    alpha = [("alpha", unit, correlation, found.alpha, *[np.nan] * 3)]
    return Fit(
        question=f"What goes with `{made.outcome}`, on average?",
        estimates=estimates_frame(list(made.terms), back @ found.estimate, covariance, df),
        variances=pd.DataFrame(columns=list(VARIANCE_COLUMNS)),
        health=Health(
            found.step < FLAT,
            gradient=found.step,
            optimiser="Fisher scoring",
            evaluations=found.steps,
        ),
        rows=rows,
        recipe=Recipe(
            kind=f"generalised estimating equations ({family})",
            formula=str(parsed),
            estimation=f"estimating equations with working correlation '{correlation}'",
            link=link,
            errors=NAMES.get(errors, errors),
            cluster=cluster,
            reference=f"t with G−p = {df:.0f} df",
            references=tuple(made.references.items()),
            notes=(OTHER_ROWS,) if correlation != "independence" else (),
            sources=CITED[errors],
        ),
        loglik=float("nan"),
        covariance=covariance,
        scales=standard_deviations(used, parsed.measured),
        outcome=made.outcome,
        further=pd.DataFrame(
            alpha if correlation != "independence" else [], columns=list(FURTHER_COLUMNS)
        ),
    )


def _check_words(words: tuple[str, str, str, str], columns: list[str], frame: pd.DataFrame) -> None:
    family, link, correlation, errors = words
    links = LINKS.get(family, {link: None})
    choices = {
        "family": (family, LINKS),
        f"link of '{family}'": (link, links),
        "working correlation": (correlation, get_args(Correlation)),
        "kind of errors": (errors, get_args(ClusterErrors)),
    }
    problems = [
        Problem(f"'{given}' is no {what}", "", nearest(str(given), known))
        for what, (given, known) in choices.items()
        if given not in known
    ]
    there = list(map(str, frame.columns))
    problems += [
        Problem(f"there is no column `{name}`", "", nearest(str(name), there))
        for name in columns
        if name not in there
    ]
    if problems:
        raise InvalidInput(problems, "what gee was given")


def _check_terms(parsed: Formula) -> None:
    if parsed.random:
        remedy = "Take it out and name the cluster, or use mixed."
        problem = Problem(f"`{parsed.random[0]}` is a random term, and gee has none", "", remedy)
        raise InvalidInput([problem], "the formula")


def _clusters(used: pd.DataFrame, columns: list[str], correlation: str, terms: int) -> Clusters:
    """Number the clusters, and for AR(1) find which row came before each."""
    cluster, *order = columns
    number = pd.factorize(used[cluster])[0].astype(np.intp)
    many = int(number.max()) + 1
    if many <= terms:
        raise Refused(
            f"There are {many} `{cluster}` and {terms} terms: errors by cluster need more clusters "
            "than terms. Leave terms out, or take a model of the clients (mixed)."
        )
    if correlation != "independence" and many == number.size:
        raise Refused(
            f"Every row is a `{cluster}` of its own, so no two rows of one can correlate. "
            "Take correlation='independence'."
        )
    steps = None
    if order:
        steps = series_steps(used, number, (cluster,), ResidualWish("ar1", order[0]))
    return Clusters(number, correlation, steps)


def _solved(
    made: Design, model: tuple[str, str], clusters: Clusters
) -> tuple[Equations, np.ndarray]:
    """Solve the equations in orthogonal columns, from where rows are independent; and way back."""
    basis, triangle = orthogonal(made.matrix)
    start = triangle @ maximum(made, *model).estimate
    try:
        found = solved_equations(basis, made.response, _mean(*model), clusters, start)
    except ValueError as error:
        raise Refused(
            f"The working correlation comes out as {error}, which cannot be between the rows of a "
            "cluster. Take correlation='independence'; errors stay right."
        ) from error
    if found.step >= FLAT:
        raise Refused(
            f"The estimating equations of `{made.outcome}` did not converge: after {found.steps} "
            f"steps estimates still move by {found.step:.1e} of their standard errors. Take "
            "correlation='independence', or simpler terms."
        )
    return found, np.linalg.inv(triangle)


def _mean(family: str, link: str) -> Mean:
    made = FAMILIES[family](LINKS[family][link]())

    def mean(linear: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        fitted = made.link.inverse(linear)
        return fitted, made.link.inverse_deriv(linear), made.variance(fitted)

    return mean
