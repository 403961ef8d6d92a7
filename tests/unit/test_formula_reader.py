"""Formulas are data: read and checked by our own grammar; nothing in them is run."""

import pytest

from sessionwise.errors import InvalidInput
from sessionwise.models.formulas import parse

COLUMNS = ["ors", "session", "srs", "base", "modality", "client", "therapist", "clinic"]


def terms_of(formula):
    return [":".join(factor.text for factor in term) for term in parse(formula, COLUMNS).terms]


def random_of(*written):
    """The random terms as they are written out."""
    return [str(term) for term in parse(" + ".join(["ors ~ srs", *written]), COLUMNS).random]


def problem_of(formula):
    with pytest.raises(InvalidInput) as raised:
        parse(formula, COLUMNS)
    return str(raised.value)


class TestTheFixedPart:
    def test_a_star_is_both_and_their_product(self):
        assert terms_of("ors ~ session*srs") == ["session", "srs", "session:srs"]

    def test_a_product_is_the_same_either_way_round(self):
        assert terms_of("ors ~ session:srs + srs:session") == ["session:srs"]

    def test_brackets_are_multiplied_out(self):
        assert terms_of("ors ~ (session + srs):base") == ["session:base", "srs:base"]

    def test_a_minus_takes_a_term_away(self):
        assert terms_of("ors ~ session*srs - srs") == ["session", "session:srs"]

    @pytest.mark.parametrize("without", ["0 + srs", "srs + 0", "srs - 1", "-1 + srs"])
    def test_the_intercept_can_be_taken_away(self, without):
        parsed = parse(f"ors ~ {without}", COLUMNS)
        assert not parsed.intercept
        assert str(parsed) == "ors ~ 0 + srs"

    def test_calls_are_kept_as_written(self):
        written = "ors ~ poly(session, 2) + I((srs - 34)**2) + log(srs) + ns(session, df=3)"
        assert terms_of(written) == [
            "poly(session, 2)", "I((srs - 34)**2)", "log(srs)", "ns(session, df=3)",
        ]  # fmt: skip


class TestRandomTerms:
    def test_independent_level_and_slope(self):
        (term,) = parse("ors ~ srs + (1 + session || client)", COLUMNS).random
        assert (term.group, term.intercept, term.slopes) == ("client", True, ("session",))
        assert not term.correlated

    def test_several_terms(self):
        parsed = parse("ors ~ srs + (1 | client) + (0 + session | therapist)", COLUMNS)
        assert list(map(str, parsed.random)) == ["(1 | client)", "(0 + session | therapist)"]

    def test_a_slope_alone_brings_its_intercept(self):
        (term,) = parse("ors ~ (session | client)", COLUMNS).random
        assert str(term) == "(1 + session | client)"

    def test_columns_include_slopes_and_groups(self):
        parsed = parse("ors ~ I(srs - base) + (1 + session || client)", COLUMNS)
        assert parsed.columns == ("ors", "srs", "base", "session", "client")

    def test_a_formula_of_all_of_it_is_read_as_it_is_written(self):
        formula = "ors ~ srs + (session - 1 || clinic/client) + (1 | therapist:clinic)"
        parsed = parse(formula, COLUMNS)
        assert parse(str(parsed), COLUMNS) == parsed

    def test_a_deviation_alone_is_the_same_with_either_bar(self):
        assert parse("ors ~ (1 || client)", COLUMNS) == parse("ors ~ (1 | client)", COLUMNS)


