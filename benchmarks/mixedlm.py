"""One timed fit of statsmodels' MixedLM in a process of its own; prints one line of JSON.

``python mixedlm.py DATA SMALL FORMULA``: as one_fit.py. MixedLM takes clients within therapists as
variance components, so level and slope of a client cannot go together: a model with one parameter
less, and no crossed design.
"""

import json
import sys
import warnings
from importlib.metadata import version

import pandas as pd
import statsmodels.formula.api as smf
from one_fit import measured

CLIENTS = {"level": "0 + C(client)", "slope": "0 + C(client):session"}


def fitted(formula: str, frame: pd.DataFrame) -> object:
    fixed = formula.split(" + (")[0]
    return smf.mixedlm(fixed, frame, groups="therapist", vc_formula=CLIENTS).fit(reml=True)


def main(data: str, small: str, formula: str) -> None:
    warnings.simplefilter("ignore")
    fitted(formula, pd.read_parquet(small))
    frame = pd.read_parquet(data)
    fit, cost = measured(lambda: fitted(formula, frame))
    said = [] if fit.converged else ["it did not converge"]
    found = {"loglik": float(fit.llf), "rows": len(frame), "messages": said}
    print(json.dumps({**cost, **found, "versions": {"statsmodels": version("statsmodels")}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
