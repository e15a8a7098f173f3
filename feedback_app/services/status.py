"""Is everything there? What `/health/ready`, `codelynn status` and the pages tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part. Only `required` parts decide whether the service is ready."""

    name: str
    ok: bool
    required: bool
    detail: str = ""


class Status:
    """Runs the checks it was given: a check returns a detail, or raises an error whose text says what is wrong."""

    def __init__(
        self, required: Mapping[str, Callable[[], str]], optional: Mapping[str, Callable[[], str]]
    ) -> None:
        self._checks = [(name, True, check) for name, check in required.items()]
        self._checks += [(name, False, check) for name, check in optional.items()]

    def parts(self) -> list[PartStatus]:
        return [_run(name, needed, check) for name, needed, check in self._checks]

    def ready(self) -> bool:
        return all(part.ok for part in self.parts() if part.required)


def _run(name: str, required: bool, check: Callable[[], str]) -> PartStatus:
    try:
        return PartStatus(name, True, required, check())
    except Exception as error:  # noqa: BLE001 - whatever a part's client raises is its status
        reason = (str(error) or "no answer").splitlines()[0][:200]
        return PartStatus(name, False, required, f"{type(error).__name__}: {reason}")
