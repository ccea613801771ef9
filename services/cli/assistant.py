"""`segue mcp`: a server of the Model Context Protocol for assistants.

The command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

import asyncio
from typing import Annotated

import typer

REACH_SECONDS = 2.0
"""How long `segue mcp` waits at its start to learn whether the service answers."""


def mcp(
    *,
    listener: Annotated[
        str | None, typer.Option(help="Listener whose tastes count if the assistant names none.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Let the assistant store playlists, plays, likes and bans.")
    ] = False,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP instead of standard input and output.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --http: the port of this machine.")] = 8766,
) -> None:
    """Let an assistant choose music: serve the Model Context Protocol, through the running service."""
    from segue_client import AsyncSegue, Segue, SegueError, ServiceUnreachable

    from services.cli import output
    from services.cli.lookup import address
    from services.domain.errors import NotConfigured
    from services.settings import load_settings

    try:
        from services.mcp.server import HOST, serve
    except ModuleNotFoundError as error:
        raise NotConfigured("`segue mcp` needs the extra 'mcp': run `pip install 'segue[mcp]'`.") from error
    settings = load_settings()
    try:
        with Segue(address(settings), key=settings.client_key, timeout=REACH_SECONDS) as service:
            service.status()
    except ServiceUnreachable as error:
        output.print_message(f"Every tool fails for now: {error.detail}")
    except SegueError:
        pass  # such as a key without the scope for the status
    if http:
        output.print_message(f"Assistants connect to http://{HOST}:{port}/mcp.")
    client = AsyncSegue(address(settings), key=settings.client_key)
    asyncio.run(serve(client, listener=listener, write=write, port=port if http else None))
