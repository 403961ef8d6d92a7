"""Formulas are data: from a formula read to the numbers and names of its matrix."""

import numpy as np
import pandas as pd
import pytest

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.formulas import complete_rows, design


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "ors": [20.0, 22.5, 19.0, 30.0, 31.0, 28.0, 24.0, 21.0],
            "session": pd.array([1, 2, 3, 1, 2, 3, 1, 2], "Int64"),
            "srs": [30.0, 35.0, 32.0, 38.0, 39.0, 36.0, 33.0, 31.0],
            "modality": pd.Categorical(
                ["phone", "video", "in_person", "video", "phone", "in_person", "video", "phone"],
                ["in_person", "video", "phone", "letter"],
            ),
            "site": pd.Series(list("bbabaaab"), dtype="str"),
            "remote": [True, True, False, True, True, False, True, False],
            "client": [1, 1, 1, 2, 2, 2, 3, 3],
        }
    )


class TestCompleteRows:
    def test_rows_are_counted_under_the_first_column_missing(self):
        frame = pd.DataFrame({"y": [1, None, None, 4], "x": [None, None, 3, 4]})
        rows, left_out = complete_rows(frame, ["y", "x"])
        assert rows.index.tolist() == [3]
        assert left_out == (("y missing", 2), ("x missing", 1))


class TestNamesAndNumbers:
    def test_the_reference_is_the_first_category_and_unused_ones_are_gone(self, frame):
        made = design("ors ~ modality", frame)
        assert made.terms == ("Intercept", "modality[video]", "modality[phone]")
        assert made.references == {"modality": "in_person"}
        assert made.matrix[:, 1].tolist() == [0, 1, 0, 1, 0, 0, 1, 0]

    def test_text_has_its_first_in_the_alphabet_as_reference(self, frame):
        assert design("ors ~ site", frame).terms == ("Intercept", "site[b]")

    def test_numbers_as_categories(self, frame):
        made = design("ors ~ C(session)", frame)
        assert made.terms == ("Intercept", "C(session)[2]", "C(session)[3]")

    def test_interactions(self, frame):
        assert design("ors ~ srs*site", frame).terms == (
            "Intercept",
            "srs",
            "site[b]",
            "srs:site[b]",
        )

    def test_without_intercept_every_category_has_its_own(self, frame):
        assert design("ors ~ 0 + site", frame).terms == ("site[a]", "site[b]")

    def test_true_is_one(self, frame):
        made = design("ors ~ remote", frame)
        assert made.terms == ("Intercept", "remote")
        assert made.matrix[:, 1].tolist() == [1, 1, 0, 1, 1, 0, 1, 0]

    def test_functions(self, frame):
        made = design("ors ~ log(srs) + I(session**2 - 1) + sqrt(srs) + center(srs)", frame)
        numbers = dict(zip(made.terms, made.matrix.T))
        srs, session = frame["srs"].to_numpy(), frame["session"].to_numpy(float)
        np.testing.assert_allclose(numbers["log(srs)"], np.log(srs), rtol=1e-15)
        np.testing.assert_allclose(numbers["I(session**2 - 1)"], session**2 - 1, rtol=1e-15)
        np.testing.assert_allclose(numbers["sqrt(srs)"], srs**0.5, rtol=1e-15)
        np.testing.assert_allclose(numbers["center(srs)"], srs - 34.25, rtol=1e-15)

    def test_scale_has_mean_0_and_sd_1(self, frame):
        scaled = design("ors ~ scale(srs)", frame).matrix[:, 1]
        assert abs(scaled.mean()) < 1e-15
        assert scaled.std(ddof=1) == pytest.approx(1, rel=1e-15)

    def test_names_in_the_callers_scope_are_not_seen(self, frame):
        hidden = frame["srs"]  # formulaic would find it in this frame if it were let
        with pytest.raises(InvalidInput, match="no column `hidden`"):
            design("ors ~ hidden", frame.assign(other=hidden))


class TestDataThatCannotCarryAModel:
    def test_missing_values(self, frame):
        frame.loc[2, "srs"] = np.nan
        with pytest.raises(InvalidInput, match="`srs` is missing in 1 rows"):
            design("ors ~ srs", frame)

    def test_combinations_need_every_column(self, frame):
        frame["clinic"] = ["n", "n", None, "s", "s", "s", "n", "n"]
        with pytest.raises(InvalidInput, match="`clinic` is missing in 1 rows"):
            design("ors ~ srs + (1 | clinic/client)", frame)

    def test_text_where_a_number_is_needed(self, frame):
        with pytest.raises(InvalidInput, match=r"`site` holds no numbers; log\(…\) needs them"):
            design("ors ~ log(site)", frame)

    def test_dates(self, frame):
        frame["date"] = pd.Timestamp("2024-01-01")
        with pytest.raises(InvalidInput, match="neither numbers nor categories"):
            design("ors ~ date", frame)

    @pytest.mark.parametrize(
        "formula", ["ors ~ one", "ors ~ C(one)", "ors ~ word", "ors ~ srs:word"]
    )
    def test_one_value_only(self, frame, formula):
        frame["one"], frame["word"] = 3.0, "same"
        with pytest.raises(Refused, match="one value only in the 8 rows"):
            design(formula, frame)

    def test_a_combination_of_other_columns_is_named(self, frame):
        frame["twice"] = 2 * frame["srs"] + 1
        with pytest.raises(Refused, match="`twice` cannot be told"):
            design("ors ~ srs + session + twice", frame)

    def test_nearly_but_not_quite_a_combination_is_kept(self, frame):
        frame["nearly"] = 2 * frame["srs"] + 1 + 1e-4 * frame["ors"]
        assert len(design("ors ~ srs + nearly", frame).terms) == 3

    def test_the_log_of_nothing(self, frame):
        frame["homework"] = [0.0, 1, 2, 3, 1, 2, 3, 1]
        with pytest.raises(Refused, match=r"`log\(homework\)` is not a finite number"):
            design("ors ~ log(homework)", frame)

    def test_a_constant_outcome(self, frame):
        with pytest.raises(Refused, match="`ors` is 20 in all 8 rows"):
            design("ors ~ srs", frame.assign(ors=20.0))

    def test_an_infinite_outcome(self, frame):
        frame.loc[1, "ors"] = np.inf
        with pytest.raises(Refused, match="infinite in 1 rows"):
            design("ors ~ srs", frame)

    def test_no_rows(self, frame):
        with pytest.raises(Refused, match="No row is left"):
            design("ors ~ srs", frame.iloc[:0])

    def test_more_terms_than_rows(self, frame):
        with pytest.raises(Refused, match="4 terms cannot be estimated from 3 rows"):
            design("ors ~ srs + session + client", frame.iloc[[0, 3, 7]])

    def test_division_by_zero_is_a_problem_of_the_formula(self, frame):
        with pytest.raises(InvalidInput, match="cannot be computed"):
            design("ors ~ I(srs*(1/0))", frame)

    def test_nothing_on_the_right(self, frame):
        with pytest.raises(InvalidInput, match="nothing stands on the right-hand side"):
            design("ors ~ 0", frame)
