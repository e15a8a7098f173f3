"""`codelynn chat`: talk to a version on the terminal."""

from typing import Annotated

import typer

from feedback_app.commands.common import reported_errors, settings_in_force
from feedback_app.commands.completion import models, personas
from feedback_app.services.generation.best_of import MOST


def chat(
    model: Annotated[str, typer.Option(help="Version or alias.", autocompletion=models)] = "latest",
    persona: Annotated[
        str, typer.Option(help="Persona; the configured one if left out.", autocompletion=personas)
    ] = "",
    resume: Annotated[
        str, typer.Option(help="Id of the conversation to continue; the first characters are enough.")
    ] = "",
    best_of: Annotated[
        int,
        typer.Option(
            min=1,
            max=MOST,
            help="Generate this many replies and show the one that the reward model ranks first.",
        ),
    ] = 1,
    offline: Annotated[
        bool, typer.Option("--offline", help="Load the model in this process if codeLynn does not run.")
    ] = False,
) -> None:
    """Chat on the terminal. The conversation is saved and appears in the browser too. /help lists the commands, Ctrl-D quits."""
    with reported_errors():
        from feedback_app.commands.chat_session import Talk, opened_input
        from feedback_app.commands.client import service_or_own

        with service_or_own(offline) as service:
            talk = Talk(service, model, persona, resume, best_of)
            with opened_input(settings_in_force().root) as asking:
                talk.until_left(asking)
