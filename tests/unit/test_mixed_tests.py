"""What `fit.test` asks, and how it judges: several terms, random terms, two fits."""

import numpy as np
import pytest
from clinics_of_deviations import clinic
from scipy import stats

from sessionwise.engine.boundary_mixture import boundary_p
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.mixed_model import mixed

FIXED = "ors ~ session + srs + modality"
RANDOM = " + (1 + session | client) + (1 | therapist)"
FORMULA = FIXED + RANDOM
WORDS = {"office": "z", "phone": "a", "video": "m"}


@pytest.fixture(scope="module")
def rows():
    return clinic()


@pytest.fixture(scope="module")
def fit(rows):
    return mixed(FORMULA, rows)


@pytest.fixture(scope="module")
def full(rows):
    return mixed(FORMULA, rows, reml=False)


class TestFixedTerms:
    @pytest.mark.parametrize("df", ["kenward-roger", "satterthwaite", "containment"])
    def test_one_term_is_its_t_squared(self, rows, df):
        fit = mixed(FORMULA, rows, df=df)
        found, row = fit.test("srs"), fit.term("srs")
        assert found.statistic == pytest.approx(row["statistic"] ** 2)
        assert found.df_denominator == pytest.approx(row["df"])
        assert found.p == pytest.approx(row["p"])

    def test_a_categorical_column_stands_for_all_its_terms(self, fit):
        both = fit.test("modality[phone]", "modality[video]")
        assert fit.test("modality") == both
        assert both.df == 2
        assert "`modality[phone]`, `modality[video]` are all zero" in both.null

    def test_it_does_not_matter_which_category_is_the_reference(self, rows, fit):
        other = mixed(FORMULA, rows.assign(modality=rows["modality"].map(WORDS)))
        one, two = fit.test("modality"), other.test("modality")
        assert two.statistic == pytest.approx(one.statistic, rel=1e-7)
        assert two.df_denominator == pytest.approx(one.df_denominator, rel=1e-7)

    def test_containment_takes_the_fewest_and_says_so(self, rows):
        rows = rows.assign(severity=rows["client"] % 7)
        fit = mixed("ors ~ srs + severity + (1 | client)", rows, df="containment")
        found = fit.test("srs", "severity")
        assert found.df_denominator == fit.term("severity")["df"] < fit.term("srs")["df"]
        assert "fewest" in found.note

    def test_without_random_terms_it_is_the_f_of_least_squares(self):
        rows = clinic(3)
        mean = rows.groupby("client")[["ors", "srs"]].transform("mean")
        rows[["ors", "srs"]] = rows[["ors", "srs"]] - mean
        fit = mixed("ors ~ srs + session + (1 | client)", rows)
        assert fit.health.dropped
        ones = np.column_stack([np.ones(len(rows)), rows["srs"], rows["session"]])
        y = rows["ors"].to_numpy()
        rest = y - ones @ np.linalg.lstsq(ones, y)[0]
        alone = np.sum((y - y.mean()) ** 2) - rest @ rest
        found = fit.test("srs", "session")
        assert found.statistic == pytest.approx(alone / 2 / (rest @ rest / (len(y) - 3)))
        assert found.df_denominator == len(y) - 3

    def test_an_unknown_name_is_answered_with_the_nearest(self, fit):
        with pytest.raises(InvalidInput, match="Did you mean 'session'"):
            fit.test("sesion")


