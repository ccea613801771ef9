"""Types of arguments and options that several commands share."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from services.domain.filters import EXCLUDED, RANGE_FIELDS, Filters, Range
from services.domain.own_conditions import OWN_FEATURES, SEPARATOR, own_conditions
from services.domain.own_features import is_own

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="Number of tracks.")]

MS_PER_SECOND = 1000
SECONDS_PER_MINUTE = 60


def path(text: str) -> Path:
    """Return a path; `~` at its start is a home folder, also where a shell does not replace it."""
    if not text:
        raise typer.BadParameter("The path is empty.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise typer.BadParameter(f"'{text}': there is no such user, or no home folder.") from error


def file(text: str) -> Path:
    """Return the path of an existing file."""
    found = path(text)
    try:
        is_file = found.is_file()
    except OSError as error:
        raise typer.BadParameter(f"'{found}' cannot be read: {error.strerror}.") from error
    if not is_file:
        raise typer.BadParameter(f"'{found}' is not a file.")
    return found


def path_argument(text: str, metavar: str, parser: Callable[[str], Path] = path) -> Any:  # noqa: ANN401  Typer's
    """Return an argument that is a path."""
    return typer.Argument(parser=parser, metavar=metavar, help=text)


def time_option(text: str) -> Any:  # noqa: ANN401  Typer's
    """Return an option that is a day or a time in UTC; the time has no time zone."""
    return typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help=text)


M3u = Annotated[
    Path | None,
    typer.Option(parser=path, metavar="FILE", help="Write the tracks as an M3U8 playlist; - prints it instead."),
]
Relative = Annotated[
    bool, typer.Option("--relative", help="With --m3u: paths relative to the library root, as MPD needs them.")
]


_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"(?P<low>{_NUMBER})?(?P<dots>\.\.)(?P<high>{_NUMBER})?|(?P<exact>{_NUMBER})")
_TIME = re.compile(r"(\d+):(\d\d)")


def interval(text: str) -> Range:
    """Parse `90..120`, `90..`, `..120`, or a single number.

    Raises:
        typer.BadParameter: the text is none of these.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None or (found["dots"] and not found["low"] and not found["high"]):
        raise typer.BadParameter(f"'{text}' is not a range. Write LOW..HIGH, LOW.., ..HIGH or a number.")
    if found["exact"]:
        return Range(float(found["exact"]), float(found["exact"]))
    low, high = (None if found[end] is None else float(found[end]) for end in ("low", "high"))
    if low is not None and high is not None and low > high:
        raise typer.BadParameter(f"'{text}' is empty: its first number is the smaller one.")
    return Range(low, high)


def duration(text: str) -> Range:
    """Parse a range of lengths, in minutes and seconds such as `3:00..4:30`, or in seconds, as milliseconds."""

    def in_seconds(time: re.Match[str]) -> str:
        return str(int(time[1]) * SECONDS_PER_MINUTE + int(time[2]))

    found = interval(_TIME.sub(in_seconds, text))
    low, high = (None if end is None else end * MS_PER_SECOND for end in (found.min, found.max))
    return Range(low, high)


