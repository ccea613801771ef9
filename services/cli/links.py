"""`segue link`: add, list, sync and remove linked servers, in the catalogue itself, as `segue keys` does.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.arguments import AsJson
from services.cli.passwords import PasswordFile, ask_password, read_password
from services.domain.links import LinkKind, LinkWork

if TYPE_CHECKING:
    from services.catalog import Catalogue
    from services.domain.links import Link
    from services.links.syncing import Synced
    from services.settings import Settings

link = typer.Typer(help="Add, list, sync and remove linked servers: media servers with the same music.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the link, and namespace of the songs' ids.")]


@link.command()
def add(  # noqa: PLR0913  each is an option
    name: Name,
    *,
    url: Annotated[str, typer.Option(help="Address of the server, such as https://music.example/navidrome.")],
    user: Annotated[str, typer.Option(help="User of the server.")],
    kind: Annotated[LinkKind, typer.Option(help="API of the server.")] = LinkKind.SUBSONIC,
    listener: Annotated[str | None, typer.Option(help="Listener that the user is. Default: the same name.")] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Download each song once that is no track, to analyse it.")
    ] = False,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Link a server, list its songs and match them to tracks.

    The password is asked for, unless SEGUE_LINK_PASSWORD or --password-file has it.
    """
    from services.api.schemas.listens import listener_named
    from services.cli.catalogue import open_catalogue
    from services.domain.links import Link, check_link_name
    from services.links.http import checked_url
    from services.links.opening import server_of
    from services.links.passwords import store_password
    from services.settings import load_settings

    settings = load_settings()
    new = Link(
        name=check_link_name(name),
        kind=kind,
        url=checked_url(url),
        user=user,
        listener=listener_named(user if listener is None else listener),
        download=download,
    )
    password = _password(settings, password_file)
    with closing(server_of(new, password)) as server, open_catalogue(settings) as catalogue:
        server.check()
        catalogue.links.add(new)
        store_password(settings, name, password)
    _sync(settings, name, as_json=as_json)


@link.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List all links, with the number of their songs."""
    from services.cli import link_listings, output
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        found = [(each, catalogue.links.counts(each.name)) for each in catalogue.links.all()]
        pushes = {each.name: catalogue.link_runs.find(each.name, LinkWork.MIXES) for each, _ in found}
    if not as_json:
        link_listings.print_links(found, pushes)
        return
    links = [
        {"name": each.name, "kind": each.kind, "url": each.url, "user": each.user, "listener": each.listener}
        | {"download": each.download, "songs": counts.songs, "unmatched": counts.unmatched, "failure": each.failure}
        | {"synced_at": None if each.synced_at is None else each.synced_at.isoformat()}
        | {"mixes": link_listings.run_as_json(pushes[each.name])}
        for each, counts in found
    ]
    output.print_json({"links": links})


@link.command()
def sync(name: Name, *, as_json: AsJson = False) -> None:
    """List the songs of a server again, and try failed downloads again. Segue lists them every hour by itself.

    If most songs are gone from the server, the command asks before it forgets them.
    """
    from services.settings import load_settings

    _sync(load_settings(), name, as_json=as_json)


@link.command()
def unmatched(name: Name, *, as_json: AsJson = False) -> None:
    """List all songs that are no tracks, each with the track that is most like it."""
    from services.cli.catalogue import open_catalogue
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        catalogue.links.get(name)
        _print_rest(catalogue, name, limit=None, as_json=as_json)


@link.command()
def password(name: Name, *, password_file: PasswordFile = None) -> None:
    """Store another password of a linked server, after a trial."""
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.links.opening import server_of
    from services.links.passwords import store_password
    from services.settings import load_settings

    settings = load_settings()
    with open_catalogue(settings) as catalogue:
        found = catalogue.links.get(name)
        given = _password(settings, password_file)
        with closing(server_of(found, given)) as server:
            server.check()
        store_password(settings, name, given)
        catalogue.link_downloads.retry(name)
    output.print_message(f"Stored the password of '{name}'.")


@link.command()
def remove(name: Name, *, as_json: AsJson = False) -> None:
    """Remove a link, its password, and the ids that it gave to tracks.

    Tracks that were downloaded become missing, unless a file has them too: they stay listed and are not recommended.
    A scan of their files makes them ready again.
    """
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.links.removing import remove_link
    from services.settings import load_settings

    settings = load_settings()
    with open_catalogue(settings) as catalogue:
        remove_link(catalogue, settings, name)
    if as_json:
        output.print_json({"removed": name})
    else:
        output.print_message(f"Removed the link '{name}'.")


def _password(settings: "Settings", file: Path | None) -> str:
    if file is not None:
        return read_password(file)
    if settings.link_password is not None:
        return settings.link_password.get_secret_value()
    return ask_password("Give it with --password-file or SEGUE_LINK_PASSWORD.")


def _sync(settings: "Settings", name: str, *, as_json: bool) -> None:
    from services.cli.catalogue import open_catalogue
    from services.domain.errors import SongsGone
    from services.links import syncing
    from services.links.opening import opened

    with open_catalogue(settings) as catalogue:
        found = catalogue.links.get(name)
        with opened(settings, found) as server:
            try:
                synced = syncing.sync(catalogue, found, server)
            except SongsGone as error:
                if as_json or not typer.confirm(f"{error.detail}\nForget them?", err=True):
                    raise
                synced = syncing.sync(catalogue, found, server, may_empty=True)
        catalogue.link_downloads.retry(name)
        _print_synced(catalogue, found, synced, as_json=as_json)


def _print_synced(catalogue: "Catalogue", link: "Link", synced: "Synced", *, as_json: bool) -> None:
    from services.cli import link_listings, output

    counts, name = synced.counts, link.name
    if as_json:
        matched = {rule.value: count for rule, count in counts.matched.items()}
        given = {"name": name, "songs": counts.songs, "matched": matched, "unmatched": counts.unmatched}
        heard = {"plays": synced.heard.plays, "undated": synced.heard.undated, "opinions": synced.heard.opinions}
        output.print_json(given | {"gone": synced.gone, "heard": heard})
        return
    link_listings.print_synced(link, synced)
    if counts.unmatched:
        _print_rest(catalogue, name, limit=link_listings.UNMATCHED_SHOWN, as_json=False)
    if counts.unmatched > link_listings.UNMATCHED_SHOWN:
        output.print_message(f"`segue link unmatched {name}` lists all of them.")


def _print_rest(catalogue: "Catalogue", name: str, *, limit: int | None, as_json: bool) -> None:
    from services.cli import link_listings, output
    from services.links.guessing import guesses

    rest = guesses(catalogue.links, catalogue.links.unmatched(name, limit))
    if as_json:
        output.print_json({"name": name, "unmatched": [link_listings.guess_as_json(each) for each in rest]})
    else:
        link_listings.print_guesses(rest)