class TestRandomTerms:
    def test_it_is_twice_what_the_smaller_fit_loses(self, fit, rows):
        smaller = mixed(f"{FIXED} + (1 + session | client)", rows)
        found = fit.test("(1 | therapist)")
        assert found.statistic == pytest.approx(2 * (fit.loglik - smaller.loglik), abs=1e-8)
        assert fit.test(smaller).statistic == pytest.approx(found.statistic, abs=1e-8)
        assert fit.test(smaller).p == pytest.approx(found.p)

    @pytest.mark.parametrize(
        ("terms", "m", "sure"),
        [
            (["(1 | therapist)"], 1, True),
            (["(0 + session | client)"], 2, True),
            (["(1 + session | client)"], 3, False),
            (["(0 + session | client)", "(1 | therapist)"], 3, False),
        ],
    )
    def test_on_how_many_parameters_and_how_surely(self, fit, terms, m, sure):
        found = fit.test(*terms)
        assert found.df == m
        fewer = stats.chi2.sf(found.statistic, m - 1) if m > 1 else 0.0
        assert found.p == pytest.approx((fewer + stats.chi2.sf(found.statistic, m)) / 2)
        assert ("at most" not in found.note) is sure

    def test_a_variance_of_zero_is_no_evidence(self):
        rows = clinic(5)
        rows["ors"] -= rows.groupby("therapist")["ors"].transform("mean")
        fit = mixed("ors ~ session + (1 | client) + (1 | therapist)", rows, zero="keep")
        found = fit.test("(1 | therapist)")
        assert (found.statistic, found.p) == (0.0, 1.0)

    def test_a_term_that_is_not_there_is_named(self, fit):
        with pytest.raises(InvalidInput, match="no deviation of `therapist` in session"):
            fit.test("(0 + session | therapist)")

    @pytest.mark.slow
    def test_the_p_of_a_variance_of_zero_is_right_under_the_null(self):
        """200 clinics without therapist effects; the bounds are four binomial errors."""
        null = mixed("ors ~ session + (1 | client)", clinic(9, between_therapists=0, slope=0))
        rows, drawn = null.solution.used, null.simulate(200, seed=2)
        formula = "ors ~ session + (1 | client) + (1 | therapist)"
        found = []
        for number in drawn:
            new = rows.assign(ors=drawn[number], therapist=rows["client"] % 10)
            found.append(
                mixed(formula, new, zero="keep", df="satterthwaite").test("(1|therapist)").p
            )
        found = np.array(found)
        assert abs((found < 0.05).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 200)
        assert abs((found < 0.25).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 200)


class TestTwoFits:
    def test_fixed_terms_by_ml(self, full, rows):
        smaller = mixed(
            "ors ~ session + (1 + session | client) + (1 | therapist)", rows, reml=False
        )
        found = full.test(smaller)
        assert found.df == 3
        assert found.statistic == pytest.approx(2 * (full.loglik - smaller.loglik), abs=1e-8)
        assert found.p == pytest.approx(stats.chi2.sf(found.statistic, 3))
        assert found.note == ""

    def test_a_correlation_alone_is_on_no_boundary(self, fit, rows):
        smaller = mixed(f"{FIXED} + (1 + session || client) + (1 | therapist)", rows)
        found = fit.test(smaller)
        assert (found.df, found.note) == (1, "")
        assert found.p == pytest.approx(stats.chi2.sf(found.statistic, 1))

    def test_other_words_for_the_same_fixed_part_may_be_compared_by_reml(self, fit, rows):
        rows = rows.assign(modality=rows["modality"].map(WORDS))
        smaller = mixed(f"{FIXED} + (1 + session | client)", rows)
        assert fit.test(smaller).statistic == pytest.approx(
            fit.test("(1 | therapist)").statistic, abs=1e-7
        )

    def test_other_fixed_terms_by_reml_are_refused(self, fit, rows):
        smaller = mixed(f"ors ~ session{RANDOM}", rows)
        with pytest.raises(Refused, match="reml=False"):
            fit.test(smaller)

    @pytest.mark.parametrize(
        ("formula", "said"),
        [
            (FORMULA, "parameters"),
            ("ors ~ session + client + (1 | therapist)", "fixed terms that this one has not"),
            ("ors ~ session + (1 + srs | client)", "random terms that this one has not"),
        ],
    )
    def test_what_does_not_lie_in_it_is_refused(self, full, rows, formula, said):
        with pytest.raises(InvalidInput, match=said):
            full.test(mixed(formula, rows, reml=False))

    def test_other_rows_are_refused(self, full, rows):
        with pytest.raises(InvalidInput, match="other rows"):
            full.test(mixed("ors ~ session + (1 | client)", rows.iloc[6:], reml=False))

    def test_reml_beside_ml_is_refused(self, full, rows):
        with pytest.raises(InvalidInput, match="REML"):
            full.test(mixed("ors ~ session + (1 | client)", rows))

    @pytest.mark.parametrize("what", [(), ("session", "(1 | client)")])
    def test_kinds_are_not_mixed(self, fit, what):
        with pytest.raises(InvalidInput, match="names of fixed terms"):
            fit.test(*what)


@pytest.mark.parametrize(("p", "quantile"), [(0.05, 2.7055), (0.01, 5.4119)])
def test_critical_values_of_one_variance_as_tabled(p, quantile):
    """Half a χ² with one degree of freedom: its 90 % and 98 % quantiles."""
    assert boundary_p(quantile, 1) == pytest.approx(p, rel=1e-4)
