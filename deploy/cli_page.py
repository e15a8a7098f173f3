"""Prints docs/cli.md from the commands: `python deploy/cli_page.py > docs/cli.md`."""

import sys

import typer.main
from typer.core import TyperCommand, TyperGroup

from feedback_app.cli import Deferred, app

HEAD = """# Command line

Exit codes: 0 done, 2 wrong use, 1 failed. Errors are one line that says what to do.
Commands talk to the service that uses the data folder CODELYNN_HOME. If no service runs, all commands but `chat` work on that folder directly and
say so. You can shorten an id to its first characters. `codelynn --install-completion` sets up completion in your shell.
`python deploy/cli_page.py > docs/cli.md` makes this page; a test compares it with the code.

"""


def page(hidden: bool = False) -> str:
    """The whole page. `hidden` includes commands under their old names."""
    return HEAD + "\n".join(_described(typer.main.get_command(app), "codelynn", hidden))


def _described(command: TyperCommand | TyperGroup, name: str, hidden: bool) -> list[str]:
    if isinstance(command, Deferred):
        return _described(command.imported(), name, hidden)
    if isinstance(command, TyperGroup):
        return [
            line
            for child, sub in command.commands.items()
            if hidden or not sub.hidden
            for line in _described(sub, f"{name} {child}", hidden)
        ]
    lines = [f"## `{name}`", "", (command.help or "").replace("\n", " ").strip(), ""]
    rows = [
        f"| `{', '.join(param.opts)}` | {_default(param.required, param.default)} | {getattr(param, 'help', '') or ''} |"
        for param in command.params
    ]
    return lines + (["| | default | |", "| --- | --- | --- |", *rows, ""] if rows else [])


def _default(required: bool, default: object) -> str:
    if required:
        return "needed"
    return f"`{default}`" if default not in (None, "", False, [], ()) else ""


if __name__ == "__main__":
    sys.stdout.write(page())
