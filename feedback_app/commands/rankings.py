"""`codelynn rankings`: find rankings again, exclude them, include them again, delete them."""

from typing import Annotated

import typer

from feedback_app.commands.common import WrongUse, out, told
from feedback_app.domain.ranking_query import VERDICTS

app = typer.Typer(no_args_is_help=True)
Ids = Annotated[
    list[str], typer.Argument(help="Ids of comparisons, as `find` prints them, or how they begin.")
]


@app.command()
def find(
    words: Annotated[str, typer.Argument(help="In prompts, replies, notes and rewrites, in any case.")] = "",
    verdict: Annotated[str, typer.Option(help=f"{', '.join(VERDICTS)}.")] = "",
    source: Annotated[str, typer.Option(help="Where it comes from: arena, api, argilla, import:trl, …")] = "",
    version: Annotated[str, typer.Option(help="A version that wrote one of the replies.")] = "",
    tag: Annotated[str, typer.Option(help="A tag.")] = "",
    differs: Annotated[
        bool, typer.Option("--differs", help="Pairs that came back and were judged differently.")
    ] = False,
) -> None:
    """Print the ids of comparisons with all of this, newest first."""
    with told():
        if verdict and verdict not in VERDICTS:
            raise WrongUse(f"there is no verdict {verdict!r}: choose one of {', '.join(VERDICTS)}")
        wanted = {"words": words, "verdict": verdict, "source": source, "version": version, "tag": tag}
        from feedback_app.commands.client import connected

        with connected() as service:
            found = service.get("/rankings/ids", **wanted, differs=differs)
        for name in found["ids"]:
            out.print(name, markup=False)


@app.command("take-out")
def take_out(ids: Ids) -> None:
    """Exclude their rankings from training; they are kept."""
    with told():
        out.print(f"taken out: {len(_changed('take-out', ids))}")


@app.command("bring-back")
def bring_back(ids: Ids) -> None:
    """Include the very same rankings again."""
    with told():
        out.print(f"brought back: {len(_changed('bring-back', ids))}")


@app.command()
def delete(
    ids: Ids, yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False
) -> None:
    """Delete prompts, replies and rankings for good, at Argilla and Label Studio too. Pairs that were shown twice go both times."""
    with told():
        from feedback_app.commands.client import connected

        with connected() as service:
            going = service.post("/rankings/deletion", {"ids": ids})["ids"]
            if not yes and not typer.confirm(f"Delete {len(going)} comparisons for good?"):
                raise typer.Exit(1)
            out.print(f"deleted: {len(service.post('/rankings/delete', {'ids': ids})['ids'])}")


def _changed(what: str, ids: list[str]) -> list[str]:
    from feedback_app.commands.client import connected

    with connected() as service:
        return list(service.post(f"/rankings/{what}", {"ids": ids})["ids"])
