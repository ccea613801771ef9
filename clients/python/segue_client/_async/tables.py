"""Tables of the library for analysts, as Arrow tables. They need the extra `arrow`."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from segue_client._async.connection import AsyncConnection
from segue_client.arguments import listed, parameters, plain, segment
from segue_client.errors import SegueError

if TYPE_CHECKING:
    import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"
# A part of a table comes within seconds, but another request may take the processor meanwhile.
TABLE_TIMEOUT_SECONDS = 120.0


class AsyncTables:
    """Whole tables of the service as `pyarrow.Table`; `.to_pandas()` and `polars.from_arrow()` convert them.

    Segue's `docs/tables.md` lists the columns; the metadata of a field has its meaning, unit and range.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def tracks(self, ids: Iterable[str] | None = None, *, since: datetime | None = None) -> "pa.Table":
        """Every track with its names, its first file and its ids, or those with these ids."""
        wanted = None if ids is None else listed("ids", ids)
        return _selected(await self.export("tracks", since=since), wanted)

    async def features(self, ids: Iterable[str] | None = None, *, since: datetime | None = None) -> "pa.Table":
        """What the analysis measured: of all tracks, or of those with these ids."""
        wanted = None if ids is None else listed("ids", ids)
        return _selected(await self.export("features", since=since), wanted)

    async def embeddings(self, ids: Iterable[str] | None = None, *, since: datetime | None = None) -> "pa.Table":
        """The embeddings of all analysed tracks, or of those with these ids."""
        wanted = None if ids is None else listed("ids", ids)
        return _selected(await self.export("embeddings", since=since), wanted)

    async def listens(self, *, since: datetime | None = None, pseudonymise: bool = False) -> "pa.Table":
        """Every listen of the listeners that the key is bound to; of all listeners with the scope `admin`."""
        return await self.export("listens", since=since, pseudonymise=pseudonymise)

    async def export(self, table: str, *, since: datetime | None = None, pseudonymise: bool = False) -> "pa.Table":
        """Any table by its name, with the content of the catalogue at one time.

        Raises:
            SegueError: pyarrow is not installed, here or where the service runs.
            ServiceUnreachable: the connection broke before the table was complete.
            Unavailable: the service sends another table meanwhile.
        """
        try:
            import pyarrow as pa  # noqa: PLC0415  an optional package
        except ModuleNotFoundError as error:
            raise SegueError("Tables need pyarrow: run `pip install 'segue-client[arrow]'`.") from error
        response = await self._connection.request(
            "GET",
            f"/v1/export/{segment(table)}",
            params=parameters(None, since=plain(since), pseudonymise=pseudonymise or None),
            headers={"Accept": ARROW},
            timeout=TABLE_TIMEOUT_SECONDS,
        )
        return pa.ipc.open_stream(response.content).read_all()


class TableMethods(AsyncConnection):
    """Access to whole tables."""

    @cached_property
    def tables(self) -> AsyncTables:
        """Whole tables of the service as Arrow tables."""
        return AsyncTables(self)


def _selected(table: "pa.Table", ids: list[str] | None) -> "pa.Table":
    if ids is None:
        return table
    import pyarrow as pa  # noqa: PLC0415  an optional package
    import pyarrow.compute as pc  # noqa: PLC0415

    return table.filter(pc.is_in(table["track_id"], pa.array(ids, pa.string())))
