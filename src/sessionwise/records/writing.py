"""Writing: files appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sessionwise.records.sessions import Sessions

LEFT_OUT = ("clinic", "course", "appointment", "sessions_so_far", "attendance", "decided", "due")


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
    frame = s.frame.drop(columns=[name for name in LEFT_OUT if name != "clinic" or alone])
    ongoing = frame["ending"].astype("str") == "ongoing"
    frame["ending"] = frame["ending"].astype("str").mask(ongoing, "")
    frame["date"] = frame["date"].dt.strftime("%Y-%m-%d")
    frame.insert(0, "stamp", "SYNTHETIC")
    return frame.to_csv(index=False, lineterminator="\n")
