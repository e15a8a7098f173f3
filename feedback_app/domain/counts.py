"""Numbers in words, as pages and commands say them."""


def span(low: float | None, high: float | None) -> str:
    """`0.5 to 1`, `from 2`, `up to 1`."""
    if high is None:
        return f"from {low:g}"
    return f"up to {high:g}" if low is None else f"{low:g} to {high:g}"
