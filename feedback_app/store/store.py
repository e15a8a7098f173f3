"""The store: all repositories on one database."""

from dataclasses import dataclass

from feedback_app.store.annotations import Annotations
from feedback_app.store.checkpoints import Checkpoints
from feedback_app.store.comparison_documents import ComparisonDocuments
from feedback_app.store.comparisons import Comparisons
from feedback_app.store.conversations import Conversations
from feedback_app.store.counters import Counters
from feedback_app.store.curation import Curation
from feedback_app.store.database import Database, open_database
from feedback_app.store.desks import DeskStates
from feedback_app.store.guesses import Guesses
from feedback_app.store.ids import Ids
from feedback_app.store.imports import Imports
from feedback_app.store.outbox import Outbox
from feedback_app.store.preferences import StoredPreferences
from feedback_app.store.prompts import Prompts
from feedback_app.store.ranking_outcomes import RankingOutcomes
from feedback_app.store.repeats import Repeats
from feedback_app.store.rounds import Rounds
from feedback_app.store.search import Indexer, Search
from feedback_app.store.training import Training
from feedback_app.store.unpaired import Demonstrations, Ratings


@dataclass(frozen=True, slots=True)
class Store:
    """The repositories on one database. Threads may share a store; a forked process must open its own."""

    database: Database
    comparisons: Comparisons
    documents: ComparisonDocuments
    demonstrations: Demonstrations
    ratings: Ratings
    imports: Imports
    conversations: Conversations
    rounds: Rounds
    checkpoints: Checkpoints
    outbox: Outbox
    annotations: Annotations
    desks: DeskStates
    guesses: Guesses
    prompts: Prompts
    repeats: Repeats
    outcomes: RankingOutcomes
    search: Search
    search_index: Indexer
    curation: Curation
    counters: Counters
    ids: Ids
    preferences: StoredPreferences
    training: Training

    def ping(self) -> None:
        """Raises DatabaseUnavailable."""
        self.database.ping()

    def close(self) -> None:
        self.database.close()


def open_store(url: str) -> Store:
    """Open the store at a SQLAlchemy address, whose tables `migrate(url)` has created. Connects at first use."""
    database = open_database(url)
    return Store(
        database=database,
        comparisons=Comparisons(database),
        documents=ComparisonDocuments(database),
        demonstrations=Demonstrations(database),
        ratings=Ratings(database),
        imports=Imports(database),
        conversations=Conversations(database),
        rounds=Rounds(database),
        checkpoints=Checkpoints(database),
        outbox=Outbox(database),
        annotations=Annotations(database),
        desks=DeskStates(database),
        guesses=Guesses(database),
        prompts=Prompts(database),
        repeats=Repeats(database),
        outcomes=RankingOutcomes(database),
        search=Search(database),
        search_index=Indexer(database),
        curation=Curation(database),
        counters=Counters(database),
        ids=Ids(database),
        preferences=StoredPreferences(database),
        training=Training(database),
    )
