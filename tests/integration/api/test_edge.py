"""What no text and no number may be is refused on every route, with nothing stored."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.integration.api.edge_app import Edge, edge_app

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
    "a field twice": '{"a": 1, "a": 2}',
}
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le")
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
        found.built.services.dataset.import_("rankings", json.dumps(record).encode())
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


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_encoding_of_a_body_gets_past_the_check(edge: Edge, client: TestClient, encoding: str) -> None:
    before = edge.rows()
    for method, path in edge.routes():
        body = r'{"tags": ["a\ud83d"], "ids": ["a\ud83d"], "prompt": "a\ud83d", "model": "a\ud83d"}'
        answer = client.request(method, addressed(path), content=body.encode(encoding), headers=JSON)
        at = f"{method} {path}: {answer.text}"
        assert answer.status_code == (400 if path.startswith("/v1/") else 422), at
        assert "half a surrogate pair" in answer.text or "is not UTF-8" in answer.text, at
    assert edge.rows() == before


def test_no_field_takes_true_for_a_number_nor_a_number_or_a_word_for_true(
    edge: Edge, client: TestClient
) -> None:
    document, tried = edge.api.openapi(), 0
    for path, method, body in _bodies(document):
        for field, kinds in _kinds(document, path, method).items():
            wrong: list[object] = [True] if kinds & {"integer", "number"} else []
            wrong += [1, "yes", "true"] if "boolean" in kinds else []
            for value in wrong:
                answer = client.request(method, addressed(path), json={**body, field: value})
                assert answer.status_code in (400, 422), f"{method} {path} {field}={value!r}: {answer.text}"
                tried += 1
    assert tried > 20


def _kinds(document: dict[str, Any], path: str, method: str) -> dict[str, set[str]]:
    """The types that each field of a body may have."""
    schema = document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    fields = document["components"]["schemas"][schema.rsplit("/", 1)[-1]]["properties"]
    return {
        name: {kind["type"] for kind in (field, *field.get("anyOf", ())) if "type" in kind}
        for name, field in fields.items()
    }


def test_a_turn_with_more_than_its_words_is_refused_by_name(edge: Edge, client: TestClient) -> None:
    before = edge.rows()
    turn = {"role": "user", "content": "Hi", "tool_calls": [{"id": "1"}]}
    answer = client.post("/api/v1/comparisons", json={"messages": [turn]})
    assert (answer.status_code, "messages.0.tool_calls" in answer.text) == (422, True)
    assert edge.rows() == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/api/v1/export", 405),
        ("GET", "/api/v1/rollback", 405),
        ("TRACE", "/api/v1/comparisons", 405),
        ("OPTIONS", "/api/v1/import", 405),
        ("TRACE", "/v1/models", 405),
        ("POST", "/api/v1/nothing", 404),
        ("GET", "/api/v1", 404),
    ],
)
def test_what_is_not_served_is_said_as_such(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert method == "HEAD" or answer.json()
    assert (status == 405) == ("allow" in answer.headers)


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
