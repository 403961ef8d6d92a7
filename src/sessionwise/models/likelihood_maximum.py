"""The maximum of the likelihood of a generalised linear model, or why there is none."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import statsmodels.api as sm
from scipy import optimize

from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.errors import Refused
from sessionwise.models.fit import Health
from sessionwise.models.formulas import Design

FLAT = 1e-8
"""A fit converged if no slope of the log-likelihood exceeds this, per standard error."""

LINKS = {
    "binomial": {
        "logit": sm.families.links.Logit,
        "cloglog": sm.families.links.CLogLog,
        "probit": sm.families.links.Probit,
    },
    "gaussian": {"identity": sm.families.links.Identity},
    "poisson": {"log": sm.families.links.Log},
}
FAMILIES = {
    "binomial": sm.families.Binomial,
    "gaussian": sm.families.Gaussian,
    "poisson": sm.families.Poisson,
}


@dataclass(frozen=True, eq=False)
class Maximum:
    """What is known at the maximum of the likelihood.

    Derivative and bread are in orthogonal columns of one length, so that no unit and no far-off
    zero point costs digits; ``back`` takes coefficients in these to the terms of the model.

    Attributes
    ----------
    estimate
        Coefficients of the terms, shape (p,).
    derivative
        ∂μ/∂(orthogonal coefficients), shape (n, p).
    variance
        V(μ), shape (n,).
    residual
        y − μ, shape (n,).
    bread
        Inverse expected information of the orthogonal coefficients at dispersion 1, shape (p, p).
    back
        Shape (p, p).
    loglik, health
        As in a `Fit`; the gradient is per standard error of an orthogonal coefficient.
    """

    estimate: np.ndarray
    derivative: np.ndarray
    variance: np.ndarray
    residual: np.ndarray
    bread: np.ndarray
    back: np.ndarray
    loglik: float
    health: Health


def maximum(made: Design, family: str, link: str) -> Maximum:
    """Find the maximum with statsmodels, then by Fisher scoring of our own until it is flat.

    Raises
    ------
    Refused
        Terms tell ones from zeros without error, or the likelihood is not flat in the end.
    """
    basis, triangle = orthogonal(made.matrix)
    model = sm.GLM(made.response, basis, family=FAMILIES[family](LINKS[family][link]()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = model.fit(maxiter=200, tol=1e-12, tol_criterion="params")
        except (np.linalg.LinAlgError, ValueError) as error:
            _refuse_separation(made, family)
            raise Refused(
                f"The model of `{made.outcome}` could not be computed ({error}). "
                "Look at the range of its columns, or take simpler terms."
            ) from error
    found = _polished(model, np.asarray(result.params, float), np.linalg.inv(triangle))
    gradient = found.health.gradient
    extreme = family == "binomial" and _nearly_certain(made.response - found.residual)
    if extreme or not found.health.converged:
        _refuse_separation(made, family)
    if not found.health.converged:
        raise Refused(
            f"The model of `{made.outcome}` did not converge: the log-likelihood still changes by "
            f"{gradient:.1e} per standard error. Take simpler terms."
        )
    said = (" ".join(str(warning.message).split()) for warning in caught)
    health = replace(
        found.health,
        evaluations=int(result.fit_history["iteration"]),
        warnings=tuple(dict.fromkeys(said)),
    )
    return replace(found, health=health)


def _nearly_certain(mean: np.ndarray) -> bool:
    return bool((np.minimum(mean, 1 - mean) < 1e-7).any())


def _polished(model: sm.GLM, estimate: np.ndarray, back: np.ndarray, most: int = 20) -> Maximum:
    """Fisher scoring from where statsmodels stopped, until steps are rounding."""
    y, X, family = model.endog, model.exog, model.family
    with np.errstate(all="ignore"):
        for step in range(most + 1):
            linear = X @ estimate
            mean = family.link.inverse(linear)
            variance = family.variance(mean)
            derivative = X * family.link.inverse_deriv(linear)[:, None]
            weighted = derivative / variance[:, None]
            bread = _inverse(derivative.T @ weighted)
            score = weighted.T @ (y - mean)
            gaussian = isinstance(family, sm.families.Gaussian)
            dispersion = float(np.mean((y - mean) ** 2)) if gaussian else 1.0
            gradient = float(np.max(np.abs(score) * np.sqrt(np.diag(bread) / dispersion)))
            if gradient < 1e-12 or not np.isfinite(gradient) or step == most:
                break
            estimate = estimate + bread @ score
        loglik = float(family.loglike(y, mean, scale=dispersion))
    return Maximum(
        estimate=back @ estimate,
        derivative=derivative,
        variance=variance,
        residual=y - mean,
        bread=bread,
        back=back,
        loglik=loglik,
        health=Health(bool(gradient < FLAT), gradient=gradient, optimiser="IRLS, Fisher scoring"),
    )


def _inverse(information: np.ndarray) -> np.ndarray:
    """Inverse of the information; of nan where there is none, as under separation."""
    if not np.isfinite(information).all():
        return np.full_like(information, np.nan)
    return np.linalg.pinv(information, hermitian=True)


def _refuse_separation(made: Design, family: str) -> None:
    """Refuse if some combination of terms tells all ones from all zeros.

    Then estimates run off to infinity. The combination, if there is one, solves a linear
    programme: no row on the wrong side, as much distance as fits (Konis 2007, Linear programming
    algorithms for detecting separated data in binary logistic regression models, DPhil thesis,
    University of Oxford).
    """
    if family != "binomial":
        return
    basis, triangle = orthogonal(made.matrix)
    sides = basis * (2 * made.response - 1)[:, None]
    found = optimize.linprog(
        -sides.mean(axis=0), A_ub=-sides, b_ub=np.zeros(len(sides)), bounds=(-1, 1)
    )
    if found.status == 0 and -found.fun > 1e-6:
        shares = np.abs(np.linalg.solve(triangle, found.x)) * np.ptp(made.matrix, axis=0)
        guilty = [t for t, share in zip(made.terms, shares) if share > 1e-6 * shares.max()]
        raise Refused(
            f"{', '.join(f'`{term}`' for term in guilty)} tells the ones of `{made.outcome}` from "
            "the zeros without error (separation), so that there is no finite estimate. Leave "
            "the term out, or join categories in which all or none happened."
        )
