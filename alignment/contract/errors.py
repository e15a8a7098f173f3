"""Errors of rounds that cannot start. Each message is one line that says what to do and contains no text of the data."""


class RoundRefused(ValueError):
    """The round cannot start: its settings, its data or this machine do not fit."""


class InvalidConfig(RoundRefused):
    """A setting that does not exist or has a value that is not allowed."""


class InvalidSpec(RoundRefused):
    """A `spec.json` that is missing, broken or incomplete."""


class InvalidSnapshot(RoundRefused):
    """A snapshot that is incomplete, changed since it was written, or holds too little."""
