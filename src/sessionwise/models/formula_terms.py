"""What a formula says once it is read: its outcome, its fixed terms, its random terms."""

from __future__ import annotations

from dataclasses import dataclass

from sessionwise.models.formula_factors import Factor

Term = tuple[Factor, ...]
Terms = dict[frozenset[str], Term]
"""Terms by the set of their factors, so that ``a:b`` and ``b:a`` are one; ``()`` the intercept."""


@dataclass(frozen=True)
class RandomTerm:
    """One ``( … | group)``.

    Attributes
    ----------
    group
        What deviates from one another: the levels of a column, ``"client"``, or the combinations
        of several, ``"clinic:therapist"``.
    intercept
        Whether they deviate in level.
    slopes
        The columns in whose slope they deviate.
    correlated
        True for ``|``: deviations may go together; False for ``||``: they are independent. Of one
        alone there is nothing to say, and it is read as ``|``.

    Examples
    --------
    >>> term = RandomTerm("clinic:therapist", True, ("session",), correlated=False)
    >>> print(term)
    (1 + session || clinic:therapist)
    >>> term.columns
    ('clinic', 'therapist')
    """

    group: str
    intercept: bool
    slopes: tuple[str, ...]
    correlated: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the group. The name of a column in a formula never holds a colon."""
        return tuple(self.group.split(":"))

    def __str__(self) -> str:
        parts = [str(int(self.intercept)), *self.slopes]
        deviations = self.intercept + len(self.slopes)
        bar = "||" if deviations > 1 and not self.correlated else "|"
        return f"({' + '.join(parts)} {bar} {self.group})"


@dataclass(frozen=True)
class Formula:
    """A checked formula.

    Attributes
    ----------
    outcome
        The column to be explained.
    intercept
        Whether there is a fixed one.
    terms
        The fixed terms, each a tuple of factors (an interaction has several).
    random
        The random terms, as written; ``(1 | a/b)`` is the two it stands for.
    """

    outcome: str
    intercept: bool
    terms: tuple[Term, ...]
    random: tuple[RandomTerm, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column used: outcome, fixed, random, groups; without repeats."""
        used = [*self.measured]
        for random in self.random:
            used += [*random.slopes, *random.columns]
        return tuple(dict.fromkeys(used))

    @property
    def measured(self) -> tuple[str, ...]:
        """The outcome and the columns of the fixed terms, without repeats."""
        fixed = [name for term in self.terms for factor in term for name in factor.columns]
        return tuple(dict.fromkeys([self.outcome, *fixed]))

    def __str__(self) -> str:
        terms = [":".join(factor.text for factor in term) for term in self.terms]
        if not self.intercept:
            terms = ["0", *terms]
        fixed = " + ".join(terms or ["1"])
        return " + ".join([f"{self.outcome} ~ {fixed}", *map(str, self.random)])
