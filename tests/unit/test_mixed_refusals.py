"""Mixed models: what they refuse, and what they leave out by name."""

import numpy as np
import pandas as pd
import pytest
from mixed_rows import NESTED, clinic, level_out

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models import mixed_search
from sessionwise.models.mixed_model import mixed


class TestWhatIsRefused:
    def test_one_therapist(self):
        with pytest.raises(Refused, match="one `therapist` only in the 432 rows"):
            mixed(NESTED, clinic().assign(therapist=1))

    def test_as_many_clients_as_rows(self):
        rows = clinic().assign(client=range(432))
        with pytest.raises(Refused, match="Every row of the model is a `client` of its own"):
            mixed("ors ~ session + (1 | client)", rows)

    def test_one_client_for_each_therapist(self):
        with pytest.raises(Refused, match="so the two cannot be told apart"):
            mixed(NESTED, clinic().assign(therapist=lambda rows: rows["client"]))

    def test_a_slope_that_no_client_has(self):
        with pytest.raises(Refused, match="No `client` has two different values of `session`"):
            mixed("ors ~ srs + (1 + session || client)", clinic().assign(session=1.0))

    def test_a_deviation_in_two_terms(self):
        with pytest.raises(Refused, match="`Intercept` of `client` stands in two random terms"):
            mixed("ors ~ session + (1 | client) + (session | client)", clinic())

    def test_slopes_in_columns_made_of_one_another(self):
        rows = clinic().assign(days=lambda rows: 7 * rows["session"] - 3)
        with pytest.raises(Refused, match="made of one another"):
            mixed("ors ~ session + (session + days | client)", rows)

    def test_as_many_deviations_as_rows(self):
        rows = clinic()
        with pytest.raises(Refused, match="144 deviations and the model 144 rows"):
            mixed("ors ~ session + (session | client)", rows[rows["session"] <= 2])

    def test_no_random_term(self):
        with pytest.raises(Refused, match=r"Add \(1 \| client\)"):
            mixed("ors ~ session", clinic())

    def test_a_constant_outcome(self):
        with pytest.raises(Refused, match="nothing to explain"):
            mixed(NESTED, clinic().assign(ors=20.0))

    def test_an_infinite_outcome(self):
        rows = clinic()
        rows.loc[3, "ors"] = np.inf
        with pytest.raises(Refused, match="infinite in 1 rows"):
            mixed(NESTED, rows)

    def test_an_outcome_that_its_terms_give_exactly(self):
        rows = clinic()
        with pytest.raises(Refused, match="exactly"):
            mixed("ors ~ session + (1 | client)", rows.assign(ors=3 + 0.1 * rows["session"]))

    def test_no_residual(self):
        rows = clinic()
        rows["ors"] = rows.groupby("client")["ors"].transform("mean")
        with pytest.raises(Refused, match="residual variance is zero"):
            mixed("ors ~ srs + (1 | client)", rows)

    def test_a_term_with_nothing_to_judge_it_by(self):
        rows = clinic(therapists=3)
        rows["room"], rows["floor"] = rows["therapist"] == 1, rows["therapist"] == 2
        with pytest.raises(Refused, match="Too few groups differ in .*`room`, `floor`"):
            mixed("ors ~ room + floor + (1 | client) + (1 | therapist)", rows)

    def test_a_fit_that_is_not_flat(self, monkeypatch):
        monkeypatch.setattr(mixed_search, "FLAT", 0.0)
        with pytest.raises(Refused, match="did not converge.*Newton steps"):
            mixed(NESTED, clinic())

    def test_rows_that_are_none(self):
        with pytest.raises(InvalidInput, match="list holds no rows"):
            mixed(NESTED, [1, 2])

    def test_two_columns_of_one_name(self):
        rows = clinic()
        with pytest.raises(InvalidInput, match="two columns are called `srs`"):
            mixed(NESTED, pd.concat([rows, rows[["srs"]]], axis=1))


class TestWhatIsLeftOut:
    def test_a_term_made_of_others_by_name(self):
        rows = clinic().assign(days=lambda rows: 7 * rows["session"] + 2, one=1.0)
        fit = mixed("ors ~ session + days + one + srs + (1 | client)", rows)
        assert fit.estimates["term"].tolist() == ["Intercept", "session", "srs"]
        assert fit.health.dropped == (
            "`days`: a combination of the terms before it",
            "`one`: a combination of the terms before it",
        )
        plain = mixed("ors ~ session + srs + (1 | client)", rows)
        assert fit.loglik == plain.loglik

    def test_unless_it_is_to_be_refused(self):
        rows = clinic().assign(days=lambda rows: 7 * rows["session"] + 2)
        with pytest.raises(Refused, match="`days` cannot be told from the terms before"):
            mixed("ors ~ session + days + (1 | client)", rows, aliased="refuse")

    def test_a_variance_of_zero_may_be_kept(self):
        rows = level_out(clinic(), "therapist")
        fit = mixed("ors ~ session + (1 | client) + (1 | therapist)", rows, zero="keep")
        assert fit.health.singular == ("the variance of (1 | therapist)",)
        assert fit.variances["variance"].iloc[1] == 0
        assert not fit.health.sound

    def test_a_choice_there_is_none(self):
        with pytest.raises(InvalidInput, match="satterthwaite"):
            mixed(NESTED, clinic(), df="saterthwaite")