RANGE_HELP: Mapping[str, str] = {
    "energy": "Intensity and activity, 0 to 1: 0.6.. or ..0.4.",
    "valence": "Mood, 0 (sad, dark) to 1 (happy, bright).",
    "danceability": "Suitability for dancing, 0 to 1.",
    "acousticness": "Share of acoustic instruments, 0 to 1.",
    "instrumentalness": "Absence of vocals, 0 to 1.",
    "liveness": "Presence of an audience, 0 to 1.",
    "speechiness": "Amount of speech, 0 to 1.",
    "tempo": "Beats per minute: 90..120, 90.. or ..120.",
    "loudness": "LUFS: -14..-8.",
    "brightness": "Spectral centroid in Hz.",
    "onset_rate": "Note onsets per second.",
    "flux": "Spectral flux, -5 (a drone) to -2 (drums).",
    "mobility": "Speed of change, -4 (slow swells) to 0 (a tremolo).",
    "key": "Pitch class of the tonic, 0 (C) to 11 (B).",
    "mode": "0 (minor) or 1 (major).",
    "time_signature": "Beats per bar, 3 or 4.",
    "year": "Year of release: 1994, 1990..1999.",
    "duration_ms": "Length: 3:00..4:30, or in seconds.",
}
KEYWORD_HELP: Mapping[str, str] = {
    "genre": "Genre of the file, or a tag that is heard; repeat it for more.",
    "artist": "Artist; repeat it for more.",
    "album": "Album; repeat it for more.",
    "tags": "Tag that is heard; repeat it for more.",
    "library": "Named library; repeat it for more.",
}
EXCLUDE_GENRE_HELP = "Leave out this genre; repeat it for more."
OWN_HELP = "Own feature: mine.energy:0.5..0.9, mine.radio_ok:true or mine.mood:calm; repeat it for more."
_OPTION_NAMES = {"duration_ms": "duration", "tags": "tag", OWN_FEATURES: "own-feature"}
PANEL = "Filters: every track meets all of them"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the answer of a command goes: to a table, to JSON, and to a playlist in a file; - is standard output."""

    as_json: bool = False
    m3u: Path | None = None
    relative: bool = False

    @property
    def prints_playlist(self) -> bool:
        """Whether the playlist goes to standard output."""
        return str(self.m3u) == "-"


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each field that filters can use, and pass them on as the argument `filters`."""

    def filters(given: Mapping[str, Any]) -> Filters:
        ranges = {name: given[name] for name in RANGE_FIELDS if given[name] is not None}
        any_of = {name: tuple(given[name]) for name in KEYWORD_HELP if given[name]}
        # The service knows the types of own features, so the texts are passed on as they are.
        for condition in given[OWN_FEATURES] or ():
            name, _, value = condition.partition(SEPARATOR)
            if not is_own(name) or not value:
                raise typer.BadParameter(f"'{condition}' is no condition such as mine.energy:0.5..0.9.")
            any_of[name] = (*any_of.get(name, ()), value)
        unwanted = given[EXCLUDED["genre"]]
        return Filters(ranges=ranges, any_of=any_of, none_of={"genre": tuple(unwanted)} if unwanted else {})

    return _with_options(command, "filters", _filter_parameters(), filters)


def with_output(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the output, and pass them on as the argument `to`."""

    def destination(given: Mapping[str, Any]) -> Destination:
        chosen = Destination(**given)
        if chosen.as_json and chosen.prints_playlist:
            raise typer.BadParameter("--json and --m3u - both print to standard output. Give --m3u a file.")
        return chosen

    options = {"m3u": (M3u, None), "relative": (Relative, False), "as_json": (AsJson, False)}
    parameters = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in options.items()
    ]
    return _with_options(command, "to", parameters, destination)


def _with_options(
    command: Callable[..., None],
    argument: str,
    options: Sequence[Parameter],
    build: Callable[[Mapping[str, Any]], object],
) -> Callable[..., None]:
    """Replace an argument of a command by options from which it is built; Typer reads the signature."""

    @wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401  the options of any command
        own = {option.name: given.pop(option.name) for option in options}
        command(**given, **{argument: build(own)})

    others = [each for each in signature(command).parameters.values() if each.name != argument]
    parameters = [*others, *options]
    run.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
    return run


def _filter_parameters() -> list[Parameter]:
    options = {
        **{
            name: (list[str] | None, typer.Option(_flag(name), help=text, rich_help_panel=PANEL))
            for name, text in {
                **KEYWORD_HELP,
                EXCLUDED["genre"]: EXCLUDE_GENRE_HELP,
                OWN_FEATURES: OWN_HELP,
            }.items()
        },
        **{name: (Range | None, _range_option(name)) for name in RANGE_FIELDS},
    }
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])
        for name, (kind, option) in options.items()
    ]


def _range_option(name: str) -> Any:  # noqa: ANN401  Typer's option has no public type
    parse = duration if name == "duration_ms" else interval
    return typer.Option(_flag(name), parser=parse, metavar="RANGE", help=RANGE_HELP[name], rich_help_panel=PANEL)


def _flag(name: str) -> str:
    return f"--{_OPTION_NAMES.get(name, name).replace('_', '-')}"


def filters_as_json(filters: Filters) -> dict[str, Any]:
    """Return filters as the API takes them."""
    ranges = {name: {"min": wanted.min, "max": wanted.max} for name, wanted in filters.ranges.items()}
    keywords = {name: list(values) for name, values in filters.any_of.items() if not is_own(name)}
    own = own_conditions(filters)
    unwanted = {EXCLUDED[name]: list(values) for name, values in filters.none_of.items() if name in EXCLUDED}
    return {**ranges, **keywords, **unwanted, **({OWN_FEATURES: own} if own else {})}
