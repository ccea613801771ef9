"""The commands that ask for tracks: `similar`, `recommend`, `search`, `path`, `radio`, and `moods`.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from services.cli import arguments
from services.cli.arguments import AsJson, Destination, Limit, with_filters, with_output
from services.domain.filters import Filters
from services.domain.question import PathOptions

TRACK = "Track id or its first characters, external id (isrc:…), or words from artist, album and title."
TRACKS = "Tracks: ids, external ids, or quoted words."
Fragments = Annotated[
    bool, typer.Option("--include-fragments", help="List intros, skits, applause, spoken word and silence, too.")
]
Without = Annotated[list[str] | None, typer.Option(help="Leave out this artist; repeat it for more.")]


@with_filters
@with_output
def similar(
    track: Annotated[list[str], typer.Argument(help=TRACK)],
    *,
    filters: Filters,
    include_fragments: Fragments = False,
    limit: Limit = 10,
    to: Destination,
) -> None:
    """List the tracks that are most similar to a track."""
    from services.cli import answers

    terms = answers.Terms(filters, (), limit, include_fragments)
    answers.list_similar(" ".join(track), terms, to)


@with_filters
@with_output
def recommend(  # noqa: PLR0913  each is an option
    tracks: Annotated[
        list[str] | None,
        typer.Argument(help="Played tracks: ids, external ids, or quoted words. Optional with the next options."),
    ] = None,
    *,
    filters: Filters,
    text: Annotated[
        list[str] | None, typer.Option(help="Description of the music, such as “calm piano”; repeat it for more.")
    ] = None,
    mood: Annotated[str | None, typer.Option(help="Mood preset; `segue moods` lists all.")] = None,
    user: Annotated[str | None, typer.Option(help="Listener whose stored listens count.")] = None,
    exclude_artist: Without = None,
    include_fragments: Fragments = False,
    limit: Limit = 10,
    to: Destination,
) -> None:
    """List what to play after some tracks, for a description, a mood or a listener, or for several of them."""
    from services.cli import answers

    asked = answers.Asked(tracks or [], text or [], mood, user)
    terms = answers.Terms(filters, tuple(exclude_artist or ()), limit, include_fragments)
    answers.list_recommendations(asked, terms, to)


@with_filters
@with_output
def radio(  # noqa: PLR0913  each is an option
    seeds: Annotated[list[str], typer.Argument(help=f"Seeds. {TRACKS}")],
    *,
    filters: Filters,
    user: Annotated[str | None, typer.Option(help="Listener whose session it is.")] = None,
    exclude_artist: Without = None,
    include_fragments: Fragments = False,
    limit: Limit = 10,
    to: Destination,
) -> None:
    """Start a radio session and list its first tracks."""
    from services.cli import answers

    terms = answers.Terms(filters, tuple(exclude_artist or ()), limit, include_fragments)
    answers.start_radio(seeds, user, terms, to)


@with_filters
@with_output
def path(  # noqa: PLR0913  each is an option
    start: Annotated[str, typer.Argument(metavar="FROM", help="First track: id, external id, or quoted words.")],
    end: Annotated[str, typer.Argument(metavar="TO", help="Last track.")],
    *,
    filters: Filters,
    include_fragments: Fragments = False,
    steps: Annotated[int, typer.Option(min=2, max=100, help="Maximum number of tracks, both ends included.")] = 10,
    one_per_artist: Annotated[bool, typer.Option("--one-per-artist", help="At most one track of each artist.")] = False,
    variety: Annotated[float, typer.Option(min=0, max=1, help="Random variation: 0 is none, 1 is much.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the variation: the same seed gives the same path.")] = 0,
    to: Destination,
) -> None:
    """List a smooth path from one track to another. Filters hold for the tracks between."""
    from services.cli import answers

    terms = answers.Terms(filters, (), steps, include_fragments)
    answers.list_path((start, end), terms, PathOptions(one_per_artist, variety, seed), to)


@with_output
def search(
    text: Annotated[
        list[str] | None, typer.Argument(help="Title, artist or description, such as “calm piano, under 80 bpm”.")
    ] = None,
    *,
    image: Annotated[
        Path | None,
        typer.Option(parser=arguments.file, metavar="FILE", help="Picture (JPEG, PNG, WebP or GIF) instead of a text."),
    ] = None,
    audio: Annotated[
        Path | None,
        typer.Option(parser=arguments.file, metavar="FILE", help="Clip of 5 s or more instead of a text."),
    ] = None,
    limit: Limit = 10,
    to: Destination,
) -> None:
    """List tracks by a title, an artist or a description, by a picture, or by a clip."""
    from services.cli import answers

    if [bool(text), image is not None, audio is not None].count(True) != 1:
        raise typer.BadParameter("Give a text, --image or --audio, and only one of them.")
    if image is not None:
        answers.list_image_matches(image, limit, to)
    elif audio is not None:
        answers.list_audio_matches(audio, limit, to)
    else:
        answers.list_search(" ".join(text or []), limit, to)


def moods(*, as_json: AsJson = False) -> None:
    """List the mood presets."""
    from services.cli.answers import list_moods

    list_moods(as_json=as_json)
