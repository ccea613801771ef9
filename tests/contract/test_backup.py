"""Backup and restore, on SQLite and PostgreSQL and from one to the other."""

import json
import os
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.tables import IdempotencyRow, Table
from services.composition import compose
from services.domain.access import Scope
from services.domain.errors import AlreadyRunning, ArchiveUnusable, CatalogueUnavailable, StorageUnavailable
from services.domain.job import JobKind
from services.domain.listening import Start, StartPlay, StoredTaste
from services.domain.people import Grant, Identity
from services.domain.playlist import Rules
from services.settings import Settings
from services.storage.backup import SETTINGS_FILE, backup, restore
from services.storage.locks import acquire, exclusive_catalogue_lock, instance_lock, shared_catalogue_lock
from tests.fakes.installation import installation, wait_until
from tests.fakes.library import write_library

COUNT = 7
KINDS = ["sqlite", "postgresql"]


def empty(kind, folder, request):
    """Settings of a fresh installation."""
    if kind == "sqlite":
        return Settings(data_dir=folder)
    url = request.getfixturevalue("postgres_url")
    catalogue = Catalogue.open(url)
    with catalogue.database.engine.begin() as connection:
        for schema in ("public", "segue_before_restore"):
            connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    catalogue.close()
    return Settings(data_dir=folder, database_url=url)


def write(settings, count=COUNT):
    catalogue = Catalogue.open(settings.catalogue_url)
    ids = write_library(catalogue, settings.data_path / "music", count)
    os.link(settings.data_path / "music/000.wav", os.fsencode(settings.data_path / "music") + b"/\xff.wav")
    catalogue.jobs.create(JobKind.SCAN, os.fsdecode(b"/music/\xff"))
    plays = (StartPlay(ids[0], 0.5, "mood:focus"),)
    catalogue.listens.begin("ada", Start(moods=("focus",), plays=plays, at=now()))
    catalogue.tastes.show("ada", [StoredTaste(id="unwanted", label="rock", plays=("a",), dismissed_at=now())])
    catalogue.tastes.remove_tracks("ada", ["a"])
    catalogue.playlists.create("Été", ids[:2], owner="ada")
    catalogue.playlists.create("Smart", rules=Rules(text=("calm",)))
    catalogue.close()
    return ids


def contents(settings):
    """Every row of every declared table, except the generation of the index."""
    catalogue = Catalogue.open(settings.catalogue_url)
    with catalogue.database.read() as session:
        found = {
            table.name: sorted(repr(tuple(row)) for row in session.execute(table.select()))
            for table in Table.metadata.sorted_tables
        }
    catalogue.close()
    found["meta"] = [row for row in found["meta"] if "index_generation" not in row]
    return found


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_every_row_is_restored(source, target, tmp_path, request):
    """Every row of every table is restored, from either database to either database."""
    old = empty(source, tmp_path / "old", request)
    write(old)
    before = contents(old)
    assert len(before["tracks"]) == COUNT
    backup(old, tmp_path / "file")
    new = empty(target, tmp_path / "new", request)
    restored = restore(new, tmp_path / "file")

    assert contents(new) == before
    assert sum(restored.manifest.rows.values()) >= sum(map(len, before.values()))
    catalogue = Catalogue.open(new.catalogue_url)  # a row added after the restore gets a new id
    write_library(catalogue, tmp_path / "more", COUNT)
    catalogue.close()
    assert len(contents(new)["locations"]) == 2 * COUNT


@pytest.mark.parametrize("kind", KINDS)
def test_the_replaced_catalogue_is_kept_and_the_index_is_rebuilt(kind, tmp_path, request):
    """A restore keeps the replaced catalogue and requests an index generation that does not exist yet."""
    settings = empty(kind, tmp_path / "data", request)
    write(settings)
    backup(settings, tmp_path / "file")
    catalogue = Catalogue.open(settings.catalogue_url)
    catalogue.library.forget_files([file.path for file in catalogue.tracks.files(write_ids()[0])])
    old_generation = catalogue.indexing.generation()
    catalogue.close()
    changed = contents(settings)
    for _ in range(2):  # the second restore keeps the catalogue of the first
        restored = restore(settings, tmp_path / "file")
        assert restored.kept is not None

    assert contents(settings) != changed
    catalogue = Catalogue.open(settings.catalogue_url)
    assert catalogue.indexing.generation() > old_generation + 1_000_000
    catalogue.close()


def write_ids():
    from tests.fakes.library import track_id  # noqa: PLC0415

    return [track_id(number) for number in range(COUNT)]


def test_the_replaced_catalogue_can_be_restored(tmp_path):
    """Renaming the file of the replaced catalogue restores it."""
    settings = Settings(data_dir=tmp_path / "data")
    write(settings)
    backup(settings, tmp_path / "file")
    write(Settings(data_dir=tmp_path / "other"), 3)
    before = contents(Settings(data_dir=tmp_path / "other"))
    restored = restore(Settings(data_dir=tmp_path / "other"), tmp_path / "file")
    os.replace(restored.kept, tmp_path / "other/catalogue.db")  # noqa: PTH105

    assert contents(Settings(data_dir=tmp_path / "other")) == before


