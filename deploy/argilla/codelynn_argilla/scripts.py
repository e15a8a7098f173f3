"""Scripts that are written without spaces between words, and signs that are words by themselves (emoji).

A run of them is one token to SQLite's word tokenizer, so they are searched as pieces of text instead.
"""

import re

RANGES = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2600, 0x27BF),  # signs and dingbats
    (0x3005, 0x3007),  # iteration mark and zero
    (0x3041, 0x30FF),  # Hiragana and Katakana
    (0x3100, 0x312F),  # Bopomofo
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x4DBF),  # Han, extension A
    (0x4E00, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han, compatibility forms
    (0xFF66, 0xFF9F),  # Katakana, half width
    (0x1F000, 0x1FAFF),  # emoji
    (0x20000, 0x3FFFF),  # Han, further extensions
)
SET = "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in RANGES) + "]"
_SPACELESS = re.compile(SET)
_WORD = re.compile(r"[^\W_]")


def is_spaceless(text: str) -> bool:
    return _SPACELESS.search(text) is not None


def is_searchable(text: str) -> bool:
    """Whether there is anything in it to look for."""
    return _WORD.search(text) is not None or is_spaceless(text)
