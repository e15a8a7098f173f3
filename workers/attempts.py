"""The folders of the attempts of a round. Each attempt has its own, so that a worker that lost the round cannot damage the next attempt.

    rounds/ID/attempt-FENCE        the stages of this attempt
    checkpoints/NAME/attempt-FENCE the checkpoint that it publishes
    rewards/NAME[-FENCE]           the reward model that it trains, if it does

An attempt starts with a copy of the one before. Finished stages are not run again, and an interrupted stage resumes. The row of
the checkpoint, written at the end of the round, names the attempt that made it.
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
    """The folder of this attempt, with a copy of the attempt before."""
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
    """The spec of the attempt in `folder`: the settings of the attempt `before` with the folders of `mine`. What that attempt has published
    is copied to them."""
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
    """Remove the folders of earlier attempts, once this one has made the checkpoint."""
    for parent in (round_folder, checkpoint_dir.parent):
        for number, folder in _attempts(parent):
            if number < fence:
                shutil.rmtree(folder, ignore_errors=True)


def _before(round_folder: Path, fence: int) -> Path | None:
    """The folder of the newest earlier attempt. In rounds of early versions, which had no attempts, that is the folder of the round."""
    earlier = [attempt for attempt in _attempts(round_folder) if attempt[0] < fence]
    if earlier:
        return max(earlier)[1]
    return round_folder if (round_folder / SPEC_FILE).exists() else None


def _attempts(parent: Path) -> list[tuple[int, Path]]:
    matches = ((NAME.fullmatch(path.name), path) for path in parent.glob("attempt-*"))
    return [(int(match[1]), path) for match, path in matches if match]


def _copy(source: Path, target: Path) -> None:
    """Copy all or nothing. Files are copied, not linked, since the trainer of the other attempt may still write to them."""
    building = target.with_name(f".{target.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    shutil.copytree(source, building, ignore=shutil.ignore_patterns("attempt-*", ".attempt-*"))
    building.replace(target)
