"""Commands that open the catalogue directly: status, keys, map, and work to do again or to pause.

They need access to the catalogue but no API key, and work whether the service runs or not.
"""

from collections.abc import Sequence

from segue_client import Forbidden, Segue, ServiceUnreachable
from segue_client.models import FailurePage, FileFailure, Status

from services.api.schemas import status as schemas
from services.api.schemas.keys import Key, Keys
from services.api.schemas.listens import listener_named
from services.api.v1.status import status_of_catalogue
from services.catalog import Catalogue
from services.cli import output
from services.cli.catalogue import open_catalogue
from services.cli.tables import ID_LENGTH
from services.domain.access import Scope, check_new_key
from services.domain.errors import NotFound
from services.ingest.retry import failures_named, retry_failures
from services.settings import Settings, load_settings
from services.storage.locks import running_url


def show_status(*, failed: bool, as_json: bool) -> None:
    """Print the status of the service, or of the catalogue if the service does not run or needs another key.

    With `failed`, print the files that cannot be used instead.
    """
    settings = load_settings()
    try:
        answer = _answer_of_service(settings, failed=failed)
        running = answer is not None
    except Forbidden:
        answer, running = None, True
    refused = running and answer is None
    if answer is None:
        with open_catalogue(settings) as catalogue:
            answer = _failures_of(catalogue) if failed else _status_of(catalogue, settings)
    if isinstance(answer, FailurePage):
        (output.print_json if as_json else output.print_failures)(answer)
    elif as_json:
        output.print_json(answer.as_json() | {"running": running})
    else:
        is_ours = settings.url is not None or running_url(settings) is not None
        output.print_status(answer, running=running, refused=refused, is_ours=is_ours or not refused)


def show_map(*, refit: bool, as_json: bool) -> None:
    """Print the state of the map, after requesting a new one if `refit`."""
    with open_catalogue(load_settings()) as catalogue:
        if refit:
            catalogue.map.request()
        state = catalogue.map.state()
        count = 0 if state is None else catalogue.map.count(state.version)
    if as_json:
        known = {} if state is None else {"method": state.method, "fitted_at": state.fitted_at.isoformat()}
        output.print_json({"version": state and state.version, "count": count, **known, "requested": refit})
        return
    if state is None:
        output.print_message("There is no map yet. A running worker fits one when three tracks are analysed.")
    else:
        fitted_at = f"{state.fitted_at:%Y-%m-%d %H:%M} UTC"
        output.print_message(
            f"Map {state.version} by {state.method.upper()} has {count} tracks; fitted at {fitted_at}."
        )
    if refit:
        output.print_message("Requested a new map. A running worker fits it within a minute.")


def retry(names: Sequence[str], *, as_json: bool) -> None:
    """Try files again that cannot be used, all or those with these names; a worker starts within a minute.

    Raises:
        NotFound: a name is that of no failed file.
    """
    with open_catalogue(load_settings()) as catalogue:
        count = retry_failures(catalogue, _failures_named(catalogue, names) if names else None).total
    if as_json:
        output.print_json({"retried": count})
    elif count:
        output.print_message(f"Retrying {output.count_files(count)}; see `segue status`.")
    else:
        output.print_message("There are no failed files.")


def _failures_named(catalogue: Catalogue, names: Sequence[str]) -> list[str]:
    failures = catalogue.failures.page(limit=catalogue.failures.count())
    found = {name: failures_named(failures, name) for name in names}
    for name, ids in found.items():
        if not ids:
            raise NotFound(
                f"No failed file has the id or path '{name}'. `segue status --failed` lists all failed files."
            )
    return list(dict.fromkeys(each for ids in found.values() for each in ids))


def set_pause(*, paused: bool, as_json: bool) -> None:
    """Pause or resume the analysis; workers notice before their next file, and start again within a minute."""
    with open_catalogue(load_settings()) as catalogue:
        if paused:
            catalogue.pause.begin()
        else:
            catalogue.pause.end()
    if as_json:
        output.print_json({"paused": paused})
    elif paused:
        output.print_message("The analysis is paused. Files in hand are finished. `segue resume` continues it.")
    else:
        output.print_message("The analysis continues within a minute; see `segue status`.")


def create_key(
    name: str, scopes: Sequence[Scope], listeners: Sequence[str], libraries: Sequence[str], *, as_json: bool
) -> None:
    """Create a key and print it.

    Raises:
        InvalidRequest: the name is empty or too long, or the scopes do not allow a key that is bound to listeners or to
            libraries.
        LibraryNotFound: no library has this name.
    """
    check_new_key(name, scopes, listeners, libraries)
    with open_catalogue(load_settings()) as catalogue:
        bound = [catalogue.libraries.get(each).id for each in libraries]
        names = [listener_named(listener) for listener in listeners]
        key = catalogue.keys.create(name, scopes, names or None, libraries=bound or None)
    if as_json:
        output.print_json({"id": key.id, "key": key.text})
        return
    output.print_message(f"Created key {key.id} for {name}. Save it now; it cannot be shown again.")
    output.answers.out(key.text)


def list_keys(*, as_json: bool) -> None:
    """Print all keys, without their secrets."""
    with open_catalogue(load_settings()) as catalogue:
        keys = catalogue.keys.all()
    if as_json:
        output.print_json(Keys(keys=[Key.of(key) for key in keys]).model_dump(mode="json"))
    else:
        output.print_keys(keys)


def revoke_key(key_id: str, *, as_json: bool) -> None:
    """Revoke a key, named by its id or the first characters of it; the next request with the key fails.

    Raises:
        KeyNotFound: no key has this id, or several begin with it.
    """
    with open_catalogue(load_settings()) as catalogue:
        named = [key.id for key in catalogue.keys.all() if len(key_id) >= ID_LENGTH and key.id.startswith(key_id)]
        if len(named) == 1:
            key_id = named[0]
        catalogue.keys.revoke(key_id)
    if as_json:
        output.print_json({"revoked": key_id})
    else:
        output.print_message(f"Revoked key {key_id}.")


def migrate() -> None:
    """Migrate the catalogue. A deployment runs this before it replaces the processes of the last version."""
    with open_catalogue(load_settings()):
        output.print_message("The catalogue has the tables of this version.")


def _answer_of_service(settings: Settings, *, failed: bool) -> Status | FailurePage | None:
    """Return the status of the service of this installation, or its failures; None if it does not run.

    Raises:
        Forbidden: the service needs another key.
        ServiceUnreachable: `SEGUE_URL` or a running `segue up` names a service that does not respond.
    """
    url = settings.url or running_url(settings)
    with Segue(url or settings.service_url, key=settings.client_key) as client:
        try:
            status = client.status()
        except ServiceUnreachable:
            if url is not None:
                raise
            return None
        # The service of another installation may use the same port.
        if url is None and status.data_dir not in {None, str(settings.data_path)}:
            return None
        if not failed:
            return status
        return _page_of(list(client.failures()))


def _status_of(catalogue: Catalogue, settings: Settings) -> Status:
    return Status.model_validate(status_of_catalogue(catalogue, settings).model_dump(mode="json"))


def _failures_of(catalogue: Catalogue) -> FailurePage:
    failures = catalogue.failures.page(limit=catalogue.failures.count())
    found = (schemas.FileFailure.of(each, hidden=None).model_dump(mode="json") for each in failures)
    return _page_of([FileFailure.model_validate(each) for each in found])


def _page_of(failures: list[FileFailure]) -> FailurePage:
    files = sum(1 + len(each.copies) for each in failures)
    return FailurePage(failures=failures, total=len(failures), files=files)
