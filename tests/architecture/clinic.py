"""Draws the committed clinic from its truth; `make tidy` runs it and a test holds them equal."""

from pathlib import Path

from sessionwise.records.simulation import simulated_clinic
from sessionwise.records.truth import Truth
from sessionwise.records.truth_toml import truth_in_toml
from sessionwise.records.writing import simulated_export, stamped
from sessionwise.study.study import Study

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "data" / "clinic"
CODEBOOK = ROOT / "src" / "sessionwise" / "records" / "simulated" / "codebook.toml"


def files() -> dict[str, str]:
    """Give every file of the committed clinic, made of the values in truth.toml and the seed."""
    truth = Truth.load(FOLDER / "truth.toml")
    drawn = simulated_clinic(truth, Study.load(ROOT / "studies" / "clinic.toml").seed)
    return {
        "truth.toml": truth_in_toml(truth),
        "codebook.toml": CODEBOOK.read_text(encoding="utf-8"),
        "sessions.csv": simulated_export(drawn.sessions),
        "therapists.csv": stamped(drawn.therapists),
        "events.csv": stamped(drawn.events),
        "interviews.csv": stamped(drawn.interviews),
    }


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
