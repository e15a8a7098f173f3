"""The models: preparing a base model, loading it with an adapter, its chat template, sampling, and conversion.

May import `contract` and `checkpoints.registry`.
"""
