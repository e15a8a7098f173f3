"""Prints docs/settings.md from feedback_app/settings.py: `python deploy/settings_table.py > docs/settings.md`."""

import sys
from pathlib import Path

from feedback_app.settings import PROJECT, Settings

HEAD = """# Settings

Every setting is an environment variable. `make run` and `docker-compose.yml` use the same ones.
`python deploy/settings_table.py > docs/settings.md` makes this page; a test compares it with the code.

| setting | default | what it does |
| --- | --- | --- |
"""


def table() -> str:
    """The whole page."""
    rows = [
        f"| `CODELYNN_{name.upper()}` | {_shown(field.default)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return HEAD + "".join(rows)


def _shown(default: object) -> str:
    if isinstance(default, Path) and default.is_absolute():
        default = default.relative_to(PROJECT)
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{text}`" if text else "empty"


if __name__ == "__main__":
    sys.stdout.write(table())
