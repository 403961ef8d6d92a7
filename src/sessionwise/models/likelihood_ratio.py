"""Whether a smaller mixed model would do: random terms taken out, or two fits compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from sessionwise.engine.boundary_mixture import boundary_p
from sessionwise.errors import InvalidInput, Problem, Refused
from sessionwise.models.formulas import parse
from sessionwise.models.hypothesis import Test
from sessionwise.models.mixed_parameters import spreads
from sessionwise.models.mixed_search import solved
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.random_part import Deviation, RandomPart

SAME = 1e-6
"""Two searches that end this near to one another, in −2 log-likelihood, end at the same."""

ALONE = 1e-8
"""A column lies in the space of others if less than this share of its length is its own."""


def random_terms_test(found: MixedSolution, texts: Sequence[str]) -> Test:
    """Test that the levels of a factor do not differ in some way, by the likelihood ratio.

    The smaller model is fitted with the same fixed part, by REML if the larger one was: their
    likelihoods may be compared, since the fixed part is the same.

    Parameters
    ----------
    found
        The model.
    texts
        Random terms to be taken out, ``"(1 | therapist)"``, ``"(0 + session | client)"``.

    Raises
    ------
    InvalidInput
        A text that is no random term, or a term that the model does not have.
    Refused
        The smaller model did not converge.
    """
    part, gone = found.part, named_deviations(found, texts)
    for deviation in gone:
        part = part.without(part.deviations.index(deviation))[1]
    smaller, _ = solved(
        found.made,
        part,
        found.scaled,
        (found.used, found.formula),
        reml=found.reml,
        keep_zero=True,
        structure=found.residual.structure if found.residual else None,
    )
    return _judged(found, smaller, no_variance(texts, len(gone)))


def named_deviations(found: MixedSolution, texts: Sequence[str]) -> list[Deviation]:
    """Give the deviations that random terms stand for."""
    wanted: dict[Deviation, str] = {}
    for text in texts:
        for term in parse(f"{found.made.outcome} ~ 1 + {text}", found.used.columns).random:
            own = [Deviation(term.group)] * term.intercept
            own += [Deviation(term.group, slope) for slope in term.slopes]
            wanted |= dict.fromkeys(own, text)
    have = ", ".join(map(str, found.part.terms)) or "none"
    problems = [
        Problem(f"the model has no deviation of `{one.group}` in {one.term}", text, f"Has: {have}.")
        for one, text in wanted.items()
        if one not in found.part.deviations
    ]
    if problems:
        raise InvalidInput(problems, "the test")
    return list(wanted)


def nested_fits_test(larger: MixedSolution, smaller: MixedSolution) -> Test:
    """Test a smaller model against a larger one of the same rows, by the likelihood ratio.

    Raises
    ------
    InvalidInput
        Other rows, another response, one by REML and one not; the smaller one does not lie in the
        larger, as far as terms and columns tell.
    Refused
        By REML, and with different fixed parts.
    """
    compared = _Compared(larger, smaller)
    problems = compared.problems
    if problems:
        raise InvalidInput(problems, "the comparison of two fits")
    if larger.reml and compared.fixed:
        raise Refused(
            "Restricted likelihoods of models with different fixed terms cannot be compared: each "
            "is of what its own terms leave. Fit both with reml=False, or test the terms by name."
        )
    return _judged(larger, smaller, f"the smaller model, {smaller.formula}, would do")


@dataclass(frozen=True, eq=False)
class _Compared:
    larger: MixedSolution
    smaller: MixedSolution

    @property
    def fixed(self) -> int:
        """How many fixed effects the larger one has more."""
        return self.larger.made.matrix.shape[1] - self.smaller.made.matrix.shape[1]

    @property
    def problems(self) -> list[Problem]:
        """Everything that keeps the two from being compared."""
        one, other = self.larger, self.smaller
        if not (
            one.used.index.equals(other.used.index)
            and np.array_equal(one.made.response, other.made.response)
        ):
            remedy = "Fit both to the rows that are complete in the columns of the larger."
            found = f"the fits are of other rows or responses ({len(one.used)}, {len(other.used)})"
            return [Problem(found, "", remedy)]
        if one.reml != other.reml:
            return [Problem("one fit is by REML and one is not", "", "Fit both with one `reml`.")]
        if _residuals(one) != _residuals(other):
            remedy = "Ask sw.residuals_needed of the fit that has more."
            return [Problem("residuals are not modelled alike in the two fits", "", remedy)]
        remedy = "Ask the fit that has more terms, and give it the other."
        if _parameters(one) <= _parameters(other):
            found = f"the fit has {_parameters(one)} parameters and the other {_parameters(other)}"
            return [Problem(found, "", remedy)]
        return [
            Problem(found, "", "A likelihood ratio needs one model inside the other.")
            for found, wrong in (
                ("the other has fixed terms that this one has not", not self._fixed_inside()),
                ("the other has random terms that this one has not", not self._random_inside()),
            )
            if wrong
        ]

    def _fixed_inside(self) -> bool:
        basis, matrix = self.larger.scaled.basis, self.smaller.scaled.basis
        own = matrix - basis @ (basis.T @ matrix) / len(basis)
        return bool((np.linalg.norm(own, axis=0) < ALONE * np.linalg.norm(matrix, axis=0)).all())

    def _random_inside(self) -> bool:
        one, other = self.larger.part, self.smaller.part
        return (
            set(other.deviations) <= set(one.deviations)
            and _pairs(other) <= _pairs(one)
            and all(np.array_equal(code, one.codes[name]) for name, code in other.codes.items())
            and all(
                np.array_equal(other.columns[d.slope], one.columns[d.slope])
                for d in other.deviations
                if d.slope
            )
        )


def _pairs(part: RandomPart) -> set[frozenset[Deviation]]:
    """Give the pairs of deviations that may go together."""
    return {frozenset(pair) for bundle in part.bundles for pair in combinations(bundle, 2)}


def _residuals(found: MixedSolution) -> str:
    """Say what the model has residuals do; nothing where they are independent and alike."""
    return found.residual.structure.note if found.residual else ""


def _parameters(found: MixedSolution) -> int:
    return found.made.matrix.shape[1] + len(spreads(found.part))


def _height(found: MixedSolution) -> float:
    """Log-likelihood in the units of the outcome; by REML, whatever spans the fixed part."""
    return found.summit.loglik - found.model.df * float(np.log(found.scaled.spread))


def _judged(larger: MixedSolution, smaller: MixedSolution, null: str) -> Test:
    """Judge twice the difference of the log-likelihoods of two linear models."""
    return ratio_test(
        "REML" if larger.reml else "ML",
        2 * (_height(larger) - _height(smaller)),
        (
            _parameters(larger) - _parameters(smaller),
            len(larger.part.deviations) - len(smaller.part.deviations),
        ),
        null,
        other_zero=bool(smaller.singular),
    )


def ratio_test(
    how: str, statistic: float, taken: tuple[int, int], null: str, *, other_zero: bool
) -> Test:
    """Judge a likelihood ratio, on the boundary where it lies there.

    Parameters
    ----------
    how
        How the likelihoods were had: ``"REML"``, ``"Laplace"``.
    statistic
        Twice the difference of the log-likelihoods.
    taken
        How many parameters the smaller model has fewer, and how many deviations.
    null
        The null hypothesis in words.
    other_zero
        Whether the smaller model is singular itself.

    Raises
    ------
    Refused
        The larger model ends below the smaller one.
    """
    if statistic < -SAME:
        raise Refused(
            f"The larger model ends {-statistic:.2g} below the smaller one in −2 log-likelihood, "
            "so its search missed the summit. Fit it again with simpler random terms."
        )
    statistic = statistic if statistic > SAME else 0.0
    m, lost = taken
    return Test(
        name=f"likelihood ratio ({how})",
        statistic=statistic,
        df=m,
        df_denominator=None,
        p=boundary_p(statistic, m) if lost else float(stats.chi2.sf(statistic, m)),
        null=null,
        note=_note(m, lost, other_zero=other_zero),
    )


def no_variance(texts: Sequence[str], many: int) -> str:
    """Put into words that so many deviations of random terms do not vary."""
    several = many > 1
    return f"the variance{'s' * several} of {', '.join(texts)} {'are' if several else 'is'} zero"


def _note(m: int, lost: int, *, other_zero: bool) -> str:
    """Say what p is taken from, where that needs saying."""
    words = []
    if lost:
        words.append(f"p from ½ χ²({m - 1}) + ½ χ²({m}), a variance not being below zero")
    if lost > 1:
        words.append(
            "at most that: with several variances the weights are not known, and these are the "
            "most cautious"
        )
    if other_zero:
        words.append("approximate: the smaller model is singular itself")
    return "; ".join(words)
