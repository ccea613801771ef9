"""`segue keys`: create, list and revoke API keys."""

# ruff: noqa: PLC0415  a command imports its code when it runs

from typing import Annotated

import typer

from services.cli.arguments import AsJson
from services.domain.access import Scope

keys = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Name that `segue keys list` shows.")],
    *,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="Scope of the key; repeat it for more. Default: read and listen.")
    ] = None,
    user: Annotated[
        list[str] | None, typer.Option(help="Bind the key to this listener; repeat it for more. Default: all.")
    ] = None,
    library: Annotated[
        list[str] | None, typer.Option(help="Bind the key to this named library; repeatable. Default: all tracks.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key and print it; it cannot be shown again."""
    from services.cli.maintenance import create_key as create

    create(name, scope or [Scope.READ, Scope.LISTEN], user or [], library or [], as_json=as_json)


@keys.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List all keys with their scopes and their last use."""
    from services.cli.maintenance import list_keys as list_all

    list_all(as_json=as_json)


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id or its first characters, as `segue keys list` shows.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Revoke a key."""
    from services.cli.maintenance import revoke_key as revoke

    revoke(key_id, as_json=as_json)
