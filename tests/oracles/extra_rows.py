"""Rows that are not ours to ship, read from the folder that SESSIONWISE_EXTRA_DATA names."""

import os
from pathlib import Path

import pandas as pd
import pytest


def extra_file(file):
    """Path of ``file`` in that folder; the test is skipped, by name, where it is not there."""
    folder = os.environ.get("SESSIONWISE_EXTRA_DATA", "")
    path = Path(folder) / file
    if not folder or not path.is_file():
        pytest.skip(f"SESSIONWISE_EXTRA_DATA names no folder with {file}")
    return path


def extra_rows(file, **reading):
    """Rows of ``file``, read as pandas reads a CSV with ``reading``."""
    return pd.read_csv(extra_file(file), **reading)
