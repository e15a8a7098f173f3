"""Who is who in imports: the same content always gets the same id, so importing a file twice adds nothing."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("5e0c1f5e-6d0b-4f5a-9a6e-3d2b8c7a4f10")


def content_id(kind: str, content: Mapping[str, Any], occurrence: int = 1) -> str:
    """A UUID (version 5) of JSON content; the n-th time that the same content occurs has an id of its own."""
    return str(uuid5(NAMESPACE, json.dumps([kind, occurrence, content], sort_keys=True)))