def test_a_backup_is_a_consistent_snapshot(tmp_path):
    """A transaction that runs during the backup is not in it, and the backup does not block it."""
    settings = Settings(data_dir=tmp_path / "data")
    write(settings)
    with Catalogue.open(settings.catalogue_url).database.write() as session:
        session.execute(text("UPDATE tracks SET title = 'half'"))
        backup(settings, tmp_path / "file")
        session.rollback()
    restore(Settings(data_dir=tmp_path / "new"), tmp_path / "file")

    assert contents(Settings(data_dir=tmp_path / "new")) == contents(settings)


def test_a_backup_without_a_catalogue_is_refused(tmp_path):
    """The error states that there is no catalogue, and no empty catalogue is created."""
    with pytest.raises(CatalogueUnavailable, match="nothing to back up"):
        backup(Settings(data_dir=tmp_path / "data"), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_is_private_and_overwrites_no_file(tmp_path):
    """Only its owner can read it, because it holds listens and hashes of keys; existing files are not overwritten."""
    settings = Settings(data_dir=tmp_path / "data")
    write(settings)
    backup(settings, tmp_path / "file")

    assert (tmp_path / "file").stat().st_mode & 0o077 == 0
    with pytest.raises(StorageUnavailable, match="already exists"):
        backup(settings, tmp_path / "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "file"]


def test_no_secret_is_in_a_backup(tmp_path):
    """A backup contains settings without passwords; settings that differ are written to a file."""
    secrets = {"redis_url": "redis://:s3cret@host/0", "qdrant_api_key": "s3cret", "qdrant_url": "http://a:s3cret@host"}
    settings = Settings(data_dir=tmp_path / "data", half_life_days=7, **secrets)
    write(settings)
    backup(settings, tmp_path / "file")
    restored = restore(Settings(data_dir=tmp_path / "new"), tmp_path / "file")

    with zipfile.ZipFile(tmp_path / "file") as archive:
        assert not [name for name in archive.namelist() if b"s3cret" in archive.read(name)]
    assert restored.settings_file == tmp_path / "new" / SETTINGS_FILE
    assert "SEGUE_HALF_LIFE_DAYS=7" in restored.settings_file.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_contains_no_stored_responses_and_no_signing_secret(kind, tmp_path, request):
    """Stored responses and the secret of signed URLs are not in a backup; a restore creates a new secret."""
    settings = empty(kind, tmp_path / "data", request)
    write(settings)
    catalogue = Catalogue.open(settings.catalogue_url)
    before = catalogue.installation.signing_secret()
    with catalogue.database.write() as session:
        session.add(
            IdempotencyRow(
                id="a" * 64, fingerprint="b" * 64, owner="c", status=200, body=b"an answer", expires_at=now()
            )
        )
    catalogue.close()
    manifest = backup(settings, tmp_path / "file")
    restore(settings, tmp_path / "file")
    catalogue = Catalogue.open(settings.catalogue_url)
    after = [catalogue.installation.signing_secret() for _ in range(2)]
    catalogue.close()

    assert manifest.rows["idempotency"] == 0
    assert contents(settings)["idempotency"] == []
    assert before != after[0] == after[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_revoked_after_the_backup_stays_revoked(kind, tmp_path, request):
    """A key revoked in the current catalogue stays revoked, and sessions end; the number is None without one."""
    settings = empty(kind, tmp_path / "data", request)
    write(settings)
    catalogue = Catalogue.open(settings.catalogue_url)
    lost, held = (catalogue.keys.create(name, [Scope.READ]).id for name in ("lost", "held"))
    identity = Identity("https://auth.example", "1", "ada", "Ada")
    session, secret = catalogue.people.sign_in(identity, Grant(frozenset({Scope.READ})), timedelta(days=1))
    backup(settings, tmp_path / "file")
    catalogue.keys.revoke(lost)
    catalogue.keys.revoke(catalogue.keys.create("newer", [Scope.READ]).id)
    revoked = {key.id: key.revoked_at for key in catalogue.keys.all()}
    catalogue.close()
    restored = restore(settings, tmp_path / "file")
    catalogue = Catalogue.open(settings.catalogue_url)
    keys = catalogue.keys.all()
    in_force = {key_id for key_id in (lost, held) if catalogue.keys.find(key_id)}
    signed_in = catalogue.people.find(session.id, secret)
    catalogue.close()

    assert restored.revoked == 1
    assert {key.id: key.revoked_at for key in keys} == {lost: revoked[lost], held: None}
    assert in_force == {held}
    assert signed_in is None
    assert restore(Settings(data_dir=tmp_path / "new"), tmp_path / "file").revoked is None


def test_restored_settings_have_the_same_values(tmp_path, monkeypatch):
    """Restored settings have the same values when they are read from the environment, such as a root with an @."""
    roots = ("/music/a,b", "/mnt/me@home")
    settings = Settings(data_dir=tmp_path / "at@home", library_roots=roots, cors_origins=("https://a.b", "https://c.d"))
    write(settings)
    backup(settings, tmp_path / "file")
    restored = restore(Settings(data_dir=tmp_path / "new"), tmp_path / "file")
    for line in restored.settings_file.read_text().splitlines():
        monkeypatch.setenv(*line.split("=", 1))

    assert Settings() == settings


def damaged(path, how):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    how(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def later(members):
    manifest = json.loads(members["manifest.json"]) | {"revision": "9999"}
    members["manifest.json"] = json.dumps(manifest).encode()


DAMAGE = {
    "a row is missing": lambda members: members.update(
        {"tables/tracks.jsonl": members["tables/tracks.jsonl"].partition(b"\n")[2]}
    ),
    "a table is missing": lambda members: members.pop("tables/tracks.jsonl"),
    "there is no manifest": lambda members: members.pop("manifest.json"),
    "its manifest is nested too deeply": lambda members: members.update({"manifest.json": b"[" * 100_000}),
    "a later Segue made it": later,
}


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_backup_changes_nothing(kind, how, tmp_path, request):
    """A backup that is incomplete or of a later version is refused with a reason and changes no row and no file."""
    settings = empty(kind, tmp_path / "data", request)
    write(settings)
    backup(settings, tmp_path / "file")
    damaged(tmp_path / "file", DAMAGE[how])
    before, files = contents(settings), sorted(path.name for path in settings.data_path.iterdir())

    with pytest.raises(ArchiveUnusable):
        restore(settings, tmp_path / "file")
    assert contents(settings) == before
    assert {path.name for path in settings.data_path.iterdir()} <= {*files, "lock", "catalogue.db.lock"}


def test_a_file_that_is_not_a_backup_is_refused(tmp_path):
    """The error names a file that is truncated, missing or not a backup."""
    settings = Settings(data_dir=tmp_path / "data")
    write(settings)
    backup(settings, tmp_path / "file")
    whole = (tmp_path / "file").read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"Dear reader"):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(ArchiveUnusable, match="not a backup"):
            restore(settings, tmp_path / "file")
    with pytest.raises(ArchiveUnusable, match="No such file"):
        restore(settings, tmp_path / "none")


def test_a_restore_is_refused_while_segue_runs(tmp_path):
    """A restore is refused while `segue up` or an API process with the embedded index runs."""
    settings = Settings(data_dir=tmp_path / "data")
    write(settings)
    backup(settings, tmp_path / "file")
    with instance_lock(settings), pytest.raises(AlreadyRunning):
        restore(settings, tmp_path / "file")
    settings.index_path.mkdir()
    lock = acquire(settings.index_path / "lock", exclusive=True)
    with pytest.raises(AlreadyRunning, match="API process"):
        restore(settings, tmp_path / "file")
    lock.release()


def test_a_restore_is_refused_while_a_worker_runs(tmp_path):
    """A worker without `segue up` holds the catalogue lock until it ends."""
    with installation(tmp_path / "data") as here:
        backup(here.settings, tmp_path / "file")
        with here.worker("--queues=scan") as worker:
            wait_until(lambda: "worker_child_ready" in worker.output)
            with pytest.raises(AlreadyRunning, match="Stop every API process and worker"):
                restore(here.settings, tmp_path / "file")

        assert restore(here.settings, tmp_path / "file").kept is not None


def test_a_restore_is_refused_while_an_api_without_an_index_runs(tmp_path):
    """API processes with a Qdrant server share the catalogue lock, and each of them prevents a restore."""
    settings = Settings(data_dir=tmp_path, qdrant_url="http://127.0.0.1:1", redis_url="redis://127.0.0.1:1/0")
    first, second = compose(settings), compose(settings)
    backup(settings, tmp_path / "file")
    first.close()
    with pytest.raises(AlreadyRunning, match="Stop every API process and worker"):
        restore(settings, tmp_path / "file")
    second.close()

    assert restore(settings, tmp_path / "file").kept is not None


def test_no_process_starts_during_a_restore(tmp_path):
    """Processes that start during a restore are refused."""
    settings = Settings(data_dir=tmp_path, qdrant_url="http://127.0.0.1:1", redis_url="redis://127.0.0.1:1/0")
    with exclusive_catalogue_lock(settings):
        with pytest.raises(AlreadyRunning, match="is being restored"):
            compose(settings)
        with pytest.raises(AlreadyRunning, match="is being restored"), shared_catalogue_lock(settings):
            pass


def test_a_restore_is_refused_while_the_database_has_connections(tmp_path, request):
    """With PostgreSQL every open connection prevents a restore."""
    settings = empty("postgresql", tmp_path / "data", request)
    write(settings)
    backup(settings, tmp_path / "file")
    other = Catalogue.open(settings.catalogue_url)
    with other.database.read() as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(AlreadyRunning, match="connections: 1"):
            restore(settings, tmp_path / "file")
    other.close()
