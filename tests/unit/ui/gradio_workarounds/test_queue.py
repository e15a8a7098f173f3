"""The race in Gradio's event stream. When this test fails, see whether `gradio_workarounds/static/queue.js` can go."""

from pathlib import Path

import gradio

ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"


def test_gradios_client_still_closes_its_stream_on_a_message_that_an_answer_may_overtake() -> None:
    clients = [path.read_text(encoding="utf-8") for path in ASSETS.glob("index-*.js")]
    (client,) = [text for text in clients if "queue/join" in text]
    assert "msg===`close_stream`" in client
