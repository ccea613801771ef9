"""Speaks as much of Qdrant's HTTP as an API process asks of an empty server: `qdrant_process.py PORT`.

There is no Qdrant server to install here. What is tested with it is what happens when the server stands still, so that
it only has to be a real process on a real socket that answers until then.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALIASES = {"aliases": [{"alias_name": "segue", "collection_name": "segue-0"}]}


class Answers(BaseHTTPRequestHandler):
    """Every question has one answer."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(ALIASES)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path.partition("?")[0].endswith("/count"):
            self._answer({"count": 0})
        else:
            self._answer([{"points": []} for _ in body.get("searches", [])])

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, result: object) -> None:
        data = json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
