"""Conversations: begin one, say something, have the reply written again, take it along."""

import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from feedback_app.api.streams import until_gone
from feedback_app.domain.best_of import MOST
from feedback_app.domain.bodies import Body
from feedback_app.domain.conversation import Conversation, Ending, chosen
from feedback_app.services.chat.chat import Chat
from feedback_app.services.chat.transcript import as_markdown, as_text, file_name
from feedback_app.services.generation.batch import GenerationFailed

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
    """`rating`: 1, -1 or null; `original`: what the model had written, where the owner wrote the reply anew.
    `ending`: `stopped` or `length` where the reply was ended before its end. `persona`: the one that a reply was written as; empty on the
    person's own messages."""

    role: str
    content: str
    model: str
    rating: int | None
    original: str | None
    created_at: datetime
    ending: Ending
    persona: str


class AlternativeBody(TurnBody):
    """Another reply that was written in the place of `turns[turn]`."""

    turn: int


class ConversationSummary(BaseModel):
    """A conversation without its messages; `model` and `persona` write the next reply."""

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
    """A conversation as it is kept."""

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
    """`best_of`: how many replies are written; the one the owner would like best is kept."""

    best_of: int = Field(1, ge=1, le=MOST)


class ConversationRequest(RetryRequest):
    """`model`: a version or an alias. `persona`: the configured one if left out. `best_of`: what will be asked for, so that
    no conversation is begun that could not be answered."""

    model: str = Field("latest", max_length=200)
    persona: str | None = Field(None, max_length=200)


class SwitchRequest(Body):
    """`model`: a version or an alias. `persona`: its id. What is left out stays as it is."""

    model: str = Field("", max_length=200)
    persona: str = Field("", max_length=200)


class MessageRequest(RetryRequest):
    text: str = Field(max_length=LONGEST_MESSAGE)


def router(chat: Chat, default_persona: Callable[[], str]) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])

    @routes.post("", status_code=201, summary="Begin a conversation")
    def begin(body: ConversationRequest) -> ConversationBody:
        """It keeps this version and this persona until others are chosen for it."""
        chat.check(body.best_of)
        return ConversationBody.of(chat.begin(body.model, body.persona or default_persona()))

    @routes.get("", summary="List conversations")
    def listing(
        words: Annotated[
            str, Query(max_length=200, description="Only those in which these words stand.")
        ] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[ConversationSummary]:
        """The ones used last come first."""
        found = chat.list(limit, words)
        return [ConversationSummary.model_validate(one, from_attributes=True) for one in found]

    @routes.get("/{conversation_id}", summary="Download a conversation", responses=DOWNLOADS)
    def get(
        conversation_id: str,
        kind: Annotated[
            TranscriptFormat, Query(alias="format", description="The form of the file.")
        ] = "json",
    ) -> Response:
        """`json` has its messages, thumbs, the other replies to each message, and what a reply was before it was edited;
        `markdown` and `text` have what was said."""
        conversation = chat.get(conversation_id)
        file = TRANSCRIPT_FILES[kind]
        headers = {
            "Content-Disposition": f'attachment; filename="{file_name(conversation, file.suffix)}"',
            "Cache-Control": "no-store",
        }
        return Response(_written(chat, conversation, kind), media_type=file.media_type, headers=headers)

    @routes.patch("/{conversation_id}", summary="Go on with another version or persona")
    def switch(conversation_id: str, body: SwitchRequest) -> ConversationBody:
        """From the next reply on. What was said stays as it is, and each reply keeps the version and the persona that wrote it."""
        return ConversationBody.of(chat.switch(chat.get(conversation_id).id, body.persona, body.model))

    @routes.delete("/{conversation_id}", status_code=204, summary="Delete a conversation")
    def delete(conversation_id: str) -> None:
        """For good, with its messages and thumbs."""
        chat.delete(chat.get(conversation_id).id)

    _add_replies(routes, chat)
    return routes


def _add_replies(routes: APIRouter, chat: Chat) -> None:
    """What has a reply written, and what ends it."""

    @routes.post(
        "/{conversation_id}/messages",
        response_class=StreamingResponse,
        summary="Say something and get a reply",
    )
    def say(conversation_id: str, body: MessageRequest) -> StreamingResponse:
        """Server-sent events: `text` for each piece of the reply, then `done` with the kept reply, or `error`.

        A client that leaves ends the reply; what is written by then is kept.
        """
        whole = chat.get(conversation_id).id
        return _streamed(chat, whole, chat.say(whole, body.text, body.best_of))

    @routes.post(
        "/{conversation_id}/retry", response_class=StreamingResponse, summary="Write the last reply again"
    )
    def retry(conversation_id: str, body: RetryRequest) -> StreamingResponse:
        """In place of the last reply; the events are those of a message."""
        whole = chat.get(conversation_id).id
        return _streamed(chat, whole, chat.regenerate(whole, body.best_of))

    @routes.post("/{conversation_id}/stop", summary="Stop the reply that is being written")
    def stop(conversation_id: str) -> ConversationBody:
        """What is written by then is kept."""
        whole = chat.get(conversation_id).id
        chat.stop(whole, wait=True)
        return ConversationBody.of(chat.get(whole))


def _streamed(chat: Chat, conversation_id: str, texts: Iterator[str]) -> StreamingResponse:
    lines = _events(chat, conversation_id, texts)
    return StreamingResponse(
        until_gone(lines), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


def _events(chat: Chat, conversation_id: str, texts: Iterator[str]) -> Generator[str, None, None]:
    """The reply as server-sent events. Where nobody reads them to the end, it is stopped."""
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
