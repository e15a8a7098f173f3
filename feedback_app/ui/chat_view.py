"""A conversation as the chat page shows it. Pure."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from feedback_app.domain.conversation import Conversation, Ending, Turn
from feedback_app.domain.persona import Persona
from feedback_app.services.generations import Problem
from feedback_app.ui.text import sentence, untrusted

ALONE = ("No other version", "")
"""The first of what may stand beside, and its value."""
AFTER = {
    "engine": "Your message is kept: Regenerate asks again.",
    "too_long": "Send a shorter message: the long one is left out then.",
    "other": "Regenerate tries again.",
}
MARKS: dict[Ending, str] = {
    "": "",
    "stopped": "\n\n*Stopped by you.*",
    "length": "\n\n*Cut off: the longest reply is set on the Settings page.*",
}
"""What is shown under a reply that did not come to its end."""
THUMBS = {1: "Like", -1: "Dislike"}


def messages(conversation: Conversation, writing: str | None = None) -> list[dict[str, Any]]:
    """The turns for `gr.Chatbot`, with the reply that is being written."""
    said = [
        {"role": turn.role, "content": untrusted(turn.content) + _mark(turn)} for turn in conversation.turns
    ]
    if writing is not None:
        said.append({"role": "assistant", "content": untrusted(writing) or "…"})
    return said


def unmarked(text: str, ending: Ending) -> str:
    """What was shown of a reply that ended so, without the mark; an edit may have left words on both sides of it."""
    mark = MARKS[ending].strip()
    return text.replace(mark, "").strip() if mark else text


def _mark(turn: Turn) -> str:
    """The owner's own words are whole."""
    return MARKS[turn.ending] if turn.original is None else ""


def which(conversation: Conversation) -> str:
    """`Reply 2 of 3`, where the last message has several replies; else empty."""
    if not conversation.turns or conversation.turns[-1].role != "assistant":
        return ""
    found = conversation.alternatives(len(conversation.turns) - 1)
    if len(found) < 2:
        return ""
    return f"Reply {found.index(conversation.turns[-1]) + 1} of {len(found)}"


def unanswered(conversation: Conversation) -> str:
    """What to say where the last message has no reply; empty where it has one."""
    if not conversation.turns or conversation.turns[-1].role != "user":
        return ""
    return "Your last message has no reply: it was stopped, or the model wrote nothing. Press Regenerate to get one."


def problem_line(problem: Problem) -> str:
    """Why there is no reply, and the way on."""
    return f"{sentence(problem.text)}. {AFTER[problem.kind]}"


def writing_line(candidates: int) -> str:
    """What to say while so many replies are written; empty where there is one: it is seen growing."""
    return f"Writing {candidates} replies…" if candidates > 1 else ""


def thumbs(conversation: Conversation) -> list[str | None]:
    """What each reply was rated."""
    return [THUMBS.get(turn.rating or 0) for turn in conversation.turns if turn.role == "assistant"]


def title(conversation: Conversation) -> str:
    return conversation.title or "New conversation"


def listed(conversation: Conversation) -> tuple[str, str]:
    """A line of the list, and the id it stands for; marked in front where two versions answer, as long lines are cut."""
    both = "A | B · " if conversation.beside else ""
    return f"{both}{title(conversation)}", conversation.id


def about(conversation: Conversation, personas: Mapping[str, Persona], version: str) -> str:
    """Who answers, as HTML; where two versions do, each says so itself (`answers`). `version` is what its version is called."""
    persona = personas.get(conversation.persona)
    name = escape(persona.name if persona else conversation.persona)
    own = f'<span class="badge" id="version">{escape(version)}</span>{_saved(conversation)}'
    return (
        f'<p class="about"><strong>{escape(title(conversation))}</strong>'
        f'<span class="badge">{name}</span>{"" if conversation.beside else own}</p>'
    )


def answers(conversation: Conversation, version: str) -> str:
    """The heading of one of two versions beside each other, as HTML."""
    return f'<h2 class="about"><span class="badge">{escape(version)}</span>{_saved(conversation)}</h2>'


def _saved(conversation: Conversation) -> str:
    address = f"api/v1/conversations/{escape(conversation.id)}?format="
    links = " · ".join(
        f'<a href="{address}{kind}" download>{name}</a>'
        for kind, name in (("markdown", "Markdown"), ("text", "text"), ("json", "JSON"))
    )
    return f'<span class="quiet saved">Save as {links}</span>'


def greeting(persona: Persona | None) -> str:
    """What an empty chat shows. It is never sent to the model."""
    if persona is None:
        return "Say something."
    return f"### {persona.name}\n\n{persona.greeting}"


def persona_choices(personas: Sequence[Persona]) -> list[tuple[str, str]]:
    """Name and description, with the id each stands for."""
    return [(f"{persona.name}: {persona.description}", persona.id) for persona in personas]
