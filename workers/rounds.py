"""One round in a worker: claim it, prepare it, supervise its trainer, and record how it ended."""

import subprocess
import traceback
from collections.abc import Callable
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
from workers.context import WorkerContext
from workers.heartbeat import Heartbeat
from workers.outcome import Outcome, outcome, stopped_by_signal
from workers.prepare import attempt_folder, base_model, prepare_round, round_folder
from workers.supervisor import Ending, StopReason, Supervisor

log = structlog.get_logger()

REFUSALS = (RoundRefused, BaseModelUnavailable, CheckpointNotFound, CheckpointExists, UnknownPersona)
VERIFY_SECONDS = 600
SHUTDOWN_SECONDS = 2.0


def run_round(context: WorkerContext, round_id: str) -> None:
    """Run a queued round. Does nothing for a round that is not queued, as after a message that came twice.

    The row of the round says how it ended. Database errors are raised; the missing heartbeat then puts the round back into the queue.
    """
    claimed = context.store.rounds.claim(round_id, context.worker)
    if claimed is None:
        log.info("round is not queued: nothing to do", round=round_id)
        return
    log.info("round begins", round=round_id, attempt=claimed.attempt)
    try:
        with Heartbeat(
            context.store, claimed, context.heartbeat_seconds, context.settings.round_stale_seconds
        ) as heartbeat:
            ended = _attempt(context, claimed, heartbeat)
    except StaleFence:
        log.warning("another worker holds this round: stopped", round=round_id, fence=claimed.fence)
        return
    log.info("round ends", round=round_id, state=ended.value)


def _attempt(context: WorkerContext, claimed: Round, heartbeat: Heartbeat) -> RoundState:
    """Run the round that this worker claimed. Raises StaleFence, OperationalError."""
    try:
        base = base_model(context.settings)
        spec = prepare_round(
            context.settings, context.store, claimed, base, _check(context, claimed, heartbeat)
        )
        supervisor = Supervisor(context.store, context.stopping, heartbeat, context.grace)
        ending = supervisor.supervise(claimed, attempt_folder(context.settings, claimed), context.trainer)
        return _conclude(context, claimed, spec, ending)
    except PreparationStopped as stopped:
        return _stopped(context, claimed, stopped.reason)
    except (StaleFence, OperationalError):
        raise
    except REFUSALS as error:
        return _fail(context, claimed, str(error))
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the round must not stay `running`
        # Log only the place: the message of a library's error could contain text of the data.
        log.error("round failed", round=claimed.id, at=traceback.format_tb(error.__traceback__))
        return _fail(
            context, claimed, f"the worker failed ({type(error).__name__}): see its log, then resume"
        )


class PreparationStopped(Exception):
    """The round is to stop before its trainer has started."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.name)
        self.reason = reason


def _check(context: WorkerContext, claimed: Round, heartbeat: Heartbeat) -> Callable[[], None]:
    """What raises where the round is to stop."""

    def check() -> None:
        if heartbeat.lost:
            raise StaleFence(f"round {claimed.id} is not ours any more")
        if heartbeat.cancelled:
            raise PreparationStopped(StopReason.cancel)
        if context.stopping.is_set():
            raise PreparationStopped(StopReason.shutdown)

    return check


def _stopped(context: WorkerContext, claimed: Round, reason: StopReason) -> RoundState:
    """A cancelled round ends; any other goes back into the queue."""
    if reason is StopReason.cancel:
        return context.store.rounds.finish(claimed.id, claimed.fence, RoundState.cancelled).state
    return context.store.rounds.release(claimed.id, claimed.fence).state


def _conclude(context: WorkerContext, claimed: Round, spec: RoundSpec, ending: Ending) -> RoundState:
    given_back = ending.stopped in (StopReason.shutdown, StopReason.silent)
    if ending.stopped is StopReason.cancel:
        return _stopped(context, claimed, StopReason.cancel)
    if ending.code != 0 and (given_back or _shut_down_too(context, ending)):
        return _stopped(context, claimed, StopReason.shutdown)
    result = outcome(attempt_folder(context.settings, claimed), ending.code)
    if result.state is RoundState.failed:
        return _fail(context, claimed, result.error)
    if spec.method == "reward":
        return _finish_reward(context, claimed, spec, result)
    return _finish(context, claimed, spec, result)


def _shut_down_too(context: WorkerContext, ending: Ending) -> bool:
    """Whether the machine is shutting down: the trainer gets the signal first, this worker a moment later."""
    return stopped_by_signal(ending.code) and context.stopping.wait(SHUTDOWN_SECONDS)


def _finish(context: WorkerContext, claimed: Round, spec: RoundSpec, result: Outcome) -> RoundState:
    """Register the checkpoint, end the round and promote, in one transaction."""
    if damage := _damage(context, spec.checkpoint_dir):
        return _fail(context, claimed, damage)
    promoted = result.state is RoundState.promoted
    manifest = read_checkpoint_manifest(spec.checkpoint_dir).record()
    checkpoint = Checkpoint(
        name=spec.checkpoint_name,
        path=str(spec.checkpoint_dir),
        parent=spec.parent,
        round_id=claimed.id,
        method=spec.method,
        manifest=manifest,
        passed=promoted,
    )
    state = context.store.rounds.finish(
        claimed.id,
        claimed.fence,
        result.state,
        checkpoint.name,
        result.decision,
        promote=promoted,
        made=checkpoint,
    ).state
    tidy(round_folder(context.settings, claimed.id), spec.checkpoint_dir, claimed.fence)
    return state


def _finish_reward(context: WorkerContext, claimed: Round, spec: RoundSpec, result: Outcome) -> RoundState:
    """A reward model is not a version of the chat model, so no checkpoint is registered and no alias moves."""
    try:
        read_reward(spec.reward_dir or Path())
    except CorruptReward as error:
        return _fail(context, claimed, str(error))
    return context.store.rounds.finish(
        claimed.id, claimed.fence, result.state, decision=result.decision
    ).state


def _damage(context: WorkerContext, checkpoint: Path) -> str:
    """What is wrong with a checkpoint folder, in one line; empty where it matches its manifest."""
    checked = subprocess.run(
        [*context.verifier, str(checkpoint)],
        capture_output=True,
        text=True,
        timeout=VERIFY_SECONDS,
        check=False,
    )
    if checked.returncode == 0:
        return ""
    return checked.stdout.strip() or "the checkpoint could not be checked: see the worker's log, then resume"


def _fail(context: WorkerContext, claimed: Round, reason: str) -> RoundState:
    return context.store.rounds.finish(claimed.id, claimed.fence, RoundState.failed, error=reason).state
