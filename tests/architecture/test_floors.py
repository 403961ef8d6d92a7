"""Imports point only downwards, and each library is known from one floor on."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from canonical import ROOT

PACKAGE = ROOT / "src" / "sessionwise"

FLOORS = {
    "errors": (),
    "instruments": ("numpy", "pandas", "pydantic"),
    "records": ("pyarrow", "openpyxl", "duckdb"),
    "features": (),
    "models": ("statsmodels", "formulaic", "scipy"),
    "show": ("matplotlib", "seaborn", "great_tables"),
    "study": (),
    "reporting": (
        *("papermill", "nbconvert", "jinja2", "dask"),
        *("nbformat", "nbclient", "jupyter_client", "ipykernel", "IPython"),
    ),
    "cli": ("typer", "rich"),
}
"""Floor → the libraries that enter with it, lowest first; allowed on the floors above as well.

The standard library is allowed everywhere. scipy enters with the wing `engine`, beside `models`.
"""

ENGINE = ("numpy", "scipy")
"""The libraries of the wing `engine`: plain arrays in, small results out."""

ORDER = list(FLOORS)
LATE_DISPLAY = ("models/fit.py", "Fit._repr_mimebundle_")
"""The one exception: a fit imports `show` when it is displayed."""


def imports(source: str) -> Iterator[tuple[str, str]]:
    """Give every module a file imports, and the class and function it does so in."""
    yield from _imports_of(ast.parse(source), "")


def _imports_of(node: ast.AST, within: str) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, within) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from _imported_from(child, within)
        elif isinstance(child, ast.Call) and "import_module" in ast.unparse(child.func):
            yield from ((arg.value, within) for arg in child.args if isinstance(arg, ast.Constant))
        named = isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        yield from _imports_of(child, f"{within}.{child.name}".lstrip(".") if named else within)


def _imported_from(node: ast.ImportFrom, within: str) -> Iterator[tuple[str, str]]:
    """Name what is imported; ``from sessionwise import x`` imports ``sessionwise.x``."""
    if node.level:
        yield "." * node.level + (node.module or ""), within
    elif node.module == "sessionwise":
        yield from ((f"sessionwise.{alias.name}", within) for alias in node.names)
    else:
        yield node.module or "", within


def violations(file: str, source: str) -> list[str]:
    """Say every import of a file that breaks a rule: file, import and rule."""
    own = file.split("/")[0].removesuffix(".py")
    if names_only_its_dunders(source):
        source = source.replace("import sessionwise\n", "\n")
    return [
        f"{file} imports {module}: {rule}"
        for module, within in imports(source)
        if (rule := broken_rule(own, module)) and not _is_late(file, module, within)
    ]


def names_only_its_dunders(source: str) -> bool:
    """Say whether ``import sessionwise`` serves only to ask for its version or its folder."""
    asked = [
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "sessionwise"
    ]
    return bool(asked) and all(name in ("__version__", "__file__") for name in asked)


def broken_rule(own: str, module: str) -> str:
    """Give the rule that an import of a module on a floor breaks, or nothing."""
    top, _, rest = module.partition(".")
    if module.startswith("."):
        return "imports are written in full"
    if own == "__init__":
        return "" if top in sys.stdlib_module_names else "the front door loads its words lazily"
    if top == "sessionwise":
        return _broken_within_the_house(own, rest.split(".")[0])
    if top in sys.stdlib_module_names or top in _libraries(own):
        return ""
    return f"{top} is not allowed on the floor `{own}`"


def _broken_within_the_house(own: str, other: str) -> str:
    if own == "engine":
        return "" if other in ("engine", "errors") else "the wing `engine` knows only `errors`"
    if other == "engine":
        below = ORDER.index(own) < ORDER.index("models")
        return "`engine` is the wing of `models` and the floors above" if below else ""
    if other not in ORDER:
        return f"`{other}` is no floor; import a word from the module that holds it"
    above = ORDER.index(other) > ORDER.index(own)
    return f"`{other}` is above `{own}`, and imports point downwards" if above else ""


def _libraries(own: str) -> tuple[str, ...]:
    if own == "engine":
        return ENGINE
    return tuple(name for floor in ORDER[: ORDER.index(own) + 1] for name in FLOORS[floor])


def _is_late(file: str, module: str, within: str) -> bool:
    """Say whether it is the display of a fit, or a public word loaded when it is first used."""
    if file == "__init__.py":
        return within == "__getattr__" and module.startswith("sessionwise.")
    return (file, within) == LATE_DISPLAY and module.startswith("sessionwise.show")


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_only_downwards(path: Path):
    file = path.relative_to(PACKAGE).as_posix()
    assert violations(file, path.read_text(encoding="utf-8")) == []


def test_every_file_stands_on_a_floor():
    tops = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert tops <= {*FLOORS, "engine", "__init__"}
    assert {"errors", "instruments", "records", "features", "models", "study"} <= tops


@pytest.mark.parametrize(
    ("file", "source", "rule"),
    [
        ("records/reading.py", "from sessionwise.models.fit import Fit", "`models` is above"),
        ("errors.py", "import pandas as pd", "pandas is not allowed on the floor `errors`"),
        ("features/lags.py", "def f():\n    import statsmodels.api", "statsmodels is not allowed"),
        ("features/lags.py", "if True:\n    from scipy import stats", "scipy is not allowed"),
        ("models/mixed_model.py", "from matplotlib import pyplot", "matplotlib is not allowed"),
        ("study/study.py", "import papermill", "papermill is not allowed"),
        ("reporting/report.py", "import typer", "typer is not allowed"),
        ("engine/gls.py", "import pandas", "pandas is not allowed on the floor `engine`"),
        ("engine/gls.py", "from sessionwise.models.fit import Fit", "knows only `errors`"),
        ("records/rules.py", "from sessionwise.engine.gls import fit", "wing of `models`"),
        ("records/rules.py", "from .sessions import KEY", "written in full"),
        ("records/rules.py", "import_module('sessionwise.cli')", "`cli` is above"),
        ("show/tables.py", "import sessionwise as sw", "is no floor"),
        ("show/tables.py", "from sessionwise import Study", "`Study` is no floor"),
        ("reporting/report.py", "import sessionwise\nsessionwise.Study", "is no floor"),
        ("models/fit.py", "from sessionwise.show.display import shown", "`show` is above"),
        (
            "models/fit.py",
            "class Curve:\n    def _repr_mimebundle_(self):\n        import sessionwise.show",
            "`show` is above",
        ),
        ("__init__.py", "import pandas", "lazily"),
        ("__init__.py", "from sessionwise.models.fit import Fit", "lazily"),
    ],
)
def test_a_forbidden_import_is_named_with_its_file_and_rule(file, source, rule):
    (said,) = violations(file, source)
    assert said.startswith(f"{file} imports ")
    assert rule in said


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("cli.py", "import typer, rich, pandas\nfrom sessionwise.reporting.report import make"),
        ("engine/gls.py", "import numpy\nfrom scipy import linalg\nimport sessionwise.errors"),
        ("models/mixed_model.py", "from sessionwise.engine.gls import solved\nimport statsmodels"),
        (
            "models/fit.py",
            "class Fit:\n    def _repr_mimebundle_(self):\n        import sessionwise.show.display",
        ),
        ("reporting/report.py", "import sessionwise\nversion = sessionwise.__version__"),
        ("records/rules.py", "import json\nfrom sessionwise.errors import Problem"),
    ],
)
def test_what_points_downwards_is_let_through(file, source):
    assert violations(file, source) == []
