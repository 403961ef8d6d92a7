"""Writing: files appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from sessionwise.records.sessions import Sessions

MADE = ("course", "sessions_so_far", "decided", "due")


def write_text(path: Path, text: str) -> None:
    r"""Write text as UTF-8 with ``\n``, beside the place and then moved into it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as beside:
        beside.write(text)
    Path(beside.name).chmod(0o666 & ~_umask())
    Path(beside.name).replace(path)


def _umask() -> int:
    """Give the user's mask for new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def simulated_export(s: Sessions) -> str:
    """Give a simulated clinic as the export a service might make, stamped SYNTHETIC in each row."""
    alone = s.table["clinic"].nunique() == 1
    came = bool(s.attended.all())
    left_out = [*MADE, *["clinic"] * alone, *["appointment", "attendance"] * came]
    frame = s.frame.drop(columns=left_out)
    ongoing = frame["ending"].astype("str") == "ongoing"
    frame["ending"] = frame["ending"].astype("str").mask(ongoing, "")
    return stamped(frame)


def stamped(frame: pd.DataFrame) -> str:
    """Give simulated rows as CSV, stamped SYNTHETIC in each."""
    frame = frame.copy(deep=False)
    for name in frame.select_dtypes("datetime"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%d")
    frame.insert(0, "stamp", "SYNTHETIC")
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.10g")
