"""Whether several fixed effects of a mixed model are all zero."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy import stats

from sessionwise.engine.kenward_roger import KenwardRoger
from sessionwise.engine.satterthwaite_df import Satterthwaite
from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.models.fixed_effects import RULES, Judged
from sessionwise.models.hypothesis import Test
from sessionwise.models.mixed_parameters import estimate_of
from sessionwise.models.mixed_solution import MixedSolution


def named_terms(names: Sequence[str], terms: Sequence[str]) -> list[int]:
    """Find terms by name; a categorical column stands for all its terms.

    Raises
    ------
    InvalidInput
        A name that is none.

    Examples
    --------
    >>> named_terms(["modality"], ["Intercept", "modality[video]", "modality[phone]"])
    [1, 2]
    """
    bare = [re.sub(r"\[[^\]]*\]", "", term) for term in terms]
    found, problems = [], []
    for name in names:
        own = [k for k, term in enumerate(terms) if name == term]
        own = own or [k for k, term in enumerate(bare) if name == term]
        if not own:
            problems.append(Problem(f"no fixed term is called '{name}'", "", nearest(name, terms)))
        found += own
    if problems:
        raise InvalidInput(problems, "the test")
    return list(dict.fromkeys(found))


def wald_test(
    found: MixedSolution, judged: Judged, covariance: np.ndarray, names: Sequence[str]
) -> Test:
    """Test that some fixed effects are zero, all of them at once, by a Wald F.

    Parameters
    ----------
    found, judged
        The model, and how its fixed effects are judged.
    covariance
        Covariance of the fixed effects, shape (p, p).
    names
        Of the terms, or of categorical columns.

    Raises
    ------
    InvalidInput
        A name that is none.
    Refused
        Kenward–Roger, and too few groups for so many terms.

    References
    ----------
    Kenward & Roger (1997), Biometrics 53:983–997, section 3; Fai & Cornelius (1996), J Stat Comput
    Simul 54:363–378, section 2.
    """
    terms = found.made.terms
    chosen = named_terms(names, terms)
    k = len(chosen)
    value = estimate_of(found)[chosen]
    own = covariance[np.ix_(chosen, chosen)]
    contrast = np.linalg.inv(found.scaled.triangle)[chosen]
    scale, note = 1.0, ""
    if isinstance(judged.known, KenwardRoger):
        df, scale = judged.known.df(contrast)
    elif isinstance(judged.known, Satterthwaite):
        df = judged.known.joint_df(contrast)
    else:
        df = float(judged.df[chosen].min())
        if len(set(judged.df[chosen].tolist())) > 1:
            note = "on the fewest degrees of freedom of its terms"
    statistic = scale * float(value @ np.linalg.solve(own, value)) / k
    each = ", ".join(f"`{terms[place]}`" for place in chosen)
    return Test(
        name=f"Wald F ({RULES[judged.rule]})",
        statistic=statistic,
        df=k,
        df_denominator=df,
        p=float(stats.f.sf(statistic, k, df)),
        null=f"{each} {'are all' if k > 1 else 'is'} zero",
        note=note,
    )
