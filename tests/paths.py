"""Where the tests find the project and their data."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DATA = PROJECT / "tests" / "data"
SHAPES = DATA / "shapes"
"""Small files in the shapes of public data sets."""
