"""Every example of the OpenAPI document works: requests succeed, and responses fit their schema."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from openapi_schema_validator import OAS31Validator

from services.api.openapi.document import EXAMPLES
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
from services.domain.access import Scope
from services.domain.job import JobKind
from services.domain.listening import NewListen, Start, StartPlay
from services.domain.people import Grant, Identity
from services.domain.playlist import Rules
from services.domain.track import Tags
from services.settings import Settings
from tests.fakes.library import record, unit_vector, write_library, write_tone
from tests.fakes.pictures import draw, write_picture
from tests.fakes.questions import answering

ISSUER = "https://auth.example"
DEMO_TRACKS = {AWAKENING: "Awakening", NEBULA: "Nebula", COHERENCE: "Coherence", THROUGH_SPACE: "Through Space"}


@pytest.fixture(scope="module")
def library_dir(tmp_path_factory):
    """A data directory with the tracks that the examples name, and others."""
    folder = tmp_path_factory.mktemp("segue")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", 12)
    for number, (track_id, title) in enumerate(DEMO_TRACKS.items()):
        file = write_tone(folder / "music" / f"{title}.wav", 500 + number)
        stamp = FileStamp(str(file), str(file.parent), file.stat().st_size, file.stat().st_mtime_ns)
        catalogue.library.register(track_id, Tags(title, ("Maxstack",), "Endgame", duration_ms=2_000), stamp)
        record(catalogue, track_id, number)
    write_picture(catalogue, str(draw(folder / "pictures" / "beach.jpg", (200, 180, 90))), unit_vector(3), BEACH)
    catalogue.close()
    return folder


@pytest.fixture(autouse=True, scope="module")
def _answering(broker_url):
    """A process that answers questions."""
    with answering(broker_url):
        yield


@pytest.fixture(scope="module")
def document(app):
    return app.test_client().get("/openapi.json").json


@pytest.fixture(scope="module")
def operations(document):
    """Path, method and description of each operation, by operation id."""
    return {
        operation["operationId"]: (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture
def made(api, services, library_dir):
    """Values for the placeholders of the examples: ids that only the service creates, and this machine's folders."""
    catalogue = services.catalogue
    catalogue.listens.forget(LISTENER)  # what other examples dismissed and removed
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
        "job_id": catalogue.jobs.create(JobKind.SCAN, "/music"),
        "playlist_id": playlist.id,
        PLAYLIST: playlist.id,
        SMART_PLAYLIST: smart.id,
        "party.m3u8": (io.BytesIO(b"#EXTM3U\nAwakening.wav\n../Other/Song.mp3\n"), "party.m3u8"),
        "taste_id": taste.id,
        NEBULA: services.catalogue.tracks.resolve(["test:11"]).get("test:11"),  # to delete: others need the rest
        ALBUM: catalogue.tracks.get(AWAKENING).album_id,
        ARTIST: catalogue.tracks.get(AWAKENING).artist_id,
        "listen_id": catalogue.listens.add(LISTENER, [listen])[0].id,
        "apiKey": key.text,
        "sk": session,
        "s": session,
        "key_id": catalogue.keys.create("to revoke", [Scope.READ]).id,
        "path": str(library_dir / "music"),
        "Awakening.ogg": (io.BytesIO((library_dir / "music" / "Awakening.wav").read_bytes()), "Awakening.wav"),
        "clip.ogg": (io.BytesIO((library_dir / "music" / "Awakening.wav").read_bytes()), "clip.wav"),
        "beach.jpg": (io.BytesIO(b"\xff\xd8\xff"), "beach.jpg"),
        "beach.mp4": (io.BytesIO(b"\0\0\0\x18ftypisom"), "beach.mp4"),
    }
    catalogue.keys.revoke(key.id)


def send_example(api, path, method, operation, made):
    """Send the request example of an operation."""
    examples = {(each["in"], each["name"]): each["example"] for each in operation["parameters"] if "example" in each}
    values = {place: made.get(str(value), made.get(place[1], value)) for place, value in examples.items()}
    path = re.sub(r"{(\w+)}", lambda found: str(values["path", found[1]]), path)
    query = {name: value for (where, name), value in values.items() if where == "query"}
    sent = {}
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        body = {name: made.get(str(value), made.get(name, value)) for name, value in content["example"].items()}
        sent = {"json": body} if media == "application/json" else {"data": body, "content_type": media}
    headers = {"Authorization": f"Token {LISTENER}"} if path.startswith("/1/") else {}
    return api.open(path, method=method.upper(), query_string=query, headers=headers, **sent)


def test_every_operation_is_described_and_has_examples(document, operations):
    """Each has a description in whole sentences, and examples of its input and of its JSON response."""
    assert set(EXAMPLES) == set(operations)
    for name, (_, _, operation) in operations.items():
        assert operation["description"][0].isupper(), name
        assert operation["description"].endswith((".", ":")), name
        required = [each for each in operation["parameters"] if each["required"]]
        assert all("example" in each for each in required), name
        assert all("example" in each for each in operation.get("requestBody", {}).get("content", {}).values()), name
        for status, response in operation["responses"].items():
            if status.startswith("2") and "application/json" in response["content"]:
                assert "example" in response["content"]["application/json"], name


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_request_example_succeeds(api, document, operations, made, name):
    """It gets the documented success, and a JSON body fits the documented schema, as the response example does."""
    path, method, operation = operations[name]
    answer = send_example(api, path, method, operation, made)
    described = operation["responses"][str(answer.status_code)]
    if "$ref" in described:  # a problem that many operations share
        described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
    content = described["content"]

    is_refusal = not any(status.startswith("2") for status in operation["responses"])
    assert (answer.status_code >= 400) if is_refusal else (answer.status_code < 300), answer.text
    assert answer.mimetype in content or not content
    if answer.mimetype == "application/json":
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        validator = OAS31Validator(schema)
        validator.validate(answer.json)
        if not is_refusal:
            validator.validate(content["application/json"]["example"])
        envelope = answer.json.get("subsonic-response", {}) if isinstance(answer.json, dict) else {}
        assert envelope.get("status") != "failed", answer.json
