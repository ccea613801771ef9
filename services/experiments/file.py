"""The file that describes the experiments."""

import re
from datetime import UTC, date, datetime, time
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.domain.errors import InvalidRequest
from services.domain.experiments import Experiment, Variant
from services.domain.tuning import Tuning
from services.settings.toml_files import explained, read_toml

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Names are part of addresses and of the recommendation log."""

VARIANTS_MIN, VARIANTS_MAX = 2, 10
WEIGHT_MIN, WEIGHT_MAX = 0.001, 1000


class _Variant(BaseModel):
    """A variant; everything but its weight are options of the ranking."""

    model_config = ConfigDict(extra="allow")

    weight: float = Field(default=1.0, ge=WEIGHT_MIN, le=WEIGHT_MAX, strict=True)

    @model_validator(mode="after")
    def _has_known_options(self) -> Self:
        try:
            Tuning.parse(self.model_extra or {})
        except InvalidRequest as error:
            raise ValueError(error.detail.rstrip(".")) from error
        return self

    def named(self, name: str) -> Variant:
        """Return the variant with this name."""
        return Variant(name=name, tuning=Tuning.parse(self.model_extra or {}), weight=self.weight)


class _Experiment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    share: float = Field(default=1.0, gt=0, le=1, strict=True)
    salt: str | None = Field(default=None, min_length=1)
    starts: datetime | None = None
    ends: datetime | None = None
    variants: dict[str, _Variant] = Field(min_length=VARIANTS_MIN, max_length=VARIANTS_MAX)

    @field_validator("starts", "ends", mode="plain")
    @classmethod
    def _is_a_time(cls, given: object) -> datetime:
        if isinstance(given, datetime):
            return given if given.tzinfo is not None else given.replace(tzinfo=UTC)
        if isinstance(given, date):
            return datetime.combine(given, time(), UTC)
        raise ValueError("write a date such as 2026-12-31, without quotes")

    @field_validator("variants", mode="before")
    @classmethod
    def _have_names(cls, given: object) -> object:
        return _named(given, "variant")

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.starts is not None and self.ends is not None and not self.starts < self.ends:
            raise ValueError("`ends` must be after `starts`")
        return self


class _File(BaseModel):
    experiments: dict[str, _Experiment]

    @field_validator("experiments", mode="before")
    @classmethod
    def _have_names(cls, given: object) -> object:
        return _named(given, "experiment")


def read_experiments(path: str | None) -> tuple[Experiment, ...]:
    """Return the experiments of a file in its order; none without a file.

    Raises:
        NotConfigured: it cannot be read, or is wrong.
    """
    if not path:
        return ()
    with explained("SEGUE_EXPERIMENTS", path):
        found = _File(experiments=read_toml(path))
    return tuple(_experiment(name, each) for name, each in found.experiments.items())


def _named(given: object, kind: str) -> object:
    """Check the names of a table's tables."""
    for name in given if isinstance(given, dict) else ():
        if not re.fullmatch(NAME, name):
            raise ValueError(f"'{name}' is no name of {kind}s: use letters, digits, dots, hyphens and underscores")
    return given


def _experiment(name: str, each: _Experiment) -> Experiment:
    variants = tuple(variant.named(variant_name) for variant_name, variant in each.variants.items())
    return Experiment(
        name=name,
        share=each.share,
        salt=each.salt or name,
        variants=variants,
        starts=each.starts,
        ends=each.ends,
    )
