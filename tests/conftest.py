"""What every test may use."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path += [
    str(ROOT / "tests" / folder) for folder in ("architecture", "spec", "recovery", "oracles")
]
