"""The MCP server: tools by name, over standard input and output or over HTTP."""

from collections.abc import Awaitable, Callable
from functools import wraps
from importlib.metadata import version
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from segue_client import AsyncSegue, SegueError

from services.mcp.tools import Writing

INSTRUCTIONS = (
    "Segue chooses music from the user's own library by how it sounds. Find songs with `search`, then pass their ids "
    "to `recommend`, `radio`, `path` and `explain`. Never invent ids. Say why you chose a song: each has `why`."
)
HOST = "127.0.0.1"
"""Only programs of this machine may connect: whoever connects acts with the key of this server."""

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)

Tool = Callable[..., Awaitable[Any]]


def server_of(client: AsyncSegue, *, listener: str | None, write: bool) -> MCPServer[None]:
    """Return the server of a service. `write` adds tools that change something."""
    server: MCPServer[None] = MCPServer(
        "segue", title="Segue", instructions=INSTRUCTIONS, version=version("segue"), log_level="WARNING"
    )
    tools = Writing(client, listener)
    reading: list[Tool] = [tools.search, tools.recommend, tools.moods, tools.radio, tools.path]
    reading += [tools.playlists, tools.playlist, tools.taste, tools.explain]
    writing: list[Tool] = [tools.create_playlist, tools.add_to_playlist, tools.record] if write else []
    for tool in reading:
        server.add_tool(_answered(tool), annotations=READS)
    for tool in writing:
        server.add_tool(_answered(tool), annotations=WRITES)
    return server


async def serve(client: AsyncSegue, *, listener: str | None, write: bool, port: int | None) -> None:
    """Serve over standard input and output until the client ends, or over HTTP at a port of this machine."""
    server = server_of(client, listener=listener, write=write)
    async with client:
        if port is None:
            await server.run_stdio_async()
        else:
            await server.run_streamable_http_async(host=HOST, port=port, stateless_http=True)


def _answered(tool: Tool) -> Tool:
    """Return a tool whose expected errors reach the assistant as a text."""

    @wraps(tool)
    async def run(**arguments: Any) -> Any:  # noqa: ANN401  each tool has its own
        try:
            return await tool(**arguments)
        except SegueError as error:
            raise ToolError(error.detail) from error

    return run
