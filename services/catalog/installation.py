"""What is this installation's alone: no backup holds it."""

import secrets

from services.catalog.database import Database
from services.catalog.tables import MetaRow

SIGNING_SECRET = "signing_secret"  # noqa: S105  the name of a row
SECRET_BYTES = 32


class InstallationStore:
    """Keeps the secret that signed URLs are made with."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def signing_secret(self) -> bytes:
        """The secret of every process on this catalogue, drawn when it is first asked for."""
        with self._database.read() as session:
            row = session.get(MetaRow, SIGNING_SECRET)
        return bytes.fromhex(row.value) if row is not None else self._draw()

    def _draw(self) -> bytes:
        drawn = self._database.insert(MetaRow).values(key=SIGNING_SECRET, value=secrets.token_hex(SECRET_BYTES))
        with self._database.write() as session:
            session.execute(drawn.on_conflict_do_nothing())  # another process was faster
            return bytes.fromhex(session.get_one(MetaRow, SIGNING_SECRET).value)
