"""Any text is a formula or a refusal; whatever it is, nothing in it is run."""

import ast
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sessionwise.errors import InvalidInput, SessionwiseError
from sessionwise.models.formulas import design, parse

FRAME = pd.DataFrame(
    {
        "y": [1.0, 3.0, 2.0, 5.0, 4.0, 7.0, 6.0, 9.0],
        "x": [1.0, 2.0, 4.0, 3.0, 7.0, 5.0, 8.0, 6.0],
        "w": [2.0, 1.0, 2.0, 5.0, 3.0, 1.0, 4.0, 4.0],
        "m": pd.Series(list("abcabcab"), dtype="str"),
        "g": [1, 1, 2, 2, 3, 3, 4, 4],
        "h": pd.Series(list("ppppqqqq"), dtype="str"),
    }
)
ALLOWED = {
    "log", "sqrt", "poly", "bs", "ns", "scale", "center", "C", "I",
}  # fmt: skip


class Tripwire:
    """Notes that it was called, or asked for its `x`."""

    sprung = False

    def __call__(self, *given, **named):
        type(self).sprung = True

    @property
    def x(self):
        type(self).sprung = True


sentinel = Tripwire()  # in this module's globals, where a formula must not find it

attack = st.sampled_from(
    [
        "sentinel()", "sentinel.x", "{sentinel()}", "I(sentinel())", "log(sentinel())",
        "__import__('os').system('true')", "I(__import__('os').system('true'))",
        "().__class__.__bases__[0].__subclasses__()", "I(x.__class__)", "x.__class__",
        "x.to_pickle('here')", "I(x.map(sentinel))", "poly(x, sentinel())", "C(m, sentinel())",
        "exec('1')", "eval('1')", "open('here', 'w')", "np.load('here')", "Q('x')", "hashed(x)",
        "(lambda: 1)()", "[1 for _ in x]", "I(x := 1)", "`x`", "lag(x)", "contr.sum",
        "breakpoint()",
        "I(9**9**9**9)", "I('a'*9999999999)", "poly(x, 999999999)", "bs(x, df=10**9)",
    ]
)  # fmt: skip
name = st.sampled_from(["x", "m", "g", "y", "z", "sentinel", "log", "__builtins__"])
number = st.integers(-2, 60).map(str)
factor = st.one_of(
    name,
    attack,
    st.builds("{}({})".format, st.sampled_from([*sorted(ALLOWED), "exp", "print"]), name),
    st.builds("{}({}, {})".format, st.sampled_from(["poly", "bs", "ns", "C"]), name, number),
    st.builds(
        "I({} {} {})".format, name, st.sampled_from(["+", "-", "*", "/", "**", "@", "%"]), number
    ),
)


def joined(parts, signs, most=4):
    """Parts with a sign between each two of them."""
    more = st.lists(st.tuples(st.sampled_from(signs), parts).map("".join), max_size=most - 1)
    return st.builds(lambda first, rest: first + "".join(rest), parts, more)


