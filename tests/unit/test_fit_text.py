"""A fit in plain text: health first, nothing that a count of four would give away."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.models.fit import Rows


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(5)
    client = np.repeat(np.arange(30), 6)
    frame = pd.DataFrame({"client": client, "session": np.tile(np.arange(6), 30)})
    own = rng.normal(size=(30, 2)) @ np.array([[2.0, 0.3], [0, 0.4]])
    frame["ors"] = 20 + own[client, 0] + own[client, 1] * frame["session"]
    frame["ors"] += rng.normal(size=180)
    return sw.mixed("ors ~ session + (1 + session | client)", frame)


def test_health_stands_before_the_estimates(fit):
    text = repr(fit)
    assert text.index("Health     converged; not singular") < text.index("Fixed effects")
    assert text.index("linear mixed model by REML") < text.index("Fixed effects")


def test_every_number_is_that_of_the_fit(fit):
    lines = {line.split()[0]: line.split() for line in repr(fit).splitlines() if line}
    row = fit.term("session")
    assert lines["session"][1:4] == [
        f"{row['estimate']:.4g}",
        f"{row['std_error']:.4g}",
        f"{row['df']:.1f}",
    ]
    residual = fit.variances.iloc[-1]
    assert lines["Residual"][1:3] == [f"{residual['variance']:.4g}", f"{residual['sd']:.4g}"]


def test_a_correlation_stands_with_both_its_terms(fit):
    said = next(line for line in repr(fit).splitlines() if "Intercept, session" in line)
    assert said.endswith(f"{fit.variances.loc[2, 'correlation']:.2f}")


def test_a_fit_that_did_not_converge_says_so_first(fit):
    bad = fit.replace(health=replace(fit.health, converged=False))
    assert repr(bad).splitlines()[2].startswith("Health     NOT converged")


def test_counts_under_five_are_not_to_be_worked_out_from_the_others(fit):
    rows = Rows(180, clients=30, left_out=(("no score", 20), ("no baseline", 2)))
    text = repr(fit.replace(rows=rows))
    assert "left out: 22" in text and "no baseline" not in text and "20 (" not in text


def test_a_page_is_in_the_same_order_and_escapes_what_it_is_given(fit):
    page = fit.replace(question="Who is <script>?")._repr_mimebundle_()["text/html"]
    assert "<script>" not in page and "Who is &lt;script&gt;?" in page
    places = [page.index(part) for part in ("Model health", "Estimates:", "What varies", "Referen")]
    assert places == sorted(places)
