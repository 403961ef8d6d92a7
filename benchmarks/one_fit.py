"""One timed fit of `sw.mixed` or `sw.cox` in a process of its own; prints one line of JSON.

``python one_fit.py DATA SMALL FORMULA DRAWS OPTIONS``: an untimed fit to SMALL imports everything,
then the fit to DATA is timed (DRAWS 0), or so many parametric bootstrap draws from it. OPTIONS are
JSON; ``verb`` among them names another word than ``mixed``. Memory is the peak while it ran above
what was resident when the data were loaded.
"""

import ctypes
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import sessionwise as sw
from sessionwise.errors import SessionwiseError


def resident(line: str) -> float:
    """Give a line of the process's status, ``VmRSS`` or ``VmHWM`` (its peak), in MB."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split(f"{line}:")[1].split()[0]) / 1024


def measured(run: Callable) -> tuple[object, dict]:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    loaded = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", "utf-8")
    begun = time.perf_counter()
    found = run()
    seconds = time.perf_counter() - begun
    return found, {"seconds": round(seconds, 4), "mb": round(resident("VmHWM") - loaded, 1)}


def main(data: str, small: str, formula: str, draws: str, options: str) -> None:
    given = json.loads(options)
    fitted = getattr(sw, given.pop("verb", "mixed"))
    fitted(formula, pd.read_parquet(small), **given)
    frame = pd.read_parquet(data)
    fit, cost = measured(lambda: fitted(formula, frame, **given))
    if int(draws):
        _, cost = measured(lambda: sw.bootstrap(fit, draws=int(draws), seed=1))
    said = {"loglik": float(fit.loglik), "messages": [str(fit.health)] * (not fit.health.sound)}
    print(json.dumps({**cost, **said, "rows": fit.rows.used}))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except SessionwiseError as refusal:
        sys.exit(f"{type(refusal).__name__}: {refusal}")
