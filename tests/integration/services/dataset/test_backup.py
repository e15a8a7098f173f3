"""What the API takes, a backup brings back: a ranking export taken into an empty service gives the same service again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.text_rules import LONGEST_CONVERSATION, LONGEST_EDIT, LONGEST_NOTE
from tests.integration.api.edge_app import Edge, edge_app
from tests.unit.formats.values import REPEATABLE

pytestmark = pytest.mark.integration
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_app(tmp_path_factory.mktemp("here")) as found:
        yield found


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An empty service."""
    with edge_app(tmp_path_factory.mktemp("there")) as found:
        yield TestClient(found.api, base_url="http://127.0.0.1")


@pytest.fixture(scope="module")
def client(here: Edge) -> TestClient:
    return TestClient(here.api, base_url="http://127.0.0.1")


BACK = (
    *(
        f"/api/v1/export?format={name}"
        for name in ("rankings", "trl", "hh", "openai", "sharegpt", "kto", "sft")
    ),
    "/api/v1/comparisons?status=ranked&limit=500",
)
"""What both services answer alike."""
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
    client: TestClient, there: TestClient, prompt: dict[str, Any], verdict: dict[str, Any], tags: list[str]
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
    assert_comes_back(client, there)


def assert_comes_back(client: TestClient, there: TestClient) -> None:
    """All of it, by all that the API shows and exports; the other service is empty again afterwards."""
    exported = client.get("/api/v1/export?format=rankings")
    ids = [json.loads(line)["id"] for line in exported.content.splitlines()]
    taken = there.post("/api/v1/import", content=exported.content, headers=NDJSON)
    try:
        assert (taken.status_code, taken.json()["added"]) == (200, len(ids)), taken.text
        for path in BACK:
            assert there.get(path).content == client.get(path).content, path
        again = there.post("/api/v1/import", content=exported.content, headers=NDJSON)
        assert (again.json()["added"], again.json()["skipped"]) == (0, len(ids))
    finally:
        there.post("/api/v1/rankings/delete", json={"ids": ids})
    assert there.get("/api/v1/export?format=rankings").content == b""


def test_the_largest_record_that_the_api_takes_comes_back(client: TestClient, there: TestClient) -> None:
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
    assert_comes_back(client, there)
    client.post("/api/v1/rankings/delete", json={"ids": [made.json()["id"]]})
