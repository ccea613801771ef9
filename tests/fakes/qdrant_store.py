"""The REST requests of Segue's adapter, served from qdrant-client's local mode; see `qdrant_nodes.py`.

It keeps what a collection was created with and returns it, but nothing of it changes how points are stored or found.
"""

import json
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel, TypeAdapter
from qdrant_client import QdrantClient, models

PEERS = 3
DEFAULTS = {
    "params": {"shard_number": 1, "replication_factor": 1, "write_consistency_factor": 1, "on_disk_payload": True},
    "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0},
    "optimizer_config": {
        "deleted_threshold": 0.2,
        "vacuum_min_vector_number": 1000,
        "default_segment_number": 0,
        "indexing_threshold": 10000,
        "flush_interval_sec": 5,
    },
    "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
}
PARAMS = ("vectors", "shard_number", "replication_factor", "write_consistency_factor", "on_disk_payload")
# Names in requests, and those in what the server returns.
SECTIONS = {"hnsw_config": "hnsw_config", "optimizers_config": "optimizer_config", "wal_config": "wal_config"}
OPERATION = {"operation_id": 0, "status": "completed"}

Body = dict[str, Any]


class RefusedError(Exception):
    """A response with a status other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Store:
    """Collections, aliases and points; a method per request."""

    def __init__(self) -> None:
        self._local = QdrantClient(":memory:")
        self._configs: dict[str, Body] = {}
        self._schemas: dict[str, Body] = {}

    def aliases(self, _: Body) -> object:
        """List the aliases."""
        return self._local.get_aliases()

    def change_aliases(self, body: Body) -> object:
        """Create and delete aliases in one step."""
        asked = TypeAdapter(models.ChangeAliasesOperation).validate_python(body)
        return self._local.update_collection_aliases(asked.actions)

    def collections(self, _: Body) -> object:
        """List the collections."""
        return self._local.get_collections()

    def exists(self, _: Body, name: str) -> object:
        """Return whether a collection exists."""
        return {"exists": self._local.collection_exists(name)}

    def create(self, body: Body, name: str) -> object:
        """Create a collection."""
        if self._local.collection_exists(name):
            raise RefusedError(409, f"Wrong input: Collection `{name}` already exists!")
        asked = models.CreateCollection.model_validate(body)
        self._local.create_collection(name, asked.vectors)
        self._configs[name] = json.loads(json.dumps(DEFAULTS))
        self._schemas[name] = {}
        return self.change(body, name)

    def change(self, body: Body, name: str) -> object:
        """Change what a collection was created with."""
        config = self._configs[name]
        config["params"] |= {key: body[key] for key in PARAMS if body.get(key) is not None}
        config["params"] |= {key: value for key, value in (body.get("params") or {}).items() if value is not None}
        for asked, kept in SECTIONS.items():
            config[kept] |= {key: value for key, value in (body.get(asked) or {}).items() if value is not None}
        for section in ("quantization_config", "metadata"):
            if body.get(section) is not None:
                config[section] = body[section]
        return True

    def drop(self, _: Body, name: str) -> object:
        """Delete a collection."""
        self._configs.pop(name, None)
        return self._local.delete_collection(name)

    def describe(self, _: Body, name: str) -> object:
        """Return what a collection was created with."""
        count = self._local.count(name).count
        return {
            "status": "green",
            "optimizer_status": "ok",
            "points_count": count,
            "indexed_vectors_count": count,
            "segments_count": 1,
            "config": self._configs[self._real(name)],
            "payload_schema": self._schemas[self._real(name)],
        }

    def create_field(self, body: Body, name: str) -> object:
        """Keep the index of a payload field."""
        asked = body["field_schema"]
        data_type = asked if isinstance(asked, str) else asked["type"]
        params = {} if isinstance(asked, str) else {"params": asked}
        self._schemas[self._real(name)][body["field_name"]] = {"data_type": data_type, "points": 0} | params
        return OPERATION

    def drop_field(self, _: Body, name: str, field: str) -> object:
        """Forget the index of a payload field."""
        self._schemas[self._real(name)].pop(field, None)
        return OPERATION

    def upsert(self, body: Body, name: str) -> object:
        """Add or replace points."""
        self._local.upsert(name, models.PointsList.model_validate(body).points)
        return OPERATION

    def delete(self, body: Body, name: str) -> object:
        """Delete points."""
        self._local.delete(name, models.PointIdsList.model_validate(body))
        return OPERATION

    def count(self, body: Body, name: str) -> object:
        """Count points."""
        return self._local.count(name, models.CountRequest.model_validate(body).filter)

    def scroll(self, body: Body, name: str) -> object:
        """List points by id."""
        asked = models.ScrollRequest.model_validate(body)
        points, following = self._local.scroll(
            name,
            scroll_filter=asked.filter,
            limit=asked.limit or 10,
            offset=asked.offset,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
        )
        return {"points": [point.model_dump(mode="json") for point in points], "next_page_offset": following}

    def query(self, body: Body, name: str) -> object:
        """Run queries."""
        answers = self._local.query_batch_points(name, models.QueryRequestBatch.model_validate(body).searches)
        return [answer.model_dump(mode="json") for answer in answers]

    def cluster(self, _: Body) -> object:
        """Describe the cluster."""
        return {
            "status": "enabled",
            "peer_id": 1,
            "peers": {str(number): {"uri": f"http://node-{number}:6335/"} for number in range(1, PEERS + 1)},
            "raft_info": {"term": 1, "commit": 1, "pending_operations": 0, "role": "Leader", "is_voter": True},
            "consensus_thread_status": {"consensus_thread_status": "working", "last_update": "2026-01-01T00:00:00Z"},
            "message_send_failures": {},
        }

    def shards(self, _: Body, name: str) -> object:
        """Describe the shards of a collection, as if they were on all nodes."""
        params = self._configs[self._real(name)]["params"]
        shards = range(params["shard_number"])
        return {
            "peer_id": 1,
            "shard_count": len(shards),
            "local_shards": [{"shard_id": each, "points_count": 0, "state": "Active"} for each in shards],
            "remote_shards": [
                {"shard_id": each, "peer_id": peer, "state": "Active"}
                for each in shards
                for peer in range(2, params["replication_factor"] + 1)
            ],
            "shard_transfers": [],
        }

    def _real(self, name: str) -> str:
        aliases = {each.alias_name: each.collection_name for each in self._local.get_aliases().aliases}
        found = aliases.get(name, name)
        if found not in self._configs:
            raise RefusedError(404, f"Not found: Collection `{name}` doesn't exist!")
        return found


NAMED = r"/collections/([^/]+)"
ROUTES: list[tuple[str, str, Callable[..., object]]] = [
    ("GET", "/aliases", Store.aliases),
    ("POST", "/collections/aliases", Store.change_aliases),
    ("GET", "/collections", Store.collections),
    ("GET", f"{NAMED}/exists", Store.exists),
    ("PUT", NAMED, Store.create),
    ("PATCH", NAMED, Store.change),
    ("DELETE", NAMED, Store.drop),
    ("GET", NAMED, Store.describe),
    ("PUT", f"{NAMED}/index", Store.create_field),
    ("DELETE", f"{NAMED}/index/([^/]+)", Store.drop_field),
    ("PUT", f"{NAMED}/points", Store.upsert),
    ("POST", f"{NAMED}/points/delete", Store.delete),
    ("POST", f"{NAMED}/points/count", Store.count),
    ("POST", f"{NAMED}/points/scroll", Store.scroll),
    ("POST", f"{NAMED}/points/query/batch", Store.query),
    ("GET", "/cluster", Store.cluster),
    ("GET", f"{NAMED}/cluster", Store.shards),
]


def _route(command: str, path: str) -> tuple[Callable[..., object], Sequence[str]]:
    for method, pattern, handle in ROUTES:
        if method == command and (found := re.fullmatch(pattern, path)):
            return handle, found.groups()
    raise RefusedError(501, f"the stand-in does not serve {command} {path}")


class Handler(BaseHTTPRequestHandler):
    """Parses requests and forms responses."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    store = Store()
    lock = threading.Lock()

    def handle_one_request(self) -> None:
        """Parse one request and respond; the same for every method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self._respond()

    def _respond(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        path = self.path.partition("?")[0]
        status, answer = 200, b"healthz check passed"
        if path != "/healthz":
            status, answer = self._answer(path, body)
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if path == "/healthz" else "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, path: str, body: Body) -> tuple[int, bytes]:
        try:
            handle, names = _route(self.command, path)
            with self.lock:
                result = handle(self.store, body, *names)
        except (RefusedError, ValueError) as error:  # local mode raises ValueError for what it does not know
            status = error.status if isinstance(error, RefusedError) else 404 if "not found" in str(error) else 400
            return status, json.dumps({"status": {"error": str(error)}, "time": 0.0}).encode()
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json")
        return 200, json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def serve(port: int) -> None:
    """Serve an empty store."""
    warnings.filterwarnings("ignore", message="Payload indexes have no effect")
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
