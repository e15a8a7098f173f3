"""Reward models that were never trained, on disk as trained ones are."""

from pathlib import Path

from alignment.contract.manifests.reward import RewardManifest, write_reward
from alignment.contract.manifests.values import BaseRecord
from alignment.models.base_model import prepare_base


def shelve(home: Path, model: Path, name: str, day: int, convert: bool = False) -> Path:
    """A real reward model of the base model in `model`. It scores every reply 0, so the first one is chosen."""
    import numpy as np
    from safetensors.numpy import save_file

    from reward_model.config import RewardConfig
    from reward_model.fit import STYLE, write_temperature
    from reward_model.network import RewardNetwork
    from reward_model.style import style_features

    base = prepare_base(str(model), home / "models", convert, lambda text, share: None)
    folder = home / "rewards" / name
    RewardNetwork.fresh(base.hf_dir, RewardConfig(lora_r=2)).save(folder, base.name)
    save_file({"weights": np.zeros_like(style_features(""))}, folder / STYLE)
    write_temperature(folder, 1.0)
    created = f"2026-05-{day:02d}T12:00:00+00:00"
    write_reward(folder, RewardManifest(base=BaseRecord(hash=base.hash), passed=True, created_at=created))
    return folder