class TestWhatDeviates:
    """Each line as lme4 1.1-31 reads it (the names of what `lFormula` lays out)."""

    @pytest.mark.parametrize(
        "within", ["session", "1 + session", "session + 1", "session - 0", "0 + 1 + session",
                   "session - 1 + 1", "session + 0 + 1"]
    )  # fmt: skip
    def test_level_and_slope(self, within):
        assert random_of(f"({within} | client)") == ["(1 + session | client)"]

    @pytest.mark.parametrize(
        "within", ["0 + session", "session + 0", "-1 + session", "session - 1", "1 + session + 0",
                   "1 - 1 + session"]
    )  # fmt: skip
    @pytest.mark.parametrize("bar", ["|", "||"])
    def test_the_slope_alone(self, within, bar):
        assert random_of(f"({within} {bar} client)") == ["(0 + session | client)"]

    @pytest.mark.parametrize("within", ["1", "0 + 1", "-1 + 1", "-0"])
    def test_the_level_alone(self, within):
        assert random_of(f"({within} | client)") == ["(1 | client)"]

    def test_a_number_may_stand_between_slopes(self):
        assert random_of("(session + 0 + srs || client)") == ["(0 + session + srs || client)"]

    @pytest.mark.parametrize("within", ["0", "-1", "1 + 0", "1 - 1"])
    def test_nothing_at_all_is_refused(self, within):
        assert "is empty" in problem_of(f"ors ~ ({within} | client)")

    @pytest.mark.parametrize("within", ["session:srs", "session*srs", "session/srs", "session**2"])
    def test_a_slope_is_a_plain_column(self, within):
        said = problem_of(f"ors ~ ({within} | client)")
        assert "A random slope is a column of numbers: make one first" in said

    def test_a_slope_that_is_taken_away_is_left_out_by_hand(self):
        assert "`srs` is taken away" in problem_of("ors ~ (session - srs | client)")


class TestGroups:
    def test_a_group_of_two_columns_is_each_combination(self):
        (term,) = parse("ors ~ srs + (1 | clinic:therapist)", COLUMNS).random
        assert term.group == "clinic:therapist"
        assert term.columns == ("clinic", "therapist")

    def test_a_group_of_one_column(self):
        (term,) = parse("ors ~ srs + (1 | client)", COLUMNS).random
        assert term.columns == ("client",)

    def test_a_formula_uses_the_columns_of_its_groups(self):
        parsed = parse("ors ~ 1 + (session | clinic:therapist) + (1 | clinic:client)", COLUMNS)
        assert parsed.columns == ("ors", "session", "clinic", "therapist", "client")

    def test_nested_groups_are_written_out(self):
        assert random_of("(1 | clinic/therapist)") == ["(1 | clinic)", "(1 | clinic:therapist)"]

    def test_to_any_depth(self):
        assert random_of("(1 | clinic/therapist/client)") == [
            "(1 | clinic)",
            "(1 | clinic:therapist)",
            "(1 | clinic:therapist:client)",
        ]

    def test_slopes_and_bars_go_to_every_group(self):
        assert random_of("(1 + session || therapist/client)") == [
            "(1 + session || therapist)",
            "(1 + session || therapist:client)",
        ]
        assert random_of("(session + 0 | therapist/client)") == [
            "(0 + session | therapist)",
            "(0 + session | therapist:client)",
        ]

    def test_a_colon_binds_tighter_than_a_slash(self):
        assert random_of("(1 | clinic/therapist:client)") == [
            "(1 | clinic)",
            "(1 | clinic:therapist:client)",
        ]
        assert random_of("(1 | clinic:therapist/client)") == [
            "(1 | clinic:therapist)",
            "(1 | clinic:therapist:client)",
        ]

    def test_the_same_groups_the_other_way_round_keep_their_first_name(self):
        assert random_of("(1 | clinic/client)", "(0 + session | client:clinic)") == [
            "(1 | clinic)",
            "(1 | clinic:client)",
            "(0 + session | clinic:client)",
        ]

    @pytest.mark.parametrize("group", ["client:client", "client/client", "client/clinic:client"])
    def test_a_column_within_itself_is_refused(self, group):
        assert "repeats a column" in problem_of(f"ors ~ (1 | {group})")

    @pytest.mark.parametrize("group", ["clinic + client", "clinic*client", "clinic | client"])
    def test_crossed_groups_have_a_term_each(self, group):
        assert "crossed ones (1 | a) + (1 | b)" in problem_of(f"ors ~ (1 | {group})")

    @pytest.mark.parametrize(
        "group",
        ["clinic/", "/clinic", "clinic:", ":clinic", "clinic//client", "clinic:/client", "clinic/1",
         "clinic/(client)", "(clinic/client)", "clinic/log(client)", ""],
    )  # fmt: skip
    def test_a_group_is_made_of_columns(self, group):
        assert "the group of a random term" in problem_of(f"ors ~ (1 | {group})")

    def test_an_unknown_column_within_a_group(self):
        assert "Did you mean 'therapist'?" in problem_of("ors ~ (1 | clinic/terapist/client)")

    def test_the_fixed_part_has_no_slash(self):
        said = problem_of("ors ~ srs/session")
        assert "(1 | therapist/client)" in said
        assert "write `a/b` as a + a:b" in said


