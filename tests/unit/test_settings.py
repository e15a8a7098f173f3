"""Settings that cannot be: each is refused by its name when it is read, not by whoever uses it later."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from feedback_app.settings import Settings

WEB = ("service_url", "argilla_url", "label_studio_url", "engine_url")
KEYS = ("access_token", "argilla_api_key", "label_studio_token", "engine_api_key")


def fault(**given: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Settings(**given)  # type: ignore[arg-type]
    (only,) = caught.value.errors()
    assert only["loc"] == tuple(given)
    return only["msg"]


@pytest.mark.parametrize("name", WEB)
@pytest.mark.parametrize("address", ["junk", "127.0.0.1:8000", "ftp://host", "http:host"])
def test_a_web_address_begins_with_its_scheme(name: str, address: str) -> None:
    assert fault(**{name: address}) == "must begin with http:// or https://"


@pytest.mark.parametrize("address", ["http://", "http://[", "http://host:port", "http://host:99999"])
def test_a_web_address_has_a_host_and_a_port_that_can_be(address: str) -> None:
    assert fault(engine_url=address) == "is not an address: check host and port"


@pytest.mark.parametrize("address", ["foo", "mysql://host/db", "/tmp/codelynn.db", "postgresql:"])
def test_a_database_is_sqlite_or_postgresql(address: str) -> None:
    assert fault(database_url=address).startswith("must begin with sqlite:// or postgresql://")


def test_what_is_wrong_with_an_address_does_not_tell_its_password() -> None:
    assert "hunter2" not in fault(database_url="mysql://me:hunter2@host/db")
    assert "hunter2" not in fault(redis_url="http://:hunter2@host")


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("key", ["caf\u00e9", "a\nb", " secret", "secret "])
def test_a_key_fits_into_a_header(name: str, key: str) -> None:
    assert "printable ASCII" in fault(**{name: key})


def test_addresses_that_work_are_taken(tmp_path: Path) -> None:
    for address in ("", "redis://h:1/0", "rediss://h", "unix:///run/redis.sock", "redis://:p@[::1]:6379/0"):
        assert Settings(redis_url=address).redis_url == address
    for address in (
        "postgresql://me:p@h:5432/db",
        "postgresql+psycopg:///db?host=/run",
        f"sqlite:///{tmp_path}/a.db",
    ):
        assert Settings(database_url=address).database == address
    for address in ("http://localhost:8000/v1", "https://[::1]/v1", "http://host/"):
        assert Settings(engine_url=address).engine_url == address
