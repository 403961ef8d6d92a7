"""Small mixed models of every layout: nested, crossed, in components, in cells."""

import numpy as np

from sessionwise.engine.row_sums import Factor

ROWS = 200
DESIGNS = ("one", "nested", "three", "crossed", "components", "cells")


def design(name):
    """Clients with slopes; therapists they lie in or change; clinics; client-therapist cells."""
    draw = np.random.default_rng(DESIGNS.index(name))
    client = np.unique(np.sort(draw.integers(0, 30, ROWS)), return_inverse=True)[1]
    therapist = client // 5
    if name in ("crossed", "cells"):
        therapist = np.where(draw.random(ROWS) < 0.2, draw.integers(0, 6, ROWS), therapist)
    clinic = therapist // 2
    if name == "components":  # clients change therapist within their clinic
        other = np.clip(clinic * 2 + draw.integers(0, 2, ROWS), 0, therapist.max())
        therapist = np.where(draw.random(ROWS) < 0.3, other, therapist)
    x = draw.normal(size=ROWS)
    slopes, level = np.vstack([np.ones(ROWS), x]), np.ones((1, ROWS))
    both, one = np.tri(2, dtype=bool), np.ones((1, 1), bool)
    clients, therapists = Factor(client, slopes, both), Factor(therapist, slopes, both)
    clinics = Factor(clinic, level, one)
    cells = Factor(np.unique(client * 100 + therapist, return_inverse=True)[1], level, one)
    factors = {
        "one": [clients], "nested": [therapists, clients], "three": [clinics, therapists, clients],
        "crossed": [clients, therapists], "components": [clinics, clients, therapists],
        "cells": [clients, cells, therapists],
    }[name]  # fmt: skip
    roots = [np.tril(draw.normal(size=(f.size, f.size))) / 2 for f in factors]
    X = np.column_stack([np.ones(ROWS), x, draw.normal(size=ROWS)])
    return X, draw.normal(size=ROWS), factors, roots
