"""A conversation as the Chat page shows it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from feedback_app.domain.conversation import Conversation, Ending, Turn
from feedback_app.domain.persona import Persona
from feedback_app.services.generation.background import Problem
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import sentence, untrusted

ONE_VERSION = ("No other version", "")
"""The first choice of "Compare with", and its value."""
ADVICE = {
    "engine": "Your message is kept: Regenerate asks again.",
    "too_long": "Send a shorter message: the long one is left out then.",
    "other": "Regenerate tries again.",
}
"""What to do about each kind of problem."""
MARKS: dict[Ending, str] = {
    "": "",
    "stopped": "\n\n*Stopped by you.*",
    "length": "\n\n*Cut off: the longest reply is set on the Settings page.*",
}
"""What is shown under a reply that ended early."""
THUMBS = {1: "Like", -1: "Dislike"}


def messages(conversation: Conversation, writing: str | None = None) -> list[dict[str, Any]]:
    """The turns for `gr.Chatbot`, with the part of the next reply that is written."""
    shown = [
        {"role": turn.role, "content": untrusted(turn.content) + _mark(turn)} for turn in conversation.turns
    ]
    if writing is not None:
        shown.append({"role": "assistant", "content": untrusted(writing) or "…"})
    return shown


def unmarked(text: str, ending: Ending) -> str:
    """A shown reply without its mark. The person who edited it may have written before and after the mark."""
    mark = MARKS[ending].strip()
    return text.replace(mark, "").strip() if mark else text


def _mark(turn: Turn) -> str:
    """A reply that the owner has edited has no mark."""
    return MARKS[turn.ending] if turn.original is None else ""


def reply_position(conversation: Conversation) -> str:
    """`Reply 2 of 3` if the last message has several replies; otherwise empty."""
    if not conversation.turns or conversation.turns[-1].role != "assistant":
        return ""
    replies = conversation.alternatives(len(conversation.turns) - 1)
    if len(replies) < 2:
        return ""
    return f"Reply {replies.index(conversation.turns[-1]) + 1} of {len(replies)}"


def unanswered(conversation: Conversation) -> str:
    """A line that says that the last message has no reply; empty if it has one."""
    if not conversation.turns or conversation.turns[-1].role != "user":
        return ""
    return "Your last message has no reply: it was stopped, or the model wrote nothing. Press Regenerate to get one."


def problem_line(problem: Problem) -> str:
    """Why there is no reply, and what to do."""
    return f"{sentence(problem.text)}. {ADVICE[problem.kind]}"


def writing_line(candidates: int) -> str:
    """A line for the time while several replies are written; empty for one reply, which is shown as it is written."""
    return f"Writing {candidates} replies…" if candidates > 1 else ""


def thumbs(conversation: Conversation) -> list[str | None]:
    """The rating of each reply."""
    return [THUMBS.get(turn.rating or 0) for turn in conversation.turns if turn.role == "assistant"]


def title(conversation: Conversation) -> str:
    return conversation.title or "New conversation"


def listed(conversation: Conversation) -> tuple[str, str]:
    """A line of the list, and the id that it stands for. A conversation with two versions is marked at the start, because long lines are
    cut."""
    mark = "A | B · " if conversation.beside else ""
    return f"{mark}{title(conversation)}", conversation.id


def about(conversation: Conversation, personas: Mapping[str, Persona], version: str) -> str:
    """Title, persona and version of the conversation as HTML. Two versions have headings of their own: see `version_heading`."""
    persona = personas.get(conversation.persona)
    return render(
        "chat/about.html",
        id=conversation.id,
        title=title(conversation),
        persona=persona.name if persona else conversation.persona,
        version="" if conversation.beside else version,
    )


def version_heading(conversation: Conversation, version: str) -> str:
    """The heading of one of two versions side by side, as HTML."""
    return render("chat/version.html", id=conversation.id, version=version)


def greeting(persona: Persona | None) -> str:
    """What an empty chat shows. It is never sent to the model."""
    if persona is None:
        return "Say something."
    return f"### {persona.name}\n\n{persona.greeting}"


def persona_choices(personas: Sequence[Persona]) -> list[tuple[str, str]]:
    """Name and description of each persona, with its id."""
    return [(f"{persona.name}: {persona.description}", persona.id) for persona in personas]
