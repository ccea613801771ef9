"""Filters and targets in a JSON body, and filters as query parameters."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model, model_validator
from pydantic_core import PydanticCustomError

from services.api.context import services
from services.api.request_limits import (
    CURSOR_MAX,
    ID_MAX,
    KEYWORDS_MAX,
    OFFSET_MAX,
    PAGE_DEFAULT,
    PAGE_MAX,
    STEPS_DEFAULT,
    STEPS_MAX,
    TEXT_MAX,
)
from services.api.schemas.tracks import KEYWORDS, NO_NUL, Request, TrackName, is_none
from services.domain.filters import EXCLUDED, KEYWORD_FIELDS, RANGE_FIELDS, Filters, Range, music_only
from services.domain.library import Selection, TrackSort
from services.domain.measures import MEASURES
from services.domain.own_conditions import OWN_FEATURES, own_conditions, own_filters
from services.domain.own_features import is_own
from services.domain.question import INCLUDE_FRAGMENTS, RESULTS_DEFAULT, RESULTS_MAX, SEED_MAX, PathOptions
from services.domain.track import TrackStatus

Order = Literal["asc", "desc"]


def _split(names: list[str]) -> list[str]:
    return [part for name in names for part in name.split(",")]


def _without_minus(sort: object) -> object:
    if isinstance(sort, str) and sort.startswith("-"):
        raise ValueError(f"must be `{sort[1:]}` with `order=desc` for the reverse order")
    return sort


REVERSED_BY_ORDER = BeforeValidator(_without_minus)
"""For `sort`: its error says how to reverse the order, which other APIs do with a minus sign."""

_EXCLUDED_GENRES = (
    "None of these genres, as the file names it or, if it names none, as a tag that is heard. Case is ignored"
)

_OWN = (
    "Conditions on own features, see `GET /v1/own-features`: a number as `mine.energy:0.5..0.9` (either end may be "
    "left out), a flag as `mine.radio_ok:true`, a text as `mine.mood:calm`. Several texts of a feature are alternatives"
)

Keywords = list[Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX)]]


class _Conditions(BaseModel):
    """Refuses unknown fields, NaN and infinity."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Interval(_Conditions):
    """An inclusive interval with at least one end."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("Give `min`, `max` or both.")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` must not be greater than `max`.")
        return self

    def to_domain(self) -> Range:
        """Return the interval for the vector index."""
        return Range(self.min, self.max)


class _FilterBody(_Conditions):
    """Conditions that must all hold. A track whose field is null meets no condition on that field."""

    def to_domain(self) -> Filters:
        """Return the conditions for the vector index."""
        ranges: dict[str, _Interval | None] = {name: getattr(self, name) for name in RANGE_FIELDS}
        return _with_own(
            self, {name: interval.to_domain() for name, interval in ranges.items() if interval is not None}
        )


class _FilterQuery(_Conditions):
    """Conditions that must all hold."""

    @model_validator(mode="after")
    def _intervals_hold_something(self) -> Self:
        for name in RANGE_FIELDS:
            low, high = self._ends(name)
            if low is not None and high is not None and low > high:
                message = "must not be greater than `max_{name}`"
                raise PydanticCustomError("interval", message, {"name": name, "parameter": f"min_{name}"})
        return self

    def to_domain(self) -> Filters:
        """Return the conditions for the vector index."""
        ends = {name: self._ends(name) for name in RANGE_FIELDS}
        return _with_own(self, {name: Range(*pair) for name, pair in ends.items() if pair != (None, None)})

    def _ends(self, name: str) -> tuple[float | None, float | None]:
        return getattr(self, f"min_{name}"), getattr(self, f"max_{name}")


class _SearchQuery(_FilterQuery):
    """Conditions that must all hold, and whether fragments are found, too."""

    include_fragments: bool = Field(default=False, description=INCLUDE_FRAGMENTS)

    def conditions(self) -> Filters:
        """Return all conditions for the vector index."""
        return self.to_domain() if self.include_fragments else music_only(self.to_domain())


class _SimilarQuery(_SearchQuery):
    """The number of tracks and the filters."""

    limit: int = Field(default=RESULTS_DEFAULT, ge=1, le=RESULTS_MAX, description="Maximum number of tracks to return.")


class _PathQuery(_SearchQuery):
    """The ends and the length of a path, and filters for the tracks between."""

    start: TrackName = Field(alias="from", description="The first track: a track id or an external id.")
    end: TrackName = Field(alias="to", description="The last track: a track id or an external id.")
    steps: int = Field(
        default=STEPS_DEFAULT, ge=2, le=STEPS_MAX, description="Maximum number of tracks, both ends included."
    )
    one_per_artist: bool = Field(default=False, description="Whether the path has at most one track of each artist.")
    variety: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Random variation between paths: 0 (none: the same path every time) to 1 (much).",
    )
    seed: int = Field(
        default=0, ge=0, le=SEED_MAX, description="Seed of the random variation. The same seed gives the same path."
    )

    def options(self) -> PathOptions:
        """Return how the path is to be chosen."""
        return PathOptions(self.one_per_artist, self.variety, self.seed)


def _with_own(conditions: _Conditions, ranges: dict[str, Range]) -> Filters:
    """Return all conditions, with those on own features.

    Raises:
        InvalidRequest: one is malformed, or there is no such feature.
    """
    given: list[str] = getattr(conditions, OWN_FEATURES)
    own = own_filters(given, services().catalogue.own_features.types()) if given else Filters()
    return Filters(
        ranges={**ranges, **own.ranges},
        any_of={**_keywords(conditions), **own.any_of},
        none_of=_unwanted(conditions),
    )


def _keywords(conditions: _Conditions) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name in KEYWORD_FIELDS if (values := getattr(conditions, name))}


def _unwanted(conditions: _Conditions) -> dict[str, tuple[str, ...]]:
    found = {name: tuple(getattr(conditions, parameter)) for name, parameter in EXCLUDED.items()}
    return {name: values for name, values in found.items() if values}


def _keyword_field(description: str) -> tuple[Any, Any]:
    limits: Any = Field(
        default_factory=list, exclude_if=_is_empty, min_length=1, max_length=KEYWORDS_MAX, description=description
    )
    return Keywords, limits


def _is_empty(values: list[str]) -> bool:
    return not values


def _interval_of(name: str) -> type[_Interval]:
    measure = MEASURES[name]
    end = (float | None, Field(default=None, exclude_if=is_none, ge=measure.low, le=measure.high))
    ends: dict[str, Any] = {"min": end, "max": end}
    title = name.title().replace("_", "") + "Range"
    return create_model(title, __base__=_Interval, __doc__=f"{measure.meaning}; both ends belong to it.", **ends)


INTERVALS = {name: _interval_of(name) for name in RANGE_FIELDS}


def _body_fields() -> dict[str, Any]:
    ranges = {
        name: (interval | None, Field(default=None, exclude_if=is_none, description=MEASURES[name].meaning + "."))
        for name, interval in INTERVALS.items()
    }
    keywords = {name: _keyword_field(meaning + ".") for name, meaning in KEYWORDS.items()}
    more = {EXCLUDED["genre"]: _keyword_field(_EXCLUDED_GENRES + "."), OWN_FEATURES: _keyword_field(_OWN + ".")}
    return {**ranges, **keywords, **more}


def _query_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, measure in MEASURES.items():
        for end, word in (("min", "at least"), ("max", "at most")):
            description = f"{word.capitalize()} this. {measure.meaning}."
            limits = Field(default=None, ge=measure.low, le=measure.high, description=description)
            fields[f"{end}_{name}"] = (float | None, limits)
    for name, meaning in KEYWORDS.items():
        fields[name] = _keyword_field(f"{meaning}; may be repeated.")
    fields[EXCLUDED["genre"]] = _keyword_field(f"{_EXCLUDED_GENRES}; may be repeated.")
    fields[OWN_FEATURES] = _keyword_field(f"{_OWN}; may be repeated.")
    return fields


FilterBody: type[_FilterBody] = create_model(
    "Filters", __base__=_FilterBody, __doc__=_FilterBody.__doc__, **_body_fields()
)
SimilarQuery: type[_SimilarQuery] = create_model(
    "SimilarQuery", __base__=_SimilarQuery, __doc__=_SimilarQuery.__doc__, **_query_fields()
)
PathQuery: type[_PathQuery] = create_model(
    "PathQuery", __base__=_PathQuery, __doc__=_PathQuery.__doc__, **_query_fields()
)


class _TrackPageQuery(_FilterQuery):
    """The tracks to list, and their order."""

    q: str = Field(
        default="",
        max_length=TEXT_MAX,
        pattern=NO_NUL,
        description="Words that must all occur in title, artist or album. Case is ignored.",
    )
    ids: Annotated[list[TrackName], BeforeValidator(_split)] = Field(
        default_factory=list,
        max_length=PAGE_MAX,
        description="Return only tracks with one of these ids, track ids or external ids; separated by commas, or "
        "repeated.",
    )
    id_prefix: str = Field(
        default="",
        max_length=ID_MAX,
        pattern=NO_NUL,
        description="Return only tracks whose ids begin with this, for abbreviated ids.",
    )
    status: list[TrackStatus] = Field(
        default_factory=list,
        max_length=len(TrackStatus),
        description="Return only tracks with one of these statuses; may be repeated.",
    )
    sort: Annotated[TrackSort, REVERSED_BY_ORDER] = Field(
        default="artist",
        description="What to sort by. `artist` means artist, album and title; `album` means album, disc and track "
        "number. Tracks without a value come last.",
    )
    order: Order = Field(default="asc", description="Ascending or descending.")
    offset: int = Field(default=0, ge=0, le=OFFSET_MAX, description="Number of tracks to skip.")
    cursor: str | None = Field(
        default=None,
        max_length=CURSOR_MAX,
        description="`next_cursor` of the previous page, with the same `sort` and `order`. Replaces `offset`.",
    )
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Maximum number of tracks on a page.")

    def selection(self) -> Selection:
        """Return the tracks to list."""
        return Selection(
            search=self.q,
            id_prefix=self.id_prefix,
            statuses=tuple(self.status),
            filters=self.to_domain(),
            sort=self.sort,
            descending=self.order == "desc",
        )


TrackPageQuery: type[_TrackPageQuery] = create_model(
    "TrackPageQuery", __base__=_TrackPageQuery, __doc__=_TrackPageQuery.__doc__, **_query_fields()
)


def filter_body_of(filters: Filters) -> BaseModel:
    """Return the body of filters whose values are known to be valid; of `none_of`, only genres are part of it."""
    ranges = {
        name: INTERVALS[name].model_construct(min=wanted.min, max=wanted.max)
        for name, wanted in filters.ranges.items()
        if not is_own(name)
    }
    keywords = {name: list(values) for name, values in filters.any_of.items() if not is_own(name)}
    unwanted = {parameter: list(filters.none_of.get(name, ())) for name, parameter in EXCLUDED.items()}
    fields: dict[str, Any] = {**ranges, **keywords, **unwanted, OWN_FEATURES: own_conditions(filters)}
    return FilterBody.model_construct(None, **fields)


class _Targets(Request):
    """Values to aim for. Tracks nearer to them rank higher; no track is left out because it misses them."""

    def to_domain(self) -> dict[str, float]:
        """Return the given values by name."""
        return {name: value for name, value in self if value is not None}


def _target(name: str) -> tuple[Any, Any]:
    measure = MEASURES[name]
    limits = Field(default=None, exclude_if=is_none, ge=measure.low, le=measure.high, description=measure.meaning + ".")
    return float | None, limits


_TARGETS: dict[str, Any] = {name: _target(name) for name in RANGE_FIELDS}
Targets: type[_Targets] = create_model("Targets", __base__=_Targets, __doc__=_Targets.__doc__, **_TARGETS)
