"""Proximal policy optimisation, written here because TRL no longer has it. May import the rest of `alignment`.

Read `losses`, `rollout`, `experience`, `model`, `training`, then `stage`, which is the round's training stage.
"""

from alignment.methods.ppo.stage import TRAINING as TRAINING
