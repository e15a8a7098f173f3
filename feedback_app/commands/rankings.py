"""`codelynn rankings`: find rankings again, take them out, bring them back, delete them."""

from typing import Annotated

import typer

from feedback_app.commands.running import opened, out, told
from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.domain.wanted import VERDICTS, Wanted

app = typer.Typer(no_args_is_help=True, help="Find rankings again, take them out, delete them.")
Ids = Annotated[list[str], typer.Argument(help="Ids of comparisons, as `find` prints them.")]


@app.command()
def find(
    words: Annotated[str, typer.Argument(help="In prompts, replies, notes and rewrites, in any case.")] = "",
    verdict: Annotated[str, typer.Option(help=f"{', '.join(VERDICTS)}.")] = "",
    source: Annotated[str, typer.Option(help="Where it comes from: arena, api, argilla, import:trl, …")] = "",
    version: Annotated[str, typer.Option(help="A version that wrote one of the replies.")] = "",
    tag: Annotated[str, typer.Option(help="A tag.")] = "",
    differs: Annotated[
        bool, typer.Option("--differs", help="Pairs that came back and were judged otherwise.")
    ] = False,
) -> None:
    """Print the ids of comparisons with all of this, newest first."""
    with told():
        kind = next((name for name in ("", *VERDICTS) if name == verdict), None)
        if kind is None:
            raise InvalidPrompt(f"there is no verdict {verdict!r}: choose one of {', '.join(VERDICTS)}")
        wanted = Wanted(words=words, verdict=kind, source=source, version=version, tag=tag, differs=differs)
        with opened() as services:
            for name in services.curation.ids(wanted):
                out.print(name, markup=False)


@app.command("take-out")
def take_out(ids: Ids) -> None:
    """Their verdicts no longer count, but are kept."""
    with told(), opened() as services:
        out.print(f"taken out: {len(services.curation.take_out(ids))}")


@app.command("bring-back")
def bring_back(ids: Ids) -> None:
    """The very same verdicts count again."""
    with told(), opened() as services:
        out.print(f"brought back: {len(services.curation.bring_back(ids))}")


@app.command()
def delete(
    ids: Ids, yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False
) -> None:
    """Delete prompts, replies and verdicts for good, at the desks too; also of the same pairs where they came back."""
    with told(), opened() as services:
        going = services.curation.deletion(ids)
        if not yes and not typer.confirm(f"Delete {len(going)} comparisons for good?"):
            raise typer.Exit(1)
        out.print(f"deleted: {len(services.curation.delete(ids))}")
