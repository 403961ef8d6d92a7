"""What one factor of a formula may be, and what it computes: nothing else is ever evaluated."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from formulaic.transforms import stateful_transform

from sessionwise.errors import Problem, nearest

LITERALS = {
    "log": (),
    "sqrt": (),
    "center": (),
    "scale": (),
    "C": (),
    "poly": ("degree",),
    "bs": ("df", "degree"),
    "ns": ("df",),
}
"""Functions of one column, and the whole numbers each takes after it, in order."""
REQUIRED = {"poly": "degree", "bs": "df", "ns": "df"}
FUNCTIONS = (*LITERALS, "I")
MOST_COLUMNS = 20
MOST_CHARACTERS = 200
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)


@dataclass(frozen=True)
class Factor:
    """A checked factor.

    Attributes
    ----------
    text
        As it is written in names of terms: ``"srs"``, ``"poly(session, 2)"``, ``"I(srs**2)"``.
    columns
        The columns it uses, in order of appearance.
    function
        The function called, or empty for a column as it stands.
    """

    text: str
    columns: tuple[str, ...]
    function: str = ""

    @property
    def expression(self) -> str:
        """What formulaic is given; ``C`` becomes a column of its own, made by us."""
        return f"C__{self.columns[0]}" if self.function == "C" else self.text.replace("**", " ** ")


def check_column(name: str, known: Collection[str]) -> list[Problem]:
    """Say what is wrong with a name that should be a column."""
    if name in FUNCTIONS:
        found = (
            f"`{name}` stands without its column"
            if name not in known
            else (f"the column `{name}` has the name of a function of formulas")
        )
        remedy = f"Write {name}(column)." if name not in known else "Rename the column."
        return [Problem(found, remedy=remedy)]
    if name not in known:
        return [Problem(f"there is no column `{name}`", remedy=nearest(name, known))]
    return []


def check_call(text: str, known: Collection[str]) -> tuple[Factor | None, list[Problem]]:
    """Check one call by its syntax tree and give the factor, or what is wrong with it.

    Parameters
    ----------
    text
        ``"name(...)"``, whose brackets are balanced.
    known
        The columns there are.
    """
    if len(text) > MOST_CHARACTERS:
        found = f"`{text[:20]}…` is longer than {MOST_CHARACTERS} characters"
        return None, [Problem(found, remedy="Make a column of it first.")]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's reader, about text we refuse anyway
            call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None, [Problem(f"`{text}` cannot be read", remedy="Write it as poly(session, 2).")]
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return None, [Problem(f"`{text}` is not a call of one function", remedy=_menu())]
    name = call.func.id
    if name not in FUNCTIONS:
        return None, [Problem(f"`{name}` is not a function of formulas", remedy=_menu())]
    if len(call.args) == 0 or (name == "I" and len(call.args) + len(call.keywords) != 1):
        return None, [Problem(f"`{text}` should hold one column", remedy=f"Write {name}(column).")]
    problems = _check_arithmetic(call.args[0], known) if name == "I" else _check_call(call, known)
    if problems:
        return None, problems
    columns = tuple(
        dict.fromkeys(node.id for node in ast.walk(call.args[0]) if isinstance(node, ast.Name))
    )
    return Factor(ast.unparse(call).replace(" ** ", "**"), columns, name), []


def _menu() -> str:
    return "A factor is a column, or one of " + ", ".join(f"{name}()" for name in FUNCTIONS) + "."


def _check_call(call: ast.Call, known: Collection[str]) -> list[Problem]:
    """Check a function of one column and whole numbers."""
    name, text = call.func.id, ast.unparse(call)
    column, *positional = call.args
    names = LITERALS[name]
    problems = []
    if isinstance(column, ast.Name):
        problems += check_column(column.id, known)
    else:
        problems.append(
            Problem(
                f"the first thing in `{text}` is not a column",
                remedy=f"Make the column first, or write I(...) instead of {name}(...).",
            )
        )
    given = dict(zip(names, positional))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in names}
    if len(given) != len(positional) + len(call.keywords):
        takes = ", ".join(("column", *names))
        problems.append(
            Problem(f"`{text}` has something {name} does not take", remedy=f"{name}({takes}).")
        )
    for key, value in given.items():
        whole = isinstance(value, ast.Constant) and type(value.value) is int
        if not whole or not 1 <= value.value <= MOST_COLUMNS:
            problems.append(
                Problem(
                    f"`{key}` in `{text}` is not a whole number from 1 to {MOST_COLUMNS}",
                    remedy=f"Write {name}(column, {key}=3).",
                )
            )
    if REQUIRED.get(name, name) not in (name, *given):
        needed = REQUIRED[name]
        problems.append(
            Problem(f"`{text}` lacks its {needed}", remedy=f"Write {name}(column, {needed}=3).")
        )
    return problems


def _check_arithmetic(tree: ast.expr, known: Collection[str]) -> list[Problem]:
    """Check what stands in I(...): columns, numbers, + - * / and ** with a number."""
    problems = []
    if not any(isinstance(node, ast.Name) for node in ast.walk(tree)):
        problems.append(Problem(f"`I({ast.unparse(tree)})` uses no column", remedy="Leave it out."))
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            problems += check_column(node.id, known)
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            if not abs(node.value) <= 1e12:
                problems.append(Problem("a number in I(...) is beyond 1e12", remedy="Rescale."))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            waiting.append(node.operand)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, OPERATORS):
            waiting += [node.left, node.right]
        elif isinstance(node, ast.BinOp) and _is_power(node):
            waiting.append(node.left)
        else:
            problems.append(
                Problem(
                    f"`{ast.unparse(node)}` is more than arithmetic",
                    "in I(...)",
                    "I(...) takes columns, numbers, + - * /, and ** with a number up to 10; "
                    "for anything else make a column first.",
                )
            )
    return problems


def _is_power(node: ast.BinOp) -> bool:
    """True for (something with a column) ** (a number from −10 to 10)."""
    exponent = node.right
    if isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
        exponent = exponent.operand
    return (
        isinstance(node.op, ast.Pow)
        and isinstance(exponent, ast.Constant)
        and type(exponent.value) in (int, float)
        and 0 <= exponent.value <= 10
        and any(isinstance(part, ast.Name) for part in ast.walk(node.left))
    )


@stateful_transform
def natural_spline(x: np.ndarray, df: int, _state: dict | None = None) -> dict[int, np.ndarray]:
    """Basis of a natural cubic spline: straight beyond the smallest and largest value.

    Knots as R's ``splines::ns(x, df)``: the ends, and quantiles that split the rows evenly. The
    basis is the truncated powers of Hastie, Tibshirani & Friedman (2009), The Elements of
    Statistical Learning, eq. 5.4–5.5, without its constant: it spans the same curves as R's, so
    fitted values agree; single coefficients do not.

    Parameters
    ----------
    x
        Values, shape (n,).
    df
        Number of columns.
    _state
        Where formulaic keeps the knots, so that new rows are given those of the rows fitted.

    Returns
    -------
    dict
        Columns 1 … df, each of shape (n,); the first is x, moved and stretched to run from 0 to 1.
    """
    x = np.asarray(x, float)
    state = {} if _state is None else _state
    if not state:
        state["low"], state["high"] = x.min(), x.max()
        stretched = (x - state["low"]) / (state["high"] - state["low"])
        state["knots"] = np.quantile(stretched, np.linspace(0, 1, df + 1))
    x, knots = (x - state["low"]) / (state["high"] - state["low"]), state["knots"]

    def bend(k: int) -> np.ndarray:
        above = np.maximum(x - knots[k], 0) ** 3 - np.maximum(x - knots[-1], 0) ** 3
        return above / (knots[-1] - knots[k])

    bends = (bend(k) - bend(df - 1) for k in range(df - 1))
    return dict(enumerate([x, *bends], start=1))


CONTEXT = {"sqrt": np.sqrt, "ns": natural_spline}
"""What formulaic lacks; everything else it evaluates is its own."""
