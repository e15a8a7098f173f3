"""Writing replies: batches in the background, best of n, and the model versions.

Imports domain, store and engines; of the other rooms only the errors of reward.
"""
