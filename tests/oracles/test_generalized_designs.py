"""A hundred small random designs: none ends lower than the best glmmTMB finds from four starts.

Both are Laplace's approximation with the observed information. In three of them it grows for ever
with a variance; these are refused (glmmTMB returns where it stopped).
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.errors import Refused
from sessionwise.models.mixed_model import mixed

HERE = Path(__file__).parent
READ = json.loads((HERE / "r/generalized_designs.json").read_text(encoding="utf-8"))["designs"]
SAID = {said["design"]: said for said in READ}
ENDLESS = {22, 68, 97}
BELOW = 1e-7
QUICK = range(1, 26)


@cache
def designs():
    rows = pd.read_csv(HERE / "generalized/designs.csv")
    return dict(iter(rows.groupby("design")))


def fitted(number, **how):
    said = SAID[number]
    family = "poisson" if said["link"] == "log" else "binomial"
    return mixed(said["formula"], designs()[number], family=family, link=said["link"], **how)


def test_most_of_them_are_singular():
    smallest = np.array([said["smallest"] for said in READ])
    assert len(READ) == 100
    assert (smallest < 1e-3).sum() > 50


def gap(number):
    said, fit = SAID[number], fitted(number, zero="keep")
    assert fit.rows.used == said["rows"]
    assert fit.health.gradient < 1e-5
    return fit.loglik - said["loglik"]


@pytest.mark.parametrize("number", sorted(set(QUICK) - ENDLESS))
def test_no_lower(number):
    assert gap(number) > -BELOW


@pytest.mark.slow
@pytest.mark.parametrize("number", sorted(set(SAID) - set(QUICK) - ENDLESS))
def test_no_lower_either(number):
    assert gap(number) > -BELOW


@pytest.mark.parametrize("number", sorted(ENDLESS))
def test_endless_variances_are_refused(number):
    with pytest.raises(Refused, match="endless"):
        fitted(number, zero="keep")


@pytest.mark.parametrize("number", sorted(set(QUICK) - ENDLESS))
def test_without_what_is_zero_the_likelihood_is_the_same(number):
    kept, refitted = fitted(number, zero="keep"), fitted(number)
    zero = [name for name in kept.health.singular if name.startswith("the variance")]
    assert len(refitted.health.dropped) >= len(zero)
    assert refitted.loglik == pytest.approx(kept.loglik, abs=1e-6)
    if not kept.health.singular:
        assert refitted.loglik == kept.loglik
