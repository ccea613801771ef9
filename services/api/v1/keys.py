"""API keys: list, create and revoke them, as `segue keys` does."""

from http import HTTPStatus

from flask import Blueprint, url_for

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.keys import Key, KeyRequest, Keys, NewKey
from services.api.security.permissions import needs
from services.domain.access import Scope, check_new_key

keys = Blueprint("keys", __name__, url_prefix="/v1/keys")


@keys.get("")
@operation("listKeys", "List the API keys", returns=Keys)
@needs(Scope.ADMIN)
def list_keys() -> Keys:
    """List all keys with their scopes and their last use, without their secrets."""
    return Keys(keys=[Key.of(key) for key in services().catalogue.keys.all()])


@keys.post("")
@operation(
    "createKey",
    "Create an API key",
    body=KeyRequest,
    returns=NewKey,
    status=HTTPStatus.CREATED,
    meaning="The key. Its secret is in no other response.",
    headers={"Location": "The path of the key, to revoke it."},
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN, repeatable=False)
def create_key(body: KeyRequest) -> tuple[NewKey, dict[str, str]]:
    """Create a key. Save `key` at once: only its hash is stored, so it cannot be shown again."""
    check_new_key(body.name, body.scopes, body.users, body.libraries)
    libraries = [services().catalogue.libraries.get(each).id for each in body.libraries]
    store = services().catalogue.keys
    made = store.create(body.name, set(body.scopes), set(body.users) or None, libraries=libraries or None)
    location = url_for("keys.revoke_key", key_id=made.id)
    return NewKey.of(store.get(made.id), key=made.text), {"Location": location}


@keys.delete("/<key_id>")
@operation(
    "revokeKey",
    "Revoke an API key",
    status=HTTPStatus.NO_CONTENT,
    meaning="The key is revoked.",
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN)
def revoke_key(key_id: str) -> None:
    """Revoke a key permanently; the next request with it fails. A revoked key stays in the list."""
    services().catalogue.keys.revoke(key_id)
