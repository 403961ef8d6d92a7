"""Writes data/README.md from the codebooks; `make tidy` runs it and a test holds them equal."""

from pathlib import Path

from sessionwise.records.codebook import Codebook
from sessionwise.records.dictionary import data_dictionary

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
# The data, and what each column is

Made from the codebooks by `make tidy`; do not edit. A column is described by the same rule that
checks it when the records are read, and a broken rule is said by `sessionwise check`.

Two data sets lie here, and no record of any real clinic:

- `clinic/` is **synthetic**: every row of its files carries the stamp SYNTHETIC, and `truth.toml`
  holds the effects it was made with, each with its equation, clock, scale and source. It may be
  used as freely as the code. Beside the export lie what no service would have: `therapists.csv`
  (each one's true empathy, countertransference and other effects), `events.csv` (the ruptures,
  repairs, sudden gains and changes of therapist that truly happened, by session) and
  `interviews.csv` (coded segments, tied to them; nobody said their sentences).
- `beat-the-blues/` is a **real** trial in a public excerpt, under a licence of its own, the GPL-2.
  It is kept apart from the code for that reason, and neither the wheel nor the source distribution
  holds it.
"""
DATA_SETS = {
    "clinic": "The synthetic clinic: one row per scheduled appointment of two teams",
    "beat-the-blues": "Beat the Blues: one row per client, read as one row per client and time",
}


def readme() -> str:
    parts = [HEAD]
    for folder, title in DATA_SETS.items():
        book = Codebook.load(ROOT / "data" / folder / "codebook.toml")
        parts.append(f"## `{folder}/`\n\n{title}.\n\n{data_dictionary(book)}")
    return "\n".join(parts)


if __name__ == "__main__":
    (ROOT / "data" / "README.md").write_text(readme(), encoding="utf-8", newline="\n")
