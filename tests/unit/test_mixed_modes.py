"""Mixed models whose factors cross, and how far each level lies from the others."""

import numpy as np
import pandas as pd
import pytest
from mixed_rows import NESTED, clinic

from sessionwise.models.mixed_model import mixed


class TestCrossedFactors:
    """What R says of them stands in tests/oracles/test_crossed.py; here, what they collapse to."""

    def test_an_exact_balance_is_the_analysis_of_variance(self):
        """Every client sees every room once: three mean squares give three variances."""
        draw = np.random.default_rng(4)
        client, room = (code.ravel() for code in np.indices((12, 7)))
        y = draw.normal(0, 2, 12)[client] + draw.normal(0, 1.5, 7)[room] + draw.normal(size=84)
        grid = y.reshape(12, 7)
        between, across = grid.mean(axis=1), grid.mean(axis=0)
        left = grid - between[:, None] - across + grid.mean()
        residual = (left**2).sum() / (11 * 6)
        said = [between.var(ddof=1) - residual / 7, across.var(ddof=1) - residual / 12, residual]
        rows = pd.DataFrame({"y": y, "client": client, "room": room})
        fit = mixed("y ~ 1 + (1 | client) + (1 | room)", rows)
        np.testing.assert_allclose(fit.variances["variance"], said, rtol=1e-6)
        assert fit.loglik == pytest.approx(
            mixed("y ~ 1 + (1 | room) + (1 | client)", rows).loglik, abs=1e-9
        )

    def test_what_lies_in_what_may_be_written_short(self):
        rows = clinic().assign(room=lambda rows: rows["therapist"] // 2)
        rows["ors"] += rows["room"]
        short = mixed("ors ~ session + (1 | room/therapist)", rows)
        long = mixed("ors ~ session + (1 | room) + (1 | therapist)", rows)
        assert short.loglik == pytest.approx(long.loglik, abs=1e-9)
        assert short.variances["group"].tolist() == ["room", "room:therapist", "Residual"]


class TestModes:
    @pytest.mark.parametrize("crossed", [False, True])
    def test_as_henderson_wrote_them(self, crossed):
        """u = G Z′V⁻¹(y − Xβ), and Var(b − u | β) = G − G Z′V⁻¹Z G, on the full matrices."""
        rows = clinic(therapists=4, clients=5, sessions=4)
        if crossed:
            rows.loc[::7, "therapist"] = 3 - rows["therapist"].iloc[::7]
        fit = mixed("ors ~ session + (session | client) + (1 | therapist)", rows, zero="keep")
        by = fit.variances.set_index(["group", "term1", "term2"])["variance"]
        level, slope, both = (
            by["client", "Intercept", ""], by["client", "session", ""],
            by["client", "Intercept", "session"],
        )  # fmt: skip
        clients = pd.get_dummies(rows["client"]).to_numpy(float)
        session = rows["session"].to_numpy()[:, None]
        Z = np.hstack([clients, clients * session, pd.get_dummies(rows["therapist"])]).astype(float)
        G = np.kron([[level, both], [both, slope]], np.eye(20))
        G = np.block(
            [[G, np.zeros((40, 4))], [np.zeros((4, 40)), np.eye(4) * by["therapist"].sum()]]
        )
        V = Z @ G @ Z.T + by["Residual"].sum() * np.eye(len(rows))
        X = np.column_stack([np.ones(len(rows)), session])
        rest = rows["ors"].to_numpy() - X @ fit.estimates["estimate"].to_numpy()
        said = G @ Z.T @ np.linalg.solve(V, rest)
        spread = np.sqrt(np.diag(G - G @ Z.T @ np.linalg.solve(V, Z) @ G).clip(0))
        for group, start in (("client", 0), ("therapist", 40)):
            ours = fit.modes(group).pivot(index="level", columns="term")
            count = ours.shape[0] * ours["mode"].shape[1]
            np.testing.assert_allclose(
                ours["mode"].to_numpy().T.ravel(), said[start : start + count], atol=1e-8
            )
            np.testing.assert_allclose(
                ours["std_error"].to_numpy().T.ravel(), spread[start : start + count], atol=1e-7
            )

    def test_of_a_factor_there_is_none(self):
        with pytest.raises(KeyError, match="factors: client, therapist"):
            mixed(NESTED, clinic()).modes("room")
