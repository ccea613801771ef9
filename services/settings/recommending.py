"""The settings of recommendations, and of what is kept of them."""

from enum import StrEnum

from pydantic import Field
from pydantic_settings import BaseSettings

from services.domain.tuning import EXPLORATION_MAX


class LogMode(StrEnum):
    """Which answers the recommendation log keeps."""

    OFF = "off"
    SAMPLE = "sample"
    """Those of one in ten listeners and radio sessions."""
    ALL = "all"


class RecommendationSettings(BaseSettings):
    """The part of the settings that is about recommendations; `services.settings` reads it."""

    half_life_days: float = Field(
        default=30.0,
        gt=0,
        allow_inf_nan=False,
        description="Number of days after which a listen counts half, unless a request sets its own half-life.",
    )
    recommendation_log: LogMode = Field(
        default=LogMode.ALL,
        description=(
            "Which recommendations are kept with the listens that follow: `all`, `sample` (those of one in ten "
            "listeners) or `off`. [recommendation-log.md](recommendation-log.md) says what is kept."
        ),
    )
    recommendation_log_days: int = Field(
        default=90, ge=1, description="Number of days after which kept recommendations are deleted."
    )
    exploration: float = Field(
        default=0.0,
        ge=0,
        le=EXPLORATION_MAX,
        description=(
            "Share of the recommended tracks that are replaced by less likely ones, 0 to 0.2, in answers that are "
            "kept. With more than 0, `segue replay` can estimate how other options would do."
        ),
    )
    experiments: str | None = Field(
        default=None,
        description=(
            "TOML file that describes experiments: variants of the ranking, each for some of the listeners "
            "([experiments.md](experiments.md))."
        ),
    )
