"""What the commands print that ask the running service for tracks."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from segue_client import NotFound, Segue
from segue_client.arguments import Conditions
from segue_client.model import Model
from segue_client.models import SimilarTrack, Track

from services.cli import listings, output
from services.cli.arguments import Destination, filters_as_json
from services.cli.lookup import connect, find_track, find_tracks
from services.cli.tables import ID_LENGTH
from services.domain.errors import InvalidRequest
from services.domain.filters import Filters
from services.domain.playlist import NAME_MAX
from services.domain.question import PathOptions
from services.settings import load_settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What recommendations are asked for: played tracks, texts, a mood preset, and a stored listener."""

    tracks: Sequence[str]
    texts: Sequence[str]
    mood: str | None
    listener: str | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What every track of an answer must meet, and the number of tracks."""

    filters: Filters
    exclude_artists: tuple[str, ...]
    limit: int
    include_fragments: bool

    def options(self) -> Conditions:
        """Return the conditions as arguments of the client."""
        return {
            "filters": filters_as_json(self.filters),
            "exclude_artists": self.exclude_artists,
            "include_fragments": self.include_fragments,
        }


def list_similar(name: str, terms: Terms, to: Destination) -> None:
    """Print the tracks most similar to a track."""
    with connect(load_settings()) as client:
        seed = find_track(client, name)
        wanted, fragments = filters_as_json(terms.filters), terms.include_fragments
        answer = client.similar(seed.id, limit=terms.limit, filters=wanted, include_fragments=fragments)

        def show() -> None:
            output.print_message(f"Similar to {output.describe(seed)}:")
            listings.print_tracks(answer.tracks)

        _show(to, answer, show)
        _write(to, client, f"Similar to {seed.title}", answer.tracks)


def list_recommendations(asked: Asked, terms: Terms, to: Destination) -> None:
    """Print what to play after some tracks, for some texts, a mood preset or a listener, or for several of them.

    Raises:
        InvalidRequest: nothing of these is given.
    """
    if not (asked.tracks or asked.texts or asked.mood or asked.listener or terms.filters != Filters()):
        raise InvalidRequest("Name at least one track, or use --text, --mood, --user or a filter such as --genre.")
    with connect(load_settings()) as client:
        played = find_tracks(client, asked.tracks)
        answer = client.recommend(
            [track.id for track in played],
            text=asked.texts,
            mood=asked.mood,
            user=asked.listener,
            limit=terms.limit,
            **terms.options(),
        )

        def show() -> None:
            if played:
                output.print_message(f"After {', '.join(output.describe(track) for track in played)}:")
            listings.print_understood(answer.understood)
            listings.print_recommended(answer, _reasons(client, answer.tracks, played))

        _show(to, answer, show)
        _write(to, client, "Recommended by Segue", answer.tracks)


def start_radio(names: Sequence[str], listener: str | None, terms: Terms, to: Destination) -> None:
    """Start a radio session and print its id and its first tracks."""
    with connect(load_settings()) as client:
        seeds = find_tracks(client, names)
        session = client.radio([track.id for track in seeds], user=listener, **terms.options())
        answer = client.next_radio_tracks(session.id, limit=terms.limit)

        def show() -> None:
            from_seeds = ", ".join(output.describe(track) for track in seeds)
            output.print_message(f"Radio session {session.id} from {from_seeds}:")
            listings.print_radio(answer.tracks, answer.directions, _reasons(client, answer.tracks, seeds))

        _show(to, answer, show, id=session.id)
        _write(to, client, f"Radio from {seeds[0].title}", answer.tracks)


def list_path(ends: tuple[str, str], terms: Terms, options: PathOptions, to: Destination) -> None:
    """Print a path between two tracks, with at most as many tracks as the limit."""
    with connect(load_settings()) as client:
        first, last = find_tracks(client, ends)
        wanted, fragments = filters_as_json(terms.filters), terms.include_fragments
        answer = client.path(
            first.id, last.id, steps=terms.limit, filters=wanted, include_fragments=fragments, **asdict(options)
        )

        def show() -> None:
            output.print_message(f"From {output.describe(first)} to {output.describe(last)}:")
            listings.print_path(answer.tracks)

        _show(to, answer, show)
        _write(to, client, f"From {first.title} to {last.title}", answer.tracks)


def list_search(text: str, limit: int, to: Destination) -> None:
    """Print the tracks that a text names or describes."""
    with connect(load_settings()) as client:
        answer = client.search(text, limit=limit)

        def show() -> None:
            listings.print_understood([answer.understood])
            listings.print_found(answer.tracks)

        _show(to, answer, show)
        _write(to, client, text, answer.tracks)


def list_image_matches(image: Path, limit: int, to: Destination) -> None:
    """Print the tracks that fit a picture."""
    with connect(load_settings()) as client:
        answer = client.search_image(image, limit=limit)

        def show() -> None:
            listings.print_seen(answer.understood)
            listings.print_tracks(answer.tracks)

        _show(to, answer, show)
        _write(to, client, image.stem, answer.tracks)


def list_audio_matches(audio: Path, limit: int, to: Destination) -> None:
    """Print the tracks that sound like a clip."""
    with connect(load_settings()) as client:
        answer = client.search_audio(audio, limit=limit)
        _show(to, answer, lambda: listings.print_tracks(answer.tracks))
        _write(to, client, audio.stem, answer.tracks)


def list_moods(*, as_json: bool) -> None:
    """Print the mood presets."""
    with connect(load_settings()) as client:
        answer = client.moods()
    if as_json:
        output.print_json({"moods": [mood.as_json() for mood in answer]})
    else:
        listings.print_moods(answer)


def search_picture(text: str, limit: int, *, as_json: bool) -> None:
    """Print the pictures that go with a text."""
    with connect(load_settings()) as client:
        found = client.search_pictures(text, limit=limit)
    if as_json:
        output.print_json(found)
        return
    for warning in found.understood.warnings if found.understood else ():
        output.print_message(warning)
    listings.print_pictures(found.pictures)


def _reasons(client: Segue, tracks: Iterable[SimilarTrack], known: Iterable[Track]) -> listings.Naming:
    """Return how the reasons of these tracks are shown: tracks by their titles, words in quotation marks."""
    titles = {track.id: track.title for track in known}
    for reason in (each for track in tracks for each in track.because_of):
        if ":" not in reason and reason not in titles:
            titles[reason] = _title(client, reason)

    def name(reason: str) -> str:
        kind, _, words = reason.partition(":")
        return titles[reason] if not words else f"“{words}”" if kind == "words" else words

    return name


def _title(client: Segue, track_id: str) -> str:
    try:
        return client.track(track_id).title
    except NotFound:  # it has left the library
        return track_id[:ID_LENGTH]


def _show(to: Destination, answer: Model, print_table: Callable[[], None], **more: str) -> None:
    if to.as_json:
        output.print_json(answer.as_json() | more)
    elif not to.prints_playlist:
        print_table()


def _write(to: Destination, client: Segue, name: str, tracks: Sequence[Track]) -> None:
    """Write the tracks as a playlist, if it is wanted.

    Raises:
        InvalidRequest: the file cannot be written.
    """
    if to.m3u is None:
        return
    content = client.export_tracks([track.id for track in tracks], name[:NAME_MAX], absolute=not to.relative)
    if to.prints_playlist:
        sys.stdout.buffer.write(content)
        return
    try:
        to.m3u.write_bytes(content)
    except OSError as error:
        raise InvalidRequest(f"'{to.m3u}' cannot be written: {error.strerror}.") from error
    output.print_message(f"Wrote {output.count_tracks(len(tracks))} to {to.m3u}.")
