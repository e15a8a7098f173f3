"""The arena: prompts, comparisons, prefetch, pair selection and repeated pairs.

Imports domain, store, engines, and the rooms generation and reward.
"""
