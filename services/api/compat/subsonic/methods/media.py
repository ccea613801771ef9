"""Send covers, audio and lyrics."""

from flask import Response

from models.ffmpeg import find_ffmpeg
from services.api.audio import open_audio, send_audio
from services.api.compat.subsonic.lyrics import lyrics_of, structured
from services.api.compat.subsonic.method import MEDIA, READS, Method, Result
from services.api.compat.subsonic.schemas.media import CoverArtQuery, LyricsQuery, StreamQuery
from services.api.compat.subsonic.schemas.songs import SongQuery
from services.api.compat.subsonic.songs import bit_rate
from services.api.compat.subsonic.visible import visible_track, visible_within
from services.api.context import services
from services.api.covers import PNG, send_cover
from services.api.security.authentication import principal
from services.api.transcoding import FORMATS, MP3, Conversion, send_converted
from services.catalog.covers import Face
from services.covers.files import MEDIA_TYPE, CoverSize
from services.domain.errors import NotFound
from services.domain.names import text_key, title_key
from services.domain.track import MEDIA_TYPES, Track

RAW = "raw"
AUDIO = tuple(sorted(set(MEDIA_TYPES.values())))


def get_cover_art(query: CoverArtQuery) -> Response:
    """Send the cover of an album, an artist, a song or a playlist: a picture (WebP), or else a drawing (PNG)."""
    wanted = query.size or CoverSize.PAGE
    size = next((each for each in CoverSize if each >= wanted), CoverSize.PAGE)
    return send_cover(_faces(query.id), query.id, size, as_png=True)


def stream(query: StreamQuery) -> Response:
    """Send a song. Without a conversion, the file is sent as it is, and the request may name a range.

    The song is converted by ffmpeg if the server has it and `format`, `maxBitRate` or `timeOffset` asks for it. Half of
    the threads of an API process convert at the same time; further requests get an error.
    """
    track_id, _ = visible_track(query.id)
    track = services().catalogue.tracks.get(track_id)
    conversion = None if find_ffmpeg() is None else _conversion(query, track)
    if conversion is None:
        return send_audio(track_id)
    length = conversion.estimated_bytes(track.duration_ms) if query.estimateContentLength else None
    return send_converted(open_audio(track_id), conversion, length)


def download(query: SongQuery) -> Response:
    """Send the file of a song as it is."""
    track_id, _ = visible_track(query.id)
    response = send_audio(track_id)
    response.headers["Content-Disposition"] = response.headers["Content-Disposition"].replace("inline", "attachment", 1)
    return response


def get_lyrics(query: LyricsQuery) -> Result:
    """Get the lyrics in a file's tags by artist and title; empty if there are none."""
    track = _named(query)
    texts = [] if track is None else lyrics_of(track)
    if track is None or not texts:
        return {"lyrics": {"value": ""}}
    text = "\n".join(line["value"] for line in structured(texts[0])[1])
    return {"lyrics": {"artist": track.artist or "", "title": track.title, "value": text}}


def get_lyrics_by_song_id(query: SongQuery) -> Result:
    """Get the lyrics in a file's tags, line by line, with times if they have some; an empty list if there are none."""
    track_id, _ = visible_track(query.id)
    track = services().catalogue.tracks.get(track_id)
    found = []
    for text in lyrics_of(track):
        is_synced, lines = structured(text)
        names = {"displayArtist": track.artist or "", "displayTitle": track.title}
        found.append({**names, "lang": "xxx", "synced": is_synced, "line": lines})
    return {"lyricsList": {"structuredLyrics": found}}


def _faces(name: str) -> list[Face]:
    """Return what a cover is made from; nothing if the id is unknown or the request may not see what has it."""
    catalogue, libraries = services().catalogue, visible_within()
    is_open = libraries is None
    if is_open or catalogue.albums.albums_by_id([name], libraries) or catalogue.albums.artists_by_id([name], libraries):
        faces = catalogue.covers.faces_of_album(name) or catalogue.covers.faces_of_artist(name)
        if faces:
            return faces
    try:
        return catalogue.covers.faces([visible_track(name)[0]])
    except NotFound:
        try:
            return _faces_of_playlist(name)
        except NotFound:
            return []


def _faces_of_playlist(name: str) -> list[Face]:
    catalogue = services().catalogue
    playlist = catalogue.playlists.get(name)
    if playlist.owner is not None and not principal().may_reach(playlist.owner):
        return []
    return catalogue.covers.faces([entry.track_id for entry in catalogue.playlists.entries(name)])


def _conversion(query: StreamQuery, track: Track) -> Conversion | None:
    """Return the conversion that a player asks for; None if the file itself will do."""
    if query.format == RAW:
        return None
    size = services().catalogue.files.sizes([track.id]).get(track.id)
    own = bit_rate(size, track.duration_ms) or 0
    suffix = (track.path or "").rpartition(".")[2].lower()
    wanted = FORMATS.get((query.format or suffix).lower())
    is_other = wanted is not None and wanted.suffix != suffix
    is_too_large = 0 < query.maxBitRate < own
    if not (is_other or is_too_large or query.timeOffset):
        return None
    to = wanted if wanted is not None and not (is_too_large and wanted.bit_rate is None) else MP3
    return Conversion(to, query.maxBitRate or None, query.timeOffset)


def _named(query: LyricsQuery) -> Track | None:
    if not query.title:
        return None
    key = title_key(query.title)
    artist = text_key(query.artist or "")
    for named in services().catalogue.tracks.titled([key]).get(key, ()):
        if not artist or artist in named.artist_keys:
            return services().catalogue.tracks.get(visible_track(named.id)[0])
    return None


METHODS = (
    Method("getCoverArt", CoverArtQuery, get_cover_art, "Get a cover", MEDIA, sends=(MEDIA_TYPE, PNG)),
    Method("stream", StreamQuery, stream, "Get the audio of a song", MEDIA, sends=AUDIO),
    Method("download", SongQuery, download, "Get the file of a song", MEDIA, sends=AUDIO),
    Method("getLyrics", LyricsQuery, get_lyrics, "Get lyrics by names", READS),
    Method("getLyricsBySongId", SongQuery, get_lyrics_by_song_id, "Get the lyrics of a song", READS),
)
