"""Prints docs/cli.md out of the commands themselves: `python deploy/cli_page.py > docs/cli.md`."""

import sys

import click
import typer.main

from feedback_app.cli import app

HEAD = """# Command line

Exit codes: 0 done, 2 wrong use, 1 failed. Errors are one line that says what to do.
Made by `python deploy/cli_page.py > docs/cli.md`; a test holds it against the code.

"""


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join(_described(typer.main.get_command(app), "codelynn"))


def _described(command: click.Command, name: str) -> list[str]:
    if isinstance(command, click.Group):
        return [
            line for child, sub in command.commands.items() for line in _described(sub, f"{name} {child}")
        ]
    context = click.Context(command)
    lines = [f"## `{name}`", "", (command.help or "").replace("\n", " ").strip(), ""]
    rows = [
        f"| `{', '.join(param.opts)}` | {_default(param)} | {getattr(param, 'help', '') or ''} |"
        for param in command.get_params(context)
        if param.name != "help"
    ]
    return lines + (["| | default | |", "| --- | --- | --- |", *rows, ""] if rows else [])


def _default(param: click.Parameter) -> str:
    if param.required:
        return "needed"
    return f"`{param.default}`" if param.default not in (None, "", False, [], ()) else ""


if __name__ == "__main__":
    sys.stdout.write(page())
