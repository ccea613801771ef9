"""Carrying a listener's listens from one Segue to another, as JSON lines."""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from services.api.schemas.listens import Listen, ListenIn
from services.cli import output
from services.cli.library import connect
from services.domain.errors import InvalidRequest
from services.domain.listening import NewListen
from services.settings import load_settings


def export(user: str) -> None:
    """Print a line for each listen, newest first."""
    with connect(load_settings()) as client:
        for listen in client.listens(user):
            sys.stdout.write(_as_told(listen).model_dump_json(exclude_defaults=True) + "\n")


def take_in(user: str, file: Path, *, as_json: bool) -> None:
    """Send the lines of a file, a thousand at a time, once all of them are known to make sense.

    Raises:
        InvalidRequest: a line is no listen; nothing is sent then.
    """
    text = sys.stdin.read() if str(file) == "-" else _read(file)
    told = list(_listens(text.split("\n")))
    with connect(load_settings()) as client:
        answer = client.listen(user, told)
    if as_json:
        output.print_json(answer.model_dump(include={"recorded", "duplicates", "unknown"}))
    else:
        output.note(
            f"{answer.recorded} listens are new, {answer.duplicates} were there already. "
            f"The library does not have the tracks of {answer.unknown} of them (yet)."
        )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InvalidRequest(f"'{file}' cannot be read: {error}") from error


def _listens(lines: Iterable[str]) -> Iterator[NewListen]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            listen = ListenIn.model_validate_json(line)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, wrong["loc"])) or "the line"
            raise InvalidRequest(f"Line {number} is no listen: {where}: {wrong['msg']}.") from error
        if listen.at is None:
            raise InvalidRequest(f"Line {number} is no listen that was exported: it has no time.")
        yield listen.to_domain(datetime.now(UTC))


def _as_told(listen: Listen) -> ListenIn:
    """What records the same listen elsewhere: a Segue id is the same wherever the same audio is."""
    ids = list(dict.fromkeys([*([] if listen.track_id is None else [listen.track_id]), *listen.names]))
    words = listen.model_dump(include={"artist", "title", "album", "duration_ms", "event", "at", "played_ms", "key"})
    return ListenIn.model_validate({"track_id": ids[0] if ids else None, "other_ids": ids[1:], **words})
