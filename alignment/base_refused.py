"""The error of all that makes a base model ready."""


class BaseModelUnavailable(RuntimeError):
    """The base model cannot be had; one line that says what to do."""
