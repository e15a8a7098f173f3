"""The settings of each method of training."""
