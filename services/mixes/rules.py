"""The rules of mixes, read from `mixes.toml`."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

from services.domain.errors import InvalidRequest
from services.domain.playlist import NAME_MAX
from services.domain.question import RESULTS_MAX
from services.domain.validation import MESSAGES
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

_KINDS = ", ".join(get_args(rule.model_fields["kind"].annotation)[0] for rule in get_args(Rule))

_MESSAGES = {
    "union_tag_invalid": f"[{{table}}] has the kind `{{tag}}`; kinds are {_KINDS}",
    "union_tag_not_found": f"[{{table}}] has no field `kind`; kinds are {_KINDS}",
    "extra_forbidden": "[{table}] has an unknown field {name}",
    "missing": "[{table}] has no field {name}",
    "model_attributes_type": "`{table}` must be a table, such as [{table}]",
    "value_error": "[{table}]: {error}",
}
"""What this file's errors are called, by pydantic's type; the others are those of requests."""

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
    file, text = folder / FILE_NAME, ""
    try:
        text = (file if file.exists() else DEFAULT).read_text(encoding="utf-8")
        return _RULES.validate_python(tomllib.loads(text))
    except ValidationError as error:
        raise UnusableRules(file, f"{_explained(error.errors(include_url=False)[0])}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UnusableRules(file, f"{error}: `{_line_of(error, text)}`.") from error
    except RecursionError as error:
        raise UnusableRules(file, "It is nested too deeply.") from error
    except UnicodeDecodeError as error:
        raise UnusableRules(file, "It is not UTF-8.") from error
    except OSError as error:
        raise UnusableRules(file, f"{error.strerror}.") from error


def _explained(problem: ErrorDetails) -> str:
    """Return what is wrong with a rule: its table, its field and the reason."""
    table, *fields = (str(each) for each in problem["loc"])
    field = f"`{'.'.join(fields[1:])}`"  # the first one is the kind
    if (template := _MESSAGES.get(problem["type"])) is None:
        template = "[{table}]: " + MESSAGES.get(problem["type"], f"{{name}}: {problem['msg']}")
    return template.format(table=table, name=field, **problem.get("ctx", {})).rstrip(".")


def _line_of(error: tomllib.TOMLDecodeError, text: str) -> str:
    """Return the line that is no TOML, the last one if something is missing at the end."""
    place = re.search(r"at line (\d+)", str(error))
    lines = text.rstrip().splitlines()
    return lines[int(place[1]) - 1 if place else -1].strip()


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
