"""The Qdrant server or cluster that `SEGUE_TEST_QDRANT_URL` names, with an alias of its own for each test."""

import os
import secrets
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.index.nodes import Nodes
from services.index.qdrant_collections import CollectionSettings
from services.index.qdrant_server import BACKGROUND_SECONDS, ServerIndex

URLS = [url for url in os.environ.get("SEGUE_TEST_QDRANT_URL", "").split(",") if url]
NODE_COMMAND = shlex.split(os.environ.get("SEGUE_TEST_QDRANT_NODE_COMMAND", ""))
COMMAND_SECONDS = 120

needs_server = pytest.mark.skipif(not URLS, reason="SEGUE_TEST_QDRANT_URL names no Qdrant server")
needs_cluster = pytest.mark.skipif(
    len(URLS) < 3 or not NODE_COMMAND,
    reason="SEGUE_TEST_QDRANT_URL does not name three nodes, or SEGUE_TEST_QDRANT_NODE_COMMAND is not set",
)


@contextmanager
def server_index(settings: CollectionSettings = CollectionSettings()) -> Iterator[ServerIndex]:  # noqa: B008  immutable
    """Open an index with a new alias, and delete its collections at the end."""
    index = ServerIndex.connect(URLS, None, f"test{secrets.token_hex(4)}", BACKGROUND_SECONDS, settings=settings)
    try:
        yield index
    finally:
        index.delete_leftovers()
        with_client = Nodes(URLS).client(None, BACKGROUND_SECONDS)
        with_client.delete_collection(index.served())
        with_client.close()
        index.close()


def order(action: str, number: int) -> None:
    """Stop, freeze, thaw or start a node, counted from 1."""
    subprocess.run([*NODE_COMMAND, action, str(number)], check=True, timeout=COMMAND_SECONDS)
