"""The desks named in the settings: those that get each ranking, and those that have an address now."""

from collections.abc import Callable, Mapping

from feedback_app.desks.argilla import ArgillaDesk
from feedback_app.desks.base import AnnotationDesk
from feedback_app.desks.label_studio import LabelStudioDesk, label_studio_desk
from feedback_app.settings import Settings


def desk_names(settings: Settings) -> tuple[str, ...]:
    """The desks that get every ranking, whether they run now or not. An embedded Label Studio counts from its first start."""
    label_studio = bool(settings.label_studio_url) or (settings.root / "label-studio").exists()
    wanted = ((ArgillaDesk.name, settings.argilla_enabled), (LabelStudioDesk.name, label_studio))
    return tuple(name for name, is_wanted in wanted if is_wanted)


class ReachableDesks:
    """The desks that have an address now. Each keeps its connection until its address changes."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        """`settings` returns the current settings, because a desk may be started later than this process."""
        self._settings = settings
        self._made: dict[str, tuple[tuple[str, ...], AnnotationDesk]] = {}

    def __call__(self) -> Mapping[str, AnnotationDesk]:
        settings = self._settings()
        argilla = (settings.argilla_url, settings.argilla_api_key, settings.argilla_workspace)
        label_studio = (settings.label_studio_url, settings.label_studio_token)
        if settings.argilla_enabled and settings.argilla_url:
            self._keep(
                ArgillaDesk.name, argilla, ArgillaDesk(*argilla, annotators=settings.argilla_annotators)
            )
        self._keep(LabelStudioDesk.name, label_studio, label_studio_desk(settings))
        return {name: desk for name, (_, desk) in self._made.items()}

    def _keep(self, name: str, address: tuple[str, ...], desk: AnnotationDesk | None) -> None:
        """Keep the desk for its address. Desks connect at first use, so an unused one costs nothing."""
        known = self._made.get(name)
        if known is not None and known[0] == address:
            return
        if known is not None:
            del self._made[name]
            known[1].close()
        if desk is not None:
            self._made[name] = (address, desk)
