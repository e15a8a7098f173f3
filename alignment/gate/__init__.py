"""The gate: measures a candidate against the champion and the base model, and decides whether it passes.

`decision` and `tone` are pure. May import `contract`, `checkpoints`, `models` and `reward_model`.
"""
