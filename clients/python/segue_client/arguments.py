"""Arguments of the client in the form that the HTTP API takes."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar
from urllib.parse import quote

from segue_client import models
from segue_client.errors import InvalidRequest
from segue_client.model import Model

Value = TypeVar("Value")
EventKind = Literal["play", "skip", "like", "dislike", "ban"]
Order = Literal["relevance", "flow", "energy_up", "energy_down"]
PlaylistFormat = Literal["m3u8", "xspf", "jspf"]

Heard = str | tuple[str, EventKind] | models.ListenEvent
"""A track of a history: its id for a play, the id with another event, or an event with its time."""
FiltersLike = models.Filters | Mapping[str, Any]
"""`Filters(tempo=TempoRange(min=90))`, or the same as a mapping: `{"tempo": {"min": 90}}`."""
Texts = str | models.WeightedTextIn | Sequence[str | models.WeightedTextIn]
Upload = Path | tuple[str, bytes]
"""A file, or a name and its content."""


class Steering(TypedDict, total=False):
    """What steers a radio session: texts, and a mood preset."""

    text: Texts
    mood: str | None


class Conditions(TypedDict, total=False):
    """What the tracks of an answer must meet, and how they are chosen and ordered."""

    filters: FiltersLike
    targets: models.Targets | Mapping[str, float]
    exclude_tracks: Sequence[str]
    exclude_artists: Sequence[str]
    exclude_seed_artists: bool
    order: Order
    diversity: float
    variety: float
    seed: int | None
    half_life_days: float | None
    include_fragments: bool


class Terms(Steering, Conditions, total=False):
    """Options that recommendations and radio sessions share; the service documents them in its OpenAPI document."""

    user: str | None
    private: bool


class RecommendationTerms(Terms, total=False):
    """Options of recommendations."""

    limit: int
    explain: bool
    max_per_artist: int | None
    max_per_album: int | None
    max_per_genre: int | None
    repeat_after_days: float | None


def recommendation(
    history: Iterable[Heard], pictures: Iterable[Path | models.WeightedPictureIn], terms: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the body of a request for recommendations."""
    shown = [_picture(each) for each in listed("pictures", pictures)]
    return {"history": events(history), "pictures": shown} | _terms(terms)


def _picture(picture: Path | models.WeightedPictureIn) -> dict[str, Any]:
    if isinstance(picture, Path):
        return {"content": b64encode(picture.read_bytes()).decode()}
    return dict(plain(picture))


def radio(
    seeds: models.RadioSeeds | Sequence[str], history: Iterable[Heard], terms: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the body of a request that starts a radio session."""
    wanted = plain(seeds) if isinstance(seeds, models.RadioSeeds) else {"tracks": listed("seeds", seeds)}
    return {"seeds": wanted, "history": events(history)} | _terms(terms)


def events(history: Iterable[Heard]) -> list[dict[str, Any]]:
    """Return the events of a history."""
    return [_event(heard) for heard in listed("history", history)]


def listed(name: str, values: Iterable[Value]) -> list[Value]:
    """Return the values of an argument as a list.

    Raises:
        InvalidRequest: the argument is one string, whose characters are no values.
    """
    if isinstance(values, str):
        raise InvalidRequest(f"`{name}` must be a list: {name}=['{values}'].")
    return list(values)


def _event(heard: Heard) -> dict[str, Any]:
    if isinstance(heard, str):
        return {"track_id": heard}
    if isinstance(heard, tuple):
        return {"track_id": heard[0], "event": heard[1]}
    return dict(plain(heard))


def _terms(terms: Mapping[str, Any]) -> dict[str, Any]:
    prefix = "exclude_"
    body = {name: plain(value) for name, value in terms.items() if not name.startswith(prefix)}
    excluded = {name.removeprefix(prefix): value for name, value in terms.items() if name.startswith(prefix)}
    return body | ({"exclude": excluded} if excluded else {})


def parameters(filters: FiltersLike | None, **others: object) -> dict[str, Any]:
    """Return query parameters: filters, and those of the others that are not None."""
    given = {name: value for name, value in others.items() if value is not None}
    for name, wanted in plain(filters or {}).items():
        if isinstance(wanted, Mapping):
            given |= {f"{end}_{name}": value for end, value in wanted.items() if value is not None}
        else:
            given[name] = wanted
    return given


def plain(value: Any) -> Any:  # noqa: ANN401  anything that JSON or a model can be
    """Return a value as JSON has it: of a model, the fields that were given."""
    if isinstance(value, Model):
        return value.as_json()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def upload(file: Upload) -> dict[str, tuple[str, bytes]]:
    """Return the file of a form."""
    return {"file": (file.name, file.read_bytes()) if isinstance(file, Path) else file}


def segment(name: str) -> str:
    """Return a name as one segment of a path.

    Raises:
        InvalidRequest: the path would be that of another resource.
    """
    if name in {"", ".", ".."}:
        raise InvalidRequest(f"'{name}' cannot be an id or a name.")
    return quote(name, safe="")
