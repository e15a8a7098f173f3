"""The Chat page: its parts (`layout`, `parts`), what its buttons do (`handlers`, `side_by_side`, `replies`), conversations as text (`view`).

May import `ui.shared`, `services` and `domain`. No other page may import it.
"""
