"""Generalised estimating equations: what they become, their errors, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from scipy import linalg

import sessionwise as sw
from sessionwise.engine.estimating_equations import Clusters, solved_equations
from sessionwise.engine.whitened_rows import ResidualRows
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.clustered_equations import gee


def clients(seed=1, many=24, shift=0.5):
    """Clients with two to seven sessions, some missed; a 0/1 and a count beside the score."""
    draw = np.random.default_rng(seed)
    client = np.repeat(np.arange(many), draw.integers(2, 8, many))
    step = draw.integers(1, 3, client.size)
    session = pd.Series(step).groupby(client).cumsum().to_numpy()
    x = draw.normal(size=client.size)
    level = draw.normal(0, 1.5, many)[client]
    ors = 20 + 0.3 * session + shift * x + level + draw.normal(size=client.size)
    came = (draw.random(client.size) < 1 / (1 + np.exp(-0.5 * x - 0.5 * level))).astype(int)
    kind = np.where(client % 2, "a", "b")
    return pd.DataFrame({"ors": ors, "session": session, "x": x, "client": client, "came": came,
                         "kind": kind})  # fmt: skip


def correlations(rows, correlation, alpha):
    """Give the working correlation of all rows, from its definition."""
    together = np.equal.outer(rows["client"].to_numpy(), rows["client"].to_numpy())
    apart = np.abs(np.subtract.outer(rows["session"].to_numpy(), rows["session"].to_numpy()))
    power = {"independence": 1.0 * (apart == 0), "exchangeable": alpha ** (apart > 0),
             "ar1": alpha**apart}[correlation]  # fmt: skip
    return np.where(together, power, 0.0)


def logit(linear):
    mean = 1 / (1 + np.exp(-linear))
    return mean, mean * (1 - mean), mean * (1 - mean)


@pytest.mark.parametrize("alpha", [0.3, -0.12])
@pytest.mark.parametrize("correlation", ["independence", "exchangeable", "ar1"])
def test_errors_are_those_of_the_full_matrices(correlation, alpha):
    """Each cluster's residuals times (I − H)^(−k), by its eigenvalues."""
    rows = clients().sample(frac=1, random_state=2)
    number = pd.factorize(rows["client"])[0]
    X = np.column_stack([np.ones(len(rows)), rows["session"], rows["x"]])
    order = rows.sort_values(["client", "session"]).index
    before = pd.Series(order, index=order).groupby(rows.loc[order, "client"]).shift()
    place = pd.Series(np.arange(len(rows)), index=rows.index)
    has = before.reindex(rows.index).notna().to_numpy()
    previous = np.arange(len(rows))
    previous[has] = place.loc[before.reindex(rows.index)[has].astype(int)]
    gap = rows["session"].to_numpy() - rows["session"].to_numpy()[previous]
    clusters = Clusters(number, correlation, ResidualRows(previous, gap, None, correlated=True))
    y = rows["came"].to_numpy(float)
    found = solved_equations(X, y, logit, clusters, np.zeros(3), alpha)
    mean, slope, variance = logit(X @ found.estimate)
    D = X * slope[:, None]
    V = correlations(rows, correlation, alpha) * np.sqrt(np.outer(variance, variance))
    M = np.linalg.inv(D.T @ np.linalg.solve(V, D))
    np.testing.assert_allclose(D.T @ np.linalg.solve(V, y - mean), 0, atol=1e-8)
    for errors, power in (("robust", 0.0), ("kauermann-carroll", -0.5), ("mancl-derouen", -1.0)):
        meat = np.zeros((3, 3))
        for g in range(number.max() + 1):
            own = np.flatnonzero(number == g)
            Dg, Vg = D[own], V[np.ix_(own, own)]
            rest = np.eye(own.size) - Dg @ M @ Dg.T @ np.linalg.inv(Vg)
            values, vectors = linalg.eig(rest)
            raised = np.real(vectors * values**power @ np.linalg.inv(vectors))
            score = Dg.T @ np.linalg.solve(Vg, raised @ (y - mean)[own])
            meat += np.outer(score, score)
        np.testing.assert_allclose(found.covariance(errors), M @ meat @ M, rtol=1e-8, atol=1e-12)


