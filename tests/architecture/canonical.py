"""Puts the committed notebooks into their canonical form; `make tidy` runs it."""

from pathlib import Path

from sessionwise.reporting.canonical import make_canonical

ROOT = Path(__file__).resolve().parents[2]


def notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").rglob("*.ipynb"))


if __name__ == "__main__":
    for path in notebooks():
        make_canonical(path)
