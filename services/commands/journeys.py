"""Commands that lead through the library: a path, a radio."""

from services.commands import output
from services.commands.library import connect
from services.commands.naming import resolve
from services.domain.radio import RadioStart, Seeds
from services.settings import Settings


def path(start: str, end: str, steps: int, *, as_json: bool) -> None:
    """List a path between two tracks."""
    with connect(Settings()) as client:
        first, last = resolve(client, start), resolve(client, end)
        found = client.path(first.id, last.id, steps=steps)
    if as_json:
        output.print_json(found)
        return
    output.note(f"From {output.described(first)} to {output.described(last)}:")
    output.show_path(found.tracks)


def radio(names: list[str], limit: int, *, as_json: bool) -> None:
    """Start a session and list its first tracks."""
    with connect(Settings()) as client:
        seeds = [resolve(client, name) for name in names]
        session = client.start_radio(RadioStart(seeds=Seeds(tracks=tuple(track.id for track in seeds))))
        found = client.next_radio_tracks(session.id, limit=limit)
    if as_json:
        output.print_json(found.model_dump(mode="json") | {"id": session.id})
        return
    output.note(f"Radio {session.id} from {', '.join(output.described(track) for track in seeds)}:")
    output.show_recommended(found.tracks)
