"""The folders of a round's attempts. Each claim works in its own, so that a worker that lost touch can harm no other.

    rounds/ID/attempt-FENCE        what this attempt trains and measures
    checkpoints/NAME/attempt-FENCE what it publishes
    rewards/NAME[-FENCE]           the reward model it trains, if it does

An attempt begins with a copy of what the one before it left: finished stages are not run again, and an interrupted one
resumes. Which attempt made the checkpoint is said by the checkpoint's row, written when the round is finished.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path

from alignment.contract.manifests.stage import is_complete
from alignment.contract.spec import SPEC_FILE, RoundSpec

NAME = re.compile(r"attempt-(\d+)")
PUBLISHING = ("publish", "gate")


def attempt_name(fence: int) -> str:
    return f"attempt-{fence}"


def begin(round_folder: Path, fence: int) -> Path:
    """The folder of this attempt, with what the one before it left."""
    folder = round_folder / attempt_name(fence)
    if folder.exists():
        return folder
    before = _before(round_folder, fence)
    if before is None:
        folder.mkdir(parents=True)
    else:
        _copy(before, folder)
    return folder


def taken_over(folder: Path, before: RoundSpec, mine: RoundSpec) -> RoundSpec:
    """The spec of the attempt in `folder` that goes on from `before`: the same round in the folders of `mine`, where what was
    published already is copied to."""
    if before.checkpoint_dir == mine.checkpoint_dir:
        return before
    if before.checkpoint_dir.exists():
        _copy(before.checkpoint_dir, mine.checkpoint_dir)
    else:
        for stage in PUBLISHING:
            shutil.rmtree(folder / stage, ignore_errors=True)
    trained_reward = is_complete(folder / "reward")
    reward_dir = before.reward_dir if trained_reward else mine.reward_dir
    return replace(before, checkpoint_dir=mine.checkpoint_dir, reward_dir=reward_dir)


def tidy(round_folder: Path, checkpoint_dir: Path, fence: int) -> None:
    """Remove what earlier attempts left, once this one has made the round's checkpoint."""
    for parent in (round_folder, checkpoint_dir.parent):
        for number, folder in _attempts(parent):
            if number < fence:
                shutil.rmtree(folder, ignore_errors=True)


def _before(round_folder: Path, fence: int) -> Path | None:
    """The newest earlier attempt; a round of before there were attempts is one itself."""
    earlier = [found for found in _attempts(round_folder) if found[0] < fence]
    if earlier:
        return max(earlier)[1]
    return round_folder if (round_folder / SPEC_FILE).exists() else None


def _attempts(parent: Path) -> list[tuple[int, Path]]:
    found = ((NAME.fullmatch(path.name), path) for path in parent.glob("attempt-*"))
    return [(int(match[1]), path) for match, path in found if match]


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all. Copied, not linked: the other attempt's trainer may still write to its files."""
    building = target.with_name(f".{target.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    shutil.copytree(source, building, ignore=shutil.ignore_patterns("attempt-*", ".attempt-*"))
    building.replace(target)
