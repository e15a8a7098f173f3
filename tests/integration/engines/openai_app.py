"""A small real OpenAI-compatible server over CTranslate2, with vLLM's way of loading adapters."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse

from feedback_app.domain.comparison import InvalidPrompt, Message, Sampling
from feedback_app.engines.base import Catalogue, Engine, GenerationRequest
from feedback_app.engines.ct2 import Ct2Engine
from feedback_app.engines.request_queue import Limits
from tests.waiting import until


@dataclass
class Server:
    """What a test may set and see. `served` holds the models; the first is the base, whatever its name."""

    url: str = ""
    served: list[str] = field(default_factory=lambda: ["tiny-chat"])
    loads_adapters: bool = True
    key: str = ""
    refuse_next: list[int] = field(default_factory=list)  # statuses to answer the next completions with
    break_off: bool = False
    endless: bool = False  # keep the connection open after the first piece
    counts: bool = True  # say at the end how many tokens were read and written
    together: int = 1  # no reply goes on before so many were running at once, or 10 s are over
    bodies: list[dict[str, Any]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    stopped_early: int = 0


@contextmanager
def serve(catalogue: Catalogue) -> Iterator[Server]:
    """The server on a free loopback port, in a thread, until the block ends."""
    server = Server()
    engine = Ct2Engine(catalogue, threads=1, limits=Limits(places=4, reserved=0))
    web = uvicorn.Server(
        uvicorn.Config(
            build_app(server, engine), port=0, log_config=None, ws="none", timeout_graceful_shutdown=5
        )
    )
    thread = threading.Thread(target=web.run)
    thread.start()
    until(lambda: web.started)
    server.url = f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        web.should_exit = True
        thread.join()
        engine.close()


def build_app(server: Server, engine: Engine) -> FastAPI:
    app = FastAPI()

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": name, "object": "model"} for name in server.served]}

    @app.post("/v1/load_lora_adapter")
    def load(body: dict[str, str]) -> Response:
        if not server.loads_adapters:
            raise HTTPException(404)
        server.served.append(body["lora_name"])
        return Response("Success: LoRA adapter added.")

    @app.post("/v1/chat/completions")
    def completions(body: dict[str, Any], request: Request) -> Response:
        if server.key and request.headers.get("authorization") != f"Bearer {server.key}":
            raise HTTPException(401)
        server.bodies.append(body)
        if server.refuse_next:
            return JSONResponse({"error": {"message": str(body)}}, server.refuse_next.pop(0))
        if body["model"] not in server.served:
            raise HTTPException(404)
        try:
            deltas = engine.generate([_request(server, body)])
        except InvalidPrompt:
            said = f"This model's maximum context length is exceeded by {body}"
            return JSONResponse({"error": {"message": said}}, 400)
        counts = server.counts and body.get("stream_options") == {"include_usage": True}
        return StreamingResponse(_events(server, deltas, counts), media_type="text/event-stream")

    return app


def _request(server: Server, body: dict[str, Any]) -> GenerationRequest:
    """As servers do, and unlike our engine, it refuses a conversation that is too long."""
    messages = tuple(Message(**message) for message in body["messages"])
    if len(json.dumps(body["messages"])) > 3000:
        raise InvalidPrompt("too long")
    sampling = Sampling(body["temperature"], body["top_p"], max_new_tokens=body["max_tokens"])
    name = "base" if body["model"] == server.served[0] else body["model"]
    return GenerationRequest(name, messages, sampling, body["seed"])


async def _events(server: Server, deltas: Any, counts: bool) -> AsyncIterator[str]:
    """Asynchronous, so that a client who leaves ends it at once and not at the next garbage collection."""
    server.running += 1
    server.most_running = max(server.most_running, server.running)
    done = False
    try:
        yield _event(role="assistant")
        await _company(server)
        while (delta := await run_in_threadpool(next, deltas, None)) is not None:
            if server.break_off and delta.finish:
                return
            yield _event(delta.finish, content=delta.text)
            last = delta
            while server.endless:
                yield ": still there\n\n"
                await asyncio.sleep(0.01)
        if counts:
            usage = {"prompt_tokens": last.prompt_tokens, "completion_tokens": last.new_tokens}
            yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"
        yield "data: [DONE]\n\n"
        done = True
    finally:
        deltas.close()
        server.running -= 1
        server.stopped_early += not done


async def _company(server: Server) -> None:
    """So quick a model else ends one reply before the next has begun."""
    for _ in range(1000):
        if server.most_running >= server.together:
            return
        await asyncio.sleep(0.01)


def _event(finish: str | None = None, **delta: str) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"