class TestWhatIsRefused:
    def test_a_power_outside_the_i(self):
        assert "Write I(srs**2)" in problem_of("ors ~ srs**2")

    def test_an_unknown_column_with_the_nearest(self):
        assert "Did you mean 'session'?" in problem_of("ors ~ sesion")

    def test_every_problem_at_once(self):
        said = problem_of("ors ~ sesion + srs**2 + exp(base) + poly(srs, 99) + (1 | clint)")
        for word in ("`sesion`", "`srs**2`", "`exp`", "poly(srs, 99)", "`clint`"):
            assert word in said
        assert said.startswith("5 problems")

    @pytest.mark.parametrize(
        "formula",
        [
            "ors ~ {srs}", "ors ~ srs[0]", "ors ~ srs.values", "ors ~ `srs`", "ors ~ 'srs'",
            "ors ~ lambda", "ors ~ I((lambda: srs)())", "ors ~ I(srs.mean())", "ors ~ I(srs[0])",
            "ors ~ __import__('os').getcwd()", "ors ~ I(__import__('os'))", "ors ~ eval('srs')",
            "ors ~ np.log(srs)", "ors ~ log(np.exp(srs))", "ors ~ C(srs, contr.sum)",
            "ors ~ Q('srs')", "ors ~ I(f'{srs}')", "ors ~ I([srs for srs in base])",
            "ors ~ I(srs if base else session)", "ors ~ I(srs := 1)", "ors ~ I(*srs)",
            "ors ~ log(x=srs)", "ors ~ poly(srs, degree=base)", "ors ~ bs(srs, knots=[1, 2])",
            "ors ~ I(9**9**9**9 + srs)", "ors ~ I(srs**base)", "ors ~ I(srs**99)", "ors ~ .",
            "ors ~ @srs", "ors ~ $srs", "ors ~ srs; base", "ors ~ I(1e300*srs)", "ors ~ I(True)",
            "ors ~ I('a'*srs)", "ors ~ I(srs", "ors ~ srs)", "", "ors", "~ srs", "ors ~",
            "ors ~ srs +", "ors ~ 2", "ors ~ srs ~ base", "log(ors) ~ srs", "ors ~ ors",
            "ors ~ I(ors + 1)", "ors ~ (1 | client", "ors ~ (1 | client)/therapist",
            "ors ~ (1 | client):srs", "ors ~ srs | client", "ors ~ (0 | client)",
            "ors ~ (1 + poly(session, 2) || client)", "ors ~ - (1 | client)", "ors ~ log",
            "ors ~ ns(srs)", "ors ~ bs(srs, 0)", "ors ~ I(1)", "ors ~ srs\x00",
            "ors ~ " + "(" * 900,
            "ors ~ I(" + "-" * 1900 + "srs)", "ors ~ " + "srs + " * 900 + "srs",
            "ors ~ " + "*".join(f"I(srs + {k})" for k in range(20)),
        ],
    )  # fmt: skip
    def test_anything_that_is_not_in_the_grammar(self, formula):
        assert problem_of(formula)

    def test_a_formula_that_is_no_text(self):
        with pytest.raises(InvalidInput, match="not text"):
            parse(None, COLUMNS)

    def test_a_column_called_like_a_function(self):
        with pytest.raises(InvalidInput, match="Rename the column"):
            parse("ors ~ log", ["ors", "log"])
