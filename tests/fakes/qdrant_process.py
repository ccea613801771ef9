"""A minimal HTTP server with the responses of an empty Qdrant server: `qdrant_process.py PORT`.

Tests freeze this process to show what happens when Qdrant does not respond. A real process on a real socket is enough.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALIASES = {"aliases": [{"alias_name": "segue", "collection_name": "segue-0"}]}


class EmptyQdrant(BaseHTTPRequestHandler):
    """Return fixed responses."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._respond(ALIASES)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path.partition("?")[0].endswith("/count"):
            self._respond({"count": 0})
        else:
            self._respond([{"points": []} for _ in body.get("searches", [])])

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _respond(self, result: object) -> None:
        data = json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), EmptyQdrant).serve_forever()