class TestWhatItBecomes:
    def test_rows_taken_as_independent_are_those_of_glm(self):
        rows = clients()
        for outcome, family in (("ors", "gaussian"), ("came", "binomial")):
            formula = f"{outcome} ~ session + x + kind"
            fit = gee(formula, rows, "client", family, correlation="independence", errors="robust")
            plain = sw.glm(formula, rows, family, cluster="client", errors="CR0")
            np.testing.assert_allclose(
                fit.estimates[["estimate", "std_error"]],
                plain.estimates[["estimate", "std_error"]], rtol=1e-8,
            )  # fmt: skip
            assert fit.estimates["df"].eq(24 - 4).all()

    def test_balanced_clients_alike_in_one_way_have_the_estimates_of_a_mixed_model(self):
        draw = np.random.default_rng(3)
        rows = pd.DataFrame({"client": np.repeat(np.arange(40), 5),
                             "session": np.tile(np.arange(5.0), 40)})  # fmt: skip
        rows["ors"] = draw.normal(size=40)[rows["client"]] + draw.normal(size=200)
        fit = gee("ors ~ session", rows, "client")
        model = sw.mixed("ors ~ session + (1 | client)", rows)
        np.testing.assert_allclose(
            fit.estimates["estimate"], model.estimates["estimate"], rtol=1e-8
        )

    def test_errors_grow_with_the_correction(self):
        sizes = [
            gee("ors ~ session + x", clients(), "client", errors=kind).estimates["std_error"]
            for kind in ("robust", "kauermann-carroll", "mancl-derouen")
        ]
        assert (sizes[0] < sizes[1]).all() and (sizes[1] < sizes[2]).all()

    def test_a_missed_session_is_a_step(self):
        rows = clients()
        closed = rows.assign(session=rows.groupby("client").cumcount())
        alphas = [
            gee("ors ~ x", one, "client", correlation="ar1").further["estimate"].item()
            for one in (rows, closed)
        ]
        assert alphas[0] > alphas[1] + 0.05


def test_the_moments_of_alpha_are_over_all_pairs():
    """The least squares of the definition, by a loop over pairs."""
    rows = clients()
    fit = gee("ors ~ session + x", rows, "client", correlation="ar1")
    rest = (
        rows["ors"]
        - np.column_stack([np.ones(len(rows)), rows["session"], rows["x"]])
        @ (fit.estimates["estimate"])
    )
    scale = (rest**2).sum() / (len(rows) - 3)
    pairs = [
        (abs(rows["session"][i] - rows["session"][j]), rest[i] * rest[j] / scale)
        for _, own in rows.groupby("client").groups.items()
        for i in own for j in own if i < j
    ]  # fmt: skip
    gaps, products = np.array(pairs).T
    grid = np.linspace(0, 0.999, 100_000)
    misfit = sum((products[k] - grid ** gaps[k]) ** 2 for k in range(len(gaps)))
    alpha = fit.further["estimate"].item()
    assert alpha == pytest.approx(grid[np.argmin(misfit)], abs=2e-5)


def test_nothing_irrelevant_matters():
    rows = clients()
    fit = gee("ors ~ session + x", rows, "client", correlation="ar1")
    other = rows.sample(frac=1, random_state=4).assign(
        ors=lambda f: f["ors"] * 1000, x=lambda f: f["x"] * 1e-4 + 5, client=lambda f: -f["client"]
    )
    found = gee("ors ~ session + x", other, "client", correlation="ar1")
    scale = np.array([1000, 1e7])
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(
            found.estimates[column][1:], fit.estimates[column][1:] * scale, rtol=1e-6
        )


def test_the_text_has_no_likelihood_and_says_what_is_assumed():
    said = str(gee("ors ~ session", clients(), "client"))
    assert "log-likelihood" not in said
    assert "working correlation α (exchangeable, by client)" in said
    assert "Kauermann–Carroll standard errors clustered by client, t with G−p = 22 df" in said
    assert "on its own columns only" in " ".join(said.split())
    assert "assumes" not in str(gee("ors ~ 1", clients(), "client", correlation="independence"))


class TestRefusals:
    def test_every_wrong_word_at_once(self):
        with pytest.raises(InvalidInput) as error:
            gee("ors ~ x", clients(), "clients", "gausian", correlation="exchangable")
        said = str(error.value)
        assert all(word in said for word in ("'client'", "'gaussian'", "'exchangeable'"))

    def test_a_random_term(self):
        with pytest.raises(InvalidInput, match="gee has none"):
            gee("ors ~ x + (1 | client)", clients(), "client")

    def test_no_more_clusters_than_terms(self):
        with pytest.raises(Refused, match="2 `kind` and 2 terms"):
            gee("ors ~ x", clients(), "kind")

    def test_every_row_a_cluster(self):
        rows = clients().assign(row=lambda frame: np.arange(len(frame)))
        with pytest.raises(Refused, match="no two rows of one can correlate"):
            gee("ors ~ x", rows, "row")
        assert gee("ors ~ x", rows, "row", correlation="independence").health.converged

    def test_the_future_of_a_course(self):
        episodes = sw.episodes(sw.within_between(sw.example(), ["srs"]))
        with pytest.raises(Refused, match="srs_between"):
            gee("left_unplanned ~ srs_between", episodes, "client", "binomial")

    def test_two_rows_of_one_session(self):
        rows = pd.concat([clients(), clients().head(2)])
        with pytest.raises(Refused, match="2 rows of one `client` have the same `session`"):
            gee("ors ~ x", rows, "client", correlation="ar1")

    def test_a_correlation_that_cannot_be(self):
        rows = clients()
        means = rows.groupby("client")["ors"].transform("mean")
        rows = rows.assign(ors=rows["ors"] - means)
        with pytest.raises(Refused, match="cannot be between the rows"):
            gee("ors ~ 1", rows, "client")
