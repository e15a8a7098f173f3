"""`codelynn rankings …`: find, exclude, include, delete."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from feedback_app.commands.common import WrongUse, out, reported_errors
from feedback_app.domain.ranking_query import RANKING_FILTERS, RANKING_LABELS

app = typer.Typer(no_args_is_help=True)
Ids = Annotated[
    list[str],
    typer.Argument(help="Ids of comparisons, as `find` prints them; the first characters are enough."),
]


def _word(result: str) -> str:
    """The word for a kind of ranking in the command line."""
    return RANKING_LABELS.get(result, result)


WORDS = "Words in prompts, replies, notes and edits; case is ignored."
Verdict = Annotated[str, typer.Option(help=f"{', '.join(map(_word, RANKING_FILTERS))}.")]
Source = Annotated[str, typer.Option(help="The origin: arena, api, argilla, import:trl, …")]
Version = Annotated[str, typer.Option(help="A version that wrote one of the replies.")]
Tag = Annotated[str, typer.Option(help="A tag.")]


@app.command()
def find(
    words: Annotated[str, typer.Argument(help=WORDS)] = "",
    verdict: Verdict = "",
    source: Source = "",
    version: Version = "",
    tag: Tag = "",
    differs: Annotated[
        bool,
        typer.Option("--differs", help="Only repeated pairs that you ranked differently the second time."),
    ] = False,
) -> None:
    """Print the ids of the comparisons that match every option, newest first."""
    with reported_errors():
        wanted = _matching(words=words, verdict=verdict, source=source, version=version, tag=tag)
        from feedback_app.commands.client import connected

        with connected() as service:
            matching = service.get("/rankings/ids", **wanted, differs=differs)
        for name in matching["ids"]:
            out.print(name, markup=False)


@app.command("change-all")
def change_all(
    action: Annotated[str, typer.Argument(help="exclude, include, tag or delete.")],
    words: Annotated[str, typer.Option(help=WORDS)] = "",
    verdict: Verdict = "",
    source: Source = "",
    version: Version = "",
    tag: Tag = "",
    add: Annotated[list[str] | None, typer.Option(help="A tag to add, with `tag`; repeatable.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Exclude, include, tag or delete every ranking that matches all options. Ctrl-C stops; what was changed stays changed."""
    with reported_errors():
        matching = _matching(words=words, verdict=verdict, source=source, version=version, tag=tag)
        body = {"action": action, "matching": matching, "tags": add or []}
        from feedback_app.commands.client import connected

        with connected() as service:
            found = service.get("/rankings", limit=1, **matching)
            about = "about " if found["estimated"] else ""
            if not yes and not typer.confirm(f"{action}: {about}{found['found']:,} rankings. Continue?"):
                raise typer.Exit(1)
            with service.opened("POST", "/rankings/change", body) as answer:
                last = _shown_progress(answer.iter_lines())
        out.print(f"changed: {last['changed']}")


def _matching(**filters: str) -> dict[str, str]:
    """The filters of the API that are set. Raises WrongUse."""
    word = filters["verdict"]
    filters["verdict"] = next((name for name in RANKING_FILTERS if word in (name, _word(name))), word)
    if word and filters["verdict"] not in RANKING_FILTERS:
        known = ", ".join(map(_word, RANKING_FILTERS))
        raise WrongUse(f"there is no verdict {word!r}: choose one of {known}")
    return {name: value for name, value in filters.items() if value}


def _shown_progress(lines: Iterator[str]) -> dict[str, int]:
    """The last of the progress lines; each is shown on a terminal."""
    last: dict[str, int] = {}
    with out.status("") as shown:
        for line in lines:
            last = json.loads(line)
            shown.update(f"{last['done']:,} of about {last['total']:,}, {last['changed']:,} changed")
    return last


@app.command("take-out", hidden=True)  # the former name of `exclude`
@app.command()
def exclude(ids: Ids) -> None:
    """Exclude rankings from training. They are kept and can be included again."""
    with reported_errors():
        out.print(f"excluded: {len(_changed('take-out', ids))}")


@app.command("bring-back", hidden=True)  # the former name of `include`
@app.command()
def include(ids: Ids) -> None:
    """Include excluded rankings again, unchanged."""
    with reported_errors():
        out.print(f"included again: {len(_changed('bring-back', ids))}")


@app.command()
def delete(
    ids: Ids, yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False
) -> None:
    """Delete prompts, replies and rankings for good, in Argilla and Label Studio too. Both comparisons of a repeated pair are deleted."""
    with reported_errors():
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
