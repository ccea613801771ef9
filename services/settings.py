"""Every setting of Segue, its default and its `SEGUE_*` variable. Nothing else reads the environment."""

import os
import sys
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.domain.errors import NotConfigured

VARIABLE_PREFIX = "SEGUE_"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
WILDCARD_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104  compared, not bound


class Settings(BaseSettings):
    """Read once, where a process starts, and handed on from there.

    Three variables decide how Segue runs: without `SEGUE_REDIS_URL`, `SEGUE_DATABASE_URL` and
    `SEGUE_QDRANT_URL` everything lives on one machine under the data directory.
    """

    # Pydantic's messages quote the whole input, and the input holds secrets.
    model_config = SettingsConfigDict(
        env_prefix=VARIABLE_PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default=Path("~/.local/share/segue"),
        description="The one directory that holds all that Segue keeps.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Broker: a Redis or Valkey URL; without it `segue up` starts a Valkey of its own.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Catalogue: an SQLAlchemy URL of PostgreSQL; without it SQLite in the data directory.",
    )
    qdrant_url: str | None = Field(
        default=None,
        description="Vector index: URL of a Qdrant server; without it Qdrant Edge inside the API process.",
    )
    qdrant_api_key: SecretStr | None = Field(default=None, description="API key of the Qdrant server, if it wants one.")
    qdrant_collection: str = Field(
        default="segue", description="Name of the alias on the Qdrant server that Segue reads and writes."
    )
    host: str = Field(default="127.0.0.1", description="Address that the HTTP API binds to.")
    port: int = Field(default=8765, ge=1, le=65535, description="Port that the HTTP API binds to.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Names and addresses, separated by commas, under which the HTTP API may be asked for, besides "
        "localhost and those in host and url. If unset and host is a wildcard, any IP address is allowed as well, "
        "but no other name.",
    )
    require_keys: bool | None = Field(
        default=None,
        description="Whether the HTTP API wants an API key from everyone. If unset: from everyone if it binds to "
        "anything but loopback; else only from requests that a proxy passes on. `false` spares those the key as well, "
        "for a proxy that asks who is there.",
    )
    api_key: SecretStr | None = Field(default=None, description="API key that the command line and notebooks send.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins such as `https://player.example`, separated by commas, whose pages may use the HTTP API.",
    )
    rate_limit: int = Field(
        default=1200,
        ge=0,
        description="Requests a minute that one key may make; 0 is any number. Requests "
        "from the machine itself are not counted while they need no key.",
    )
    expensive_rate_limit: int = Field(
        default=300,
        ge=0,
        description="Of those, how many may be recommendations, scans, uploads or the like; 0 is any number.",
    )
    url: str | None = Field(
        default=None,
        description="Where clients such as the command line find the service; made from host and port if unset.",
    )
    api_processes: int = Field(
        default=1, ge=1, description="API processes; Qdrant Edge allows only one, a Qdrant server any number."
    )
    api_threads: int = Field(default=8, ge=1, description="Threads of one API process.")
    worker_processes: int = Field(default=os.cpu_count() or 1, ge=1, description="Analysis processes of one worker.")
    refusal_rate_limit: int = Field(
        default=30,
        ge=0,
        description="Wrong keys or passwords a minute that one address may send before it waits; 0 is any number.",
    )
    library_roots: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Folders, separated by colons, that may be scanned, with all that lies in them; nothing else is "
        "played or analysed, but for uploads. If unset, any folder while the HTTP API takes requests without a key, "
        "and none otherwise; `segue up FOLDER` adds its own.",
    )
    upload_max_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1, description="Largest upload that is accepted, in bytes."
    )
    half_life_days: float = Field(
        default=30.0,
        gt=0,
        allow_inf_nan=False,
        description="Age in days at which a listen counts half, unless a request names another half-life.",
    )
    subsonic_user: str | None = Field(
        default=None,
        min_length=1,
        description="Name that OpenSubsonic clients sign in with; without it, and without API keys, any name is taken.",
    )
    subsonic_password: SecretStr | None = Field(
        default=None, description="Password that belongs to subsonic_user; the two are set together."
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Least severe level that is logged: DEBUG, INFO, WARNING or ERROR.",
    )

    @field_validator("allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return [name for part in given.split(",") if (name := part.strip())] if isinstance(given, str) else given

    @field_validator("library_roots", mode="before")
    @classmethod
    def _split_folders(cls, given: object) -> object:
        return [folder for folder in given.split(os.pathsep) if folder] if isinstance(given, str) else given

    @field_validator("library_roots")
    @classmethod
    def _absolute(cls, folders: tuple[str, ...]) -> tuple[str, ...]:
        for folder in folders:
            if not Path(folder).expanduser().is_absolute():
                raise ValueError(f"'{folder}' is not an absolute path")
        return folders

    @model_validator(mode="after")
    def _user_with_password(self) -> Self:
        if (self.subsonic_user is None) != (
            not self.subsonic_password or not self.subsonic_password.get_secret_value()
        ):
            raise ValueError("SEGUE_SUBSONIC_USER and SEGUE_SUBSONIC_PASSWORD must be set together")
        return self

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for origin in given:
            parts = urlsplit(origin)
            if (
                parts.scheme not in ("http", "https")
                or not parts.hostname
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError(f"'{origin}' is not an origin: write scheme and host, as in https://player.example")
        return tuple(origin.lower() for origin in given)

    @cached_property
    def host_names(self) -> frozenset[str]:
        """Every name under which the API answers, in lower case and without brackets."""
        configured = () if self.listens_everywhere else (self.host,)
        reached = () if self.url is None else (urlsplit(self.url).hostname or "",)
        names = (*LOOPBACK_NAMES, *configured, *reached, *self.allowed_hosts)
        return frozenset(name.strip("[]").lower() for name in names) - {""}

    @property
    def listens_everywhere(self) -> bool:
        """Whether the API binds to all addresses of the machine."""
        return self.host in WILDCARD_ADDRESSES

    @property
    def listens_to_loopback_only(self) -> bool:
        """Whether only this machine can reach the API."""
        if self.host in LOOPBACK_NAMES:
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def needs_keys(self) -> bool:
        """Whether the API takes no request without a key, whoever sends it."""
        return self.require_keys is True or not self.listens_to_loopback_only

    @property
    def client_key(self) -> str | None:
        """The key that clients on this machine send."""
        return None if self.api_key is None else self.api_key.get_secret_value()

    @cached_property
    def data_path(self) -> Path:
        """The data directory as an absolute path."""
        return self.data_dir.expanduser().absolute()

    @property
    def catalogue_url(self) -> str:
        """SQLAlchemy URL of the catalogue in use."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite+pysqlite:///{self.data_path / 'catalogue.db'}"

    @property
    def index_path(self) -> Path:
        """Where Qdrant Edge keeps its shards."""
        return self.data_path / "index"

    @property
    def uploads_path(self) -> Path:
        """Where uploaded audio is stored, under its own hash."""
        return self.data_path / "uploads"

    @property
    def service_url(self) -> str:
        """URL under which clients on this machine reach the API."""
        if self.url is not None:
            return self.url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  compared, not bound
        return urlsplit(f"http://{host}:{self.port}").geturl()


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401  any field's value
    """Read the settings from the environment; `overrides` take precedence over variables.

    Raises:
        NotConfigured: a variable has an invalid value. The message names the variable and omits the value.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = [
            _problem(wrong["loc"], str(wrong["ctx"]["error"]) if wrong["type"] == "value_error" else wrong["msg"])
            for wrong in error.errors(include_url=False, include_input=False)
        ]
        raise NotConfigured(f"{'; '.join(problems)}.") from None


def load_settings_or_exit() -> Settings:
    """Read the settings where a process starts; print one line and exit with code 1 if one is invalid."""
    try:
        return load_settings()
    except NotConfigured as error:
        sys.exit(f"segue: {error.detail}")


def _problem(location: tuple[int | str, ...], message: str) -> str:
    return f"{VARIABLE_PREFIX}{str(location[0]).upper()}: {message}" if location else message
