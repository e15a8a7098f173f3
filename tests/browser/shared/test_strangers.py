"""Pages of other sites, in a real Chromium, against a running service: nothing changes, and nothing is read."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from feedback_app.domain.comparison import Message
from tests.browser.site import Site
from tests.conftest import ARGS, CHROMIUM, WAIT_MS

PAIR = '{"prompt": "Hello?", "chosen": "poison", "rejected": "fine"}'
TRIES = """async (url) => {
  const told = {};
  const attempt = async (name, ask) => {
    try { const answer = await ask(); told[name] = answer.type === "opaque" ? "opaque" : await answer.text(); }
    catch { told[name] = "refused"; }
  };
  const pair = '%s';
  await attempt("read", () => fetch(`${url}/api/v1/export?format=rankings`));
  await attempt("read without asking", () => fetch(`${url}/api/v1/export?format=rankings`, {mode: "no-cors"}));
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json", ""])
    await attempt(`import as ${type}`, () => fetch(`${url}/api/v1/import?format=trl`,
      {method: "POST", mode: "no-cors", body: new Blob([pair], {type})}));
  await attempt("import with a preflight", () => fetch(`${url}/api/v1/import?format=trl`,
      {method: "POST", headers: {"Content-Type": "application/json"}, body: pair}));
  await attempt("roll back", () => fetch(`${url}/api/v1/rollback`, {method: "POST", mode: "no-cors"}));
  await attempt("compare", () => fetch(`${url}/api/v1/comparisons`,
      {method: "POST", mode: "no-cors", body: '{"prompt": "poison"}'}));
  await attempt("Gradio's queue", () => fetch(`${url}/gradio_api/queue/join`,
      {method: "POST", mode: "no-cors", body: '{"fn_index": 0, "data": [], "session_hash": "x"}'}));
  navigator.sendBeacon(`${url}/api/v1/import?format=trl`, pair);
  told.script = await new Promise((done) => {
    const script = document.createElement("script");
    script.src = `${url}/api/v1/export?format=rankings`;
    script.onload = () => done("loaded"); script.onerror = () => done("refused");
    document.head.append(script);
  });
  told.socket = await new Promise((done) => {
    const socket = new WebSocket(url.replace("http", "ws") + "/gradio_api/queue/join");
    socket.onopen = () => done("open"); socket.onerror = () => done("refused");
  });
  return told;
}""".replace("%s", PAIR)


class _Blank(BaseHTTPRequestHandler):
    """Any path is an empty page; `/framed` holds one in a sandbox, whose origin is `null`."""

    def do_GET(self) -> None:
        sandbox = '<iframe sandbox="allow-scripts allow-forms" srcdoc="<p>framed</p>"></iframe>'
        body = (sandbox if self.path == "/framed" else "<p>blank</p>").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test's output is not the place."""


