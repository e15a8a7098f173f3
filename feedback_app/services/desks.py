"""The annotation desks as their user sees them: what waits for them, and sending everything again."""

from feedback_app.store import Store


class Desks:
    """`names` are the desks that hear of each verdict."""

    def __init__(self, store: Store, names: tuple[str, ...]) -> None:
        self._store = store
        self.names = names

    def waiting(self) -> dict[str, int]:
        """`pending` and `refused` deliveries."""
        return self._store.outbox.counts()

    def resend(self) -> int:
        """Have every ranking delivered again, imported ones too (deliveries are idempotent); how many."""
        ids = [comparison.id for comparison in self._store.comparisons.ranked()]
        self._store.outbox.enqueue(ids, self.names)
        return len(ids)
