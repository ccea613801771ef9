"""Print measured values beside their targets."""

import os

from rich.console import Console
from rich.table import Table

CONSOLE = Console(width=140)


def at_most(measured: float, limit: float) -> str:
    """Return a cell with the figure, its limit and whether it is met."""
    return f"{measured:.2f} (≤ {limit:g}: {'reached' if measured <= limit else '[bold]not reached[/]'})"


def at_least(measured: float, required: float) -> str:
    """Return a cell with the figure, its target and whether it is reached."""
    return f"{measured:.2f} (≥ {required:g}: {'reached' if measured >= required else '[bold]not reached[/]'})"


def show(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table and how busy the machine was."""
    table = Table(*header, title=title)
    for row in rows:
        table.add_row(*row)
    CONSOLE.print(table)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    CONSOLE.print(f"load average {load} on {os.cpu_count()} processors")