@pytest.fixture(scope="module", params=["localhost", "127.0.0.1"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of another site: another host, or another port of ours, which browsers count as the same site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{request.param}:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    yield page
    context.close()


@pytest.fixture
def secret(site: Site) -> str:
    """Something private in the store, and what the store holds with it."""
    site.app.services.arena.compare([Message("user", "my private question")])
    return "my private question"


def held(site: Site) -> bytes:
    """Everything that a stranger could have changed."""
    rows = b"".join(site.app.services.dataset.export("rankings"))
    counts = site.app.store.comparisons.counts()
    return rows + repr(sorted(counts.items())).encode() + repr(site.app.services.models.aliases()).encode()


def untouched(site: Site, told: dict[str, str]) -> None:
    assert set(told.values()) <= {"refused", "opaque"}
    assert told["read"] == told["script"] == told["socket"] == "refused"


def test_a_page_of_another_site_changes_and_reads_nothing(
    stranger: Page, site: Site, elsewhere: str, secret: str
) -> None:
    before = held(site)
    stranger.goto(elsewhere)
    untouched(site, stranger.evaluate(TRIES, site.url))
    assert held(site) == before


def test_a_sandboxed_frame_changes_and_reads_nothing(
    stranger: Page, site: Site, elsewhere: str, secret: str
) -> None:
    before = held(site)
    stranger.goto(f"{elsewhere}/framed")
    frame = stranger.frames[1]
    frame.wait_for_selector("p")
    assert frame.evaluate("origin") == "null"
    untouched(site, frame.evaluate(TRIES, site.url))
    assert held(site) == before


@pytest.mark.parametrize(
    "encoding", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]
)
@pytest.mark.parametrize(
    "path", ["/api/v1/import?format=trl", "/api/v1/rollback", "/api/v1/comparisons", "/login"]
)
def test_a_form_of_another_site_changes_nothing(
    stranger: Page, site: Site, elsewhere: str, path: str, encoding: str
) -> None:
    before = held(site)
    stranger.goto(elsewhere)
    send = """([url, encoding]) => {
      const form = document.createElement("form");
      Object.assign(form, {method: "post", action: url, enctype: encoding});
      form.innerHTML = '<input name=\\'{"prompt": "x", "chosen": "poison", "rejected": "\\' value="y\\"}">';
      document.body.append(form);
      form.submit();
    }"""
    with stranger.expect_response(lambda answer: answer.url.startswith(site.url)) as answered:
        stranger.evaluate(send, [site.url + path, encoding])
    assert answered.value.status == 403
    assert held(site) == before


def test_a_name_that_resolves_to_this_machine_is_no_name_of_ours(
    browser: Browser, site: Site, secret: str
) -> None:
    port = site.url.rsplit(":", 1)[1]
    flags = [*ARGS, "--host-resolver-rules=MAP rebound.example 127.0.0.1"]
    started = browser.browser_type.launch(executable_path=CHROMIUM, args=flags)
    try:
        page = started.new_page()
        answer = page.goto(f"http://rebound.example:{port}/")
        assert answer is not None
        assert answer.status == 421
        read = "async () => (await fetch('/api/v1/export?format=rankings')).status"
        assert page.evaluate(read) == 421
    finally:
        started.close()


def test_our_pages_are_not_shown_in_a_frame_of_another_site(
    stranger: Page, site: Site, elsewhere: str
) -> None:
    stranger.goto(elsewhere)
    with stranger.expect_response(site.url + "/") as answered:
        stranger.evaluate(
            "(url) => { document.body.innerHTML = `<iframe src='${url}/'></iframe>`; }", site.url
        )
    assert answered.value.status == 403


def test_a_link_from_another_site_opens_our_pages_but_no_data(
    stranger: Page, site: Site, elsewhere: str
) -> None:
    follow = "(url) => { document.body.innerHTML = `<a href='${url}'>x</a>`; document.querySelector('a').click(); }"
    for path, status in (("/", 200), ("/chat", 200), ("/docs", 200), ("/api/v1/export?format=rankings", 403)):
        stranger.goto(elsewhere)
        with stranger.expect_navigation(url=site.url + path) as opened:
            stranger.evaluate(follow, site.url + path)
        assert opened.value is not None
        assert opened.value.status == status, path


def test_requests_of_our_own_pages_carry_their_token(stranger: Page, site: Site, tmp_path: Path) -> None:
    sent: list[tuple[str, str, str | None]] = []
    stranger.on(
        "request", lambda one: sent.append((one.method, one.url, one.headers.get("x-codelynn-token")))
    )
    file = tmp_path / "pairs.jsonl"
    file.write_text(PAIR, encoding="utf-8")
    stranger.goto(f"{site.url}/data")
    stranger.locator("#import-file input[type=file]").set_input_files(file)
    expect(stranger.locator("#import-file")).to_contain_text("pairs")
    with stranger.expect_request("**/gradio_api/queue/join*"):
        stranger.locator("#import").click()
    changing = {
        url.split("?")[0].removeprefix(site.url): token for method, url, token in sent if method == "POST"
    }
    assert {"/gradio_api/upload", "/gradio_api/queue/join"} <= set(changing)
    assert set(changing.values()) == {"token of the pages"}
