"""The settings of the vector index on a Qdrant server."""

from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings


class IndexSettings(BaseSettings):
    """The part of the settings that is about the Qdrant server; `services.settings` reads it."""

    qdrant_url: str | None = Field(
        default=None,
        description=(
            "URL of a Qdrant server for the vector index, such as `http://qdrant:6333`. The nodes of a cluster are "
            "separated by commas. If unset, the embedded index runs in the API process."
        ),
    )
    qdrant_api_key: SecretStr | None = Field(
        default=None, description="API key of the Qdrant server, if it requires one."
    )
    qdrant_collection: str = Field(default="segue", description="Name of the collection alias on the Qdrant server.")
    qdrant_shards: int | None = Field(
        default=None,
        ge=1,
        description=(
            "Number of shards of a collection. If unset, two per node of a cluster, and one on a single server. "
            "`segue reindex` applies a change of this setting and the next four; `segue doctor` shows what differs."
        ),
    )
    qdrant_replication: int | None = Field(
        default=None,
        ge=1,
        description="Number of nodes that store each shard. If unset, 2 on a cluster, so that one node may fail.",
    )
    qdrant_write_consistency: int = Field(
        default=1, ge=1, description="Number of nodes that must have stored a write before it counts as done."
    )
    qdrant_on_disk: bool = Field(
        default=False,
        description=(
            "Whether the server reads vectors and graph from disk instead of memory: for collections that do not fit "
            "into memory, on fast disks."
        ),
    )
    qdrant_quantisation: Literal["none", "int8", "turbo4"] = Field(
        default="none",
        description=(
            "Compressed copy of the vectors that the server searches in first: `int8` has 8 bits per number, `turbo4` "
            "has 4, and `none` searches in the vectors themselves."
        ),
    )

    @field_validator("qdrant_write_consistency")
    @classmethod
    def _can_be_met(cls, given: int, info: ValidationInfo) -> int:
        replication = info.data.get("qdrant_replication")
        if replication is not None and given > replication:
            raise ValueError(f"it is {given}, but SEGUE_QDRANT_REPLICATION stores each shard on {replication} nodes")
        return given
