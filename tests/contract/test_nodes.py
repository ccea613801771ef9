"""Requests to several nodes, as real HTTP servers receive them."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from qdrant_client import models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from services.index.nodes import Nodes

VECTORS = models.VectorParams(size=4, distance=models.Distance.COSINE)


@contextmanager
def serving(status=200, *, breaks_off=False):
    """Serve one response to every request; yield the URL and the requests that arrive."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            self.respond(result=True)

        def do_POST(self):
            self.respond(result={"count": 7})

        def respond(self, *, result):
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append((self.command, self.path, self.headers, content))
            body = json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) + 5 * breaks_off))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()


def client_of(*addresses):
    return Nodes(addresses).client("s3cret", 2)


def test_nodes_take_turns():
    """Each gets every third request."""
    with serving() as (one, first), serving() as (two, second), serving() as (three, third):
        client = client_of(one, two, three)
        for _ in range(6):
            assert client.count("segue").count == 7

    assert [len(first), len(second), len(third)] == [2, 2, 2]


def test_each_node_gets_its_own_address():
    """Path and host are those of its URL, and the key is sent to all."""
    with serving() as (one, first), serving() as (two, second):
        client = client_of(f"{one}/qdrant/", two)
        client.count("segue")
        client.count("segue")

    [(_, path, headers, body)] = first
    assert (path, headers["Host"]) == ("/qdrant/collections/segue/points/count", one.removeprefix("http://"))
    [(_, other_path, other_headers, other_body)] = second
    assert (other_path, other_headers["Host"]) == ("/collections/segue/points/count", two.removeprefix("http://"))
    assert headers["api-key"] == other_headers["api-key"] == "s3cret"
    assert body == other_body != b""


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 503}, {"breaks_off": True}])
def test_another_node_replaces_one_that_fails(fault):
    """Also one that dies in the middle of a response."""
    with serving(**fault) as (broken, failed), serving() as (healthy, _):
        client = client_of(broken, healthy)
        assert [client.count("segue").count for _ in range(4)] == [7] * 4

    assert failed


def test_what_a_node_refuses_is_not_repeated():
    """Another node would refuse it too."""
    with serving(400) as (one, first), serving(400) as (two, second):
        client = client_of(one, two)
        with pytest.raises(UnexpectedResponse, match="400"):
            client.count("segue")

    assert len(first) + len(second) == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"breaks_off": True}])
def test_a_collection_is_not_created_twice(fault):
    """The first node may have created it."""
    with serving(**fault) as (one, first), serving() as (two, second):
        client = client_of(one, two)
        with pytest.raises(ApiException):
            client.create_collection("segue", VECTORS)

    assert (len(first), second) == (1, [])


def test_a_node_that_is_not_running_has_created_nothing():
    """So another one gets the request."""
    with socket.socket() as reserved, serving() as (running, seen):
        reserved.bind(("127.0.0.1", 0))
        client = client_of(f"http://127.0.0.1:{reserved.getsockname()[1]}", running)
        assert client.create_collection("segue", VECTORS)

    assert [path for _, path, *_ in seen] == ["/collections/segue"]
