"""The parts of the embedded Argilla that need nothing but Python are tested here, in the main environment."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "deploy" / "argilla"))
