"""The command line. Exit codes: 0 done, 2 wrong use, 1 failed; errors are one line that says what to do."""

import sys

import typer

from feedback_app.commands import (
    argilla,
    chat,
    checkpoints,
    data,
    label_studio,
    leaderboard,
    operate,
    rankings,
    reward,
    rounds,
    snapshots,
)
from feedback_app.commands.arguments import unfit_argument

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="codeLynn: rank replies, chat, export the preference dataset, queue alignment rounds.",
)
for command in (
    operate.up,
    operate.serve,
    operate.migrate,
    operate.status,
    operate.doctor,
    chat.chat,
    data.export,
    leaderboard.leaderboard,
):
    app.command()(command)
app.command("import")(data.import_)
app.add_typer(argilla.app, name="argilla")
app.add_typer(label_studio.app, name="label-studio")
app.add_typer(rankings.app, name="rankings")
app.add_typer(rounds.app, name="round")
app.add_typer(reward.app, name="reward")
app.add_typer(checkpoints.app, name="checkpoint")
app.add_typer(snapshots.app, name="snapshots")


def main() -> None:
    if fault := unfit_argument(sys.argv[1:]):
        typer.echo(f"codelynn: {fault}", err=True)
        sys.exit(2)
    app()


if __name__ == "__main__":
    main()
