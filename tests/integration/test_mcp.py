"""`segue mcp` with the client of the official SDK, over both transports, against a real API process."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

import httpx
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from segue_client import AsyncSegue

from services.composition import compose
from services.mcp.server import server_of
from services.settings import Settings
from tests.fakes import asynchronous
from tests.fakes.library import track_id
from tests.fakes.serving import TIMEOUT_SECONDS, api_process, free_port, wait_until_indexed

READING = {"search", "recommend", "moods", "radio", "path", "playlists", "playlist", "taste", "explain"}
WRITING = {"create_playlist", "add_to_playlist", "record"}


@pytest.fixture(scope="module")
def url(library_dir, broker_url):
    """The address of the API process of a library with 24 tracks."""
    made = compose(Settings(data_dir=library_dir, redis_url=broker_url))
    wait_until_indexed(made)
    made.close()
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}"


def command(*arguments):
    return [sys.executable, "-c", "from services.cli.main import main; main()", "mcp", *arguments]


def server(url, *, listener=None, write=False):
    """The server of `segue mcp` in this process, for a client in this process."""
    return Client(server_of(AsyncSegue(url), listener=listener, write=write))


def over_stdio(url, *arguments):
    """A client whose server is started with these arguments."""
    program, *rest = command(*arguments)
    environment = {**os.environ, "SEGUE_URL": url}
    return Client(stdio_client(StdioServerParameters(command=program, args=rest, env=environment)))


def ask(client, *calls):
    """The structured results of some calls in one session; the text of an error instead."""

    async def run():
        found = []
        async with client as connected:
            for name, arguments in calls:
                answer = await connected.call_tool(name, arguments)
                found.append(answer.content[0].text if answer.is_error else answer.structured_content)
        return found

    return asynchronous.run(run())


def titles(result):
    return [song["title"] for song in result["songs"]]


def test_an_assistant_reads_unless_it_may_write(url):
    """Over standard input and output. Every tool has a typed result, and says whether it changes something."""

    async def tools(client):
        async with client as connected:
            found = await connected.call_tool("search", {"text": "title 001"})
            assert found.structured_content["songs"][0]["id"] == track_id(1)
            return {tool.name: tool for tool in (await connected.list_tools()).tools}

    reading, writing = (asynchronous.run(tools(over_stdio(url, *options))) for options in ((), ("--write",)))

    assert set(reading) == READING
    assert set(writing) == READING | WRITING
    assert all(tool.description and tool.output_schema for tool in writing.values())
    assert {name for name, tool in writing.items() if tool.annotations.read_only_hint} == READING


def test_an_assistant_finds_and_recommends_songs(url):
    """By name, after a song, and in a radio session that repeats none."""
    [found, after, first] = ask(
        server(url),
        ("search", {"text": "title 001"}),
        ("recommend", {"after": [track_id(1)], "skipped": ["nobody"], "limit": 3}),
        ("radio", {"seeds": [track_id(2)], "limit": 3}),
    )
    [following] = ask(server(url), ("radio", {"session": first["session"], "limit": 3}))

    assert (found["songs"][0]["id"], found["songs"][0]["why"]) == (track_id(1), ["found by its title"])
    assert len(after["songs"]) == 3
    assert after["songs"][0]["why"] == ["near Title 001 by Artist 1"]
    assert "nobody" in after["notes"][0]
    assert first["session"] == following["session"]
    assert len({*titles(first), *titles(following)}) == 6


def test_an_assistant_explains_songs_and_joins_them(url):
    """A path has both ends; songs of one kind are nearer to each other than to another kind."""
    [path, near, far, alone] = ask(
        server(url),
        ("path", {"start": track_id(0), "end": track_id(2), "songs": 4}),
        ("explain", {"song": track_id(1), "other": track_id(5)}),
        ("explain", {"song": track_id(1), "other": track_id(3)}),
        ("explain", {"song": track_id(1)}),
    )

    assert (titles(path)[0], titles(path)[-1]) == ("Title 000", "Title 002")
    assert near["similarity"] > far["similarity"]
    assert far["differences"] == {"energy": -0.5}
    assert (alone["similarity"], alone["values"]["tempo"], alone["key"]) == (None, 81, "Db")


def test_an_assistant_that_may_write_stores_plays_and_playlists(url):
    """What it stores counts for the listener's tastes at once."""
    [_, liked, taste, made, listed] = ask(
        server(url, listener="ada", write=True),
        ("record", {"song": track_id(3), "event": "play"}),
        ("record", {"song": track_id(7), "event": "like"}),
        ("taste", {}),
        ("create_playlist", {"name": "From the assistant", "songs": [track_id(3)]}),
        ("playlists", {}),
    )
    [longer, shown] = ask(
        server(url, write=True),
        ("add_to_playlist", {"playlist": made["playlist"]["id"], "songs": [track_id(7)]}),
        ("playlist", {"playlist": made["playlist"]["id"]}),
    )

    assert liked["message"] == "Stored for ada: like."
    assert {song["title"]: song["why"] for song in taste["tastes"][0]["songs"]} == {
        "Title 003": ["played 1 times"],
        "Title 007": ["liked"],
    }
    assert made["playlist"]["listener"] == "ada"
    assert listed["playlists"] == [made["playlist"]]
    assert titles(longer) == titles(shown) == ["Title 003", "Title 007"]


