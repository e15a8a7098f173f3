"""The command line. Exit codes: 0 done, 2 wrong use, 1 failed; errors are one line that says what to do.

A command's module is imported when the command runs, not when it is listed, so `--help` and mistakes are fast.
"""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from feedback_app import __version__
from feedback_app.domain.text_rules import text_fault

Function = Callable[..., object]


class Deferred(TyperCommand):
    """A command that is listed by name and help and imported when it runs."""

    def __init__(self, name: str, module: str, function: str, help: str) -> None:
        super().__init__(name=name, help=help, rich_markup_mode=None)
        self._module, self._function = module, function

    def imported(self) -> TyperCommand | TyperGroup:
        """The command itself, or the module's group of commands."""
        module = import_module(f"feedback_app.commands.{self._module}")
        if not self._function:
            group: typer.Typer = module.app
            group.rich_markup_mode = None
            command = typer.main.get_group(group)
        else:
            function: Function = vars(module)[self._function]
            alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            alone.command(self.name)(function)
            command = cast(Any, typer.main.get_command(alone))
        command.name, command.help = self.name, command.help or self.help
        _settle_flags(command)
        return cast(TyperCommand | TyperGroup, command)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return self.imported().make_context(info_name, args, parent=parent, **extra)


def _settle_flags(command: Any) -> None:
    """Set the default of flags such as `--help` to false. Otherwise Typer imports pydantic to find it."""
    for param in command.get_params(typer.Context(command)):
        if isinstance(param, TyperOption) and param.is_flag and param.default is None:
            param.default = False
    if isinstance(command, TyperGroup) and not isinstance(command, Codelynn):
        for sub in command.commands.values():
            _settle_flags(sub)


class Codelynn(TyperGroup):
    """All commands. Errors are one line."""

    available_commands: ClassVar[tuple[tuple[str, str, str, str], ...]] = (
        ("up", "serve", "up", "Start everything on this machine and print the address; Ctrl-C stops it."),
        ("serve", "serve", "serve", "Start only the web service, without Redis, workers and Argilla."),
        ("migrate", "serve", "migrate", "Bring the database's tables up to date."),
        ("status", "status", "status", "Show what is running and whether it answers."),
        ("doctor", "status", "doctor", "Check this machine, and say how to fix what is missing."),
        ("chat", "chat", "chat", "Chat on the terminal."),
        ("import", "data", "import_", "Import a dataset."),
        ("export", "data", "export", "Export the preference dataset."),
        ("round", "rounds", "", "Train: queue, watch, cancel or resume a round."),
        ("checkpoint", "checkpoints", "", "List the trained versions, promote one, roll back."),
        ("leaderboard", "leaderboard", "leaderboard", "Show the leaderboard."),
        ("rankings", "rankings", "", "Find, exclude or delete rankings."),
        ("reward", "reward", "", "Train a reward model, evaluate it, score replies."),
        ("snapshots", "snapshots", "", "Show the data that rounds were trained on, and what is new since."),
        ("argilla", "argilla", "", "Argilla: its address, its users, sending everything again."),
        ("label-studio", "label_studio", "", "Label Studio: run it, exchange rankings with it."),
    )
    """Name, module, function (none: a group of commands), help."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, module, function, help in self.available_commands:
            self.add_command(Deferred(name, module, function, help), name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _settle_flags(self)
        return super().parse_args(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **more: Any,
    ) -> Any:
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **more)
        except typer.Abort:
            sys.exit(1)
        except typer.TyperException as error:
            message = error.format_message()
            is_help = message.startswith("Usage:")  # a group without a command
            print(message if is_help else f"codelynn: {message.rstrip('.')}. See --help.", file=sys.stderr)
            sys.exit(error.exit_code)
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else 0)
        return code


app = typer.Typer(
    cls=Codelynn,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="codeLynn: a chatbot that learns to talk like you. Rank replies, chat, train, export.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"codelynn {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def _argument_fault(arguments: Sequence[str]) -> str | None:
    """Which argument is not UTF-8 text, if any. Python decodes other bytes as surrogates. The name of an existing file may hold them."""
    for number, argument in enumerate(arguments, start=1):
        if text_fault(argument) and not Path(argument).exists():
            return f"argument {number} holds bytes that are not UTF-8"
    return None


def main() -> None:
    if fault := _argument_fault(sys.argv[1:]):
        typer.echo(f"codelynn: {fault}", err=True)
        sys.exit(2)
    app(prog_name="codelynn")


if __name__ == "__main__":
    main()
