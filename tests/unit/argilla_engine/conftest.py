"""The parts of the embedded Argilla that need nothing but Python are tested here, in the main environment."""

import sys

from tests.paths import PROJECT

sys.path.insert(0, str(PROJECT / "deploy" / "argilla"))
