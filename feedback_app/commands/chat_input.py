"""Where the words of `codelynn chat` come from: a person at a terminal, or lines from a pipe."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMANDS = ("/help", "/model", "/persona", "/retry", "/save", "/quit")
HISTORY = "chat-history"


@dataclass(frozen=True, slots=True)
class Asking:
    """`ask` gives what is said next; raises EOFError at the end. `person`: somebody can say it again after an error."""

    ask: Callable[[], str]
    person: bool


@contextmanager
def opened_input(home: Path) -> Iterator[Asking]:
    """A prompt with history on a terminal, else the lines of standard input."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        yield Asking(_prompt(home), person=True)
    else:
        yield Asking(_line, person=False)


def _line() -> str:
    """Bytes that are no UTF-8 become the mark for that."""
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _prompt(home: Path) -> Callable[[], str]:
    """Enter sends, Alt-Enter begins a new line; text that is pasted keeps its lines."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.shortcuts import CompleteStyle

    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    session: PromptSession[str] = PromptSession(
        "you> ",
        history=FileHistory(str(history_file(home))),
        key_bindings=keys,
        completer=WordCompleter(list(COMMANDS), sentence=True),
        complete_while_typing=False,
        complete_style=CompleteStyle.READLINE_LIKE,
        reserve_space_for_menu=0,
    )
    return session.prompt


def history_file(home: Path) -> Path:
    """What was said before, readable by its owner only: it is as private as the conversations."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / HISTORY
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    file.chmod(0o600)
    return file
