"""Messages between two processes over a pipe: the length in bytes, then a JSON object."""

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

LENGTH = struct.Struct(">Q")
LONGEST = 2**32
"""The longest message in bytes. A greater length means that something else wrote into the pipe."""


class BrokenFrame(RuntimeError):
    """The received data is not a complete message. The error quotes nothing of it, since messages contain private texts."""


def send(pipe: IO[bytes], message: Mapping[str, Any]) -> None:
    """Raises OSError where nobody reads any more."""
    data = json.dumps(message).encode()
    pipe.write(LENGTH.pack(len(data)) + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> dict[str, Any] | None:
    """The next message; None where the other side has closed the pipe. Raises BrokenFrame, OSError."""
    head = pipe.read(LENGTH.size)
    if not head:
        return None
    if len(head) < LENGTH.size:
        raise BrokenFrame("the pipe was closed in the middle of a length")
    (length,) = LENGTH.unpack(head)
    if length > LONGEST:
        raise BrokenFrame("what came is no message")
    data = pipe.read(length)
    if len(data) < length:
        raise BrokenFrame("the pipe was closed in the middle of a message")
    return _parsed(data)


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        message = json.loads(data)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise BrokenFrame("a message is not a JSON object")
    return message
