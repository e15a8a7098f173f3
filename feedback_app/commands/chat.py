"""`codelynn chat`: talk to a version on the terminal."""

from collections.abc import Iterator
from typing import Annotated

import typer

from feedback_app.commands.running import opened, out, told
from feedback_app.domain.best_of import MOST
from feedback_app.domain.conversation import chosen
from feedback_app.services.chat import Chat


def chat(
    model: Annotated[str, typer.Option(help="Version or alias.")] = "latest",
    persona: Annotated[str, typer.Option(help="Persona; the configured one if left out.")] = "",
    resume: Annotated[str, typer.Option(help="Id of a conversation to go on with.")] = "",
    best_of: Annotated[
        int, typer.Option(min=1, max=MOST, help="Write so many replies, answer the one you would like best.")
    ] = 1,
) -> None:
    """Chat on the terminal; the conversation is kept and shows in the browser too. Ctrl-D ends it."""
    with told(), opened() as services:
        chat_service = services.chat
        chat_service.check(best_of)
        talk = (
            chat_service.get(resume)
            if resume
            else chat_service.begin(model, persona or services.default_persona)
        )
        out.print(f"[dim]{talk.model}, conversation {talk.id}. Ctrl-D ends, Ctrl-C stops a reply.[/dim]")
        while True:
            try:
                text = out.input("[bold]you>[/bold] ")
            except (EOFError, KeyboardInterrupt):
                return
            if text.strip():
                if best_of > 1:
                    out.print(f"[dim]writing {best_of} replies…[/dim]")
                _answer(chat_service, talk.id, chat_service.say(talk.id, text, best_of))


def _answer(chat_service: Chat, talk_id: str, texts: Iterator[str]) -> None:
    """The reply as it grows, or what Ctrl-C left of it; then what chose it, if there were several."""
    shown = ""
    try:
        for text in texts:
            shown = _more(shown, text)
    except KeyboardInterrupt:
        chat_service.stop(talk_id, wait=True)
        last = chat_service.get(talk_id).turns[-1]
        _more(shown, last.content if last.role == "assistant" else shown)
    out.print()
    if told_choice := chosen(chat_service.get(talk_id)):
        out.print(f"[dim]{told_choice}[/dim]")


def _more(shown: str, text: str) -> str:
    """Print what `text` has after `shown`."""
    out.print(text[len(shown) :], end="", markup=False, soft_wrap=True)
    return text
