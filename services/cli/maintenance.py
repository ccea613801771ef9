"""Commands that open the catalogue directly: status, keys, backup and restore, `reindex` and `retry`.

They need access to the catalogue but no API key. Apart from `restore` they work whether the service runs or not.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from services.api.request_limits import QUARANTINED_SHOWN
from services.api.schemas.keys import Key, Keys
from services.api.schemas.listens import listener_named
from services.api.schemas.service import IndexStatus, Quarantined, Status
from services.catalog import Catalogue
from services.cli import output
from services.client import SegueClient
from services.domain.access import Scope, check_new_key
from services.domain.errors import Forbidden, ServiceUnreachable
from services.domain.track import TrackStatus
from services.settings import Settings, load_settings
from services.storage.backup import backup, restore
from services.storage.locks import running_url, shared_catalogue_lock


def show_status(*, as_json: bool) -> None:
    """Print the status of the service, or of the catalogue if the service does not run or needs another key."""
    settings = load_settings()
    try:
        answer = _status_of_service(settings)
        running = answer is not None
    except Forbidden:
        answer, running = None, True
    status = answer or _status_of_catalogue(settings)
    if as_json:
        output.print_json(status.model_dump(mode="json") | {"running": running})
    else:
        output.print_status(status, running=running, refused=running and answer is None)


def request_rebuild(*, as_json: bool) -> None:
    """Request a new generation of the index; the service builds it."""
    with _open_catalogue(load_settings()) as catalogue:
        generation = catalogue.indexing.rebuild()
    if as_json:
        output.print_json({"generation": generation})
    else:
        output.print_message(
            "Requested a rebuild of the index. A running service starts it now and uses the old index meanwhile; "
            "otherwise the next start does."
        )


def retry_refused(*, as_json: bool) -> None:
    """Set failed and quarantined tracks to pending; a worker analyses them within a minute."""
    with _open_catalogue(load_settings()) as catalogue:
        count = catalogue.analyses.retry()
    if as_json:
        output.print_json({"retried": count})
    elif count:
        output.print_message(f"Retrying {output.count_tracks(count)}; see `segue status`.")
    else:
        output.print_message("There are no failed or quarantined tracks.")


def create_key(name: str, scopes: Sequence[Scope], listeners: Sequence[str], *, as_json: bool) -> None:
    """Create a key and print it.

    Raises:
        InvalidRequest: the name is empty or too long, or the scopes do not allow a key that is bound to listeners.
    """
    check_new_key(name, scopes, listeners)
    with _open_catalogue(load_settings()) as catalogue:
        key = catalogue.keys.create(name, scopes, [listener_named(listener) for listener in listeners] or None)
    if as_json:
        output.print_json({"id": key.id, "key": key.text})
        return
    output.print_message(f"Created key {key.id} for {name}. Save it now; it cannot be shown again.")
    output.answers.out(key.text)


def list_keys(*, as_json: bool) -> None:
    """Print all keys, without their secrets."""
    with _open_catalogue(load_settings()) as catalogue:
        keys = catalogue.keys.all()
    if as_json:
        output.print_json(Keys(keys=[Key.of(key) for key in keys]))
    else:
        output.print_keys(keys)


def revoke_key(key_id: str, *, as_json: bool) -> None:
    """Revoke a key; the next request with it fails.

    Raises:
        KeyNotFound: there is no key with this id.
    """
    with _open_catalogue(load_settings()) as catalogue:
        catalogue.keys.revoke(key_id)
    if as_json:
        output.print_json({"revoked": key_id})
    else:
        output.print_message(f"Revoked key {key_id}.")


def write_backup(file: Path, *, as_json: bool) -> None:
    """Write a backup and print what it contains."""
    settings = load_settings()
    manifest = backup(settings, file.expanduser().absolute())
    if as_json:
        output.print_json({"file": str(file), "rows": manifest.rows, "revision": manifest.revision})
        return
    rows = sum(manifest.rows.values())
    output.print_message(f"{file} contains the catalogue ({rows} rows) and the settings without secrets.")
    if settings.uploads_path.exists():
        output.print_message(f"It does not contain uploaded audio: copy {settings.uploads_path} too.")


def restore_backup(file: Path, *, as_json: bool) -> None:
    """Restore a backup and print what was replaced."""
    restored = restore(load_settings(), file.expanduser().absolute())
    if not as_json:
        output.print_restored(restored)
        return
    output.print_json(
        {
            "rows": restored.manifest.rows,
            "kept": restored.kept,
            "settings_file": None if restored.settings_file is None else str(restored.settings_file),
            "revoked": restored.revoked,
        }
    )


@contextmanager
def _open_catalogue(settings: Settings) -> Iterator[Catalogue]:
    with shared_catalogue_lock(settings), closing(Catalogue.open(settings.catalogue_url)) as catalogue:
        catalogue.migrate()
        yield catalogue


def _status_of_service(settings: Settings) -> Status | None:
    """Return the status of the service of this installation; None if it does not run.

    Raises:
        Forbidden: the service needs another key.
        ServiceUnreachable: `SEGUE_URL` or a running `segue up` names a service that does not respond.
    """
    url = settings.url or running_url(settings)
    with SegueClient(url or settings.service_url, key=settings.client_key) as client:
        try:
            status = client.status()
        except ServiceUnreachable:
            if url is not None:
                raise
            return None
    # The service of another installation may use the same port.
    is_ours = url is not None or status.data_dir in {None, str(settings.data_path)}
    return status if is_ours else None


def _status_of_catalogue(settings: Settings) -> Status:
    with _open_catalogue(settings) as catalogue:
        ready = catalogue.tracks.page(status=TrackStatus.READY, limit=1).tracks
        quarantined = catalogue.tracks.page(status=TrackStatus.QUARANTINED, limit=QUARANTINED_SHOWN).tracks
        return Status(
            version=version("segue"),
            url=settings.service_url,
            data_dir=str(settings.data_path),
            model_version=ready[0].model_version if ready else None,
            tracks={name.value: count for name, count in catalogue.tracks.count_by_status().items()},
            index=IndexStatus(
                kind="edge" if settings.qdrant_url is None else "server",
                points=0,
                pending=catalogue.indexing.count_pending(),
            ),
            question_processes=None,
            quarantined=[Quarantined.of(track) for track in quarantined],
        )