deviations = joined(
    st.sampled_from(["0", "1", "-1", "x", "y", "z", "log(x)", "sentinel()"]), [" + ", " - ", ":"]
)
groups = joined(name | st.sampled_from(["h", "1", "(g)", "sentinel()"]), [":", "/", " / ", "+"])
bar = st.sampled_from(["|", "||"])
random_term = st.builds("({} {} {})".format, deviations, bar, groups)
honest_random_term = st.builds(
    "({} {} {})".format,
    st.sampled_from(
        ["1", "x", "x + 0", "0 + x", "-1 + x", "x - 1", "x + w", "w - 1 + x", "1 + w + 0 + x"]
    ),
    bar,
    st.permutations(["g", "h", "m"]).flatmap(
        lambda order: st.lists(st.sampled_from([":", "/"]), max_size=2).map(
            lambda signs: order[0] + "".join(map("".join, zip(signs, order[1:])))
        )
    ),
)
right_hand_side = st.recursive(
    st.one_of(factor, number, random_term),
    lambda inner: (
        st.builds(
            "{}{}{}".format, inner, st.sampled_from([" + ", " - ", "*", ":", "**", "/", "|"]), inner
        )
        | inner.map("({})".format)
    ),
    max_leaves=6,
)
scrap = st.text("01+-*/:|()xgmhz .'", max_size=9) | st.text(max_size=30)
honest = st.lists(
    st.sampled_from(
        ["x", "m", "0", "x:m", "x*m", "(x + m)", "log(x)", "poly(x, 2)", "ns(x, 2)", "C(m)"]
        + ["I(x**2 / 3)", "(1 | g)", "(1 + x || g)", "1"]
    )
    | honest_random_term,
    min_size=1,
    max_size=5,
).map(" + ".join)
formula = st.one_of(
    right_hand_side.map("y ~ {}".format),
    st.text(max_size=60),
    right_hand_side,
    honest.map("y ~ {}".format),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(formula)
@example("y ~ I(x.__class__.__init__.__globals__['sentinel']())")
@example("y ~ {sentinel()}")
@example("y ~ sentinel")
def test_any_text_is_read_or_refused_and_nothing_runs(text):
    with mock.patch("os.system", sentinel), mock.patch("builtins.open", sentinel):
        try:
            design(text, FRAME)
        except SessionwiseError as error:
            assert str(error)
    assert not Tripwire.sprung


@given(
    attack,
    st.sampled_from(
        ["y ~ {}", "y ~ x + {}", "y ~ (1 + {} || g)", "y ~ (1 | g/{})", "{} ~ x", "y ~ I({})"]
    ),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_would_run_in_other_libraries_is_always_refused(code, where):
    with pytest.raises(SessionwiseError):
        parse(where.replace("{}", code), FRAME.columns)


def test_the_tripwire_can_be_sprung():
    class Other(Tripwire):
        pass

    Other()()
    assert Other.sprung
    assert not Tripwire.sprung


@settings(max_examples=200, deadline=None, derandomize=True)
@given(formula)
def test_what_is_read_holds_known_columns_and_allowed_functions_only(text):
    try:
        parsed = parse(text, FRAME.columns)
    except SessionwiseError:
        return
    assert set(parsed.columns) <= set(FRAME.columns)
    for term in parsed.terms:
        for one in term:
            tree = ast.parse(one.text, mode="eval")
            calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)}
            assert calls <= ALLOWED
            assert not [n for n in ast.walk(tree) if isinstance(n, (ast.Attribute, ast.Subscript))]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(formula)
def test_a_formula_written_out_is_read_as_itself(text):
    try:
        parsed = parse(text, FRAME.columns)
    except SessionwiseError:
        return
    assert parse(str(parsed), FRAME.columns) == parsed


@settings(max_examples=200, deadline=None, derandomize=True)
@given(honest.map("y ~ {}".format))
def test_an_honest_formula_is_read_and_written_out_without_a_slash_in_its_groups(text):
    parsed = parse(text, FRAME.columns)
    assert parse(str(parsed), FRAME.columns) == parsed
    assert not any("/" in term.group for term in parsed.random)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.permutations("abcdef"), st.integers(1, 6), st.sampled_from(["1", "x", "x - 1"]), bar)
def test_nested_groups_are_what_they_are_written_out(order, depth, within, bar):
    """``a/b/c`` is ``a``, ``a:b`` and ``a:b:c``."""
    known = ["y", "x", *"abcdef"]
    nested = f"({within} {bar} {'/'.join(order[:depth])})"
    levels = [":".join(order[:upto]) for upto in range(1, depth + 1)]
    out = " + ".join(f"({within} {bar} {level})" for level in levels)
    assert parse(f"y ~ {nested}", known) == parse(f"y ~ {out}", known)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(scrap, scrap, bar)
def test_any_text_within_a_random_term_is_read_or_refused(within, group, bar):
    for text in (f"y ~ (1 | {group})", f"y ~ ({within} {bar} g)", f"y ~ ({within} {bar} {group})"):
        try:
            parsed = parse(text, FRAME.columns)
        except InvalidInput as error:
            assert str(error)
        else:
            assert parse(str(parsed), FRAME.columns) == parsed


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.permutations(range(len(FRAME))))
def test_the_order_of_rows_does_not_matter(order):
    plain = design("y ~ poly(x, 2) + m", FRAME)
    shuffled = design("y ~ poly(x, 2) + m", FRAME.iloc[list(order)])
    assert shuffled.terms == plain.terms
    np.testing.assert_allclose(shuffled.matrix, plain.matrix[list(order)], rtol=1e-9, atol=1e-12)
