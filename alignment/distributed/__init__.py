"""Training in several processes, one per GPU: starting them, the process of each rank, and their group.

May import `contract`, `checkpoints`, `methods` and `models`.
"""
