"""Reward models: training on rankings, scoring, calibration, evaluation, and the live model that learns after every ranking.

Imports no other package of this project. `config`, `rankings` and `statistics` are free of torch.
"""
