"""Examples of the library: tracks, their audio, pictures, scans and uploads."""

from collections.abc import Mapping

from services.api.openapi.examples.values import (
    ALBUM,
    ARTIST,
    ATTRIBUTES,
    AWAKENING,
    BEACH,
    COMPOSER,
    DESCRIPTORS,
    JOB,
    JOB_CREATED,
    NEBULA,
    OTHER,
    PICTURE,
    SERVICE,
    SKIPPED_AT,
    SOUNDTRACK,
    TRACK,
    UNDERSTOOD,
    Example,
    Json,
)
from services.domain.failure import WHAT_TO_DO, FailureKind

KIDS: Json = {"name": "Kids", "roots": ["/music/kids"], "users": ["mia"], "tracks": 120}

QUOTA: Json = {"tracks": 5000, "upload_bytes": None, "requests": 20000, "analysis_minutes": 60}

FEATURES: Json = {
    **ATTRIBUTES,
    **DESCRIPTORS,
    "id": AWAKENING,
    "duration_ms": 208_000,
    "model_version": "2026.11",
    "tags": {"mtt:slow": 0.41, "msd:ambient": 0.36},
    "embedding": [0.0883883] * 128,
}

LIBRARY: Mapping[str, Example] = {
    "listTracks": Example(
        {"q": "awakening", "max_energy": 0.5, "sort": "tempo", "order": "desc", "limit": 10},
        response={"tracks": [TRACK], "total": 1, "next_cursor": None},
    ),
    "listAlbums": Example(
        {"q": "endgame", "sort": "year", "order": "desc", "limit": 10}, response={"albums": [SOUNDTRACK], "total": 1}
    ),
    "getAlbum": Example({"album_id": ALBUM}, response={**SOUNDTRACK, "items": [TRACK, OTHER]}),
    "listArtists": Example({"sort": "tracks", "order": "desc"}, response={"artists": [COMPOSER], "total": 1}),
    "getArtist": Example(
        {"artist_id": ARTIST}, response={**COMPOSER, "discography": [SOUNDTRACK], "items": [TRACK, OTHER]}
    ),
    "listGenres": Example(
        response={
            "genres": [
                {"name": "Soundtrack", "tracks": 16, "source": "file"},
                {"name": "ambient", "tracks": 12, "source": "heard"},
            ]
        }
    ),
    "listAttributes": Example(
        response={
            "attributes": [
                {
                    "name": "tempo",
                    "low": 62.0,
                    "high": 181.0,
                    "unit": "bpm",
                    "bins": [1, 0, 2, 3, 5, 8, 7, 4, 3, 2, 2, 1, 1, 2, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1],
                    "ready": 46,
                }
            ]
        }
    ),
    "getTrack": Example({"track_id": AWAKENING}, response=TRACK),
    "setTrackIds": Example(
        {"track_id": AWAKENING}, {"ids": {"navidrome": "a1b2", "isrc": None}}, {**TRACK, "ids": {"navidrome": "a1b2"}}
    ),
    "deleteTrack": Example({"track_id": NEBULA}),
    "getTrackHighlight": Example(
        {"track_id": AWAKENING},
        response={
            "start": 95.5,
            "end": 125.5,
            "measured": True,
            "audio_url": f"{SERVICE}/v1/tracks/{AWAKENING}/audio#t=95.500,125.500",
        },
    ),
    "getTrackAudio": Example({"track_id": AWAKENING}),
    "getTrackCover": Example({"track_id": AWAKENING, "size": 320}),
    "getAlbumCover": Example({"album_id": ALBUM, "size": 320}),
    "getArtistCover": Example({"artist_id": ARTIST, "size": 320}),
    "getAudioFeatures": Example(
        {"track_id": AWAKENING},
        response=FEATURES,
    ),
    "getManyAudioFeatures": Example(
        body={"ids": [AWAKENING, "isrc:USRC17607839"]},
        response={"audio_features": [FEATURES], "unknown": ["isrc:USRC17607839"]},
    ),
    "createMediaToken": Example(
        response={"token": "0123456789ab.media.aBcDeF.kLmN", "expires_at": "2026-03-01T21:15:00Z"}
    ),
    "scan": Example(body={"path": "/home/ada/Music"}, response=JOB_CREATED),
    "scanPictures": Example(
        body={"path": "/home/ada/Pictures"},
        response={**JOB_CREATED, "kind": "pictures", "path": "/home/ada/Pictures"},
    ),
    "listPictures": Example({"limit": 10}, response={"pictures": [PICTURE], "next_cursor": None}),
    "searchPictures": Example(
        {"text": "calm and spacious", "limit": 1},
        response={
            "understood": {**UNDERSTOOD, "text": "calm and spacious", "filters": {}},
            "pictures": [{**PICTURE, "score": 0.61}],
        },
    ),
    "getPicture": Example({"picture_id": BEACH}, response=PICTURE),
    "getPictureFile": Example({"picture_id": BEACH}),
    "getTrackPictures": Example(
        {"track_id": AWAKENING, "limit": 1}, response={"pictures": [{**PICTURE, "score": 0.38}]}
    ),
    "uploadTrack": Example(
        body={"file": "Awakening.ogg"},
        response={
            **JOB_CREATED,
            "kind": "upload",
            "path": f"/home/ada/.local/share/segue/uploads/{AWAKENING}.ogg",
            "total": 1,
            "tracks": [AWAKENING],
        },
    ),
    "listLibraries": Example(response={"libraries": [KIDS]}),
    "putLibrary": Example({"library": "Kids"}, {"roots": ["/music/kids"], "users": ["mia"]}, KIDS),
    "removeLibrary": Example({"library": "Kids"}),
    "addMember": Example({"library": "Kids", "user": "mia"}),
    "removeMember": Example({"library": "Kids", "user": "mia"}),
    "getLibraryQuota": Example({"library": "Kids"}, response=QUOTA),
    "putLibraryQuota": Example({"library": "Kids"}, {"tracks": 5000, "requests": 20000, "analysis_minutes": 60}, QUOTA),
    "getLibraryUsage": Example(
        {"library": "Kids", "days": 2},
        response={
            "tracks": 412,
            "pending": 0,
            "upload_bytes": 0,
            "days": [
                {"day": "2026-03-02", "requests": 118, "analysis_minutes": 0.0},
                {"day": "2026-03-01", "requests": 94, "analysis_minutes": 3.5},
            ],
            "quota": QUOTA,
        },
    ),
    "listOwnFeatures": Example(
        response={
            "own_features": [
                {
                    "name": "mine.energy",
                    "type": "number",
                    "tracks": 46,
                    "low": 0.1,
                    "high": 0.9,
                    "imported_at": SKIPPED_AT,
                }
            ]
        }
    ),
    "importOwnFeatures": Example(
        {"feature": "mine"},
        {"file": "features.csv", "skip_unknown": True},
        {"own_features": ["mine.energy", "mine.radio_ok"], "tracks": 46, "unknown_tracks": 2},
    ),
    "removeOwnFeatures": Example({"feature": "mine.energy"}),
    "listJobFailures": Example(
        {"job_id": JOB, "limit": 1},
        response={
            "failures": [
                {
                    "path": "/music/broken.mp3",
                    "reason": "The file is silent",
                    "kind": "left_out",
                    "what_to_do": WHAT_TO_DO[FailureKind.LEFT_OUT],
                }
            ],
            "total": 1,
        },
    ),
    "listJobs": Example({"limit": 1}, response={"jobs": [JOB_CREATED], "total": 1}),
    "getJob": Example(
        {"job_id": JOB}, response={**JOB_CREATED, "state": "done", "total": 46, "done": 46, "finished_at": SKIPPED_AT}
    ),
}
