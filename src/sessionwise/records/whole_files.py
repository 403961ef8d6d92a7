"""Whole files: read once, to their end, or refused with the reason and what to do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sessionwise.errors import InvalidInput, Problem

LARGEST = 2 * 1024**3
"""Bytes a file may have: two gigabytes hold tens of millions of sessions."""
KINDS = {
    stat.S_IFDIR: ("is a folder", "Name the file in it."),
    stat.S_IFIFO: ("is a pipe, not a file", "Save what comes out of it as a file."),
    stat.S_IFCHR: ("is a device, not a file", "Name a file."),
    stat.S_IFBLK: ("is a device, not a file", "Name a file."),
    stat.S_IFSOCK: ("is a socket, not a file", "Name a file."),
}
"""What is no file: opening some of these would wait for ever, or read without end."""


def content_of(path: Path, absent: Problem | None = None) -> bytes:
    """Read the whole file once.

    Parameters
    ----------
    path
        The file; links are followed.
    absent
        What to say where it is not there.

    Raises
    ------
    InvalidInput
        Not there, not a file, too large, not to be read, with a name that is no text, or replaced,
        cut off or written on while it was read.

    Examples
    --------
    >>> content_of(Path("/"))
    Traceback (most recent call last):
    ...
    sessionwise.errors.InvalidInput: 1 problem in /:
      1. / is a folder. Name the file in it.
    """
    try:
        name_of(path).encode("utf-8")
        found = path.stat()
        kind = KINDS.get(stat.S_IFMT(found.st_mode))
        if kind:
            raise unreadable(path, *kind)
        if found.st_size > LARGEST:
            remedy = "Export fewer columns or years, or part it by clinic."
            raise unreadable(path, f"is larger than {LARGEST // 1024**3} GB", remedy)
        content = path.read_bytes()
        if _state(path.stat()) != _state(found):
            remedy = "Try again when nothing writes to it any more."
            raise unreadable(path, "changed while it was being read", remedy)
        return content
    except UnicodeEncodeError:
        raise unreadable(path, "has a name that is not UTF-8", "Rename the file.") from None
    except FileNotFoundError:
        if absent:
            raise InvalidInput([absent], name_of(path)) from None
        raise unreadable(path, "is not there", "Check the name and the folder.") from None
    except PermissionError:
        remedy = "Ask for permission, or copy it."
        raise unreadable(path, "may not be read by you", remedy) from None
    except MemoryError:
        raise unreadable(path, "does not fit into memory", "Part it, e.g. by clinic.") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        remedy = "Copy it to a disk of this machine, and name the copy."
        raise unreadable(path, f"could not be read: {said}", remedy) from None


def refuse_absent(path: Path) -> None:
    """Refuse a file that is not there, before anything else is looked for.

    Raises
    ------
    InvalidInput
        There is no file of this name.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        raise unreadable(path, "is not there", "Check the name and the folder.") from None
    except OSError:
        return  # whoever reads it will say why it cannot be read


def _state(found: os.stat_result) -> tuple[int, int, int]:
    """Give what changes when a file is replaced, cut off or written on."""
    return found.st_ino, found.st_size, found.st_mtime_ns


def name_of(path: Path) -> str:
    """Give the name of a file, also of one named by where it is.

    Examples
    --------
    >>> name_of(Path("data/visits.csv"))
    'visits.csv'
    """
    return path.name or path.absolute().name or str(path.absolute())


def unreadable(path: Path, found: str, remedy: str, where: str = "") -> InvalidInput:
    """Say of a file why it cannot be read, by its name alone."""
    name = name_of(path)
    return InvalidInput([Problem(f"{name} {found}", where, remedy)], name)
