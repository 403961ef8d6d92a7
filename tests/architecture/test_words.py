"""The public words, and the shape of the files that hold them."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from canonical import ROOT

import sessionwise

PACKAGE = ROOT / "src" / "sessionwise"
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = [path for path in FILES if path.name == "__init__.py" and path.parent != PACKAGE]
MODULES = [path for path in FILES if path.name != "__init__.py"]
DRAWERS = {"util", "utils", "helper", "helpers", "misc", "common", "tools", "stuff", "manager"}
HEAVY = ("pandas", "scipy", "statsmodels", "matplotlib", "papermill")
MOST_LINES = 300
LAZY_DOOR = {"ImportFrom", "__getattr__", "__dir__"}
"""`sw.show` is a public word and a room: once a module of it is loaded, the room itself answers."""


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def definitions(path: Path) -> list[ast.AST]:
    """Give the functions and classes at the top of a module."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, kinds)]


def public(nodes: list[ast.AST]) -> list[ast.AST]:
    return [node for node in nodes if not node.name.startswith("_")]


@pytest.mark.parametrize("word", sessionwise.__all__)
def test_every_public_word_is_there(word):
    assert getattr(sessionwise, word) is not None


def test_a_word_that_is_not_there_is_refused_by_name():
    with pytest.raises(AttributeError, match="no word 'lagd'"):
        sessionwise.lagd  # noqa: B018


def test_importing_the_package_costs_nothing():
    code = f"import sys, sessionwise; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("path", ROOMS, ids=name_of)
def test_a_room_says_what_it_is_for_and_hands_nothing_on(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "a room says in a sentence what it is for"
    beside = {getattr(node, "name", type(node).__name__) for node in tree.body[1:]}
    assert beside == (LAZY_DOOR if name_of(path) == "show/__init__.py" else set())


def test_every_folder_of_modules_is_a_room():
    folders = {path.parent for path in MODULES} - {PACKAGE}
    assert {name_of(folder) for folder in folders} == {name_of(path.parent) for path in ROOMS}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_file_is_a_drawer(path):
    assert not DRAWERS & set(path.stem.split("_")), "if a drawer is needed a name is missing"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_has_the_name_of_a_public_function_it_holds(path):
    functions = [node for node in definitions(path) if not isinstance(node, ast.ClassDef)]
    assert path.stem not in {node.name for node in functions}


def test_no_public_word_is_the_name_of_a_room_or_module_beside_it():
    """`sessionwise.show` is the one word that is a room as well."""
    beside = {path.stem for path in PACKAGE.iterdir() if path.name != "__init__.py"}
    assert beside & set(sessionwise.__all__) == {"show"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_everything_public_says_what_it_is(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "the module"
    tops = public(definitions(path))
    methods = [
        node
        for top in tops
        if isinstance(top, ast.ClassDef)
        for node in public([n for n in top.body if isinstance(n, ast.FunctionDef)])
    ]
    silent = [node.name for node in [*tops, *methods] if not ast.get_docstring(node)]
    assert silent == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_prints_and_nothing_is_left_to_do(path):
    text = path.read_text("utf-8")
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert "print" not in calls
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_error_is_swallowed_whole(path):
    caught = [
        ast.unparse(node.type) if node.type else "everything"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler)
    ]
    assert not {"everything", "Exception", "BaseException"} & set(caught)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_is_long(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MOST_LINES, f"{name_of(path)} has {lines} lines: part it"


def test_rows_that_are_not_ours_are_read_in_one_place():
    """A folder without the file asked for skips the test; a page of its own would forget that."""
    pages = set((ROOT / "tests").rglob("*.py")) - {Path(__file__)}
    asks = [page.name for page in pages if 'environ.get("SESSIONWISE' in page.read_text("utf-8")]
    assert asks == ["extra_rows.py"]
