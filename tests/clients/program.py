"""Asks the service, whose address and key are the arguments, through a client that openapi-python-client generated."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import version

from generated import AuthenticatedClient
from generated.api.library import get_audio_features, get_similar_tracks, list_tracks
from generated.api.listeners import add_listens, get_taste
from generated.api.playlists import create_playlist
from generated.api.radio import next_radio_tracks, start_radio
from generated.api.recommendations import find_path, recommend
from generated.api.search import search_by_text
from generated.models import (
    AudioFeatures,
    EventKind,
    ListenerTaste,
    ListenEvent,
    ListenIn,
    ListensIn,
    ListensRecorded,
    NextRequest,
    NextTracks,
    Path,
    Playlist,
    PlaylistRequest,
    Problem,
    RadioRequest,
    RadioSeeds,
    RecommendationRequest,
    Recommendations,
    SearchResults,
    SimilarTracks,
    StartedRadio,
    TrackPage,
)

NAME = f"openapi-python-client {version('openapi-python-client')}"
client = AuthenticatedClient(sys.argv[1], token=sys.argv[2])


def recommended() -> bool:
    """Read typed fields of recommendations."""
    history = [ListenEvent(track_id="test:1"), ListenEvent(track_id="test:2", event=EventKind.SKIP)]
    answer = recommend.sync(client=client, body=RecommendationRequest(history=history, limit=10))
    assert isinstance(answer, Recommendations)
    track = answer.tracks[0]
    title: str = track.title
    energy: float | None = track.attributes.energy if track.attributes else None
    reasons: list[str] = track.because_of
    return bool(title and energy is not None and reasons and track.ids.additional_properties.get("test"))


def radio() -> bool:
    """Start a session, report a skip and get the next track."""
    session = start_radio.sync(client=client, body=RadioRequest(seeds=RadioSeeds(tracks=["test:0"])))
    assert isinstance(session, StartedRadio)
    first = next_radio_tracks.sync(session.id, client=client, body=NextRequest(limit=1))
    assert isinstance(first, NextTracks)
    skipped = NextRequest.from_dict({"limit": 1, "events": [{"track_id": first.tracks[0].id, "event": "skip"}]})
    then = next_radio_tracks.sync(session.id, client=client, body=skipped)
    return isinstance(then, NextTracks) and then.tracks[0].id != first.tracks[0].id


def listens() -> bool:
    """Record a listen and read the taste."""
    body = ListensIn(listens=[ListenIn(track_id="test:1", event=EventKind.LIKE)])
    recorded = add_listens.sync("python", client=client, body=body)
    taste = get_taste.sync("python", client=client)
    return isinstance(recorded, ListensRecorded) and recorded.recorded == 1 and isinstance(taste, ListenerTaste)


def playlist() -> bool:
    """Create a playlist."""
    made = create_playlist.sync(client=client, body=PlaylistRequest(name="Generated", tracks=["test:1"]))
    return isinstance(made, Playlist) and made.items[0].track.title == "Title 001"


CALLS: dict[str, Callable[[], bool]] = {
    "recommend": recommended,
    "getSimilarTracks": lambda: isinstance(get_similar_tracks.sync("test:1", client=client), SimilarTracks),
    "findPath": lambda: isinstance(find_path.sync(client=client, from_="test:0", to="test:3"), Path),
    "searchByText": lambda: isinstance(search_by_text.sync(client=client, text="Title 007"), SearchResults),
    "startRadio, nextRadioTracks": radio,
    "listTracks": lambda: isinstance(list_tracks.sync(client=client, limit=5), TrackPage),
    "getAudioFeatures": lambda: isinstance(get_audio_features.sync("test:1", client=client), AudioFeatures),
    "addListens, getTaste": listens,
    "createPlaylist": playlist,
    "getSimilarTracks (unknown id)": lambda: isinstance(get_similar_tracks.sync("nobody", client=client), Problem),
}
for call, run in CALLS.items():
    sys.stdout.write(json.dumps({"client": NAME, "call": call, "result": "ok" if run() else "unexpected"}) + "\n")
