"""A media token opens audio, covers and pictures for one hour, and nothing else."""

import base64
import time
import zipfile

import pytest
from itsdangerous import TimestampSigner
from structlog.testing import capture_logs

from services.api.security.authentication import LIFETIME_SECONDS, sign_token
from services.catalog import Catalogue
from services.storage.backup import backup
from tests.fakes.library import track_id, unit_vector
from tests.fakes.pictures import draw, write_picture

AUDIO = f"/v1/tracks/{track_id(1)}/audio"


@pytest.fixture
def headers(key_for):
    return key_for("read")


@pytest.fixture
def token(locked, headers):
    """A new token."""
    answer = locked.post("/v1/media-tokens", headers=headers)
    assert answer.status_code == 201
    return answer.json["token"]


@pytest.fixture
def picture(services, tmp_path):
    """A picture of the library, and its content."""
    file = draw(tmp_path / "first.png", (200, 30, 20))
    return write_picture(services.catalogue, str(file), unit_vector(1)), file.read_bytes()


def key_id(headers):
    return headers["Authorization"].split("_")[1]


def token_for(services, headers):
    """Return a token that is signed like the service's."""
    secret = services.catalogue.installation.signing_secret()
    return sign_token(secret, key_id(headers), services.catalogue.keys.find(key_id(headers)).digest)


def test_it_plays_and_shows_without_a_key(locked, token, picture):
    """One token is enough for the audio of every track and for pictures, ranges included."""
    picture_id, content = picture

    assert locked.get(f"{AUDIO}?token={token}").status_code == 200
    assert locked.get(f"{AUDIO}?token={token}", headers={"Range": "bytes=0-3"}).data == b"RIFF"
    assert locked.get(f"/v1/tracks/test:2/audio?token={token}").status_code == 200
    assert locked.get(f"/v1/pictures/{picture_id}/file?token={token}").data == content


def test_it_opens_media_only(locked, token, picture):
    """Metadata, the library and new tokens are refused."""
    for path in (f"/v1/tracks/{track_id(1)}", "/v1/tracks", "/v1/status", f"/v1/pictures/{picture[0]}"):
        assert locked.get(f"{path}?token={token}").status_code == 401
    assert locked.post(f"/v1/media-tokens?token={token}").status_code == 401


def test_it_expires(locked, services, headers, monkeypatch):
    """A token is refused after its lifetime, and its timestamp cannot be changed."""
    now = int(time.time())
    good = token_for(services, headers)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: now - LIFETIME_SECONDS - 1)
    expired = token_for(services, headers)
    monkeypatch.undo()
    timestamps = [token.split(".")[2] for token in (good, expired)]
    moved = expired.replace(timestamps[1], timestamps[0])

    responses = [locked.get(f"{AUDIO}?token={token}") for token in (good, expired, moved)]

    assert [answer.status_code for answer in responses] == [200, 401, 401]
    assert LIFETIME_SECONDS <= 3600


def test_a_backup_does_not_contain_the_signing_secret(locked, services, headers, token, tmp_path):
    """Every process that uses the catalogue has the same secret, but backups do not contain it."""
    assert locked.get(f"{AUDIO}?token={token}").status_code == 200
    backup(services.settings, tmp_path / "file")
    with zipfile.ZipFile(tmp_path / "file") as archive:
        found = b"".join(archive.read(name) for name in archive.namelist())
    secret = services.catalogue.installation.signing_secret()
    kept = services.catalogue.keys.find(key_id(headers)).digest
    forged = sign_token(b"", key_id(headers), kept)

    assert base64.b64encode(kept) in found
    assert secret.hex().encode() not in found
    assert base64.b64encode(secret) not in found
    assert len(secret) == 32
    assert locked.get(f"{AUDIO}?token={forged}").status_code == 401
    assert Catalogue.open(services.settings.catalogue_url).installation.signing_secret() == secret


def test_revoking_the_key_revokes_its_tokens(locked, services, headers, token):
    """A token is refused after the key that created it is revoked."""
    services.catalogue.keys.revoke(key_id(headers))

    assert locked.get(f"{AUDIO}?token={token}").status_code == 401


def test_the_token_of_one_key_does_not_work_for_another(locked, key_for, token):
    """The id of the key in a token cannot be exchanged."""
    other = key_id(key_for("read", "admin"))
    stolen = f"{other}.{token.partition('.')[2]}"

    assert locked.get(f"{AUDIO}?token={stolen}").status_code == 401


@pytest.mark.parametrize(
    "token", ["", ".", "..", "x.1.y", "000000000000.99999999999.0", "é.1.x", "a.٣.x", "a.1e9.x", "a" * 5000]
)
def test_malformed_tokens_are_refused(locked, token):
    """With an error of the client, not of the server."""
    assert locked.get(AUDIO, query_string={"token": token}).status_code == 401


def test_a_token_needs_the_scope_read(locked, services, key_for):
    """A key without the scope creates no token, and a token of such a key opens nothing."""
    headers = key_for("ingest")

    assert locked.post("/v1/media-tokens", headers=headers).status_code == 403
    assert locked.post("/v1/media-tokens").status_code == 401
    assert locked.get(f"{AUDIO}?token={token_for(services, headers)}").status_code == 403


def test_tokens_are_not_logged(locked, token):
    """The log has the path without the query."""
    with capture_logs() as logs:
        locked.get(f"{AUDIO}?token={token}")

    assert logs
    assert token not in str(logs)


def test_without_required_keys_there_is_no_token(api):
    """Elements use the path itself."""
    assert api.post("/v1/media-tokens").json == {"token": None, "expires_at": None}
    assert api.get(AUDIO).status_code == 200
