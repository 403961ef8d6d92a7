"""Where records came from, and what was left out of them on the way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Left:
    """One line of the ledger: what was left out, why, and how much of it.

    ``sessions``: how many of the rows are attended sessions; by default all of them.
    """

    reason: str
    rows: int
    courses: int = 0
    sessions: int | None = None

    @property
    def attended(self) -> int:
        """How many attended sessions were left out."""
        return self.rows if self.sessions is None else self.sessions


@dataclass(frozen=True)
class Origin:
    """Where the rows came from, and which of them were left out on the way.

    Attributes
    ----------
    source
        Name of the file (never its folder) or ``"simulation"``.
    digest
        SHA-256 of the file, or empty.
    rows_read
        Rows in the file.
    ledger
        What was left out, in order.
    notes
        Choices made in reading that a reader must know, one sentence each.
    """

    source: str = ""
    digest: str = ""
    rows_read: int = 0
    ledger: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()
