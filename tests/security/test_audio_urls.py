"""A signed URL gives access to the audio of one track for one hour, and to nothing else."""

import base64
import time
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
from itsdangerous import TimestampSigner
from structlog.testing import capture_logs

from services.api.security.signed_urls import LIFETIME_SECONDS, sign_track
from services.catalog import Catalogue
from services.storage.backup import backup
from tests.fakes.library import track_id


@pytest.fixture
def headers(key_for):
    return key_for("read")


@pytest.fixture
def url(locked, headers):
    """A fresh URL of track 1's audio."""
    answer = locked.post("/v1/audio-urls", json={"track_id": "test:1"}, headers=headers)
    assert answer.status_code == 201
    return answer.json["url"]


def key_id(headers):
    return headers["Authorization"].split("_")[1]


def token_for(services, headers, track):
    """A token as the service signs it."""
    secret = services.catalogue.installation.signing_secret()
    return sign_track(secret, key_id(headers), services.catalogue.keys.find(key_id(headers)).digest, track)


def test_it_plays_without_a_key(locked, url):
    """The URL alone is enough, ranges included."""
    assert urlsplit(url).path == f"/v1/tracks/{track_id(1)}/audio"
    assert locked.get(url).status_code == 200
    assert locked.get(url, headers={"Range": "bytes=0-3"}).data == b"RIFF"


def test_it_opens_nothing_else(locked, url, services, headers):
    """Not another track, not the same track's data, not the library."""
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

    answers = [locked.get(f"/v1/tracks/{track_id(1)}/audio?token={token}") for token in (good, expired, moved)]

    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert LIFETIME_SECONDS <= 3600


def test_who_finds_a_backup_can_sign_nothing(locked, services, headers, url, tmp_path):
    """All that signatures are made with is in no backup, but every process on the catalogue has it."""
    backup(services.settings, tmp_path / "file")
    with zipfile.ZipFile(tmp_path / "file") as archive:
        found = b"".join(archive.read(name) for name in archive.namelist())
    secret = services.catalogue.installation.signing_secret()
    kept = services.catalogue.keys.find(key_id(headers)).digest
    forged = sign_track(b"", key_id(headers), kept, track_id(1))

    assert base64.b64encode(kept) in found
    assert secret.hex().encode() not in found
    assert base64.b64encode(secret) not in found
    assert len(secret) == 32
    assert locked.get(f"/v1/tracks/{track_id(1)}/audio?token={forged}").status_code == 401
    assert Catalogue.open(services.settings.catalogue_url).installation.signing_secret() == secret


def test_it_ends_with_its_key(locked, services, headers, url):
    """A revoked key takes its URLs with it."""
    services.catalogue.keys.revoke(key_id(headers))

    assert locked.get(url).status_code == 401


@pytest.mark.parametrize(
    "token", ["", ".", "..", "x.1.y", "000000000000.99999999999.0", "é.1.x", "a.٣.x", "a.1e9.x", "a" * 5000]
)
def test_nonsense_is_refused(locked, token):
    """No token breaks anything."""
    assert locked.get(f"/v1/tracks/{track_id(1)}/audio", query_string={"token": token}).status_code == 401


def test_it_takes_the_scope_to_make_one(locked, key_for):
    """Who may not listen cannot sign."""
    asked = {"json": {"track_id": "test:1"}}

    assert locked.post("/v1/audio-urls", headers=key_for("ingest"), **asked).status_code == 403
    assert locked.post("/v1/audio-urls", **asked).status_code == 401


def test_it_is_in_no_log(locked, url):
    """The log has the path only."""
    token = parse_qs(urlsplit(url).query)["token"][0]
    with capture_logs() as logs:
        locked.get(url)

    assert logs
    assert token not in str(logs)


def test_where_no_key_is_needed_the_url_is_plain(api):
    """Without keys there is nothing to sign with, and no need."""
    answer = api.post("/v1/audio-urls", json={"track_id": "test:1"})

    assert answer.json == {"url": f"/v1/tracks/{track_id(1)}/audio", "expires_at": None}
    assert api.post("/v1/audio-urls", json={"track_id": "test:none"}).status_code == 404
