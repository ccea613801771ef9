"""Keys of a library reach nothing of another one, on every route, and each statement says so.

Library A has all that the examples of the OpenAPI document name; the key belongs to library B. So the requests of all
operations name tracks, listeners, playlists, sessions, jobs and pictures of another library.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from threading import get_ident
from typing import Any

import pytest
from flask import g, has_request_context
from sqlalchemy import Engine, event, func, select

from services.api.app import create_app
from services.api.openapi.document import EXAMPLES
from services.api.openapi.examples.values import BEACH, LISTENER
from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.catalog.tables import Table, TrackRow
from services.catalog.tenancy import HELD, RULES, limited_to, rule_of
from services.composition import compose
from services.domain.access import Scope
from services.domain.listening import NewListen
from services.domain.track import Tags
from services.settings import Settings
from tests.fakes.examples import DEMO_TRACKS, operations_of, placeholders, request_of, write_examples
from tests.fakes.library import record, tower, track_id, write_tone
from tests.fakes.questions import answering
from tests.fakes.serving import wait_until_indexed

A, B = frozenset({"a"}), frozenset({"b"})
OWN_LISTENER = "bob"
OWN = range(100, 106)
PLAYED_AT = datetime(2026, 3, 1, tzinfo=UTC)
SCOPES = (Scope.READ, Scope.LISTEN, Scope.INGEST)

NAMES_OF_A = (*DEMO_TRACKS.values(), "Maxstack", "Endgame", "Rainy Sunday", "Smart", LISTENER, "mine.energy")
"""Titles, artists, albums, playlists, the listener and an own feature of library A."""

UNLIMITED = {
    r"FROM library_members \s*WHERE library_members.listener = \?": "the libraries of a listener, to refuse others",
    r"^SELECT COUNT\(\*\) FROM \(SELECT 1 FROM locations WHERE library IN": "the files of own libraries, each minute",
    r"^SELECT \(?EXISTS \(SELECT \* \s*FROM listens": "whether a listener is known, to let nobody take a name",
    r"^SELECT library_roots.path, library_roots.library \s*FROM library_roots$": "folders of others below a scan",
    r"\b(?:library_usage|library_quotas)\b": "a process writes what all libraries used at once",
    r"FROM listens \s*WHERE listens.listener = \? AND listens.identity IN": "a listener has each listen once",
}
"""Statements of limited requests that see all rows, with the reason."""

UNLIMITED_OPERATIONS = {
    "uploadTrack": "the track may belong to another library already",
    "removeTrack": "the track goes when its last file does, whoever had it",
}
"""Operations that check the limit first and then write without one, with the reason."""


@pytest.fixture(scope="module")
def services(tmp_path_factory, broker_url):
    """Two libraries: that of the examples, and another one with six tracks."""
    folder = tmp_path_factory.mktemp("segue")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    catalogue.migrate()
    (folder / "own").mkdir()
    catalogue.libraries.put("A", [str(folder / "music"), str(folder / "pictures")], [LISTENER])
    catalogue.libraries.put("B", [str(folder / "own")], [OWN_LISTENER])
    write_examples(catalogue, folder)
    for number in OWN:
        file = write_tone(folder / "own" / f"{number}.wav", 300 + number)
        stamp = FileStamp(str(file), str(file.parent), file.stat().st_size, file.stat().st_mtime_ns)
        catalogue.library.register(track_id(number), Tags(f"Bravo {number}", ("Bravi",), "Encore"), stamp)
        record(catalogue, track_id(number), number)
    catalogue.close()
    made = compose(Settings(data_dir=folder, redis_url=broker_url), tower())
    wait_until_indexed(made)
    with answering(broker_url):
        yield made
    made.close()


@pytest.fixture(scope="module")
def app(services):
    made = create_app(services)
    made.after_request(_remember_sender)
    return made


@pytest.fixture(scope="module")
def client(app):
    return app.test_client()


@pytest.fixture(scope="module")
def operations(client):
    return operations_of(client.get("/openapi.json").json)


@dataclass(frozen=True)
class Libraries:
    """What the requests name and send, and what library A has. No request of library B changes it."""

    made: dict[str, Any]
    keys: tuple[str, str]
    """Keys of library B: one for all of its listeners, and one that is bound to its listener."""
    session: str
    """An Audioscrobbler session of the second key."""
    known: frozenset[str]
    rows: dict[str, int]


@pytest.fixture(scope="module")
def libraries(client, services):
    catalogue = services.catalogue
    keys = (
        catalogue.keys.create("b", SCOPES, libraries=B).text,
        catalogue.keys.create("bob", SCOPES, [OWN_LISTENER], libraries=B).text,
    )
    sign_in = {"method": "auth.getMobileSession", "username": OWN_LISTENER, "password": keys[1], "format": "json"}
    session = client.post("/2.0/", data={**sign_in, "api_sig": "0" * 32}).json["session"]["key"]
    with placeholders(client, services, services.settings.data_path) as made:
        radio = client.post("/v1/radio", json={"user": LISTENER, "seeds": {"tracks": [*DEMO_TRACKS][:2]}})
        files = {name: (value[0].read(), value[1]) for name, value in made.items() if isinstance(value, tuple)}
        values = made | files | {"session_id": radio.json["id"]}
        yield Libraries(values, keys, session, known_of_a(catalogue, values), rows_of_a(catalogue))


_senders: list[Any] = []


def _remember_sender(response):
    _senders.append(g.get("principal"))
    return response


@dataclass
class Watched:
    """Statements of a request on tables with rows of libraries that do not have the condition of each."""

    statements: list[str] = field(default_factory=list)
    thread: int = field(default_factory=get_ident)

    def note(self, _connection, _cursor, statement, *_more):
        """Note a statement of this thread that runs in a request."""
        if get_ident() == self.thread and has_request_context() and "principal" in g:
            self.statements.append(statement)

    @property
    def unlimited(self) -> list[str]:
        """The statements that are neither limited nor listed above."""
        open_ = [each for each in self.statements if tables_without_condition(each)]
        return [each for each in open_ if not any(re.search(pattern, each) for pattern in UNLIMITED)]


@contextmanager
def watched() -> Iterator[Watched]:
    """Watch the statements of this thread."""
    found = Watched()
    event.listen(Engine, "before_cursor_execute", found.note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", found.note)


def tables_without_condition(statement: str) -> set[str]:
    """Return the tables of a statement that it reads or changes without their condition."""
    conditions = {
        name: rule_of(name).format(here=name, ours="IN (SELECT value FROM json_each(?))") for name in (*HELD, *RULES)
    }
    rest = " ".join(statement.split())
    rest = rest.replace("FROM tracks AS gone ", "FROM successors ")  # `services.catalog.successors` limits these
    for name, condition in conditions.items():
        rest = rest.replace(f"(SELECT * FROM {name} WHERE {condition})", "(limited)")  # noqa: S608  compared, not sent
    changed = re.match(r"(?:UPDATE|DELETE FROM) (\w+)", rest)
    if changed and changed[1] in conditions and conditions[changed[1]] in rest:
        rest = rest.replace(conditions[changed[1]], "limited").removeprefix(changed[0])
    rest = re.sub(r"^INSERT INTO \w+", "", rest)
    return {name for name in re.findall(r"(?:FROM|JOIN|UPDATE|,) (\w+)\b(?!\.)", rest) if name in conditions}


def rows_of_a(catalogue: Catalogue) -> dict[str, int]:
    """Return how many rows of each table library A has."""
    with limited_to(A), catalogue.database.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Table.metadata.tables.items()
            if name in HELD or name in RULES
        }


def signed(sent: dict[str, Any], key: tuple[str, str], session: str) -> dict[str, Any]:
    """Return a request with the credentials of library B in place of those of the example."""
    of_library, of_listener = key
    path, query = sent["path"], dict(sent["query_string"])
    if path.startswith("/rest/"):
        query = {name: value for name, value in query.items() if name not in {"u", "p"}} | {"apiKey": of_listener}
        return sent | {"query_string": query}
    if path.startswith("/audioscrobbler/"):
        query.pop("u", None)
        given = {"query_string": query | {"sk": session, "s": session}}
        return sent | given | ({"data": sent["data"] | {"s": session}} if "data" in sent else {})
    if path.startswith("/2.0/"):
        swapped = {name: session if name == "sk" else value for name, value in (sent.get("data") or {}).items()}
        query = {name: session if name == "sk" else value for name, value in query.items()}
        headers = {"X-API-Key": of_listener}
        return sent | {"query_string": query, "headers": headers} | ({"data": swapped} if swapped else {})
    header = {"Authorization": f"Token {of_listener}"} if path.startswith("/1/") else {"X-API-Key": of_library}
    return sent | {"headers": header}


def known_of_a(catalogue: Catalogue, made: dict[str, Any]) -> frozenset[str]:
    """Return the names, ids and paths of library A."""
    with limited_to(A), catalogue.database.read() as session:
        tracks = session.execute(select(TrackRow.id, TrackRow.title, TrackRow.artist_id, TrackRow.album_id)).all()
    ids = {str(made[name]) for name in ("session_id", "job_id", "playlist_id", "taste_id", "path")}
    return frozenset({each for row in tracks for each in row if each} | ids | {BEACH, *NAMES_OF_A})


def fresh(made: dict[str, Any]) -> dict[str, Any]:
    """Return the placeholders with files that were not sent yet: a client closes those that it sends."""
    return {name: (BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value for name, value in made.items()}


def leaks(answer, sent: dict[str, Any], known: frozenset[str]) -> set[str]:
    """Return what an answer tells of library A and the request did not name."""
    # A stream of events does not end: its first look at the service is a comment and two events.
    parts = islice(answer.iter_encoded(), 3) if answer.mimetype == "text/event-stream" else [answer.get_data()]
    text = f"{b''.join(parts).decode(errors='replace')} {answer.headers}"
    asked = repr({name: value for name, value in sent.items() if name != "headers"})
    return {each for each in known if each not in asked and re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", text)}


def test_every_route_has_an_operation(app, operations):
    """So the walk below misses none: what has no operation is a page, or refuses to tell anything."""
    described = {re.sub(r"{(\w+)}", "*", path) for path, _, _ in operations.values()}
    routes = {re.sub(r"<[^>]+>", "*", rule.rule) for rule in app.url_map.iter_rules()}

    assert routes - described == {"/", "/favicon.ico", "/web/*", "/docs", "/docs/assets/*", "/openapi.json", "/rest/*"}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_key_of_another_library_gets_nothing(client, services, operations, libraries, name):
    """The answer tells nothing of library A, nothing of A changes, and each statement has the condition."""
    sent = signed(request_of(operations[name], fresh(libraries.made)), libraries.keys, libraries.session)
    services.now_playing.clear(OWN_LISTENER)  # what other requests told in its name
    services.catalogue.listeners.forget_history(OWN_LISTENER)
    services.catalogue.listens.add(OWN_LISTENER, [NewListen(names=(track_id(OWN[0]),), at=PLAYED_AT)])
    _senders.clear()

    with watched() as statements:
        answer = client.open(**sent)
        leaked = leaks(answer, sent, libraries.known)
        answer.close()

    [sender] = _senders
    assert sender is None or sender.libraries == B, "the request has no key of library B"
    assert answer.status_code < 500, answer.text
    assert leaked == set(), answer.text
    assert rows_of_a(services.catalogue) == libraries.rows
    if libraries.known & set(sent["path"].split("/")):
        assert answer.status_code in {403, 404}, answer.text
    if name not in UNLIMITED_OPERATIONS:
        assert statements.unlimited == []
