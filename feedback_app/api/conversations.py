"""Conversations: begin one, send messages, regenerate a reply, download it."""

import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from feedback_app.api.streams import until_gone
from feedback_app.domain.bodies import Body
from feedback_app.domain.conversation import Conversation, Ending, chosen
from feedback_app.services.chat.chat import Chat
from feedback_app.services.chat.transcript import as_markdown, as_text, file_name
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.services.generation.best_of import MOST

LONGEST_MESSAGE = 100_000

TranscriptFormat = Literal["json", "markdown", "text"]


@dataclass(frozen=True, slots=True)
class File:
    suffix: str
    media_type: str


TRANSCRIPT_FILES: dict[TranscriptFormat, File] = {
    "json": File("json", "application/json"),
    "markdown": File("md", "text/markdown; charset=utf-8"),
    "text": File("txt", "text/plain; charset=utf-8"),
}


class TurnBody(BaseModel):
    """`rating`: 1, -1 or null. `original`: the model's text, if the owner edited the reply. `ending`: `stopped` or `length` if the reply
    was cut off. `persona`: who wrote the reply; empty for the user's messages."""

    role: str
    content: str
    model: str
    rating: int | None
    original: str | None
    created_at: datetime
    ending: Ending
    persona: str


class AlternativeBody(TurnBody):
    """An alternative to `turns[turn]`."""

    turn: int


class ConversationSummary(BaseModel):
    """A conversation without its messages; `model` and `persona` apply to the next reply."""

    id: str
    title: str
    model: str
    persona: str
    created_at: datetime
    updated_at: datetime
    damaged: bool = Field(
        False, description="Holds what cannot be read in the database: a date counts as 1970-01-01."
    )


class ConversationBody(ConversationSummary):
    """A conversation with its messages and their alternatives."""

    turns: list[TurnBody]
    alternatives: list[AlternativeBody]

    @classmethod
    def of(cls, conversation: Conversation) -> "ConversationBody":
        others = [{"turn": place, **asdict(turn)} for place, turn in conversation.aside]
        return cls.model_validate(
            {**asdict(conversation), "alternatives": others, "damaged": conversation.damaged}
        )


DOWNLOADS: dict[int | str, dict[str, Any]] = {
    200: {"model": ConversationBody, "content": {"text/markdown": {}, "text/plain": {}}}
}


class RetryRequest(Body):
    """`best_of`: how many replies to write. The one with the highest expected preference is kept."""

    best_of: int = Field(1, ge=1, le=MOST)


class ConversationRequest(RetryRequest):
    """`model`: a version or an alias. `persona`: the configured one if left out. `best_of`: checked now, so that no conversation is begun
    that cannot be answered."""

    model: str = Field("latest", max_length=200)
    persona: str | None = Field(None, max_length=200)


class SwitchRequest(Body):
    """`model`: a version or an alias. `persona`: its id. A field that is left out does not change."""

    model: str = Field("", max_length=200)
    persona: str = Field("", max_length=200)


class MessageRequest(RetryRequest):
    text: str = Field(max_length=LONGEST_MESSAGE)


def router(chat: Chat, default_persona: Callable[[], str]) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])

    @routes.post("", status_code=201, summary="Begin a conversation")
    def begin(body: ConversationRequest) -> ConversationBody:
        """It keeps its version and persona until they are changed."""
        chat.check(body.best_of)
        return ConversationBody.of(chat.begin(body.model, body.persona or default_persona()))

    @routes.get("", summary="List conversations")
    def listing(
        words: Annotated[
            str, Query(max_length=200, description="Only conversations that contain these words.")
        ] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[ConversationSummary]:
        """The most recently used first."""
        return [
            ConversationSummary.model_validate(one, from_attributes=True) for one in chat.list(limit, words)
        ]

    @routes.get("/{conversation_id}", summary="Download a conversation", responses=DOWNLOADS)
    def get(
        conversation_id: str,
        kind: Annotated[TranscriptFormat, Query(alias="format", description="The file format.")] = "json",
    ) -> Response:
        """`json` has the messages, their ratings, the alternative replies and the original of each edited reply.
        `markdown` and `text` have only the messages."""
        conversation = chat.get(conversation_id)
        file = TRANSCRIPT_FILES[kind]
        headers = {
            "Content-Disposition": f'attachment; filename="{file_name(conversation, file.suffix)}"',
            "Cache-Control": "no-store",
        }
        return Response(_written(chat, conversation, kind), media_type=file.media_type, headers=headers)

    @routes.patch("/{conversation_id}", summary="Change the version or persona")
    def switch(conversation_id: str, body: SwitchRequest) -> ConversationBody:
        """Applies from the next reply on. Earlier replies keep the version and persona that wrote them."""
        return ConversationBody.of(chat.switch(chat.get(conversation_id).id, body.persona, body.model))

    @routes.delete("/{conversation_id}", status_code=204, summary="Delete a conversation")
    def delete(conversation_id: str) -> None:
        """Permanently, with its messages and ratings."""
        chat.delete(chat.get(conversation_id).id)

    _add_replies(routes, chat)
    return routes


def _add_replies(routes: APIRouter, chat: Chat) -> None:
    """Routes that begin and stop a reply."""

    @routes.post(
        "/{conversation_id}/messages",
        response_class=StreamingResponse,
        summary="Send a message and get a reply",
    )
    def say(conversation_id: str, body: MessageRequest) -> StreamingResponse:
        """Server-sent events: `text` for each piece of the reply, then `done` with the kept reply, or `error`.

        If the client disconnects, the reply is stopped and kept as far as it was written.
        """
        whole = chat.get(conversation_id).id
        return _streamed(chat, whole, chat.say(whole, body.text, body.best_of))

    @routes.post(
        "/{conversation_id}/retry", response_class=StreamingResponse, summary="Regenerate the last reply"
    )
    def retry(conversation_id: str, body: RetryRequest) -> StreamingResponse:
        """Replaces the last reply. The events are those of a message."""
        whole = chat.get(conversation_id).id
        return _streamed(chat, whole, chat.regenerate(whole, body.best_of))

    @routes.post("/{conversation_id}/stop", summary="Stop the current reply")
    def stop(conversation_id: str) -> ConversationBody:
        """The reply is kept as far as it was written."""
        whole = chat.get(conversation_id).id
        chat.stop(whole, wait=True)
        return ConversationBody.of(chat.get(whole))


def _streamed(chat: Chat, conversation_id: str, texts: Iterator[str]) -> StreamingResponse:
    lines = _events(chat, conversation_id, texts)
    return StreamingResponse(
        until_gone(lines), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


def _events(chat: Chat, conversation_id: str, texts: Iterator[str]) -> Generator[str, None, None]:
    """The reply as server-sent events. It is stopped if the client disconnects."""
    shown = ""
    try:
        for text in texts:
            if len(text) > len(shown):
                yield _event("text", {"text": text[len(shown) :]})
                shown = text
        kept = chat.get(conversation_id)
        last = TurnBody.model_validate(asdict(kept.turns[-1])).model_dump(mode="json")
        yield _event("done", {"conversation": kept.id, "turn": last, "note": chosen(kept)})
    except GenerationFailed as error:
        yield _event("error", {"detail": str(error)})
    finally:
        chat.stop(conversation_id)


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _written(chat: Chat, conversation: Conversation, kind: TranscriptFormat) -> str:
    if kind == "json":
        return ConversationBody.of(conversation).model_dump_json()
    write = as_markdown if kind == "markdown" else as_text
    return write(conversation, chat.persona_name)
