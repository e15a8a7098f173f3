"""Memory given back to the system. On Linux with glibc; elsewhere nothing happens.

CTranslate2 allocates and frees blocks of some megabytes at every step. By default glibc maps such blocks one by one, which
made eight replies to a long prompt three times slower; and once it keeps them, it keeps hundreds of megabytes for ever. So
they are kept while replies are written and given back after (docs/decisions/0022-queue-and-memory.md).
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
KEPT_BLOCK = 32 * 1024**2
"""Bytes from which a block is mapped by itself; the most that glibc allows."""
KEPT = 1024**3
ARENAS = 2


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
        library.malloc_trim.argtypes = [ctypes.c_size_t]
    except (OSError, AttributeError):
        return None
    return library


def keep_blocks() -> None:
    """Have freed blocks kept for the next step. Once, before threads are started."""
    if (library := _glibc()) is not None:
        library.mallopt(M_ARENA_MAX, ARENAS)
        library.mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK)
        library.mallopt(M_TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Return to the system what is free now: some milliseconds."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)
