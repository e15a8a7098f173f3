"""The limits of the gate. Their defaults are those of the settings `CODELYNN_GATE_…` as well."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a candidate must meet. `max_kl` is in nats per reply, `max_nll_rise` in nats per token; the ratios are shares of
    the champion's or base's."""

    min_accuracy: float = 0.5
    min_heldout_pairs: int = 8
    max_kl: float = 60.0
    min_length_ratio: float = 0.2
    max_length_ratio: float = 3.0
    max_perplexity_ratio: float = 1.1
    max_nll_rise: float = 0.4
