"""How to connect another program: what it asks for, each ready to be copied."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.ui.shared.guard import Updates
from feedback_app.ui.shared.text import plain

WHAT = "Any program that talks to OpenAI's API can chat with your model. Enter these three there."
KEY = "codelynn"
KEY_INFO = "Any text works. If you set an access token (CODELYNN_ACCESS_TOKEN), enter the token."
MODEL_INFO = "“latest” follows your training. Or enter the name of a version, such as base."


@dataclass(frozen=True, slots=True)
class Connect:
    address: gr.Textbox
    curl: gr.Code

    def parts(self) -> list[Any]:
        return [self.address, self.curl]

    def filled(self, request: gr.Request) -> Updates:
        """With the address under which the page itself was opened."""
        base = f"{request.url.scheme}://{request.headers['host']}/v1"
        return {self.address: base, self.curl: example(base)}


def example(base: str) -> str:
    """A first request."""
    body = '{"model": "latest", "messages": [{"role": "user", "content": "Hello!"}]}'
    return f"curl {base}/chat/completions \\\n  -H 'Content-Type: application/json' -H 'Authorization: Bearer {KEY}' \\\n  -d '{body}'"


def lay_out_connect() -> Connect:
    with gr.Accordion("Connect another app", open=False, elem_id="connect"):
        gr.HTML(plain(WHAT))
        address = _copied("Address (base URL)", "", "connect-address")
        _copied("Key", KEY, "connect-key", KEY_INFO)
        _copied("Model", "latest", "connect-model", MODEL_INFO)
        curl = gr.Code("", language="shell", label="Try it", elem_id="connect-curl", interactive=False)
    return Connect(address, curl)


def _copied(label: str, value: str, name: str, info: str = "") -> gr.Textbox:
    return gr.Textbox(value, label=label, info=info, interactive=False, buttons=["copy"], elem_id=name)
