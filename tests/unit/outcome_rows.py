"""Rows of every family, made from one seed, for the tests of generalised mixed models."""

import numpy as np
import pandas as pd

from sessionwise.engine.outcome_families import (
    Cloglog,
    CumulativeLogit,
    Logit,
    NegativeBinomial,
    Poisson,
    Probit,
)
from sessionwise.engine.row_sums import Factor

WORDS = ("0/1", "logit", "cloglog", "probit", "poisson", "negative-binomial", "ordinal")


def family_of(word, eta, seed=1):
    """A family with rows drawn at η, and further parameters near those drawn by."""
    rng = np.random.default_rng(seed)
    share = 1 / (1 + np.exp(-eta))
    trials = rng.integers(1, 6, eta.size)
    none = np.zeros(0)
    if word == "0/1":
        return Logit((rng.random(eta.size) < share).astype(float), np.ones(eta.size)), none
    if word in ("logit", "cloglog", "probit"):
        kind = {"logit": Logit, "cloglog": Cloglog, "probit": Probit}[word]
        return kind(rng.binomial(trials, share).astype(float), trials.astype(float)), none
    if word == "ordinal":
        category = np.digitize(eta + rng.logistic(size=eta.size), [-1, 0.4, 1.3])
        return CumulativeLogit(category, 3), np.array([-1, 0.4, 1.3])
    counts = rng.poisson(np.exp(eta)).astype(float)
    if word == "poisson":
        return Poisson(counts), none
    return NegativeBinomial(counts), np.array([0.6])


def factors_of(crossed, seed=2, clients=24, sessions=6):
    """Clients who differ in level and slope, therapists and clinics, nested or crossed; and x."""
    rng = np.random.default_rng(seed)
    n = clients * sessions
    client = np.repeat(np.arange(clients), sessions)
    therapist = rng.integers(0, 5, n) if crossed else client // 4
    clinic = rng.integers(0, 3, n) if crossed else therapist // 2
    x = np.tile(np.linspace(-1, 1, sessions), clients)
    return [
        Factor(clinic, np.ones((1, n)), np.eye(1, dtype=bool)),
        Factor(client, np.vstack([np.ones(n), x]), np.tri(2, dtype=bool)),
        Factor(therapist, np.vstack([np.ones(n), x]), np.eye(2, dtype=bool)),
    ], x


ROOTS = [np.array([[0.6]]), np.array([[0.8, 0.0], [0.3, 0.5]]), np.diag([0.4, 0.3])]


def alike(rows, seed=4):
    """The rows, every client coming to as many sessions: less than chance would have it differ."""
    rng = np.random.default_rng(seed)
    half = np.arange(rows["session"].nunique()) % 2
    each = [rng.permutation(half) for _ in range(rows["client"].nunique())]
    return rows.assign(came=np.concatenate(each))


def clinic(clients=40, sessions=8, seed=3, sd=1.0, of_therapists=0.6):
    """A data frame with an outcome of every kind."""
    rng = np.random.default_rng(seed)
    client = np.repeat(np.arange(clients), sessions)
    session = np.tile(np.arange(sessions), clients)
    therapist = client // 5
    modality = rng.choice(["in person", "video"], client.size)
    eta = -0.2 + 0.1 * session + 0.5 * (modality == "video")
    eta += rng.normal(0, sd, clients)[client]
    eta += rng.normal(0, of_therapists, clients // 5 + 1)[therapist]
    n, trials = client.size, rng.integers(1, 6, client.size)
    share = 1 / (1 + np.exp(-eta))
    return pd.DataFrame(
        {
            "client": client,
            "therapist": therapist,
            "session": session,
            "modality": modality,
            "came": (rng.random(n) < share).astype(int),
            "tasks": rng.binomial(trials, share),
            "trials": trials,
            "crises": rng.poisson(np.exp(eta)),
            "contacts": rng.negative_binomial(1.5, 1.5 / (1.5 + np.exp(eta))),
            "rating": 1 + np.digitize(eta + rng.logistic(size=n), [-0.8, 0.3, 1.4]),
        }
    )
