"""Converts tracks, artists and analyses to Spotify's objects."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from flask import request

from services.api.compat.ids import ALPHABET, SPOTIFY, short
from services.api.compat.spotify.schemas import (
    UNKNOWN,
    SpotifyAlbum,
    SpotifyArtist,
    SpotifyAudioFeatures,
    SpotifyFullArtist,
    SpotifyIds,
    SpotifyImage,
    SpotifyTrack,
    SpotifyUrls,
)
from services.api.context import services
from services.api.previews import highlights, preview_url
from services.api.request_limits import TEXT_MAX
from services.catalog.tracks import measured_of
from services.covers.files import CoverSize
from services.domain.library import ALBUM_PREFIX, ARTIST_PREFIX, Album, Artist
from services.domain.track import NamedArtist, Track

PREFIX = "/v1/compat/spotify"

NO_YEAR = "0000"

NO_ARTIST = "0" * 22
"""The artist of tracks whose tags name none: Spotify's typed clients refuse null."""

_SPOTIFY_ID = re.compile(rf"[{ALPHABET}]+")


def track_objects(found: Iterable[Track]) -> list[SpotifyTrack]:
    """Return tracks as Spotify's track objects."""
    shown = list(found)
    albums = services().catalogue.albums.albums_by_id({track.album_id for track in shown if track.album_id})
    parts = highlights(shown)
    return [_track(track, albums.get(track.album_id or ""), preview_url(track, parts[track.id])) for track in shown]


def audio_features(track: Track) -> SpotifyAudioFeatures:
    """Return the analysis of an analysed track."""
    measured = measured_of({**(track.descriptors or {}), **(track.attributes or {}), "duration_ms": track.duration_ms})
    values = {name: measured.get(name, unknown) for name, unknown in UNKNOWN.items()}
    return SpotifyAudioFeatures.model_validate(
        {
            **values,
            "id": public_id(track),
            "uri": _uri("track", public_id(track)),
            "track_href": track_link(public_id(track)),
            "analysis_url": f"{request.root_url}v1/audio-features/{track.id}",
        }
    )


def full_artist(artist: Artist, genres: Sequence[str]) -> SpotifyFullArtist:
    """Return an artist with genres and a cover."""
    named = _artist(NamedArtist(artist.id, artist.name))
    return SpotifyFullArtist(**dict(named), genres=list(genres), images=[_image(f"artists/{artist.id}")])


def public_id(track: Track) -> str:
    """Return the registered Spotify id of a track, or else its short id."""
    registered = track.ids.get(SPOTIFY, "")
    return registered if _SPOTIFY_ID.fullmatch(registered) else short(track.id)


def track_link(name: str) -> str:
    """Return the URL of a track in this API."""
    return f"{request.root_url.rstrip('/')}{PREFIX}/tracks/{quote(name)}"


def artist_link(name: str) -> str:
    """Return the URL of an artist, given by id or name, in this API."""
    return f"{request.root_url.rstrip('/')}{PREFIX}/artists/{quote(name, safe='')}"


def _listing(*words: str) -> SpotifyUrls:
    """Return the URL that lists the tracks with these words in artist, album or title."""
    return SpotifyUrls(spotify=f"{request.root_url}v1/tracks?q={quote(' '.join(words)[:TEXT_MAX])}")


def _track(track: Track, album: Album | None, preview: str | None) -> SpotifyTrack:
    name, own = public_id(track), f"{request.root_url}v1/tracks/{track.id}"
    is_registered = name == track.ids.get(SPOTIFY)
    artists = [_artist(each) for each in track.artists] or [_artist(NamedArtist(f"{ARTIST_PREFIX}{NO_ARTIST}", ""))]
    return SpotifyTrack(
        album=_single(track, artists) if album is None else _album(album, artists),
        artists=artists,
        available_markets=[],
        disc_number=track.disc_number or 1,
        duration_ms=track.duration_ms or 0,
        explicit=False,
        external_ids=SpotifyIds(isrc=track.ids.get("isrc")),
        external_urls=SpotifyUrls(spotify=f"https://open.spotify.com/track/{name}" if is_registered else own),
        href=track_link(name),
        id=name,
        is_playable=track.path is not None,
        name=track.title,
        popularity=0,
        preview_url=preview,
        track_number=track.track_number or 0,
        uri=_uri("track", name),
    )


def _artist(artist: NamedArtist) -> SpotifyArtist:
    name = artist.id.removeprefix(ARTIST_PREFIX)  # Spotify's ids have letters and digits only
    return SpotifyArtist(
        external_urls=_listing(artist.name),
        href=artist_link(name),
        id=name,
        name=artist.name,
        uri=_uri("artist", name),
    )


def _album(album: Album, artists: list[SpotifyArtist]) -> SpotifyAlbum:
    name = album.id.removeprefix(ALBUM_PREFIX)
    return SpotifyAlbum(
        album_type="album",
        artists=[_artist(each) for each in album.artists] or artists,
        available_markets=[],
        external_urls=_listing(album.artist or "", album.title),
        href=f"{request.root_url}v1/albums/{album.id}",
        id=name,
        images=[_image(f"albums/{album.id}")],
        name=album.title,
        release_date=_year(album.year),
        total_tracks=album.tracks,
        uri=_uri("album", name),
    )


def _single(track: Track, artists: list[SpotifyArtist]) -> SpotifyAlbum:
    """Return the album of a track whose tags name none: a nameless album with this track alone."""
    name = short(track.id)
    return SpotifyAlbum(
        album_type="single",
        artists=artists,
        available_markets=[],
        external_urls=SpotifyUrls(spotify=f"{request.root_url}v1/tracks/{track.id}"),
        href=f"{request.root_url}v1/tracks/{track.id}",
        id=name,
        images=[_image(f"tracks/{track.id}")],
        name="",
        release_date=_year(track.year),
        total_tracks=1,
        uri=_uri("album", name),
    )


def _image(owner: str) -> SpotifyImage:
    return SpotifyImage(
        url=f"{request.root_url}v1/{owner}/cover?size={CoverSize.PAGE}",
        height=CoverSize.PAGE,
        width=CoverSize.PAGE,
    )


def _year(year: int | None) -> str:
    return NO_YEAR if year is None else f"{year:04}"


def _uri(kind: str, name: str) -> str:
    return f"spotify:{kind}:{name}"
