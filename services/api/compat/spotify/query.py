"""What Spotify's clients ask, as they ask it; parameters that Spotify did not know are ignored, as it ignored them."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from services.api.compat.spotify.objects import UNKNOWN
from services.api.request_limits import AUDIO_FEATURES_MAX, COMPAT_DEFAULT, SEEDS_DRAWN_MAX, SEEDS_MAX
from services.api.schemas.fields import MEASURES
from services.domain.filters import Filters, Range
from services.domain.question import RESULTS_MAX

KNOWN = tuple(sorted(UNKNOWN))
IGNORED = ("popularity",)
"""What Segue knows nothing of: what is asked of it is left out of account."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _SpotifyQuery(_Asked):
    """Seeds, conditions and targets."""

    seed_tracks: str = Field(default="", description="Track ids, separated by commas.")
    seed_artists: str = Field(
        default="", description="Artists, separated by commas: by the id in a track object, or by name."
    )
    seed_genres: str = Field(
        default="", description="Genres of the library, or tags that the encoder heard, separated by commas."
    )
    limit: int = Field(default=COMPAT_DEFAULT, ge=1, le=RESULTS_MAX, description="The most tracks to answer.")
    market: str = Field(default="", description="Accepted and ignored: Segue knows no markets.")

    @property
    def tracks(self) -> list[str]:
        """The seed tracks."""
        return listed(self.seed_tracks)

    @property
    def artists(self) -> list[str]:
        """The seed artists."""
        return listed(self.seed_artists)

    @property
    def genres(self) -> list[str]:
        """The seed genres."""
        return listed(self.seed_genres)

    @model_validator(mode="after")
    def _has_some_seeds(self) -> Self:
        drawn = len(self.artists) + len(self.genres)
        if not self.tracks and not drawn:
            raise _wrong("seed_tracks", "Give at least one seed: seed_tracks, seed_artists or seed_genres")
        if len(self.tracks) + drawn > SEEDS_MAX:
            raise _wrong("seed_tracks", f"At most {SEEDS_MAX} seeds")
        if drawn > SEEDS_DRAWN_MAX:
            raise _wrong("seed_artists", f"At most {SEEDS_DRAWN_MAX} artists and genres")
        return self

    @model_validator(mode="after")
    def _ranges_hold_something(self) -> Self:
        for name, wanted in self._ranges().items():
            if wanted.min is not None and wanted.max is not None and wanted.min > wanted.max:
                raise _wrong(f"min_{name}", f"must not be greater than `max_{name}`")
        return self

    def filters(self) -> Filters:
        """The conditions, which hold for what is answered where nothing is known."""
        ranges = self._ranges()
        passing = frozenset(name for name, wanted in ranges.items() if _holds(UNKNOWN[name], wanted))
        return Filters(ranges=ranges, or_unknown=passing)

    def targets(self) -> dict[str, float]:
        """The values to aim for."""
        values = {name: getattr(self, f"target_{name}") for name in KNOWN}
        return {name: value for name, value in values.items() if value is not None}

    def _ranges(self) -> dict[str, Range]:
        ranges = {name: Range(getattr(self, f"min_{name}"), getattr(self, f"max_{name}")) for name in KNOWN}
        return {name: wanted for name, wanted in ranges.items() if wanted != Range()}


class FeaturesQuery(_Asked):
    """Which tracks' analyses are wanted."""

    ids: str = Field(description=f"Track ids, separated by commas; at most {AUDIO_FEATURES_MAX}.")

    @property
    def tracks(self) -> list[str]:
        """The ids in their order, each as often as it is asked for."""
        return listed(self.ids, distinct=False)

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if not self.tracks:
            raise _wrong("ids", "Give at least one id")
        if len(self.tracks) > AUDIO_FEATURES_MAX:
            raise _wrong("ids", f"At most {AUDIO_FEATURES_MAX} ids")
        return self


def listed(text: str, *, distinct: bool = True) -> list[str]:
    """The parts between commas that hold anything."""
    parts = [part for each in text.split(",") if (part := each.strip())]
    return list(dict.fromkeys(parts)) if distinct else parts


def _holds(value: float, wanted: Range) -> bool:
    return (wanted.min is None or value >= wanted.min) and (wanted.max is None or value <= wanted.max)


def _wrong(parameter: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{message}", {"parameter": parameter, "message": message})


def _attribute_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in sorted((*KNOWN, *IGNORED)):
        meaning = f"{MEASURES[name].meaning}." if name in KNOWN else "Accepted and ignored: Segue does not know it."
        for end, word in (("min", "At least this. "), ("max", "At most this. "), ("target", "To aim for. ")):
            fields[f"{end}_{name}"] = (float | None, Field(default=None, description=word + meaning))
    return fields


SpotifyQuery: type[_SpotifyQuery] = create_model(
    "SpotifyQuery", __base__=_SpotifyQuery, __doc__=_SpotifyQuery.__doc__, **_attribute_fields()
)
