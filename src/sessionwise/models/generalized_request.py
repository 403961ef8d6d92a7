"""What a generalised mixed model is asked to be, and whether the rows can be asked that."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.design_matrix import is_numeric
from sessionwise.models.formula_terms import Formula
from sessionwise.models.generalized_outcome import FAMILY_LINKS, Outcome
from sessionwise.models.weak_prior import PRIORS

MOST_NODES = 50


@dataclass(frozen=True)
class Asked:
    """How a generalised mixed model is to be fitted; as `sw.mixed` has it."""

    family: str
    link: str
    quadrature: int
    trials: str | None
    prior: str | None
    aliased: str
    keep_zero: bool


def asked_for(
    family: str, link: str | None, quadrature: int, trials: str | None, prior: str | None,
    aliased: str, *, keep_zero: bool,
) -> Asked:  # fmt: skip
    """Check the words that say how a model is to be fitted.

    Raises
    ------
    InvalidInput
        Every problem at once.
    """
    problems = []
    if family not in FAMILY_LINKS:
        problems.append(
            Problem(f"there is no family '{family}'", "", nearest(family, FAMILY_LINKS))
        )
    elif link is not None and link not in FAMILY_LINKS[family]:
        known = FAMILY_LINKS[family]
        problems.append(Problem(f"'{link}' is no link of '{family}'", "", nearest(link, known)))
    whole = isinstance(quadrature, int) and not isinstance(quadrature, bool)
    if not whole or not 1 <= quadrature <= MOST_NODES:
        found = f"quadrature={quadrature!r} is no number of nodes"
        problems.append(Problem(found, "", f"Give a whole number from 1 to {MOST_NODES}."))
    if trials is not None and family != "binomial":
        found = f"only a binomial outcome has trials, and the family is '{family}'"
        problems.append(Problem(found, "", "Leave trials out."))
    if prior is not None and prior not in PRIORS:
        problems.append(Problem(f"there is no prior '{prior}'", "", nearest(str(prior), PRIORS)))
    if family == "gaussian" and (quadrature != 1 or prior is not None):
        found = "the linear model needs no quadrature and has no prior"
        problems.append(Problem(found, "", "Leave quadrature and prior out."))
    if problems:
        raise InvalidInput(problems, "the mixed model")
    return Asked(
        family, link or FAMILY_LINKS[family][0], quadrature, trials, prior, aliased, keep_zero
    )


def check_formula(parsed: Formula, asked: Asked, frame: pd.DataFrame) -> None:
    """Refuse a formula that does not go with what is asked.

    Raises
    ------
    InvalidInput, Refused
        No random term; no column of trials; an ordinal outcome without an intercept; quadrature
        for more than one deviation.
    """
    if not parsed.random:
        raise Refused("A mixed model needs a random term. Add (1 | client), or use glm.")
    if asked.trials is not None and asked.trials not in frame.columns:
        remedy = nearest(asked.trials, map(str, frame.columns))
        found = f"there is no column `{asked.trials}`"
        raise InvalidInput([Problem(found, "trials", remedy)], "the mixed model")
    if asked.trials is not None and not is_numeric(frame[asked.trials]):
        found = f"`{asked.trials}` holds no numbers"
        raise InvalidInput(
            [Problem(found, "trials", "Name a column of whole numbers.")], "the mixed model"
        )
    if asked.family == "ordinal" and not parsed.intercept:
        raise Refused(
            "The thresholds of an ordinal outcome stand for the intercept, and the formula takes "
            "it out. Leave the 0 or -1 away."
        )
    groups = {term.group for term in parsed.random}
    scalar = len(parsed.random) == 1 and parsed.random[0].intercept + len(parsed.random[0].slopes)
    if asked.quadrature > 1 and (len(groups) > 1 or scalar != 1):
        raise Refused(
            f"Quadrature with {asked.quadrature} nodes is for one factor with one deviation, such "
            "as (1 | client), and the formula has more. Take quadrature=1, the Laplace "
            "approximation, or one random term."
        )


def check_groups(parsed: Formula, used: pd.DataFrame, outcome: Outcome) -> None:
    """Refuse factors whose differences an outcome of single events cannot show.

    Raises
    ------
    Refused
        Every row is a level of its own (of a Poisson model or of successes of several trials that
        is a model of counts that vary more than chance), or no level has rows that differ.
    """
    told = outcome.kind == "poisson" or (outcome.kind == "binomial" and not outcome.single)
    for term in parsed.random:
        keys = list(term.columns)
        levels = used.groupby(keys, observed=True, sort=False).ngroup().to_numpy()
        many = int(levels.max()) + 1
        if many == len(used) and not told:
            raise Refused(
                f"Every row of the model is a `{term.group}` of its own ({many} of {many}), so "
                "that their differences cannot be told from chance, and an approximation of the "
                f"likelihood would make them infinite. Take the random term of `{term.group}` out."
            )
        if not outcome.single or many == 1:
            continue
        values = pd.Series(outcome.values).groupby(levels)
        if (values.max() == values.min()).all():
            raise Refused(
                f"`{outcome.name}` is the same in all rows of each `{term.group}`, so that "
                "differences between them would be estimated as infinite. Model one row per "
                f"{term.group} with glm."
            )
