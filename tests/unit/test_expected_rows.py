"""What a generalised mixed model expects of each row, and how surely."""

import numpy as np
import pandas as pd
import pytest
from outcome_rows import clinic
from scipy import special

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.mixed_model import mixed

TEXT = "came ~ session + modality + (1 | client) + (1 | therapist)"
NEW = pd.DataFrame(
    {"session": [2, 5, np.nan], "modality": ["video", "in person", "video"]}, index=[7, 3, 9]
)


@pytest.fixture(scope="module")
def fit():
    return mixed(TEXT, clinic(clients=60, sd=1.2), family="binomial")


def test_the_average_of_one_row_is_that_of_a_population_of_such_rows(fit):
    found = fit.predict(NEW)
    for place in (7, 3):
        alone = fit.population_average(NEW.loc[[place]]).iloc[0]
        np.testing.assert_allclose(found.loc[place], alone, rtol=1e-9)


def test_the_typical_one_has_the_limits_of_the_linear_predictor(fit):
    found = fit.predict(NEW, of="typical").iloc[:2]
    x = np.array([[1, 2, 1], [1, 5, 0]])
    eta = x @ fit.estimates["estimate"].to_numpy()
    error = np.sqrt(np.einsum("ia,ab,ib->i", x, fit.covariance, x))
    np.testing.assert_allclose(special.logit(found["estimate"]), eta, rtol=1e-9)
    np.testing.assert_allclose(special.logit(found["high"]), eta + 1.959964 * error, rtol=1e-5)
    slope = found["estimate"] * (1 - found["estimate"])
    np.testing.assert_allclose(found["std_error"], slope * error, rtol=1e-5)


def test_a_row_that_lacks_something_holds_nothing_and_keeps_its_place(fit):
    found = fit.predict(NEW)
    assert found.index.tolist() == [7, 3, 9]
    assert found.loc[9].isna().all() and found.drop(9).notna().all(axis=None)


def test_the_models_own_rows_average_to_its_population_average(fit):
    own = fit.predict()
    assert own["estimate"].mean() == pytest.approx(fit.population_average()["estimate"].iloc[0])


def test_counts_and_categories():
    counts = mixed("crises ~ session + (1 | client)", clinic(), family="poisson")
    average, typical = counts.predict(), counts.predict(of="typical")
    half = counts.variances["variance"].iloc[0] / 2
    np.testing.assert_allclose(np.log(average["estimate"] / typical["estimate"]), half)
    ratings = mixed("rating ~ session + (1 | client)", clinic(), family="ordinal")
    table = ratings.predict(NEW)
    assert table.index.unique().tolist() == [7, 3]
    np.testing.assert_allclose(table.groupby(level=0)["estimate"].sum(), 1)


def test_refusals(fit):
    with pytest.raises(InvalidInput, match="'averge' is no choice"):
        fit.predict(NEW, of="averge")
    with pytest.raises(InvalidInput, match="there is no column `modality`"):
        fit.predict(NEW[["session"]])
    with pytest.raises(Refused, match="has all that is needed"):
        fit.predict(NEW.iloc[2:])
