"""Small mixed models, and their matrices written out in full."""

import numpy as np
import pandas as pd

FORMULAS = {
    "one level": "y ~ time + x + (1 | client)",
    "nested": "y ~ time + x + (1 + time | client) + (1 | clinic)",
    "three nested": "y ~ time * kind + (1 | clinic/therapist/client)",
    "crossed": "y ~ poly(time, 2) + kind + (1 + time || client) + (1 | therapist)",
    "crossed slopes": "y ~ time + x + (1 + time | client) + (1 + x | therapist) + (1 | clinic)",
    "no correlation": "y ~ time + (1 + time + x || client)",
}


def clinic_rows(seed=5, clients=24, sessions=5, moving=0.3):
    """Clients in therapists in clinics; some change therapist (unless ``moving`` is 0)."""
    draw = np.random.default_rng(seed)
    size = draw.integers(2, sessions + 2, clients)
    client = np.repeat(np.arange(clients), size)
    first = np.arange(clients) % 6
    second = np.where(draw.random(clients) < moving, draw.integers(0, 6, clients), first)
    time = np.concatenate([np.arange(n) for n in size]) + draw.uniform(0, 0.3, client.size)
    therapist = np.where(time > 1.5, second[client], first[client])
    clinic = (np.arange(clients) % 6 // 2)[client]
    x, kind = draw.normal(0, 1, client.size), draw.choice(["a", "b", "c"], client.size)
    y = (
        20 - time + 0.5 * x + 2 * draw.normal(0, 1, clients)[client]
        + 0.8 * draw.normal(0, 1, clients)[client] * time
        + 1.5 * draw.normal(0, 1, 6)[therapist] + draw.normal(0, 1, 6)[therapist] * x
        + draw.normal(0, 1, 3)[clinic] + draw.normal(0, 1.5, client.size)
    )  # fmt: skip
    return pd.DataFrame(
        {"y": y, "time": time, "x": x, "kind": kind, "client": [f"c{c}" for c in client],
         "therapist": [f"t{t}" for t in therapist], "clinic": [f"s{c}" for c in clinic]}
    )  # fmt: skip


class Full:
    """X, Z, G of a fit as full matrices, on any rows, and all that follows from them."""

    def __init__(self, fit):
        self.fit = fit
        self.X = fit.solution.made.matrix
        self.y = fit.solution.made.response
        self.s2 = float(fit.variances["variance"].iloc[-1])
        self.Z = self.incidence(fit.solution.used)
        self.G = self.spread()
        self.V = self.s2 * np.eye(len(self.y)) + self.Z @ self.G @ self.Z.T
        inverse = np.linalg.inv(self.V)
        self.C = np.linalg.inv(self.X.T @ inverse @ self.X)
        self.P = inverse - inverse @ self.X @ self.C @ self.X.T @ inverse
        self.beta = self.C @ self.X.T @ inverse @ self.y
        self.b = self.G @ self.Z.T @ self.P @ self.y
        self.inverse = inverse

    def groups(self):
        """Factor, its levels in order, its deviations and their covariance by the fit's table."""
        table = self.fit.variances
        for group in table["group"].unique()[:-1]:
            own = table[table["group"] == group]
            terms = own.loc[own["term2"] == "", "term1"].tolist()
            spread = np.diag(own.loc[own["term2"] == "", "variance"].to_numpy(float))
            for _, line in own[own["term2"] != ""].iterrows():
                i, j = terms.index(line["term1"]), terms.index(line["term2"])
                spread[i, j] = spread[j, i] = line["variance"]
            used = self.fit.solution.used
            levels = list(dict.fromkeys(zip(*(used[name] for name in group.split(":")))))
            yield group, levels, terms, spread

    def incidence(self, rows):
        parts = []
        for group, levels, terms, _ in self.groups():
            whose = list(zip(*(rows[name] for name in group.split(":"))))
            hit = np.array([[one == level for level in levels] for one in whose], float)
            for term in terms:
                column = np.ones(len(rows)) if term == "Intercept" else rows[term].to_numpy(float)
                parts.append(hit * column[:, None])
        return np.hstack(parts)

    def spread(self):
        blocks = [np.kron(spread, np.eye(len(levels))) for _, levels, _, spread in self.groups()]
        size = sum(map(len, blocks))
        out, end = np.zeros((size, size)), 0
        for block in blocks:
            out[end : end + len(block), end : end + len(block)] = block
            end += len(block)
        return out

    def joint(self):
        """Covariance of (β̂ − β, b̂ − b), by V, so that G may be singular."""
        cross = -self.C @ self.X.T @ self.inverse @ self.Z @ self.G
        own = self.G - self.G @ self.Z.T @ self.P @ self.Z @ self.G
        return np.block([[self.C, cross], [cross.T, own]])

    def henderson(self):
        """The same by the inverse of Henderson's equations; G must not be singular."""
        A = np.hstack([self.X, self.Z])
        weight = A.T @ A / self.s2
        p = self.X.shape[1]
        weight[p:, p:] += np.linalg.inv(self.G)
        return np.linalg.inv(weight)
