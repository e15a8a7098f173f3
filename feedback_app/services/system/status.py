"""Is everything there? What `/health/ready`, `codelynn status` and the pages tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Check = Callable[[], str]
"""Gives a detail, or raises an error whose text says what is wrong."""


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part. Only `required` parts decide whether the service is ready."""

    name: str
    ok: bool
    required: bool
    detail: str = ""


class Status:
    """Runs the checks it was given."""

    def __init__(
        self,
        required: Mapping[str, Check],
        optional: Mapping[str, Check],
        around: Callable[[], Mapping[str, Check]] = dict,
    ) -> None:
        """`around`: what is asked only where everything is wanted, because it takes long; read afresh each time."""
        self._around = around
        self._checks = [(name, True, check) for name, check in required.items()]
        self._checks += [(name, False, check) for name, check in optional.items()]

    def parts(self) -> list[PartStatus]:
        return [checked(name, needed, check) for name, needed, check in self._checks]

    def everything(self) -> list[PartStatus]:
        """`parts`, and what is around the service."""
        return self.parts() + [checked(name, False, check) for name, check in self._around().items()]

    def ready(self) -> bool:
        return all(part.ok for part in self.parts() if part.required)


def checked(name: str, required: bool, check: Check) -> PartStatus:
    """What the check says now."""
    try:
        return PartStatus(name, True, required, check())
    except Exception as error:  # noqa: BLE001 - whatever a part's client raises is its status
        reason = (str(error) or "no answer").splitlines()[0][:200]
        told = reason if isinstance(error, RuntimeError) else f"{type(error).__name__}: {reason}"
        return PartStatus(name, False, required, told)
