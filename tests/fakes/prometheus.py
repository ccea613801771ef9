"""A real Prometheus that scrapes an API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.installation import running, wait_until
from tests.fakes.serving import free_port


@dataclass(frozen=True)
class Prometheus:
    """A client of the server."""

    http: httpx.Client

    def query(self, expression: str) -> list[Any]:
        """Return the current result of an expression."""
        response = self.http.get("/api/v1/query", params={"query": expression})
        assert response.status_code == 200, f"{expression}: {response.text}"
        found: list[Any] = response.json()["data"]["result"]
        return found

    def number(self, expression: str) -> float | None:
        """Return the value of an expression that has at most one."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else None


@contextmanager
def prometheus(folder: Path, target: str, **scrape: Any) -> Iterator[Prometheus]:
    """Run a server that scrapes a target every second as the job `segue`."""
    job = {"job_name": "segue", "scrape_interval": "1s", "static_configs": [{"targets": [target]}], **scrape}
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"scrape_configs": [job]}), encoding="utf-8")  # JSON is YAML, too
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (
        running(command, folder / "prometheus.log", {}),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
    ):
        wait_until(lambda: _is_ready(client))
        yield Prometheus(client)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
