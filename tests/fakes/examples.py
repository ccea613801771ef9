"""The requests of the OpenAPI examples, and a service that has what they name."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from services.api.openapi.examples.playlists import PLAYLIST, SMART_PLAYLIST
from services.api.openapi.examples.scrobbling import SIGNATURE
from services.api.openapi.examples.values import (
    ALBUM,
    ARTIST,
    AWAKENING,
    BEACH,
    COHERENCE,
    LISTENER,
    NEBULA,
    THROUGH_SPACE,
)
from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.composition import Services
from services.domain.access import Scope
from services.domain.filters import Filters
from services.domain.job import JobKind
from services.domain.listening import NewListen, Start, StartPlay
from services.domain.own_features import FeatureType
from services.domain.people import Grant, Identity
from services.domain.playlist import Rules
from services.domain.track import Tags
from tests.fakes.library import record, unit_vector, write_library, write_tone
from tests.fakes.pictures import draw, write_picture

Operation = tuple[str, str, Mapping[str, Any]]
"""Path, method and description."""
Sent = dict[str, Any]
"""The arguments of `FlaskClient.open`."""

ISSUER = "https://auth.example"
DEMO_TRACKS = {AWAKENING: "Awakening", NEBULA: "Nebula", COHERENCE: "Coherence", THROUGH_SPACE: "Through Space"}


def write_examples(catalogue: Catalogue, folder: Path) -> None:
    """Write the tracks, the picture and the experiment that the examples name, and other tracks, below a folder."""
    write_library(catalogue, folder / "music", 12)
    for number, (track_id, title) in enumerate(DEMO_TRACKS.items()):
        file = write_tone(folder / "music" / f"{title}.wav", 500 + number)
        stamp = FileStamp(str(file), str(file.parent), file.stat().st_size, file.stat().st_mtime_ns)
        catalogue.library.register(track_id, Tags(title, ("Maxstack",), "Endgame", duration_ms=2_000), stamp)
        record(catalogue, track_id, number)
    with catalogue.own_features.replacing({"mine.energy": FeatureType.NUMBER}) as staged:
        staged.add([(AWAKENING, {"mine.energy": 0.4})])
    (folder / "experiments.toml").write_text(
        "[more-diverse]\nvariants.as-now = {}\nvariants.diverse = { diversity = 0.4 }\n"
    )
    write_picture(catalogue, str(draw(folder / "pictures" / "beach.jpg", (200, 180, 90))), unit_vector(3), BEACH)


@contextmanager
def placeholders(api: FlaskClient, services: Services, folder: Path) -> Iterator[dict[str, Any]]:
    """Values for the placeholders of the examples: ids that only the service creates, and this machine's folders."""
    catalogue = services.catalogue
    catalogue.listeners.forget_history(LISTENER)  # what other examples dismissed and removed
    listen = NewListen(names=(AWAKENING,), at=datetime.now(UTC))
    plays = (StartPlay(AWAKENING, 1.0, AWAKENING),)
    catalogue.listens.begin(LISTENER, Start(tracks=(AWAKENING,), plays=plays, at=datetime.now(UTC)))
    playlist = catalogue.playlists.create("Rainy Sunday", [AWAKENING, COHERENCE], owner=LISTENER)
    smart = catalogue.playlists.create("Smart", owner=LISTENER, rules=Rules())
    [taste] = services.tastes.of(LISTENER).tastes
    key = catalogue.keys.create("example", [Scope.READ], [LISTENER])
    catalogue.libraries.put("Kids", (), ())
    catalogue.people.sign_in(Identity(ISSUER, "1", LISTENER, "Ada"), Grant(frozenset({Scope.READ})), timedelta(days=1))
    sign_in = {"method": "auth.getMobileSession", "username": LISTENER, "password": "any", "format": "json"}
    session = api.post("/2.0/", data={**sign_in, "api_sig": SIGNATURE}).json["session"]["key"]
    yield {
        "session_id": api.post("/v1/radio", json={"seeds": {"tracks": [AWAKENING]}}).json["id"],
        "job_id": catalogue.jobs.create(JobKind.SCAN, str(folder / "music")),
        "playlist_id": playlist.id,
        PLAYLIST: playlist.id,
        SMART_PLAYLIST: smart.id,
        "scrobbles.csv": (io.BytesIO(b"artist,track,date\nSomebody,Nebula,2026-03-01 20:15\n"), "scrobbles.csv"),
        "party.m3u8": (io.BytesIO(b"#EXTM3U\nAwakening.wav\n../Other/Song.mp3\n"), "party.m3u8"),
        "taste_id": taste.id,
        "comparison_id": catalogue.comparisons.add(LISTENER, services.comparer.pair(Filters())).id,
        NEBULA: services.catalogue.tracks.resolve(["test:11"]).get("test:11"),  # to delete: others need the rest
        ALBUM: catalogue.tracks.get(AWAKENING).album_id,
        ARTIST: catalogue.tracks.get(AWAKENING).artist_id,
        "listen_id": catalogue.listens.add(LISTENER, [listen])[0].id,
        "apiKey": key.text,
        "sk": session,
        "s": session,
        "key_id": catalogue.keys.create("to revoke", [Scope.READ]).id,
        "path": str(folder / "music"),
        "Awakening.ogg": (io.BytesIO((folder / "music" / "Awakening.wav").read_bytes()), "Awakening.wav"),
        "features.csv": (io.BytesIO(f"track_id,radio_ok\n{AWAKENING},true\n".encode()), "features.csv"),
        "clip.ogg": (io.BytesIO((folder / "music" / "Awakening.wav").read_bytes()), "clip.wav"),
        "beach.jpg": (io.BytesIO(b"\xff\xd8\xff"), "beach.jpg"),
        "beach.mp4": (io.BytesIO(b"\0\0\0\x18ftypisom"), "beach.mp4"),
    }
    catalogue.keys.revoke(key.id)


def operations_of(document: Mapping[str, Any]) -> dict[str, Operation]:
    """Return path, method and description of each operation, by operation id."""
    return {
        operation["operationId"]: (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def request_of(operation: Operation, made: Mapping[str, Any]) -> Sent:
    """Return the request example of an operation."""
    path, method, described = operation
    examples = {(each["in"], each["name"]): each["example"] for each in described["parameters"] if "example" in each}
    values = {place: made.get(str(value), made.get(place[1], value)) for place, value in examples.items()}
    path = re.sub(r"{(\w+)}", lambda found: str(values["path", found[1]]), path)
    sent: Sent = {"path": path, "method": method.upper(), "headers": {}}
    sent["query_string"] = {name: value for (where, name), value in values.items() if where == "query"}
    for media, content in described.get("requestBody", {}).get("content", {}).items():
        body = {name: made.get(str(value), made.get(name, value)) for name, value in content["example"].items()}
        sent |= {"json": body} if media == "application/json" else {"data": body, "content_type": media}
    return sent