def test_errors_reach_the_assistant_as_a_text(url):
    """An unknown song, a missing listener, a wrong argument, and a service that does not run."""
    [unknown, seedless, unnamed, wrong, missing, extra] = ask(
        server(url),
        ("explain", {"song": "nobody"}),
        ("radio", {"seeds": ["nobody"]}),
        ("taste", {}),
        ("search", {"text": "x", "limit": 1000}),
        ("search", {}),
        ("radio", {"songs": [track_id(1)]}),
    )
    [stopped] = ask(server(f"http://127.0.0.1:{free_port()}"), ("search", {"text": "x"}))

    assert "'nobody'. `search` finds songs and their ids." in unknown
    assert seedless.endswith("None of the seeds matches an analysed track; `search` finds songs and their ids.")
    assert "Name a listener" in unnamed
    assert "`limit`: Input should be less than or equal to 100." in wrong
    assert missing == "Call `search` with other arguments. `text`: Field required. It takes text, limit."
    assert "`songs`: Extra inputs are not permitted. It takes seeds, session, text" in extra
    assert "segue up" in stopped


@pytest.fixture
def over_http(url):
    """The address of `segue mcp --http`."""
    port = free_port()
    environment = {**os.environ, "SEGUE_URL": url}
    process = subprocess.Popen(
        command("--http", "--port", str(port)), env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr.readline() == f"Assistants connect to http://127.0.0.1:{port}/mcp.\n"
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        assert process.poll() is None, "segue mcp ended"
        assert time.monotonic() < deadline, "segue mcp is not ready"
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/mcp"
    process.terminate()
    process.wait(timeout=TIMEOUT_SECONDS)


def test_an_assistant_connects_over_http(over_http):
    """The tools are the same; requests of web pages and by foreign names are refused."""
    [found] = ask(Client(over_http), ("search", {"text": "title 001"}))
    headers = [{"Host": "evil.example"}, {"Origin": "http://evil.example"}]
    accepted = {"Accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    statuses = [
        httpx.post(over_http, json=body, headers=accepted | each, trust_env=False).status_code for each in headers
    ]

    assert found["songs"][0]["id"] == track_id(1)
    assert statuses == [421, 403]


def test_a_service_that_does_not_run_is_a_warning():
    """The server starts all the same, and ends with its input."""
    environment = {**os.environ, "SEGUE_URL": f"http://127.0.0.1:{free_port()}"}
    ended = subprocess.run(
        command(), env=environment, input="", capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
    )

    assert "Every tool fails for now" in ended.stderr
