"""The digest of a table's rows. It depends on what the rows say, not on how they were cut into batches or files."""

import hashlib
from typing import Any

import numpy as np
import pyarrow


class RowsDigest:
    """SHA-256 over the rows that were added, in order. Each column enters with its lengths and its bytes, so a whole batch
    is hashed at once and no two different tables read alike."""

    def __init__(self) -> None:
        self._rows = 0
        self._parts: dict[str, Any] = {}

    def update(self, batch: pyarrow.RecordBatch) -> None:
        self._rows += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._column(name, column)

    def hexdigest(self) -> str:
        whole = hashlib.sha256(str(self._rows).encode())
        for path, part in sorted(self._parts.items()):
            whole.update(f"\n{path} {part.hexdigest()}".encode())
        return whole.hexdigest()

    def _column(self, path: str, column: Any) -> None:
        if pyarrow.types.is_struct(column.type):
            for field, child in zip(column.type, column.flatten(), strict=True):
                self._column(f"{path}.{field.name}", child)
        elif pyarrow.types.is_list(column.type):
            self._add(f"{path}.lengths", _numbers(column.value_lengths()))
            self._column(f"{path}.items", column.flatten())
        elif pyarrow.types.is_string(column.type):
            offsets = _offsets(column)
            self._add(f"{path}.lengths", np.diff(offsets))
            if offsets[-1] > offsets[0]:
                self._add(path, memoryview(column.buffers()[2])[offsets[0] : offsets[-1]])
        else:
            self._add(path, _numbers(column))

    def _add(self, path: str, content: Any) -> None:
        self._parts.setdefault(path, hashlib.sha256()).update(content)


def _offsets(column: Any) -> Any:
    """Where each text of a column begins in its bytes, and where the last one ends."""
    if not len(column):
        return np.zeros(1, np.int32)
    offsets = np.frombuffer(column.buffers()[1], np.int32)
    return offsets[column.offset : column.offset + len(column) + 1]


def _numbers(column: Any) -> Any:
    """The numbers of a column, little-endian. Truth values are one byte each."""
    numbers = column.to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(numbers.astype(numbers.dtype.newbyteorder("<")))
