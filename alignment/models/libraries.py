"""The versions of the training libraries, read without an import: torch alone takes 200 MB of memory."""

from importlib.metadata import version

LIBRARIES = ("torch", "transformers", "trl", "peft", "ctranslate2")


def library_versions() -> dict[str, str]:
    """The versions that made a checkpoint."""
    return {name: version(name) for name in LIBRARIES}
