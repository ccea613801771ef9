"""Unmodified clients of Subsonic's API with a real API process, signed in with an account."""

import re
from pathlib import Path

import pytest
import xmlschema

from services.composition import compose
from services.settings import Settings
from tests.clients.environments import HERE, node, python, run
from tests.clients.first_screen import OPTIONAL, PLAYERS, Screen
from tests.clients.table import check
from tests.fakes.library import track_id
from tests.fakes.named import retag
from tests.fakes.serving import api_process, free_port, wait_until_indexed

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "contract" / "subsonic.xsd")
USER, PASSWORD = "ada", "c19b2d"

REFUSED = ("getSong (unknown)", "startScan (no administrator)")
"""Calls that get an error, which the clients must understand."""

RAISING = ("py-sonic", "py-opensonic")
"""Clients that raise errors; subsonic-api returns them."""


DEFECTS = {("py-opensonic", "getMusicFolders")}
"""Calls that a client gets wrong: it reads the object with the list of folders as the list."""


@pytest.fixture(scope="module")
def arguments(library_dir, broker_url):
    """The address of the API, the account, and a track."""
    made = compose(Settings(data_dir=library_dir, redis_url=broker_url))
    made.catalogue.accounts.add(USER, PASSWORD)
    wait_until_indexed(made)
    for number in (1, 2):
        retag(made, library_dir, number, ids={"navidrome": f"nd{number}"})
    made.close()
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}", USER, PASSWORD, track_id(1)


def test_subsonic_clients_understand_every_call(arguments):
    """The table of docs/players.md shows what each client returned; only what must be refused is refused."""
    calls = run(python("subsonic"), HERE / "subsonic" / "calls.py", *arguments)
    calls += run("node", node("subsonic-js") / "calls.mjs", *arguments)

    assert len({call.client for call in calls}) == 4
    wrong = {(call.client.split()[0], call.call): call.result for call in calls if call.result != "ok"}
    assert set(wrong) == {*DEFECTS, *((client, call) for client in RAISING for call in REFUSED)}, wrong
    check("subsonic", calls)


def test_every_way_to_send_a_request_works(arguments):
    """POST and GET, with and without `.view`, a token and a password; ids of a media server; errors."""
    url, user, password, _ = arguments
    calls = run(python("subsonic"), HERE / "subsonic" / "modes.py", url, user, password, track_id(5))

    assert len(calls) == 4 * 7
    assert [call for call in calls if call.result != "ok"] == []


@pytest.mark.parametrize("player", PLAYERS, ids=lambda player: player.name)
def test_a_player_gets_past_its_first_screen(arguments, player):
    """Every call of the player succeeds, and what it plays, scrobbles and stars comes back."""
    url, user, password, _ = arguments
    starred = ""
    for answer in Screen(player, url, user, password).answers():
        kind, response = answer.response.headers["Content-Type"], answer.response
        assert response.status_code == 200
        if answer.method == "getStarred2":
            starred = response.text
        if kind.startswith("text/xml"):
            SCHEMA.validate(response.text)
            assert ('status="ok"' in response.text) == (answer.method not in OPTIONAL), response.text
        elif kind == "application/json":
            envelope = response.json()["subsonic-response"]
            assert (envelope["status"] == "ok") == (answer.method not in OPTIONAL), envelope
        else:
            assert (answer.method, kind.split("/")[0]) in {("stream", "audio"), ("getCoverArt", "image")}
    assert re.search(r'"?playCount"?[=:] ?"?1\b', starred), starred
