"""Alignment rounds: readiness, queue, estimate, snapshots, lineage, and replies before and after.

Imports domain, store, formats, `alignment.contract`, and the rooms dataset, generation and reward.
"""
