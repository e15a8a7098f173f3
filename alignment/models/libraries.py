"""The libraries that make a model, without importing them: torch alone holds 200 MB."""

from importlib.metadata import version

LIBRARIES = ("torch", "transformers", "trl", "peft", "ctranslate2")


def library_versions() -> dict[str, str]:
    """The versions that made a checkpoint."""
    return {name: version(name) for name in LIBRARIES}
