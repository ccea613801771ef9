"""What the commands print about tracks, playlists, moods and pictures: tables to stdout, explanations to stderr."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from segue_client.models import (
    Direction,
    FoundTrack,
    MatchedTrack,
    Mood,
    PathTrack,
    Playlist,
    PlaylistSummary,
    RadioTrack,
    Recommendations,
    ScoredPicture,
    SeenPicture,
    SimilarTrack,
    Taste,
    Track,
    Understood,
    UnmatchedRecording,
)

from services.cli import output
from services.cli.tables import Column, id_column, table_of, track_columns
from services.domain.accounts import Account
from services.domain.comparison import Contest
from services.domain.filters import KEYWORD_FIELDS, RANGE_FIELDS
from services.domain.libraries import NamedLibrary
from services.domain.people import Person
from services.domain.quotas import Quota, Resource, Usage, today
from services.experiments.preferences import Preference

NO_TRACK = "No track matches."

Naming = Callable[[str], str]
"""Returns the words for a reason: an id of a track, or `words:` and a text."""


def print_seen(picture: SeenPicture) -> None:
    """Print what was understood of a picture in one line."""
    shows = f"shows {', '.join(picture.shows)}; " if picture.shows else ""
    output.print_message(
        f"Understood: {shows}looks {picture.looks}; valence {picture.valence:.2f}, energy {picture.energy:.2f}."
    )


def print_understood(texts: Sequence[Understood]) -> None:
    """Print what was understood of each text in one line, and its warnings."""
    for text in texts:
        ranges = text.filters.model_dump(include=set(RANGE_FIELDS), exclude_none=True)
        facts = [f"{name} {_interval(ends)}" for name, ends in ranges.items()]
        facts += [f"{name} {', '.join(values)}" for name in KEYWORD_FIELDS if (values := getattr(text.filters, name))]
        facts += [f"not by {artist}" for artist in text.exclude_artists]
        facts += [f"{name} about {value:g}" for name, value in text.targets.model_dump(exclude_none=True).items()]
        facts += [f"like {track_id}" for track_id in text.like] + [f"less “{phrase}”" for phrase in text.less]
        parts = [f"“{text.rest}”"] if text.rest is not None else []
        output.print_message(f"Understood: {'; '.join([*parts, *facts]) or 'nothing'}.")
        for warning in text.warnings:
            output.print_message(warning)


def _interval(ends: Mapping[str, float]) -> str:
    low, high = ends.get("min"), ends.get("max")
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def print_tracks(tracks: Sequence[SimilarTrack | MatchedTrack]) -> None:
    """Print tracks with their scores."""
    _print(tracks, [*track_columns(tracks), _scores(tracks), _ids(tracks)], NO_TRACK)


def print_recommended(answer: Recommendations, name_of: Naming) -> None:
    """Print recommended tracks, the tastes that they belong to, and what led to each."""
    _print_labels("Taste", enumerate(answer.tastes, start=1))
    tastes = ["" if track.taste is None else str(track.taste + 1) for track in answer.tracks]
    explained = [Column("taste", tastes), _reasons(answer.tracks, name_of)]
    names = track_columns(answer.tracks, with_album=False)
    _print(answer.tracks, [*names, *explained, _scores(answer.tracks), _ids(answer.tracks)], NO_TRACK)


def print_radio(tracks: Sequence[RadioTrack], directions: Sequence[Direction], name_of: Naming) -> None:
    """Print the tracks of a radio session, its directions, and what led to each track."""
    _print_labels("Direction", ((each.number, each) for each in directions if each.active))
    numbers = ["" if track.direction is None else str(track.direction) for track in tracks]
    explained = [Column("direction", numbers), _reasons(tracks, name_of)]
    names = track_columns(tracks, with_album=False)
    _print(tracks, [*names, *explained, _scores(tracks), _ids(tracks)], NO_TRACK)


def print_found(tracks: Sequence[FoundTrack]) -> None:
    """Print the tracks of a search with the reason why each was found."""
    matches = Column("match", [track.match for track in tracks])
    _print(tracks, [*track_columns(tracks), matches, _scores(tracks), _ids(tracks)], NO_TRACK)


def print_path(tracks: Sequence[PathTrack]) -> None:
    """Print the tracks of a path, each with its similarity to the previous one."""
    steps = Column("step", [str(step) for step in range(1, len(tracks) + 1)])
    scores = Column("score", [f"{track.similarity:.3f}" for track in tracks])
    _print(tracks, [steps, *track_columns(tracks), scores, _ids(tracks)], NO_TRACK)


def print_unmatched(recordings: Sequence[UnmatchedRecording]) -> None:
    """Print recordings that are not in the library, with the number of their listens."""
    columns = [
        Column("listens", [f"{each.listens:,}" for each in recordings]),
        Column("artist", [each.artist or "" for each in recordings], weight=2, wraps=True),
        Column("title", [each.title or " ".join(each.names) for each in recordings], weight=3, wraps=True),
        Column("album", [each.album or "" for each in recordings], weight=2),
    ]
    _print(recordings, columns, "There are no listens of tracks that the library does not have.")


def print_playlists(playlists: Sequence[PlaylistSummary]) -> None:
    """Print playlists with what they contain."""
    refreshed = [each.refreshed_at for each in playlists]
    columns = [
        Column("name", [each.name for each in playlists], weight=2, wraps=True),
        Column("owner", [each.owner or "" for each in playlists], weight=1),
        Column("tracks", [str(each.tracks) for each in playlists]),
        Column("refreshed", [output.format_time(moment) for moment in refreshed]),
        id_column([each.id for each in playlists]),
    ]
    _print(playlists, columns, "There are no playlists.")


def print_playlist(playlist: Playlist) -> None:
    """Print the tracks of a playlist in their order."""
    tracks = [item.track for item in playlist.items]
    ids = id_column([track.id for track in tracks])
    shown = ["no file" if item.missing else short for item, short in zip(playlist.items, ids.cells, strict=True)]
    places = Column("", [str(place) for place in range(1, len(tracks) + 1)])
    _print(tracks, [places, *track_columns(tracks), Column("id", shown)], "The playlist has no tracks.")


def print_libraries(libraries: Sequence[NamedLibrary]) -> None:
    """Print named libraries with their folders and listeners."""
    columns = [
        Column("name", [each.name for each in libraries], weight=1, wraps=True),
        Column("folders", [", ".join(each.roots) for each in libraries], weight=3, wraps=True),
        Column("listeners", [", ".join(each.listeners) for each in libraries], weight=1, wraps=True),
        Column("tracks", [str(each.tracks) for each in libraries]),
    ]
    _print(libraries, columns, "There are no named libraries.")


def print_quota(usage: Usage, quota: Quota) -> None:
    """Print how much a library uses of each resource."""
    names = {
        Resource.TRACKS: "tracks",
        Resource.UPLOAD_BYTES: "bytes of uploads",
        Resource.REQUESTS: "requests today",
        Resource.ANALYSIS_MINUTES: "minutes of analysis today",
    }
    columns = [
        Column("resource", list(names.values())),
        Column("used", [f"{usage.of(each, today()):,.0f}" for each in names]),
        Column("quota", ["none" if (limit := quota.of(each)) is None else f"{limit:,}" for each in names]),
    ]
    _print(list(names), columns, "")
    if usage.pending:
        output.print_message(f"{output.count_tracks(usage.pending)} wait for their analysis.")


def print_accounts(accounts: Sequence[Account]) -> None:
    """Print accounts with the day on which they were added."""
    columns = [
        Column("name", [each.listener for each in accounts], weight=1, wraps=True),
        Column("added", [each.created_at.date().isoformat() for each in accounts]),
    ]
    _print(accounts, columns, "There are no accounts.")


def print_people(people: Sequence[Person]) -> None:
    """Print people with the day on which they signed in last."""
    columns = [
        Column("listener", [each.listener for each in people], weight=1, wraps=True),
        Column("name", [each.name for each in people], weight=1, wraps=True),
        Column("signed in", [each.signed_in_at.date().isoformat() for each in people]),
    ]
    _print(people, columns, "Nobody has signed in.")


def print_preferences(preferences: Sequence[Preference]) -> None:
    """Print what people preferred in each contest, and what it shows."""
    columns = [
        Column("against", [_contest(each.contest) for each in preferences], weight=1, wraps=True),
        Column("answers", [str(each.segue + each.baseline) for each in preferences]),
        Column("people", [str(each.people) for each in preferences]),
        Column("same", [str(each.same) for each in preferences]),
        Column("for Segue", ["" if each.share is None else f"{100 * each.share:.0f} %" for each in preferences]),
        Column("95 %", [f"{100 * each.low:.0f} % to {100 * each.high:.0f} %" for each in preferences]),
    ]
    _print(preferences, columns, "Nobody has answered yet. Open the page at #/compare.")
    for each in preferences:
        output.print_message(f"{_contest(each.contest)}: {each.verdict}")


def _contest(contest: Contest) -> str:
    if contest.other_version is not None:
        return f"{contest.model_version} against {contest.other_version}"
    return f"{contest.model_version} against random of the same genre"


def print_pictures(pictures: Sequence[ScoredPicture]) -> None:
    """Print pictures with their scores."""
    columns = [
        Column("path", [picture.path for picture in pictures], weight=2, wraps=True),
        Column("shows", [", ".join(picture.shows) for picture in pictures], weight=1),
        Column("looks", [picture.looks or "" for picture in pictures], weight=1),
        Column("score", [f"{picture.score:.3f}" for picture in pictures]),
    ]
    _print(pictures, columns, "No picture matches.")


def print_moods(moods: Sequence[Mood]) -> None:
    """Print mood presets with their titles and words."""
    words = ("; ".join(each.text if each.weight > 0 else f"less: {each.text}" for each in mood.words) for mood in moods)
    columns = [
        Column("mood", [mood.id for mood in moods]),
        Column("English", [mood.titles["en"] for mood in moods], weight=1),
        Column("German", [mood.titles["de"] for mood in moods], weight=1),
        Column("words", list(words), weight=3, wraps=True),
    ]
    _print(moods, columns, "There are no mood presets.")


def _print(rows: Sequence[object], columns: Sequence[Column], otherwise: str) -> None:
    if rows:
        output.answers.print(table_of(columns, output.answers.width))
    else:
        output.print_message(otherwise)


def _print_labels(kind: str, labelled: Iterable[tuple[int, Taste | Direction]]) -> None:
    for number, taste in labelled:
        output.print_message(f"{kind} {number}: {taste.label} ({100 * taste.weight:.0f} %)")


def _scores(tracks: Sequence[SimilarTrack | MatchedTrack | FoundTrack]) -> Column:
    return Column("score", ["" if track.score is None else f"{track.score:.3f}" for track in tracks])


def _ids(tracks: Sequence[Track]) -> Column:
    return id_column([track.id for track in tracks])


def _reasons(tracks: Sequence[SimilarTrack], name_of: Naming) -> Column:
    return Column("because of", [", ".join(map(name_of, track.because_of)) for track in tracks], weight=1, wraps=True)
