"""Reward model: train, score, calibrate, evaluate. Imports nothing of ours."""
