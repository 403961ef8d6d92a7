"""What is said when a notebook fails: which one, in which cell, and why."""

from __future__ import annotations

from collections.abc import Mapping

from sessionwise.errors import SessionwiseError

REMEDY = "Open the notebook in JupyterLab, run it down to that cell, and mend what it says."
MOST = 1200


class NotebookFailed(SessionwiseError):
    """A notebook did not run to its end, or ran and did not say what it must.

    Parameters
    ----------
    notebook
        Name of the notebook, e.g. ``"01-who-came"``.
    reason
        What went wrong, a sentence or the error's own words; cut at 1200 characters.
    cell
        Position of the cell in the notebook as committed, from 1; ``None`` if no one cell is to
        blame.
    heading
        The nearest heading above that cell, or empty.
    executed
        The notebook as far as it ran, in published form, or ``None``.
    remedy
        What to do, one sentence.

    Examples
    --------
    >>> print(NotebookFailed("01-who-came", "KeyError: 'srs'", cell=7, heading="Who came"))
    Notebook 01-who-came failed in cell 7, under "Who came": KeyError: 'srs'.
    Open the notebook in JupyterLab, run it down to that cell, and mend what it says.
    """

    def __init__(
        self,
        notebook: str,
        reason: str,
        *,
        cell: int | None = None,
        heading: str = "",
        executed: Mapping | None = None,
        remedy: str = REMEDY,
    ) -> None:
        self.notebook = notebook
        self.reason = reason if len(reason) <= MOST else reason[: MOST - 1] + "…"
        self.cell = cell
        self.heading = heading
        self.executed = executed
        self.remedy = remedy
        where = f" in cell {cell}" if cell else ""
        under = f', under "{heading}"' if heading else ""
        end = "" if self.reason.endswith((".", "!", "?", "…")) else "."
        super().__init__(f"Notebook {notebook} failed{where}{under}: {self.reason}{end}\n{remedy}")
