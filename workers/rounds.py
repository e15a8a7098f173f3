"""One round in a worker: claim it, prepare it, supervise its trainer, and write down how it ended."""

import subprocess
import traceback
from pathlib import Path

import structlog
from sqlalchemy.exc import OperationalError

from alignment.contract.errors import RoundRefused
from alignment.contract.manifests.checkpoint import read_checkpoint_manifest
from alignment.contract.manifests.reward import CorruptReward, read_reward
from alignment.contract.spec import RoundSpec
from alignment.models.base_model import BaseModelUnavailable
from feedback_app.domain.persona import UnknownPersona
from feedback_app.domain.round import Checkpoint, Round, RoundState
from feedback_app.store import CheckpointExists, CheckpointNotFound, StaleFence
from workers.attempts import tidy
from workers.bootstrap import WorkerContext
from workers.heartbeat import Heartbeat
from workers.outcome import Outcome, outcome, stopped_by_signal
from workers.prepare import attempt_folder, base_model, prepare_round, round_folder
from workers.supervisor import Ending, Supervisor, Told

log = structlog.get_logger()

REFUSALS = (RoundRefused, BaseModelUnavailable, CheckpointNotFound, CheckpointExists, UnknownPersona)
VERIFY_SECONDS = 600
SHUTDOWN_SECONDS = 2.0


def run_round(shop: WorkerContext, round_id: str) -> None:
    """Run a queued round; one that is not queued (a message that came twice) is left alone.

    The row says how it ended. An error of the database passes through: the round is then found again by its silence.
    """
    claimed = shop.store.rounds.claim(round_id, shop.worker)
    if claimed is None:
        log.info("round is not queued: nothing to do", round=round_id)
        return
    log.info("round begins", round=round_id, attempt=claimed.attempt)
    try:
        with Heartbeat(
            shop.store, claimed, shop.heartbeat_seconds, shop.settings.round_stale_seconds
        ) as heartbeat:
            ended = _attempt(shop, claimed, heartbeat)
    except StaleFence:
        log.warning("another worker holds this round: stopped", round=round_id, fence=claimed.fence)
        return
    log.info("round ends", round=round_id, state=ended.value)


def _attempt(shop: WorkerContext, claimed: Round, heartbeat: Heartbeat) -> RoundState:
    """Run the round as its holder. Raises StaleFence, OperationalError."""
    try:
        spec = prepare_round(shop.settings, shop.store, claimed, base_model(shop.settings))
        supervisor = Supervisor(shop.store, shop.stopping, heartbeat, shop.grace)
        ending = supervisor.supervise(claimed, attempt_folder(shop.settings, claimed), shop.trainer)
        return _conclude(shop, claimed, spec, ending)
    except (StaleFence, OperationalError):
        raise
    except REFUSALS as error:
        return _fail(shop, claimed, str(error))
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the round must not stay `running`
        # Only where it happened: the message of a library's error could carry text of the data.
        log.error("round failed", round=claimed.id, at=traceback.format_tb(error.__traceback__))
        return _fail(shop, claimed, f"the worker failed ({type(error).__name__}): see its log, then resume")


def _conclude(shop: WorkerContext, claimed: Round, spec: RoundSpec, ending: Ending) -> RoundState:
    if ending.told is Told.cancel:
        return shop.store.rounds.finish(claimed.id, claimed.fence, RoundState.cancelled).state
    given_back = ending.told in (Told.shutdown, Told.silent)
    if ending.code != 0 and (given_back or _shut_down_too(shop, ending)):
        return shop.store.rounds.release(claimed.id, claimed.fence).state
    result = outcome(attempt_folder(shop.settings, claimed), ending.code)
    if result.state is RoundState.failed:
        return _fail(shop, claimed, result.error)
    if spec.method == "reward":
        return _finish_reward(shop, claimed, spec, result)
    return _finish(shop, claimed, spec, result)


def _shut_down_too(shop: WorkerContext, ending: Ending) -> bool:
    """Whether the signal that ended the trainer was the machine going down, which reaches us a moment later."""
    return stopped_by_signal(ending.code) and shop.stopping.wait(SHUTDOWN_SECONDS)


def _finish(shop: WorkerContext, claimed: Round, spec: RoundSpec, result: Outcome) -> RoundState:
    """Register the checkpoint, end the round and promote, in one transaction."""
    if damage := _damage(shop, spec.checkpoint_dir):
        return _fail(shop, claimed, damage)
    promoted = result.state is RoundState.promoted
    manifest = read_checkpoint_manifest(spec.checkpoint_dir).record()
    made = Checkpoint(
        name=spec.checkpoint_name,
        path=str(spec.checkpoint_dir),
        parent=spec.parent,
        round_id=claimed.id,
        method=spec.method,
        manifest=manifest,
        passed=promoted,
    )
    state = shop.store.rounds.finish(
        claimed.id, claimed.fence, result.state, made.name, result.decision, promote=promoted, made=made
    ).state
    tidy(round_folder(shop.settings, claimed.id), spec.checkpoint_dir, claimed.fence)
    return state


def _finish_reward(shop: WorkerContext, claimed: Round, spec: RoundSpec, result: Outcome) -> RoundState:
    """A reward model is no version of the chat model: no checkpoint is registered and no alias moves."""
    try:
        read_reward(spec.reward_dir or Path())
    except CorruptReward as error:
        return _fail(shop, claimed, str(error))
    return shop.store.rounds.finish(claimed.id, claimed.fence, result.state, decision=result.decision).state


def _damage(shop: WorkerContext, checkpoint: Path) -> str:
    """What is wrong with a checkpoint folder, in one line; empty if it is what its manifest says."""
    checked = subprocess.run(
        [*shop.verifier, str(checkpoint)], capture_output=True, text=True, timeout=VERIFY_SECONDS, check=False
    )
    if checked.returncode == 0:
        return ""
    return checked.stdout.strip() or "the checkpoint could not be checked: see the worker's log, then resume"


def _fail(shop: WorkerContext, claimed: Round, reason: str) -> RoundState:
    return shop.store.rounds.finish(claimed.id, claimed.fence, RoundState.failed, error=reason).state
