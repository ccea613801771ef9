"""The settings of Segue. Each is read from a `SEGUE_*` environment variable, here and nowhere else."""

import os
import re
import sys
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from services.domain.errors import NotConfigured
from services.settings.index import IndexSettings
from services.settings.library import LibrarySettings, expand, split
from services.settings.recommending import RecommendationSettings
from services.settings.secret_files import SecretFiles
from services.settings.sign_in import SignInSettings
from services.webhooks.signing import key_of

VARIABLE_PREFIX = "SEGUE_"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
WILDCARD_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104  compared, not bound
METRICS_DIR_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus_client: a directory in which several API processes share their metrics."""


class Settings(LibrarySettings, IndexSettings, SignInSettings, RecommendationSettings):
    """Settings, read once at the start of a process and passed on.

    `SEGUE_REDIS_URL`, `SEGUE_DATABASE_URL` and `SEGUE_QDRANT_URL` decide how Segue runs. Without them everything
    runs on one machine and is stored in the data directory.
    """

    # Pydantic's messages quote the whole input, and the input holds secrets.
    model_config = SettingsConfigDict(
        env_prefix=VARIABLE_PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: object, **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then variables, then files with secrets."""
        return sources["init_settings"], sources["env_settings"], SecretFiles(settings_cls)

    data_dir: Path = Field(
        default=Path("~/.local/share/segue"),
        description="Directory in which Segue keeps all of its data.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="URL of the broker, a Redis or Valkey server. If unset, `segue up` starts its own Valkey.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description=(
            "SQLAlchemy URL of a PostgreSQL database for the catalogue. If unset, the catalogue is an SQLite "
            "file in the data directory."
        ),
    )
    host: str = Field(
        default="127.0.0.1",
        description=(
            "Address on which the HTTP API listens. `0.0.0.0` and `::` listen on all addresses; every address "
            "beyond loopback requires API keys."
        ),
    )
    port: int = Field(default=8765, ge=1, le=65535, description="TCP port on which the HTTP API listens.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description=(
            "Host names and addresses that requests to the HTTP API may use, separated by commas, in addition to "
            "localhost and the hosts of `SEGUE_HOST` and `SEGUE_URL`. If unset and `SEGUE_HOST` is `0.0.0.0` "
            "or `::`, every IP address is allowed as well, but no other name."
        ),
    )
    require_keys: bool | None = Field(
        default=None,
        description=(
            "Whether requests need an API key. Every request needs one if the HTTP API listens beyond "
            "loopback. On loopback: `true`: every request needs a key; unset: only requests that a proxy "
            "forwards need one; `false`: proxied requests need no key; for proxies that authenticate users "
            "themselves."
        ),
    )
    api_key: SecretStr | None = Field(default=None, description="API key that the command line and the notebooks send.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description=(
            "Origins, such as `https://player.example`, whose web pages may use the HTTP API, separated by commas."
        ),
    )
    rate_limit: int = Field(
        default=1200,
        ge=0,
        description=(
            "Maximum number of requests per minute and API key; 0 means no limit. Requests from this machine "
            "are not counted as long as they need no key."
        ),
    )
    expensive_rate_limit: int = Field(
        default=300,
        ge=0,
        description=(
            "Maximum number of those requests that may be expensive, such as recommendations, scans and "
            "uploads; 0 means no limit."
        ),
    )
    url: str | None = Field(
        default=None,
        description=(
            "URL at which clients such as the command line reach the HTTP API. If unset, it is made from "
            "`SEGUE_HOST` and `SEGUE_PORT`."
        ),
    )
    api_processes: int = Field(
        default=1,
        ge=1,
        description="Number of API processes. Without a Qdrant server there is one; with it any number is possible.",
    )
    api_threads: int = Field(default=8, ge=1, description="Number of threads per API process.")
    question_processes: int = Field(
        default=1,
        ge=0,
        description=(
            "Number of processes that `segue up` starts for questions about clips and pictures. 0 saves their memory; "
            "such questions are then refused."
        ),
    )
    refusal_rate_limit: int = Field(
        default=30,
        ge=0,
        description=(
            "Maximum number of requests with a wrong key per minute and address, and with a wrong password per minute, "
            "address and user; 0 means no limit."
        ),
    )
    upload_max_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="Maximum size of an upload in bytes.")
    link_password: SecretStr | None = Field(
        default=None,
        description=(
            "Password that `segue link add` and `segue link password` use instead of asking for one. They store it; "
            "nothing else reads this variable."
        ),
    )
    webhooks: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description=(
            "Addresses, separated by commas, to which workers send what happens to tracks and scans, such as "
            "`https://player.example/hooks/segue`."
        ),
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        validate_default=True,
        description="Secret with which webhooks are signed, `whsec_` and base64; required with `SEGUE_WEBHOOKS`.",
    )
    traces_url: str | None = Field(
        default=None,
        description=(
            "Address of an OpenTelemetry collector to which API and workers send traces, such as "
            "`http://collector:4318/v1/traces`; needs the extra `tracing`. If unset, nothing is traced."
        ),
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Minimum level of log messages: DEBUG, INFO, WARNING or ERROR.",
    )

    @field_validator("data_dir", mode="before")
    @classmethod
    def _expanded(cls, given: object) -> object:
        return expand(given) if isinstance(given, str) and given else given or cls.model_fields["data_dir"].default

    @field_validator("url", "traces_url")
    @classmethod
    def _is_url(cls, given: str | None) -> str | None:
        if given is not None and not _is_http_url(given):
            raise ValueError(f"'{given}' is not a URL such as http://127.0.0.1:8765")
        return given

    @field_validator("qdrant_url")
    @classmethod
    def _are_nodes(cls, given: str | None) -> str | None:
        if given is not None:
            addresses = _addresses(given)
            if not addresses:
                raise ValueError("it is empty; http://qdrant:6333 is an example")
            for number, address in enumerate(addresses, start=1):
                if not _is_http_url(address):  # not quoted: it may hold a secret
                    raise ValueError(f"address {number} is not a URL such as http://qdrant:6333")
        return given

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not re.match(r"(postgresql|sqlite)(\+\w+)?://", given.get_secret_value()):
            raise ValueError("it is not a URL such as postgresql+psycopg://user:password@host/database")
        return given

    @field_validator("api_key")
    @classmethod
    def _can_be_sent(cls, given: SecretStr | None) -> SecretStr | None:
        key = "" if given is None else given.get_secret_value().strip()
        if not key.isascii() or not key.isprintable():
            raise ValueError("it has characters that no key has; `segue keys create` prints a key")
        return SecretStr(key) if key else None

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, given: str) -> str:
        host = given.strip().removeprefix("[").removesuffix("]")
        if not host:
            raise ValueError("it is empty; 127.0.0.1 is this machine, and 0.0.0.0 is every address")
        try:
            return str(ip_address(host))  # one form, so that 0:0:0:0:0:0:0:0 is :: too
        except ValueError:
            return host

    @field_validator("allowed_hosts", "cors_origins", "webhooks", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return split(given)

    @field_validator("webhooks")
    @classmethod
    def _are_receivers(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for number, url in enumerate(given, start=1):
            if not _is_http_url(url):  # not quoted: it may hold a secret
                raise ValueError(f"address {number} is not a URL such as https://player.example/hooks/segue")
        return given

    @field_validator("webhook_secret")
    @classmethod
    def _can_sign(cls, given: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if given is not None:
            key_of(given.get_secret_value())
        elif info.data.get("webhooks"):
            raise ValueError("SEGUE_WEBHOOKS needs a secret; docs/webhooks.md shows how to make one")
        return given

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
        """Host names that requests may use, in lower case and without brackets."""
        own = () if self.listens_everywhere else (self.host,)
        public = () if self.url is None else (urlsplit(self.url).hostname or "",)
        names = (*LOOPBACK_NAMES, *own, *public, *self.allowed_hosts)
        return frozenset(map(canonical_host, names)) - {""}

    @property
    def listens_everywhere(self) -> bool:
        """Whether the API listens on all addresses of the machine."""
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
        """Whether every request needs a key."""
        return self.require_keys is True or not self.listens_to_loopback_only

    @property
    def client_key(self) -> str | None:
        """API key that clients on this machine send."""
        return None if self.api_key is None else self.api_key.get_secret_value()

    @cached_property
    def data_path(self) -> Path:
        """The data directory as an absolute path."""
        return self.data_dir.expanduser().absolute()

    @property
    def catalogue_url(self) -> str:
        """SQLAlchemy URL of the catalogue."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite+pysqlite:///{self.data_path / 'catalogue.db'}"

    @property
    def qdrant_urls(self) -> list[str]:
        """URLs of the nodes of the Qdrant server; none with the embedded index."""
        return [] if self.qdrant_url is None else _addresses(self.qdrant_url)

    @property
    def index_path(self) -> Path:
        """Folder of the embedded index."""
        return self.data_path / "index"

    @property
    def picture_index_path(self) -> Path:
        """Folder of the embedded index for pictures."""
        return self.data_path / "picture-index"

    @property
    def uploads_path(self) -> Path:
        """Folder of uploaded audio files."""
        return self.data_path / "uploads"

    @property
    def covers_path(self) -> Path:
        """Folder of covers."""
        return self.data_path / "covers"

    @property
    def own_url(self) -> str:
        """URL at which this machine reaches the API directly, without a proxy."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def service_url(self) -> str:
        """URL at which clients on this machine reach the API."""
        return self.own_url if self.url is None else self.url.rstrip("/")


def canonical_host(name: str) -> str:
    """Return a host name of a request in one form: lower case; addresses without brackets, zone and needless zeros."""
    host = name.lower().strip("[]").partition("%")[0]
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:  # the port is no number
        return False


def _addresses(text: str) -> list[str]:
    return list(dict.fromkeys(address for part in text.split(",") if (address := part.strip())))


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


def given_variables() -> dict[str, str]:
    """Return what a service of this user needs: the variables of Segue, and the PATH, on which ffmpeg is found."""
    names = sorted(name for name in os.environ if name.startswith(VARIABLE_PREFIX))
    return {name: os.environ[name] for name in ("PATH", *names) if name in os.environ}


def load_settings_or_exit() -> Settings:
    """Read the settings where a process starts; print one line and exit with code 1 if one is invalid."""
    try:
        return load_settings()
    except NotConfigured as error:
        sys.exit(f"segue: {error.detail}")


def _problem(location: tuple[int | str, ...], message: str) -> str:
    return f"{VARIABLE_PREFIX}{str(location[0]).upper()}: {message}" if location else message
