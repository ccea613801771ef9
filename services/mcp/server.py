"""The MCP server: tools by name, over standard input and output or over HTTP."""

from collections.abc import Awaitable, Callable
from functools import wraps
from importlib.metadata import version
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool as ServedTool
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError
from segue_client import AsyncSegue, SegueError

from services.domain.errors import LIST_LIBRARY
from services.mcp.tools import Writing

INSTRUCTIONS = (
    "Segue chooses music from the user's own library by how it sounds. Find songs with `search`, then pass their ids "
    "to `recommend`, `radio`, `path` and `explain`. Never invent ids. Say why you chose a song: each has `why`."
)
HOST = "127.0.0.1"
"""Only programs of this machine may connect: whoever connects acts with the key of this server."""

SEARCH = "`search` finds songs and their ids"
"""What an assistant does about an unknown song."""

UNKNOWN_SONG = "No track has the id"
"""How the API begins to say that it has no such song."""

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)

Tool = Callable[..., Awaitable[Any]]


class _Server(MCPServer[None]):
    """A server whose texts about wrong arguments say which ones a tool takes."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool.

        Raises:
            ToolError: the tool is unknown or its arguments are wrong, or it raises an expected error.
        """
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            taken = next(tool.input_schema["properties"] for tool in await self.list_tools() if tool.name == name)
            wrong = [f"`{'.'.join(map(str, each['loc']))}`: {each['msg']}." for each in error.__cause__.errors()]
            text = f"Call `{name}` with other arguments. {' '.join(wrong)} It takes {', '.join(taken) or 'none'}."
            raise ToolError(text) from error.__cause__


def server_of(client: AsyncSegue, *, listener: str | None, write: bool) -> MCPServer[None]:
    """Return the server of a service. `write` adds tools that change something."""
    tools = Writing(client, listener)
    reading: list[Tool] = [tools.search, tools.recommend, tools.moods, tools.radio, tools.path]
    reading += [tools.playlists, tools.playlist, tools.taste, tools.explain]
    writing: list[Tool] = [tools.create_playlist, tools.add_to_playlist, tools.record] if write else []
    return _Server(
        "segue",
        title="Segue",
        instructions=INSTRUCTIONS,
        version=version("segue"),
        log_level="WARNING",
        tools=[*(_served(tool, READS) for tool in reading), *(_served(tool, WRITES) for tool in writing)],
    )


async def serve(client: AsyncSegue, *, listener: str | None, write: bool, port: int | None) -> None:
    """Serve over standard input and output until the client ends, or over HTTP at a port of this machine."""
    server = server_of(client, listener=listener, write=write)
    async with client:
        if port is None:
            await server.run_stdio_async()
        else:
            await server.run_streamable_http_async(host=HOST, port=port, stateless_http=True)


def _served(tool: Tool, annotations: ToolAnnotations) -> ServedTool:
    """Return a tool that refuses unknown arguments."""
    served = ServedTool.from_function(_answered(tool), annotations=annotations)
    arguments = served.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    return served.model_copy(update={"parameters": arguments.model_json_schema(by_alias=True)})


def _answered(tool: Tool) -> Tool:
    """Return a tool whose expected errors reach the assistant as a text."""

    @wraps(tool)
    async def run(**arguments: Any) -> Any:  # noqa: ANN401  each tool has its own
        try:
            return await tool(**arguments)
        except SegueError as error:
            text = error.detail.replace(LIST_LIBRARY, SEARCH)
            hint = f" {SEARCH}." if text.startswith(UNKNOWN_SONG) else ""
            raise ToolError(text + hint) from error

    return run
