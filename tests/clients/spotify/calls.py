"""Calls of tekore and spotipy: `calls.py URL TRACK UNTAGGED`, with the API's address and ids of two tracks."""

import json
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version

import spotipy
import tekore

UNKNOWN = "4NHQUGzhtTLFvgF5SZesLK"


def report(client: str, call: str, run: Callable[[], bool]) -> None:
    """Print whether a call returned what it should, or the error that the client raised."""
    try:
        result = "ok" if run() else "unexpected content"
    except (spotipy.SpotifyException, tekore.HTTPError) as error:
        status = error.http_status if isinstance(error, spotipy.SpotifyException) else error.response.status_code
        result = f"refused ({status})"
    except Exception as error:  # noqa: BLE001  the table shows what a client makes of a response
        result = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    print(json.dumps({"client": f"{client} {version(client)}", "call": call, "result": result}))


def call_tekore(url: str, track: str, untagged: str) -> None:
    """Call each method of tekore, which checks every field and always puts `/v1/` before a path."""
    tekore._client.base.prefix = f"{url}/v1/"
    client = tekore.Spotify("any token", sender=tekore.SyncSender())
    known = client.track(track)
    [artist] = known.artists
    for call, run in {
        "recommendations/available-genre-seeds": lambda: "Folk" in client.recommendation_genre_seeds(),
        "recommendations": lambda: len(client.recommendations(genres=["Folk"], limit=3, min_tempo=85).tracks) == 3,
        "recommendations (seeds of a track)": lambda: (
            client.recommendations(track_ids=[known.id], artist_ids=[artist.id], limit=1).tracks[0].artists
        ),
        "tracks/{id}": lambda: known.name == "Title 001",
        "tracks": lambda: client.tracks([known.id])[0] == known,
        "tracks/{id} (no tags)": lambda: client.track(untagged).album.id and client.track(untagged).artists[0].id,
        "artists/{id}": lambda: client.artist(artist.id).genres == ["Folk"],
        "search?type=track": lambda: client.search("track:title 001", types=("track",))[0].items[0] == known,
        "search (next page)": lambda: client.next(client.search("title", types=("track",), limit=2)[0]).offset == 2,
        "audio-features/{id}": lambda: client.track_audio_features(known.id).tempo == 81,
        "audio-features": lambda: client.tracks_audio_features([known.id, UNKNOWN])[1] is None,
        "recommendations (empty range)": lambda: client.recommendations(
            genres=["Folk"], min_energy=0.9, max_energy=0.1
        ),
        "tracks/{id} (unknown)": lambda: client.track(UNKNOWN),
        "audio-analysis/{id}": lambda: client.track_audio_analysis(known.id),
    }.items():
        report("tekore", call, lambda run=run: bool(run()))


def call_spotipy(url: str, track: str, untagged: str) -> None:
    """Call each method of spotipy."""
    client = spotipy.Spotify(auth="any token", retries=0)
    client.prefix = f"{url}/"
    known = client.track(track)
    [artist] = known["artists"]
    for call, run in {
        "recommendations/available-genre-seeds": lambda: "Folk" in client.recommendation_genre_seeds()["genres"],
        "recommendations": lambda: (
            len(client.recommendations(seed_genres=["Folk"], limit=3, min_tempo=85, country="SE")["tracks"]) == 3
        ),
        "recommendations (seeds of a track)": lambda: client.recommendations(
            seed_tracks=[known["uri"]], seed_artists=[artist["id"]], limit=1
        )["tracks"],
        "tracks/{id}": lambda: known["name"] == "Title 001",
        "tracks": lambda: client.tracks([known["uri"]])["tracks"] == [known],
        "tracks/{id} (no tags)": lambda: client.track(untagged)["album"]["id"],
        "artists/{id}": lambda: client.artist(artist["uri"])["genres"] == ["Folk"],
        "search?type=track": lambda: client.search("track:title 001")["tracks"]["items"] == [known],
        "search (next page)": lambda: client.next(client.search("title", limit=2)["tracks"])["tracks"]["offset"] == 2,
        "audio-features/{id}": lambda: client.audio_features(known["id"])[0]["tempo"] == 81,
        "audio-features": lambda: client.audio_features([known["id"], UNKNOWN])[1] is None,
        "recommendations (empty range)": lambda: client.recommendations(
            seed_genres=["Folk"], min_energy=0.9, max_energy=0.1
        ),
        "tracks/{id} (unknown)": lambda: client.track(UNKNOWN),
        "audio-analysis/{id}": lambda: client.audio_analysis(known["id"]),
    }.items():
        report("spotipy", call, lambda run=run: bool(run()))


warnings.simplefilter("ignore", DeprecationWarning)  # spotipy's, about what Spotify no longer serves
call_tekore(*sys.argv[1:])
call_spotipy(*sys.argv[1:])
