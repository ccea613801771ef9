"""`segue playlists push`: choose the mixes of a listener and push them to a linked server."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.cli import output
from services.cli.catalogue import open_catalogue
from services.cli.searching import open_search
from services.cli.tables import Column, table_of
from services.composition import compose_mixes
from services.domain.links import LinkWork
from services.links.opening import opened
from services.mixes.push import Action, PushedMix, Pusher
from services.mixes.rules import read_rules, write_default
from services.settings import load_settings

DONE: Mapping[Action, str] = {
    Action.CREATE: "created",
    Action.REPLACE: "replaced",
    Action.SKIP: "left out",
    Action.REFUSED: "refused",
}


def push(name: str, *, dry_run: bool, as_json: bool) -> None:
    """Push the mixes to a linked server, or print what a push would do."""
    settings = load_settings()
    with open_search(settings) as (catalogue, index):
        link = catalogue.links.get(name)
        if not dry_run and (written := write_default(settings.data_path)) is not None:
            output.print_message(f"Wrote the rules of the mixes to {written}. Change them as you like.")
        rules = read_rules(settings.data_path)
        pusher = Pusher(catalogue, compose_mixes(settings, catalogue, index))
        run = pusher.plan if dry_run else pusher.push
        with opened(settings, link) as server:
            pushed = run(link, server, rules, datetime.now(UTC).date())
    if as_json:
        output.print_json({"link": name, "dry_run": dry_run, "mixes": [_as_json(each) for each in pushed]})
        return
    _print(pushed, dry_run=dry_run)
    if not dry_run:
        output.print_message(f"Segue replaces them every day. `segue playlists push {name} --stop` ends that.")


def stop(name: str, *, as_json: bool) -> None:
    """Push no more every day."""
    with open_catalogue(load_settings()) as catalogue:
        catalogue.links.get(name)
        was_repeated = catalogue.link_runs.stop(name, LinkWork.MIXES)
    if as_json:
        output.print_json({"link": name, "stopped": was_repeated})
    elif was_repeated:
        output.print_message(f"Mixes are no longer pushed to '{name}'. The playlists there stay as they are.")
    else:
        output.print_message(f"No mixes were pushed to '{name}'.")


def _print(pushed: Sequence[PushedMix], *, dry_run: bool) -> None:
    columns = [
        Column("playlist", [each.mix.name for each in pushed], weight=1),
        Column("would be" if dry_run else "was", [DONE[each.action] for each in pushed]),
        Column("tracks", [str(len(each.mix.track_ids)) for each in pushed]),
        Column("made from", [each.reason or each.mix.about for each in pushed], weight=2, wraps=True),
    ]
    output.answers.print(table_of(columns, output.answers.width))


def _as_json(pushed: PushedMix) -> dict[str, Any]:
    mix = pushed.mix
    return {
        "key": mix.key,
        "name": mix.name,
        "action": pushed.action,
        "reason": pushed.reason,
        "about": mix.about,
        "tracks": list(mix.track_ids),
    }
