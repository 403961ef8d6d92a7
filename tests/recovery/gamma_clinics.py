"""Draws clinics whose therapists share a frailty, and fits it as gamma and as normal.

Run from the project's root:  python tests/recovery/gamma_clinics.py
It writes tests/recovery/results/cox_gamma.csv: 200 clinics for each regime.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from cox_clinics import EFFECT, drawn
from scipy import stats

import sessionwise as sw
from sessionwise.engine.shared_frailty import highest
from sessionwise.models.cox_deviations import QUARTER

CLINICS, FIRST = 200, 3
HERE = Path(__file__).parent / "results/cox_gamma.csv"
PLAIN = {"therapists": 30, "clients": 20, "shape": "gamma"}
REGIMES = {
    "gamma": {**PLAIN, "variance": 0.3},
    "gamma, on the clock of sessions": {**PLAIN, "variance": 0.3, "ties": True},
    "gamma, large": {**PLAIN, "variance": 1.0},
    "gamma, few therapists": {"therapists": 8, "clients": 40, "shape": "gamma", "variance": 0.3},
    "gamma, many therapists": {"therapists": 100, "clients": 5, "shape": "gamma", "variance": 0.3},
    "normal": {**PLAIN, "shape": "normal", "variance": 0.3},
    "normal, large": {**PLAIN, "shape": "normal", "variance": 1.0},
    "no difference": {**PLAIN, "variance": 0.0},
}


def asked(frame, variance):
    """Fit both frailties, and give what each says."""
    times = {"start": "start", "stop": "stop"}
    fits = {
        how: sw.cox("left ~ x + (1 | therapist)", frame, **times, frailty=how)
        for how in ("gamma", "normal")
    }
    gamma, terms = fits["gamma"], {how: fit.term("x") for how, fit in fits.items()}
    zero = bool(gamma.health.dropped)
    held, ratio = np.nan, 1.0
    if not zero:  # a variance lies inside the limits if the likelihood does not contradict it
        there = highest(gamma.model, variance, gamma.frailty.at).integrated
        held = 2 * (gamma.loglik - there) <= stats.chi2.ppf(0.95, 1)
        ratio = stats.f.ppf(0.75, *[2 / gamma.frailty.theta] * 2)
    spread = 0.0 if fits["normal"].health.dropped else np.sqrt(fits["normal"].frailty.theta)
    return {
        "estimate": terms["gamma"]["estimate"],
        "std_error": terms["gamma"]["std_error"],
        "held": terms["gamma"]["low"] <= EFFECT <= terms["gamma"]["high"],
        "normal_estimate": terms["normal"]["estimate"],
        "normal_held": terms["normal"]["low"] <= EFFECT <= terms["normal"]["high"],
        "theta": 0.0 if zero else gamma.frailty.theta,
        "theta_held": held,
        "zero": zero,
        "p_therapists": 1.0 if zero else gamma.test("(1 | therapist)").p,
        "ratio": ratio,
        "normal_ratio": np.exp(QUARTER * spread),
    }


def line(name, clinics=CLINICS):
    """Draw the clinics of one regime, and sum up what was found."""
    regime = REGIMES[name]
    found = pd.DataFrame(
        [asked(drawn(seed, **regime), regime["variance"]) for seed in range(clinics)]
    )
    told = found["theta_held"].dropna().astype(float)  # of those whose variance is not zero
    return {
        "regime": name,
        "clinics": len(found),
        "bias": found["estimate"].mean() - EFFECT,
        "monte_carlo_error": found["estimate"].std() / np.sqrt(len(found)),
        "mean_std_error": found["std_error"].mean(),
        "sd_of_estimates": found["estimate"].std(),
        "coverage": found["held"].mean(),
        "bias_by_normal": found["normal_estimate"].mean() - EFFECT,
        "coverage_by_normal": found["normal_held"].mean(),
        "theta": regime["variance"],
        "mean_theta": found["theta"].mean(),
        "theta_error": found["theta"].std() / np.sqrt(len(found)),
        "theta_coverage": told.mean() if regime["shape"] == "gamma" else np.nan,
        "share_zero": found["zero"].mean(),
        "therapists_differ": (found["p_therapists"] < 0.05).mean(),
        "mean_ratio": found["ratio"].mean(),
        "mean_ratio_by_normal": found["normal_ratio"].mean(),
        "first_estimate": found["estimate"].head(FIRST).mean(),
        "first_theta": found["theta"].head(FIRST).mean(),
    }


if __name__ == "__main__":
    pd.DataFrame([line(name) for name in REGIMES]).round(5).to_csv(HERE, index=False)
