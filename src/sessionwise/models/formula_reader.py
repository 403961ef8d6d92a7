"""The grammar of formulas: from text to checked terms, fixed and random."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection
from itertools import accumulate

from sessionwise.errors import Problem
from sessionwise.models.formula_factors import Factor, check_call, check_column
from sessionwise.models.formula_terms import Formula, RandomTerm, Terms

MOST_CHARACTERS = 2000
MOST_TERMS = 200
MOST_BRACKETS = 20
TOKEN = re.compile(r"[^\W\d]\w*|\d+(?:\.\d*)?|\|\||\*\*|\S")
GUIDE = "Write it as: outcome ~ column + column + (1 | client)."
SLOPES = "A random slope is a column of numbers: make one first. Add slopes with +."
GROUPS = "Groups are (1 | therapist/client) or (1 | a:b); crossed ones (1 | a) + (1 | b)."


class Unreadable(Exception):
    """Reading cannot go on; the reason is among the reader's problems."""


class Reader:
    """Recursive descent over the tokens of one formula; notes problems and reads on if it can.

    ::

        formula   outcome "~" sum
        sum       ["-"] product {("+" | "-") product}
        product   interaction {"*" interaction}
        interaction   atom {":" atom}
        atom      "0" | "1" | column | function "(" … ")" | "(" sum ")"
        random    "(" deviations ("|" | "||") groups ")"     in the outermost sum
        deviations    ["-"] deviation {("+" | "-") deviation}
        deviation     "0" | "1" | column                     a column is not taken away
        groups    group {"/" group}
        group     column {":" column}
    """

    def __init__(self, text: str, columns: Collection[str]) -> None:
        self.known = [name for name in columns if isinstance(name, str)]
        self.problems: list[Problem] = []
        self.random: list[RandomTerm] = []
        self.text = text
        self.at = 0
        if len(text) > MOST_CHARACTERS:
            self.note(f"the formula is longer than {MOST_CHARACTERS} characters", "Shorten it.")
            self.text = ""
        if max(accumulate((c == "(") - (c == ")") for c in self.text), default=0) > MOST_BRACKETS:
            self.note(f"brackets are nested more than {MOST_BRACKETS} deep", "Write it out.")
            self.text = ""
        self.spans = [match.span() for match in TOKEN.finditer(self.text)]
        self.tokens = [self.text[start:end] for start, end in self.spans]

    def read(self) -> Formula | None:
        """Give the formula, or ``None`` if it could not be read to its end."""
        try:
            outcome = self.column("the outcome")
            if not self.take("~"):
                raise self.stop(f"after the outcome stands {self.here}, not `~`", GUIDE)
            terms = self.sum({frozenset(): ()}, outermost=True)
            if self.token:
                raise self.stop(f"{self.here} is not expected there", self.hint())
        except Unreadable:
            return None
        intercept = terms.pop(frozenset(), None) is not None
        if any(outcome in factor.columns for term in terms.values() for factor in term):
            self.note(f"`{outcome}` explains itself", "Take it out of the right-hand side.")
        return Formula(outcome, intercept, tuple(terms.values()), tuple(self.random))

    def note(self, found: str, remedy: str) -> None:
        """Keep a problem, once."""
        problem = Problem(found, remedy=remedy)
        if problem not in self.problems:
            self.problems.append(problem)

    def stop(self, found: str, remedy: str) -> Unreadable:
        """Keep a problem after which nothing can be read."""
        self.note(found, remedy)
        return Unreadable()

    @property
    def token(self) -> str:
        """The next token, or nothing at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    @property
    def here(self) -> str:
        """The next token as a message names it."""
        return f"`{self.token}`" if self.token else "the end"

    def take(self, *expected: str) -> str:
        """Step over the next token if it is one of these, and give it."""
        found = self.token if self.token in expected else ""
        self.at += bool(found)
        return found

    def hint(self) -> str:
        """What to do about a token that has no place in a formula."""
        if self.token in ("|", "||"):
            return "Random terms stand in brackets of their own: + (1 | client)."
        if self.token == "/":
            return (
                "Nested groups stand in a random term: (1 | therapist/client). In the fixed part "
                "write `a/b` as a + a:b, and a division as I(a / b)."
            )
        if self.token in ("^", "%"):
            return "Write a power as I(x**2), and `b %in% a` as a:b."
        return GUIDE

    def column(self, role: str) -> str:
        """Read the name of a column."""
        name = self.token
        if not name.isidentifier() or keyword.iskeyword(name):
            raise self.stop(f"{role} should be a column, and {self.here} is none", GUIDE)
        self.at += 1
        if self.token == "(":
            raise self.stop(f"{role} is a call of `{name}`", "Make it a column of the data first.")
        self.problems += [p for p in check_column(name, self.known) if p not in self.problems]
        return name

    def sum(self, terms: Terms, *, outermost: bool = False) -> Terms:
        """Read terms added to and taken from those given."""
        sign = self.take("-") or "+"
        while sign:
            if outermost and self.token == "(" and self.bar_follows():
                if sign == "-":
                    raise self.stop("a random term is taken away", "Leave it out.")
                self.random += self.random_terms()
            elif self.take("0"):
                self.change(terms, {frozenset(): ()}, "-" if sign == "+" else "+")
            else:
                self.change(terms, self.product(), sign)
            sign = self.take("+", "-")
        return terms

    def change(self, terms: Terms, found: Terms, sign: str) -> None:
        """Add terms to those there are, or take them away."""
        for key, term in found.items():
            if sign == "-":
                terms.pop(key, None)
            else:
                terms.setdefault(key, term)
        if len(terms) > MOST_TERMS:
            raise self.stop(f"there are more than {MOST_TERMS} terms", "Leave some out.")

    def product(self) -> Terms:
        """Read ``a*b``: both, and how they go together."""
        terms = self.interaction()
        while self.take("*"):
            other = self.interaction()
            terms = terms | other | self.crossed(terms, other)
        return terms

    def interaction(self) -> Terms:
        """Read ``a:b``."""
        terms = self.atom()
        while True:
            if self.take(":"):
                terms = self.crossed(terms, self.atom())
            elif self.take("**"):
                self.power(terms)
            else:
                return terms

    def power(self, terms: Terms) -> None:
        """Say how to write a power, and step over its exponent so that the rest is read."""
        base = ":".join(factor.text for factor in next(iter(terms.values()), ()))
        self.note(f"`{base}**{self.token}` is a power", f"Write I({base}**{self.token}).")
        if not self.token:
            raise Unreadable()
        self.at += 1

    def crossed(self, left: Terms, right: Terms) -> Terms:
        """Every term of one with every term of the other."""
        if len(left) * len(right) > MOST_TERMS:
            raise self.stop(f"there are more than {MOST_TERMS} terms", "Leave some out.")
        return {
            a | b: (*first, *(factor for factor in second if factor.text not in a))
            for a, first in left.items()
            for b, second in right.items()
        }

    def atom(self) -> Terms:
        """Read one factor, or a sum in brackets."""
        if self.take("1"):
            return {frozenset(): ()}
        if self.token == "(":
            end = self.closing()
            self.at += 1
            terms = self.sum({})
            if self.at != end:
                raise self.stop(f"{self.here} is not expected there", self.hint())
            self.at += 1
            return terms
        if self.tokens[self.at + 1 : self.at + 2] == ["("] and self.token.isidentifier():
            return self.call()
        factor = Factor(self.token, (self.token,))
        self.column("a term")
        return {frozenset([factor.text]): (factor,)}

    def call(self) -> Terms:
        """Read a call, checked as a whole."""
        start = self.spans[self.at][0]
        self.at += 1
        self.at = self.closing() + 1
        factor, problems = check_call(self.text[start : self.spans[self.at - 1][1]], self.known)
        self.problems += [problem for problem in problems if problem not in self.problems]
        return {frozenset([factor.text]): (factor,)} if factor else {}

    def closing(self) -> int:
        """Where the bracket that opens here is closed."""
        depth = 0
        for position in range(self.at, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[position], 0)
            if depth == 0:
                return position
        raise self.stop("a bracket is opened and not closed", "Close it.")

    def bar_follows(self) -> bool:
        """Whether the bracket that opens here holds a random term."""
        return any(token in ("|", "||") for token in self.tokens[self.at : self.closing()])

    def random_terms(self) -> list[RandomTerm]:
        """Read ``(1 + x || therapist/client)``: a random term for each group, the widest first."""
        end = self.closing()
        self.at += 1
        intercept, slopes = self.deviations()
        bar = self.take("|", "||")
        if not bar:
            raise self.stop(f"{self.here} is not expected in a random term", SLOPES)
        groups = self.groups()
        if self.at != end:
            raise self.stop(f"{self.here} is not expected after the group `{groups[-1]}`", GROUPS)
        self.at += 1
        if len(set(slopes)) < len(slopes) or not (intercept or slopes):
            self.note(f"the random term of `{groups[-1]}` repeats a column or is empty", GUIDE)
        together = bar == "|" or intercept + len(slopes) < 2
        return [RandomTerm(group, intercept, tuple(slopes), together) for group in groups]

    def deviations(self) -> tuple[bool, list[str]]:
        """Read ``1 + x``: whether there is an intercept, and the slopes.

        As in lme4 the intercept is there if it is not mentioned, ``+ 0`` takes it away as ``- 1``
        does, wherever they stand, and the last word holds.
        """
        intercept, slopes = True, []
        sign = self.take("-") or "+"
        while sign:
            if number := self.take("0", "1"):
                intercept = (number == "1") == (sign == "+")
            elif sign == "-":
                raise self.stop(f"{self.here} is taken away from a random term", "Leave it out.")
            else:
                slopes.append(self.column("a random slope"))
            sign = self.take("+", "-")
        return intercept, slopes

    def groups(self) -> list[str]:
        """Read ``a/b:c``: the groups ``a`` and, within them, ``a:b:c``."""
        columns, groups, sign = [], [], ":"
        while sign:
            columns.append(self.column("the group of a random term"))
            sign = self.take(":", "/")
            if sign != ":":
                groups.append(self.spelled(columns))
        if len(set(columns)) < len(columns):
            self.note(f"the group `{':'.join(columns)}` repeats a column", "Name each once.")
        return groups

    def spelled(self, columns: list[str]) -> str:
        """Name a group as an earlier term did: ``a:b`` and ``b:a`` are the same groups."""
        same = (term.group for term in self.random if set(term.columns) == set(columns))
        return next(same, ":".join(columns))
