"""What no text and no number may be is refused on every route, with nothing stored; what is taken comes back from a backup."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.text_rules import LONGEST_CONVERSATION, LONGEST_EDIT, LONGEST_NOTE
from feedback_app.services.dataset.dataset import DataService
from feedback_app.store import Store, migrate, open_store
from tests.integration.api.edge_app import Edge, edge_app
from tests.unit.formats.values import REPEATABLE

pytestmark = pytest.mark.integration
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
HOSTILE = {
    "half a surrogate pair": r'"a\ud83d"',
    "the other half": r'"\ude00b"',
    "NUL": r'"a\u0000b"',
    "NaN": "NaN",
    "Infinity": "Infinity",
    "minus infinity": "-Infinity",
    "a number over all": "1e400",
    "a number under all": "-1e400",
    "more than 64 bits": str(2**64),
    "thousands of digits": "9" * 6000,
    "deep nesting": "[" * 5000 + "]" * 5000,
    "endless nesting": '{"a":' * 100_000,
}
# What the edge lets through, and a route may refuse.
ODD = [
    2**63 - 1,
    -(2**63),
    2**53,
    1e308,
    -1,
    0,
    True,
    None,
    "",
    "\x07\u2028\x85",
    "x" * 5000,
    [],
    {},
    [[["a"]]],
    [{"a": [1]}],
]
IDS = ("comparison_id", "round_id", "conversation_id", "name")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_app(tmp_path_factory.mktemp("home")) as found:
        record = {
            "id": "kept",
            "messages": [{"role": "user", "content": "Hello"}],
            "candidates": [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}],
            "ranking": {"groups": [["a"], ["b"]]},
        }
        found.built.services.data.import_("rankings", json.dumps(record).encode())
        yield found


@pytest.fixture(scope="module")
def client(edge: Edge) -> TestClient:
    return TestClient(edge.api, base_url="http://127.0.0.1")


def addressed(path: str) -> str:
    for name in IDS:
        path = path.replace(f"{{{name}}}", "kept")
    return path


@pytest.mark.parametrize("what", HOSTILE)
def test_every_route_with_a_body_refuses_it_and_stores_nothing(
    edge: Edge, client: TestClient, what: str
) -> None:
    before = edge.rows()
    for method, path in edge.routes():
        for body in (HOSTILE[what], f'{{"messages": [{{"role": "user", "content": [{HOSTILE[what]}]}}]}}'):
            if what == "endless nesting" and body is not HOSTILE[what]:
                continue
            answer = client.request(method, addressed(path), content=body, headers=JSON)
            at = f"{method} {path}: {answer.text}"
            assert answer.status_code == (400 if path.startswith("/v1/") else 422), at
            assert answer.json(), at
            json.dumps(answer.json(), ensure_ascii=False, allow_nan=False).encode()
    assert edge.rows() == before


def test_the_form_of_a_refusal_is_that_of_the_api_that_was_asked(client: TestClient) -> None:
    body = r'{"model": "a\ud83d", "messages": [{"role": "user", "content": "secret"}]}'
    told = client.post("/v1/chat/completions", content=body, headers=JSON).json()
    assert told["error"]["type"] == "invalid_request_error"
    assert told["error"]["message"] == "In the body, `model` holds half a surrogate pair"
    assert told["error"]["param"] == "model"
    told = client.post("/api/v1/comparisons", content=body, headers=JSON).json()
    assert told == {"detail": "in the body, `model` holds half a surrogate pair"}


def test_a_name_in_a_body_may_not_break_the_answer_either(client: TestClient) -> None:
    answer = client.post("/api/v1/comparisons", content=r'{"prompt": "Hi", "a\ud83d": 1}', headers=JSON)
    assert (answer.status_code, "has a name that holds half" in answer.text) == (422, True)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/rankings?words=a%00b",
        "/api/v1/comparisons/a%00b",
        "/api/v1/comparisons/a%0Ab",
        "/api/v1/comparisons?cursor=a%00",
        "/api/v1/rounds/kept/events?after=99999999999999999999999",
        "/api/v1/comparisons?limit=1e400",
        # 0001-01-01T00:00:00+23:59 kept: no moment in UTC
        "/api/v1/comparisons?cursor=MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSBrZXB0",
        "/api/v1/rankings?cursor=MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSBrZXB0",
        "/v1/models/a%00b",
    ],
)
def test_an_address_that_breaks_a_rule_is_refused(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == (400 if path.startswith("/v1/") else 422), answer.text


def test_bytes_of_an_address_that_are_no_text_find_nothing(client: TestClient) -> None:
    assert client.get("/api/v1/comparisons/%ED%A0%BD").status_code == 404
    assert client.get("/api/v1/rankings?words=%ED%A0%BD").json()["found"] == 0


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: TestClient) -> None:
    headers = {**JSON, "Content-Length": str(2**40)}
    assert client.post("/api/v1/comparisons", content=b"{}", headers=headers).status_code == 413


def test_no_odd_value_of_any_field_is_an_error_of_the_service(edge: Edge, client: TestClient) -> None:
    """Every field of every documented body, each with every odd value; the other fields are right."""
    document = edge.api.openapi()
    for path, method, body in _bodies(document):
        for field in body:
            for value in ODD:
                answer = client.request(method, addressed(path), json={**body, field: value})
                assert answer.status_code < 500, f"{method} {path} {field}={value!r}: {answer.text}"


def _bodies(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    right = {
        "messages": [{"role": "user", "content": "Hi"}],
        "ranking": [["a"], ["b"]],
        "ids": [],
        "tags": ["t"],
        "method": "dpo",
        "model": "base",
        "parent": "base",
        "models": ["base"],
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            name = content["schema"]["$ref"].rsplit("/", 1)[-1]
            fields = document["components"]["schemas"][name]["properties"]
            yield (
                path,
                method,
                {field: right.get(field) for field in fields if field in right}
                | dict.fromkeys(fields.keys() - right.keys() - {"prompt"}),
            )


ANY_TEXT = st.text(st.characters() | st.sampled_from("\0\ud83d\n\u2028\x85\x1b"), max_size=12)
TEXT = st.text(max_size=12) | ANY_TEXT
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": TEXT}),
    max_size=3,
).map(lambda before: [*before, {"role": "user", "content": "And?"}])
PROMPTS = st.fixed_dictionaries({"prompt": TEXT}) | st.fixed_dictionaries({"messages": MESSAGES})
VERDICTS = st.fixed_dictionaries(
    {"ranking": st.sampled_from([[["c1"], ["c2"]], [["c1", "c2"]], []])},
    optional={
        "all_bad": st.booleans(),
        "aspects": st.lists(TEXT, max_size=3),
        "note": TEXT,
        "edit": st.none() | TEXT,
        "annotator": TEXT,
        "seconds": st.none() | st.floats() | st.integers(0, 2**70),
    },
)


@given(PROMPTS, VERDICTS, st.lists(TEXT, max_size=3))
@REPEATABLE
def test_what_the_api_takes_a_backup_brings_back(
    edge: Edge, client: TestClient, prompt: dict[str, Any], verdict: dict[str, Any], tags: list[str]
) -> None:
    made = client.post("/api/v1/comparisons", content=json.dumps(prompt), headers=JSON)
    if made.status_code != 201:
        assert made.status_code == 422, made.text
        return
    url = f"/api/v1/comparisons/{made.json()['id']}"
    answers = [
        client.put(f"{url}/ranking", content=json.dumps(verdict), headers=JSON),
        client.put(f"{url}/tags", content=json.dumps({"tags": tags}), headers=JSON),
    ]
    assert {answer.status_code for answer in answers} <= {200, 422}, [answer.text for answer in answers]
    assert_comes_back(edge, client)


def assert_comes_back(edge: Edge, client: TestClient) -> None:
    """An export of everything, taken into an empty store, gives the same again."""
    exported = client.get("/api/v1/export?format=rankings")
    empty = f"{edge.url}-copy"
    migrate(empty)
    copy = open_store(empty)
    try:
        DataService(copy).import_("rankings", exported.content)
        assert judged(copy) == judged(edge.built.store)
    finally:
        copy.curation.delete([comparison.id for comparison in copy.comparisons.judged()], ())
        copy.close()


def judged(store: Store) -> list[object]:
    return [replace(comparison, others=comparison.others) for comparison in store.comparisons.judged()]


def test_the_largest_record_that_the_api_takes_comes_back(edge: Edge, client: TestClient) -> None:
    """Each of its characters needs six bytes of JSON."""
    turns = [{"role": "user", "content": "\x01" * (LONGEST_CONVERSATION // 10)} for _ in range(10)]
    made = client.post("/api/v1/comparisons", json={"messages": turns, "n": 4})
    assert made.status_code == 422, "the system turn of the persona counts too"
    turns[0]["content"] = "\x01"
    made = client.post("/api/v1/comparisons", json={"messages": turns, "n": 4})
    assert made.status_code == 201, made.text
    words = {"note": "\x01" * LONGEST_NOTE, "edit": "\x01" * LONGEST_EDIT, "aspects": ["ß" * 200] * 32}
    url = f"/api/v1/comparisons/{made.json()['id']}"
    ranked = client.put(f"{url}/ranking", json={"ranking": [["c1"], ["c2"], ["c3"], ["c4"]], **words})
    assert ranked.status_code == 200, ranked.text
    assert (
        client.put(f"{url}/tags", json={"tags": [str(i).zfill(200) for i in range(100)]}).status_code == 200
    )
    assert_comes_back(edge, client)
    client.post("/api/v1/rankings/delete", json={"ids": [made.json()["id"]]})


def test_a_comparison_whose_replies_cannot_be_written_is_not_kept(edge: Edge, client: TestClient) -> None:
    before = edge.rows()
    edge.built.engine.broken = "the model is away"  # type: ignore[attr-defined]
    answer = client.post("/api/v1/comparisons", json={"prompt": "Hello"})
    edge.built.engine.broken = ""  # type: ignore[attr-defined]
    assert answer.status_code == 503
    assert edge.rows() == before


def test_verdict_and_tags_of_the_data_page_are_stored_together_or_not_at_all(
    edge: Edge, client: TestClient
) -> None:
    before = edge.rows()
    change = {"places": {"a": 2, "b": 1}, "note": "other", "tags": ["bell\x07"]}
    answer = client.put("/rankings/c/kept", json=change)
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "a tag must be at most 200 printable characters",
    )
    assert edge.rows() == before
