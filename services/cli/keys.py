"""API keys, made and revoked in the catalogue itself: whoever can open that needs no key."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime

from rich.markup import escape
from rich.table import Table

from services.api.schemas.listens import listener_named
from services.catalog import Catalogue
from services.cli import output
from services.domain.access import ApiKey, Scope
from services.domain.errors import InvalidRequest
from services.settings import load_settings
from services.storage.locks import shared_catalogue_lock

NAME_MAX = 100
"""Characters; it is for people to tell keys apart."""


def create(name: str, scopes: Sequence[Scope], users: Sequence[str], *, as_json: bool) -> None:
    """Make a key and print it, this once.

    Raises:
        InvalidRequest: scopes and listeners do not go together, or the name is too long.
    """
    if not 0 < len(name) <= NAME_MAX:
        raise InvalidRequest(f"A key's name has 1 to {NAME_MAX} characters.")
    if users and (Scope.ADMIN in scopes or Scope.LISTEN not in scopes):
        raise InvalidRequest("A key that is bound to listeners needs the scope listen, and cannot have admin.")
    with _catalogue() as catalogue:
        made = catalogue.keys.create(name, scopes, [listener_named(user) for user in users] or None)
    if as_json:
        output.print_json({"id": made.id, "key": made.text})
        return
    output.note(f"Key {made.id} of {name}. Keep it now: it is shown this once, and nobody can read it again.")
    output.answers.out(made.text)


def show(*, as_json: bool) -> None:
    """List all keys, without their secrets."""
    with _catalogue() as catalogue:
        keys = catalogue.keys.all()
    if as_json:
        output.print_json({"keys": [_as_json(key) for key in keys]})
        return
    table = Table("name", "scopes", "listeners", "created", "last used", "revoked", box=None)
    table.add_column("id", no_wrap=True)  # to be copied
    for key in keys:
        table.add_row(
            escape(key.name),
            " ".join(sorted(key.scopes)),
            "all" if key.listeners is None else escape(", ".join(sorted(key.listeners))),
            *(_day(moment) for moment in (key.created_at, key.last_used_at, key.revoked_at)),
            key.id,
        )
    output.answers.print(table)


def revoke(key_id: str, *, as_json: bool) -> None:
    """Put a key out of force, from the next request on.

    Raises:
        KeyNotFound: there is none with this id.
    """
    with _catalogue() as catalogue:
        catalogue.keys.revoke(key_id)
    if as_json:
        output.print_json({"revoked": key_id})
    else:
        output.note(f"Key {key_id} is revoked.")


@contextmanager
def _catalogue() -> Iterator[Catalogue]:
    settings = load_settings()
    with shared_catalogue_lock(settings), closing(Catalogue.open(settings.catalogue_url)) as catalogue:
        catalogue.migrate()
        yield catalogue


def _as_json(key: ApiKey) -> dict[str, object]:
    moments = {"created_at": key.created_at, "last_used_at": key.last_used_at, "revoked_at": key.revoked_at}
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "users": None if key.listeners is None else sorted(key.listeners),
        **{name: None if moment is None else moment.isoformat() for name, moment in moments.items()},
    }


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"
