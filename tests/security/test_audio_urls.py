"""A signed URL gives access to the audio of one track, or to one picture, for one hour, and to nothing else."""

import base64
import time
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
from itsdangerous import TimestampSigner
from structlog.testing import capture_logs

from services.api.security.authentication import LIFETIME_SECONDS, sign_file
from services.catalog import Catalogue
from services.storage.backup import backup
from tests.fakes.library import track_id, unit_vector
from tests.fakes.pictures import draw, write_picture


@pytest.fixture
def headers(key_for):
    return key_for("read")


@pytest.fixture
def url(locked, headers):
    """A new URL of track 1's audio."""
    answer = locked.post("/v1/audio-urls", json={"track_id": "test:1"}, headers=headers)
    assert answer.status_code == 201
    return answer.json["url"]


def key_id(headers):
    return headers["Authorization"].split("_")[1]


def token_for(services, headers, track):
    """Return a token that is signed like the service's."""
    secret = services.catalogue.installation.signing_secret()
    return sign_file(secret, key_id(headers), services.catalogue.keys.find(key_id(headers)).digest, track)


def test_it_plays_without_a_key(locked, url):
    """The URL alone is enough, ranges included."""
    assert urlsplit(url).path == f"/v1/tracks/{track_id(1)}/audio"
    assert locked.get(url).status_code == 200
    assert locked.get(url, headers={"Range": "bytes=0-3"}).data == b"RIFF"


def test_it_gives_access_to_nothing_else(locked, url, services, headers):
    """Other tracks, the track's metadata and the library are refused."""
    token = urlsplit(url).query
    paths = [f"/v1/tracks/{track_id(2)}/audio", "/v1/tracks/test:1/audio"]

    assert [locked.get(f"{path}?{token}").status_code for path in paths] == [401, 401]
    for path in (f"/v1/tracks/{track_id(1)}", "/v1/tracks", "/v1/status"):
        assert locked.get(f"{path}?{token}").status_code == 401


def test_it_expires(locked, services, headers, monkeypatch):
    """A token is refused after its lifetime, and its timestamp cannot be changed."""
    now = int(time.time())
    good = token_for(services, headers, track_id(1))
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: now - LIFETIME_SECONDS - 1)
    expired = token_for(services, headers, track_id(1))
    monkeypatch.undo()
    timestamps = [token.split(".")[2] for token in (good, expired)]
    moved = expired.replace(timestamps[1], timestamps[0])

    responses = [locked.get(f"/v1/tracks/{track_id(1)}/audio?token={token}") for token in (good, expired, moved)]

    assert [answer.status_code for answer in responses] == [200, 401, 401]
    assert LIFETIME_SECONDS <= 3600


def test_a_backup_does_not_contain_the_signing_secret(locked, services, headers, url, tmp_path):
    """Every process that uses the catalogue has the same secret, but backups do not contain it."""
    backup(services.settings, tmp_path / "file")
    with zipfile.ZipFile(tmp_path / "file") as archive:
        found = b"".join(archive.read(name) for name in archive.namelist())
    secret = services.catalogue.installation.signing_secret()
    kept = services.catalogue.keys.find(key_id(headers)).digest
    forged = sign_file(b"", key_id(headers), kept, track_id(1))

    assert base64.b64encode(kept) in found
    assert secret.hex().encode() not in found
    assert base64.b64encode(secret) not in found
    assert len(secret) == 32
    assert locked.get(f"/v1/tracks/{track_id(1)}/audio?token={forged}").status_code == 401
    assert Catalogue.open(services.settings.catalogue_url).installation.signing_secret() == secret


def test_revoking_the_key_revokes_its_urls(locked, services, headers, url):
    """A URL is refused after the key that created it is revoked."""
    services.catalogue.keys.revoke(key_id(headers))

    assert locked.get(url).status_code == 401


@pytest.mark.parametrize(
    "token", ["", ".", "..", "x.1.y", "000000000000.99999999999.0", "é.1.x", "a.٣.x", "a.1e9.x", "a" * 5000]
)
def test_malformed_tokens_are_refused(locked, token):
    """With an error of the client, not of the server."""
    assert locked.get(f"/v1/tracks/{track_id(1)}/audio", query_string={"token": token}).status_code == 401


def test_creating_a_url_needs_the_scope_read(locked, key_for):
    """A key without the scope gets 403."""
    body = {"json": {"track_id": "test:1"}}

    assert locked.post("/v1/audio-urls", headers=key_for("ingest"), **body).status_code == 403
    assert locked.post("/v1/audio-urls", **body).status_code == 401


def test_tokens_are_not_logged(locked, url):
    """The log has the path without the query."""
    token = parse_qs(urlsplit(url).query)["token"][0]
    with capture_logs() as logs:
        locked.get(url)

    assert logs
    assert token not in str(logs)


def test_without_required_keys_the_url_has_no_token(api):
    """The URL is that of the audio itself, and it does not expire."""
    answer = api.post("/v1/audio-urls", json={"track_id": "test:1"})

    assert answer.json == {"url": f"/v1/tracks/{track_id(1)}/audio", "expires_at": None}
    assert api.post("/v1/audio-urls", json={"track_id": "test:none"}).status_code == 404


def test_a_picture_has_a_url_of_its_own(locked, services, headers, url, tmp_path):
    """The URL of a picture shows it without a key, and gives access to no other picture or track."""
    files = [draw(tmp_path / name, (200, 30, 20)) for name in ("first.png", "second.png")]
    first, second = (write_picture(services.catalogue, str(file), unit_vector(1)) for file in files)
    answer = locked.post(f"/v1/pictures/{first}/url", headers=headers)
    token = urlsplit(answer.json["url"]).query

    assert answer.status_code == 201
    assert locked.get(answer.json["url"]).data == files[0].read_bytes()
    others = (f"/v1/pictures/{second}/file", f"/v1/pictures/{first}", f"/v1/tracks/{track_id(1)}/audio")
    assert [locked.get(f"{path}?{token}").status_code for path in others] == [401, 401, 401]
    assert locked.get(f"/v1/pictures/{first}/file?{urlsplit(url).query}").status_code == 401
