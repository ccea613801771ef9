"""The costs that the model is made of, from `costs.toml`: each with its unit and what measured it."""

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

DEFAULT = Path(__file__).with_name("costs.toml")
SMALL, LARGE = 100_000, 1_000_000
"""Tracks of the two libraries in which a query of the index was measured."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A measured value. `source` is the command, or the file, that says so."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Request:
    """What one request takes outside the index, and how often it queries the index.

    Attributes:
        name: The kind of request.
        share: Of all requests, unless a mix is given.
        api_ms: Milliseconds of processor time in the API process.
        database_ms: Milliseconds of processor time in PostgreSQL.
        bytes_in: From the client.
        bytes_out: To the client.
        database_bytes: Between API and database.
        queries: Queries of the index.
        filtered: Whether these have filters.
    """

    name: str
    share: float
    api_ms: float
    database_ms: float
    bytes_in: float
    bytes_out: float
    database_bytes: float
    queries: int
    filtered: bool


@dataclass(frozen=True, slots=True)
class Costs:
    """All costs by name, and the kinds of requests."""

    costs: dict[str, Cost]
    requests: dict[str, Request]
    requests_source: str

    @classmethod
    def read(cls, file: Path = DEFAULT) -> Self:
        """Read a file of costs."""
        found = tomllib.loads(file.read_text(encoding="utf-8"))
        costs = {name: Cost(**cost) for name, cost in found["costs"].items()}
        requests = {name: Request(name=name, **request) for name, request in found["requests"].items()}
        return cls(costs, requests, found["requests_source"])

    def __getitem__(self, name: str) -> float:
        """Return the value of a cost."""
        return self.costs[name].value

    def query_ms(self, points: float, *, filtered: bool) -> float:
        """Return the processor time of one query of the index, which grows with the logarithm of the size."""
        kind = "filtered" if filtered else "plain"
        small, large = self[f"query_{kind}_small_ms"], self[f"query_{kind}_large_ms"]
        return max(small, small + (large - small) * math.log(points / SMALL) / math.log(LARGE / SMALL))

    def index_ms(self, request: Request, points: float) -> float:
        """Return the processor time that one request takes in an index of this size."""
        return request.queries * self.query_ms(points, filtered=request.filtered)
