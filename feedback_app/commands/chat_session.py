"""A conversation on the terminal through the API. Input comes from a person or, through a pipe, line by line."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback_app.commands.client import Event, Mistaken, Refused, Service, path_part
from feedback_app.commands.common import WrongUse, complain, one_line, out

HELP = """\
/model [NAME]    list the versions, or use one from the next reply on
/persona [NAME]  list the personas, or use one from the next reply on
/new             begin a new conversation with the same version and persona
/retry           regenerate the last reply
/save FILE       save this conversation: as Markdown, or as JSON if FILE ends in .json
/quit            leave; Ctrl-D does the same
Ctrl-C stops a reply. Alt-Enter begins a new line. A message that begins with a slash: type // first."""


COMMANDS = ("/help", "/model", "/persona", "/retry", "/save", "/quit")
HISTORY = "chat-history"


class _Left(Exception):
    """The person wants to leave."""


@dataclass(frozen=True, slots=True)
class Asking:
    """`ask` returns the next input; raises EOFError at the end. `person`: a person types, who can try again after an error."""

    ask: Callable[[], str]
    person: bool


class Talk:
    """One conversation at a time. It continues when another version or persona is chosen."""

    def __init__(self, service: Service, model: str, persona: str, resume: str, best_of: int) -> None:
        """Begin a conversation, or continue `resume`. Raises Mistaken, Refused."""
        self._service = service
        self._best_of = best_of
        self._now: dict[str, Any] = {}
        self._commands: dict[str, Callable[[str], None]] = {
            "/help": lambda _: out.print(HELP, markup=False),
            "/model": self._model,
            "/persona": self._persona,
            "/new": lambda _: self._begin(self._now["model"], self._now["persona"]),
            "/retry": self._retry,
            "/save": self._save,
            "/quit": self._quit,
        }
        if resume:
            self._now = service.get(f"/conversations/{path_part(resume)}")
            self._introduce()
        else:
            self._begin(model, persona or None)

    def until_left(self, asking: Asking) -> None:
        """Read and answer until the end. An invalid command is reported. A failed reply is reported to a person, and raised if the input is a
        pipe. Raises Mistaken, Refused."""
        try:
            while True:
                try:
                    self.hear(asking.ask())
                except KeyboardInterrupt:
                    if not asking.person:
                        return
                    out.print("Ctrl-D leaves", style="dim")
                except WrongUse as error:
                    complain(str(error))
                except (Mistaken, Refused) as error:
                    if not asking.person:
                        raise
                    complain(str(error))
        except (EOFError, _Left):
            return
        finally:
            self._drop_if_empty()

    def hear(self, text: str) -> None:
        """Handle a message or a command. Raises _Left, WrongUse."""
        if text.startswith("//"):
            self._say(text[1:])
        elif text.startswith("/") and "\n" not in text:
            name, _, rest = text.partition(" ")
            command = self._commands.get(name)
            if command is None:
                raise WrongUse(
                    f"there is no command {name}: /help lists them; // begins a message with a slash"
                )
            try:
                command(rest.strip())
            except (Mistaken, OSError) as error:
                raise WrongUse(one_line(error)) from error
        elif text.strip():
            self._say(text)

    def _begin(self, model: str, persona: str | None) -> None:
        asked = {"model": model, "persona": persona, "best_of": self._best_of}
        begun = self._service.post("/conversations", asked)
        self._drop_if_empty()
        self._now = begun
        self._introduce()

    def _introduce(self) -> None:
        now = self._now
        line = f"{now['model']} as {now['persona']}, conversation {now['id'][:8]}. /help lists what can be done, Ctrl-D leaves."
        out.print(line, style="dim", markup=False, soft_wrap=True)

    def _say(self, text: str) -> None:
        self._answered("messages", {"text": text, "best_of": self._best_of})

    def _retry(self, _: str) -> None:
        self._answered("retry", {"best_of": self._best_of})

    def _answered(self, how: str, body: dict[str, Any]) -> None:
        """Print the reply as it is generated. Ctrl-C stops it; the reply so far is kept and printed."""
        if self._best_of > 1:
            out.print(f"writing {self._best_of} replies…", style="dim")
        path, shown = f"/conversations/{self._now['id']}", ""
        try:
            for event in self._service.events("POST", f"{path}/{how}", body):
                shown += self._show(event)
        except KeyboardInterrupt:
            kept = self._service.post(f"{path}/stop")["turns"]
            if kept and kept[-1]["role"] == "assistant":
                _write(kept[-1]["content"][len(shown) :])
            out.print("\n(stopped)", style="dim")
        finally:
            self._now["turns"] = ["said"]

    def _show(self, event: Event) -> str:
        """Print an event. Returns its text. Raises Refused for an error."""
        if event.name == "error":
            raise Refused(event.data["detail"])
        if event.name == "done":
            out.print()
            if event.data["note"]:
                out.print(event.data["note"], style="dim", markup=False)
            return ""
        text = str(event.data["text"])
        _write(text)
        return text

    def _model(self, name: str) -> None:
        if name:
            self._become({"model": name})
            return
        aliases = self._service.get("/aliases")
        for version in ["base", *(one["name"] for one in self._service.get("/checkpoints"))]:
            names = ", ".join(sorted(alias for alias, of in aliases.items() if of == version))
            self._listed(version, self._now["model"], names)

    def _persona(self, name: str) -> None:
        if name:
            self._become({"persona": name})
            return
        for one in self._service.get("/personas"):
            self._listed(one["id"], self._now["persona"], one["description"])

    def _become(self, chosen: dict[str, str]) -> None:
        """Change the version or persona of this conversation and report it."""
        self._now = now = self._service.call("PATCH", f"/conversations/{self._now['id']}", {}, chosen)
        line = f"{now['model']} as {now['persona']} answers from the next reply on, in this conversation."
        out.print(line, style="dim", markup=False, soft_wrap=True)

    def _listed(self, name: str, current: str, more: str) -> None:
        mark = "*" if name == current else " "
        out.print(f"{mark} {name}{f'  ({more})' if more else ''}", markup=False, soft_wrap=True)

    def _save(self, name: str) -> None:
        """Raises WrongUse, OSError."""
        if not name:
            raise WrongUse("say where to: /save FILE")
        file = Path(name).expanduser()
        talk = self._service.get(f"/conversations/{self._now['id']}")
        text = (
            json.dumps(talk, ensure_ascii=False, indent=1) + "\n"
            if file.suffix == ".json"
            else markdown(talk)
        )
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise WrongUse(f"{file} exists already: choose another name") from error
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            target.write(text)
        out.print(f"saved in {file}", markup=False)

    def _quit(self, _: str) -> None:
        raise _Left

    def _drop_if_empty(self) -> None:
        """Delete the conversation if it is empty."""
        if self._now and not self._now["turns"]:
            self._service.call("DELETE", f"/conversations/{self._now['id']}", {})


def markdown(talk: dict[str, Any]) -> str:
    """A conversation (`ConversationBody`) as Markdown."""
    return "".join(_blocks(talk))


def _blocks(talk: dict[str, Any]) -> Iterator[str]:
    yield f"# {talk['title'] or 'Conversation'}\n"
    for turn in talk["turns"]:
        who = "You" if turn["role"] == "user" else f"{turn['persona'] or talk['persona']} ({turn['model']})"
        yield f"\n**{who}**\n\n{turn['content']}\n"


def _write(text: str) -> None:
    out.print(text, end="", markup=False, soft_wrap=True)


@contextmanager
def opened_input(home: Path) -> Iterator[Asking]:
    """A prompt with history on a terminal; otherwise the lines of standard input."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        yield Asking(_prompt(home), person=True)
    else:
        yield Asking(_line, person=False)


def _line() -> str:
    """Invalid UTF-8 becomes the replacement character."""
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _prompt(home: Path) -> Callable[[], str]:
    """Enter sends, Alt-Enter begins a new line; pasted text keeps its lines."""
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
    """The input history, readable by its owner only: it is as private as the conversations."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / HISTORY
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    file.chmod(0o600)
    return file
