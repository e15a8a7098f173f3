"""A part of the composition root: the services of rounds, with how long the training packages take."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from alignment.contract.durations import first_round
from alignment.models.base_size import known_size
from feedback_app.domain.comparison import Sampling
from feedback_app.domain.persona import known_personas, read_persona
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.versions import Models
from feedback_app.services.reward.guess_calibration import GuessCalibration
from feedback_app.services.reward.reward_models import RewardModels
from feedback_app.services.rounds.before_after import BeforeAfter
from feedback_app.services.rounds.estimate import Estimates
from feedback_app.services.rounds.lineage import Lineage
from feedback_app.services.rounds.queue import RoundQueue
from feedback_app.services.rounds.readiness import RoundReadiness
from feedback_app.services.rounds.rounds import Rounds
from feedback_app.services.rounds.snapshots import Snapshots
from feedback_app.services.rounds.training_data import TrainingData
from feedback_app.settings import Settings
from feedback_app.store import Store


@dataclass(frozen=True, slots=True)
class RoundServices:
    """What plans, queues and explains rounds."""

    rounds: Rounds
    lineage: Lineage
    estimates: Estimates
    readiness: RoundReadiness
    snapshots: Snapshots
    before_after: BeforeAfter


def round_services(
    settings: Settings,
    store: Store,
    models: Models,
    generations: Generations,
    queue: RoundQueue,
    trained: RewardModels,
    calibration: GuessCalibration,
    sampling: Callable[[], Sampling],
) -> RoundServices:
    """The services of rounds. `sampling` is how the chat draws its replies, with which versions are compared too."""
    snapshots, min_pairs, heldout = settings.root / "snapshots", settings.min_pairs, settings.heldout_fraction
    has_texts = settings.pretraining_texts is not None
    training_data = TrainingData(store, heldout, lambda: trained.current() is not None, has_texts)
    lineage = Lineage(store, snapshots)
    estimates = _estimates(settings, store, lineage, training_data)
    persona, personas = partial(read_persona, settings.personas), partial(known_personas, settings.personas)
    return RoundServices(
        rounds=Rounds(store, models, queue, training_data, min_pairs, estimates.sampled),
        lineage=lineage,
        estimates=estimates,
        readiness=RoundReadiness(store, training_data, calibration, lineage, min_pairs, heldout),
        snapshots=Snapshots(store, snapshots, persona, personas),
        before_after=BeforeAfter(store, generations, sampling, heldout),
    )


def _estimates(settings: Settings, store: Store, lineage: Lineage, training_data: TrainingData) -> Estimates:
    size = partial(known_size, settings.base_model, settings.root / "models")
    first = first_round(settings.train_threads, size)
    return Estimates(store, lineage, training_data, first, settings.min_pairs)
