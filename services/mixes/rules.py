"""The rules of mixes, read from `mixes.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from services.domain.errors import InvalidRequest
from services.domain.playlist import NAME_MAX
from services.domain.question import RESULTS_MAX
from services.words.moods import mood_named

FILE_NAME = "mixes.toml"

DEFAULT = Path(__file__).with_name(FILE_NAME)


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=NAME_MAX)
    """The name of the playlist."""
    tracks: int = Field(default=50, ge=1, le=RESULTS_MAX)
    """The maximum number of tracks."""


class TasteRule(_Rule):
    """A mix for each taste; `{number}` in its name is the place of the taste."""

    kind: Literal["taste"]
    known: float = Field(default=0.5, ge=0, le=1)
    """The share of tracks that the listener knows."""


class DiscoverRule(_Rule):
    """Tracks that the listener never heard."""

    kind: Literal["discover"]


class RediscoverRule(_Rule):
    """Tracks that the listener loved and has not heard for a while."""

    kind: Literal["rediscover"]
    days: int = Field(default=90, ge=1, le=36_500)
    """How long the listener has not heard them."""
    plays: int = Field(default=3, ge=1)
    """The number of plays from which on a track counts as loved."""


class MoodRule(_Rule):
    """A mix for each mood preset; `{mood}` in its name is the title of the preset."""

    kind: Literal["mood"]
    moods: tuple[str, ...]
    language: Literal["en", "de"] = "en"

    @model_validator(mode="after")
    def _moods_exist(self) -> Self:
        for mood in self.moods:
            try:
                mood_named(mood)
            except InvalidRequest as error:
                raise ValueError(error.detail) from error
        return self


class PathRule(_Rule):
    """A path between two songs; without ends, between the two strongest tastes."""

    kind: Literal["path"]
    start: str | None = Field(default=None, alias="from")
    end: str | None = Field(default=None, alias="to")
    one_per_artist: bool = False

    @model_validator(mode="after")
    def _has_both_ends(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("Give `from` and `to` together.")
        return self


Rule = TasteRule | DiscoverRule | RediscoverRule | MoodRule | PathRule

_RULES = TypeAdapter(dict[str, Annotated[Rule, Field(discriminator="kind")]])


class UnusableRules(InvalidRequest):
    """The file with the rules of mixes cannot be read."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"'{file}' cannot be used: {reason} Correct it, or delete it to get the default rules.")


def read_rules(folder: Path) -> Mapping[str, Rule]:
    """Return the rules in a data directory by their ids, or the default rules.

    Raises:
        UnusableRules: the file cannot be read, or a rule is wrong.
    """
    file = folder / FILE_NAME
    try:
        return _RULES.validate_python(tomllib.loads((file if file.exists() else DEFAULT).read_text(encoding="utf-8")))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise UnusableRules(file, f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}.") from error
    except (OSError, ValueError) as error:  # no file for this process, or no TOML in UTF-8
        raise UnusableRules(file, f"{error}.") from error


def write_default(folder: Path) -> Path | None:
    """Write the default rules to a data directory that has none, and return the file; None if it has some.

    Raises:
        UnusableRules: the file cannot be written.
    """
    file = folder / FILE_NAME
    try:
        with file.open("xb") as opened:
            opened.write(DEFAULT.read_bytes())
    except FileExistsError:
        return None
    except OSError as error:
        raise UnusableRules(file, f"{error.strerror}.") from error
    return file
