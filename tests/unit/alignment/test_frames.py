"""Messages over a pipe between two processes."""

from io import BytesIO

import pytest

from alignment import frames


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"rewards": [0.1, -1e300, 2 / 3]},
        {"items": [[[{"role": "user", "content": "Grüß dich\n日本語 \x00"}], "half \ud83d"]]},
    ],
)
def test_a_message_arrives_as_it_was_sent(message: dict[str, object]) -> None:
    pipe = BytesIO()
    frames.send(pipe, message)
    frames.send(pipe, {"next": 1})
    pipe.seek(0)
    assert [frames.receive(pipe), frames.receive(pipe), frames.receive(pipe)] == [message, {"next": 1}, None]


@pytest.mark.parametrize("kept", [2, 8, 14])
def test_a_pipe_that_ends_within_a_message_is_told_of_without_its_text(kept: int) -> None:
    pipe = BytesIO()
    frames.send(pipe, {"prompt": "private"})
    with pytest.raises(frames.BrokenFrame, match="was closed in the middle") as error:
        frames.receive(BytesIO(pipe.getvalue()[:kept]))
    assert "private" not in str(error.value)


def test_text_in_the_pipe_is_not_waited_for_as_a_long_message() -> None:
    with pytest.raises(frames.BrokenFrame, match="no message"):
        frames.receive(BytesIO(b"A library prints this."))


@pytest.mark.parametrize("data", [b"private", b"[1]", b"\xff\xfe"])
def test_what_is_no_json_object_is_told_of_without_its_text(data: bytes) -> None:
    with pytest.raises(frames.BrokenFrame, match="not a JSON object") as error:
        frames.receive(BytesIO(frames.LENGTH.pack(len(data)) + data))
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
