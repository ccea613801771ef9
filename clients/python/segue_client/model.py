"""The base of all models."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """An answer of the service, or a part of a request; fields that this version does not know are left out."""

    # Most programs use few of the models, and building a model's validator takes longer than defining it.
    model_config = ConfigDict(defer_build=True, extra="ignore", frozen=True)

    def as_json(self) -> dict[str, Any]:
        """Return the fields that were received or given, as JSON has them."""
        return self.model_dump(mode="json", exclude_unset=True)
