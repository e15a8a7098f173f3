"""The mend of Gradio's event queue (`ui/gradio_workarounds/static/queue.js`), with answers that come in the order that hurt."""

import pytest
from playwright.sync_api import Browser, Page

from feedback_app.ui.shared.templates import ROOMS

SERVER = """
    const bytes = (text) => new TextEncoder().encode(text);
    let stream;
    window.say = (text) => stream.enqueue(bytes(text));
    window.end = () => stream.close();
    window.told = {};
    window.fetch = async (url) => url.includes("queue/data")
        ? new Response(new ReadableStream({ start: (controller) => { stream = controller; } }))
        : new Response(JSON.stringify({ event_id: "b2" }));
"""
LISTEN = """async () => {
    const reader = (await fetch("http://here/gradio_api/queue/data?session_hash=s")).body.getReader();
    (async () => { while (!(await reader.read()).done); told.end = performance.now(); })();
}"""
JOIN = """() => {
    fetch("http://here/gradio_api/queue/join")
        .then((answer) => answer.json())
        .then((answer) => { told.event = answer.event_id; told.answer = performance.now(); });
    return new Promise((done) => setTimeout(done, 300)).then(() => told.event ?? null);
}"""


@pytest.fixture
def blank(browser: Browser) -> Page:
    page = browser.new_page()
    page.add_script_tag(content=SERVER)
    page.add_script_tag(path=ROOMS / "gradio_workarounds" / "static" / "queue.js")
    return page


def test_an_answer_that_overtakes_the_end_of_the_stream_waits_for_it(blank: Page) -> None:
    blank.evaluate(LISTEN)
    assert blank.evaluate(JOIN) is None
    blank.evaluate("end()")
    blank.wait_for_function("told.event === 'b2' && told.answer > told.end")
    blank.close()


def test_an_answer_goes_through_once_the_stream_has_named_its_event(blank: Page) -> None:
    blank.evaluate(LISTEN)
    assert blank.evaluate(JOIN) is None
    blank.evaluate("""say('data: {"msg":"estimation","event_')""")
    blank.evaluate("""say('id":"b2"}\\n\\n')""")
    blank.wait_for_function("told.event === 'b2'")
    blank.close()


def test_an_answer_waits_for_nothing_where_no_stream_is_open(blank: Page) -> None:
    assert blank.evaluate(JOIN) == "b2"
    blank.close()
