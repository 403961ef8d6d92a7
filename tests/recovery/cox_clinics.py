"""Draws clinics whose therapists share a frailty, and asks of each what is asked of a Cox fit.

Run from the project's root:  python tests/recovery/cox_clinics.py
It writes tests/recovery/results/cox_checks.csv: 400 clinics for each regime.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import sessionwise as sw

CLINICS, FIRST, EFFECT, LIMIT = 400, 3, 0.5, 20
HERE = Path(__file__).parent / "results/cox_checks.csv"
PROFILE, AT = pd.DataFrame({"x": [1.0]}), 5.0
REGIMES = {
    "plain": {"therapists": 30, "clients": 20, "variance": 0.3},
    "sessions": {"therapists": 30, "clients": 20, "variance": 0.3, "ties": True},
    "few therapists": {"therapists": 8, "clients": 40, "variance": 0.3},
    "many therapists, few clients": {"therapists": 100, "clients": 5, "variance": 0.3},
    "no difference": {"therapists": 30, "clients": 20, "variance": 0.0},
    "effect that fades": {"therapists": 30, "clients": 20, "variance": 0.0, "fades": True},
}


def drawn(seed, therapists, clients, variance, ties=False, fades=False, shape="normal"):
    """Draw one clinic: x changes at every session; hazard 0.08 per session, times e^{0.5 x + b}.

    ``variance`` is that of b if ``shape`` is ``"normal"``, and of e^b if it is ``"gamma"``.
    """
    random = np.random.default_rng([1987, seed])
    b = np.sqrt(variance) * random.normal(size=therapists)
    if shape == "gamma" and variance:
        b = np.log(random.gamma(1 / variance, variance, therapists))
    rows = []
    for therapist in range(therapists):
        for client in range(clients):
            own = random.normal()
            for session in range(LIMIT):
                x = own / np.sqrt(2) + random.normal() / np.sqrt(2)
                effect = 2 * EFFECT * (session < LIMIT / 4) if fades else EFFECT
                wait = random.exponential() / (0.08 * np.exp(effect * x + b[therapist]))
                until = session + (1.0 if ties else min(wait, 1.0))
                left = int(wait < 1)
                rows.append((therapist * clients + client, therapist, session, until, left, x))
                if left or random.random() < 0.03:
                    break
    return pd.DataFrame(rows, columns=["client", "therapist", "start", "stop", "left", "x"])


def asked(frame):
    """Fit with and without the frailty, and give what each says."""
    times = {"start": "start", "stop": "stop"}
    plain = sw.cox("left ~ x", frame, **times)
    shared = sw.cox("left ~ x + (1 | therapist)", frame, **times)
    term = shared.term("x")
    curve = plain.curves(PROFILE).estimates
    there = curve[curve["time"] <= AT].iloc[-1]
    zero = bool(shared.health.dropped)
    return {
        "estimate": term["estimate"],
        "std_error": term["std_error"],
        "held": term["low"] <= EFFECT <= term["high"],
        "theta": 0.0 if zero else shared.frailty.theta,
        "zero": zero,
        "p_therapists": 1.0 if zero else shared.test("(1 | therapist)").p,
        "p_proportional": plain.proportional()["p"].iloc[0],
        "p_proportional_shared": shared.proportional()["p"].iloc[0],
        "plain_estimate": plain.term("x")["estimate"],
        "curve_held": there["low"] <= np.exp(-0.08 * AT * np.exp(EFFECT)) <= there["high"],
        "concordance": plain.concordance("client")["estimate"],
    }


def summary(name, found):
    """Put one regime into a line."""
    error = found["estimate"].std() / np.sqrt(len(found))
    return {
        "regime": name,
        "clinics": len(found),
        "bias": found["estimate"].mean() - EFFECT,
        "monte_carlo_error": error,
        "bias_without_frailty": found["plain_estimate"].mean() - EFFECT,
        "mean_std_error": found["std_error"].mean(),
        "sd_of_estimates": found["estimate"].std(),
        "coverage": found["held"].mean(),
        "theta": REGIMES[name]["variance"],
        "mean_theta": found["theta"].mean(),
        "share_zero": found["zero"].mean(),
        "therapists_differ": (found["p_therapists"] < 0.05).mean(),
        "not_proportional": (found["p_proportional"] < 0.05).mean(),
        "not_proportional_shared": (found["p_proportional_shared"] < 0.05).mean(),
        "curve_coverage": found["curve_held"].mean(),
        "mean_concordance": found["concordance"].mean(),
        "first_estimate": found["estimate"].head(FIRST).mean(),
        "first_theta": found["theta"].head(FIRST).mean(),
    }


def line(name, clinics=CLINICS):
    """Draw the clinics of one regime, and sum up what was found."""
    found = [asked(drawn(seed, **REGIMES[name])) for seed in range(clinics)]
    return summary(name, pd.DataFrame(found))


if __name__ == "__main__":
    pd.DataFrame([line(name) for name in REGIMES]).round(5).to_csv(HERE, index=False)
