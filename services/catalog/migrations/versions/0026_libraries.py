"""Libraries as tenants: ids, members, the library of rows that no file or listener places, keys of several libraries.

Code of before this revision runs on it: nothing that it reads is renamed or dropped, and what it does not write may be
null. `listener_libraries` and `api_keys.library` stay for it.
"""

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import PathBytes
from services.domain.names import text_key

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OF_LISTENER = {"listens": "listener", "playlists": "owner", "radio_sessions": "user_name", "links": "listener"}
"""Tables whose rows get the library of a listener, with the column of the listener."""

OF_PATH = ("jobs", "failed_files", "pictures")
"""Tables whose rows get the library of a path."""


def upgrade() -> None:
    """Apply the change."""
    op.add_column("libraries", sa.Column("id", sa.Text(), nullable=True))
    op.create_index("ix_libraries_id", "libraries", ["id"], unique=True)
    op.create_table(
        "library_members",
        sa.Column(
            "library_id",
            sa.Text(),
            sa.ForeignKey("libraries.id", name=op.f("fk_library_members_library_id_libraries"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("library_id", "listener", name=op.f("pk_library_members")),
    )
    op.create_index("ix_library_members_listener", "library_members", ["listener", "library_id"])
    op.add_column("api_keys", sa.Column("libraries", sa.JSON(), nullable=True))
    op.add_column("library_roots", sa.Column("uploads", sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in (*OF_LISTENER, *OF_PATH):
        op.add_column(table, sa.Column("library_id", sa.Text(), nullable=True))
    _fill()


def downgrade() -> None:
    """Revert the change; a listener of several libraries keeps the first of them."""
    for table in (*OF_LISTENER, *OF_PATH):
        op.drop_column(table, "library_id")
    op.drop_column("library_roots", "uploads")
    op.drop_column("api_keys", "libraries")
    op.drop_table("library_members")
    op.drop_index("ix_libraries_id", "libraries")
    op.drop_column("libraries", "id")


def _fill() -> None:
    connection = op.get_bind()
    names = [name for (name,) in connection.execute(sa.text("SELECT name FROM libraries"))]
    if not names:
        return
    for name in names:
        values = {"id": text_key(name), "name": name}
        connection.execute(sa.text("UPDATE libraries SET id = :id WHERE name = :name"), values)
    known = {text_key(name) for name in names}
    for library_id, listener in set(_members()):
        if library_id in known:
            values = {"library_id": library_id, "listener": listener}
            connection.execute(sa.text("INSERT INTO library_members VALUES (:library_id, :listener)"), values)
    _fill_keys()
    for table, column in OF_LISTENER.items():
        rows = sa.table(table, sa.column(column), sa.column("library_id"))
        members = sa.table("library_members", sa.column("library_id"), sa.column("listener"))
        first = sa.select(sa.func.min(members.c.library_id)).where(members.c.listener == rows.c[column])
        connection.execute(sa.update(rows).values(library_id=first.scalar_subquery()))
    _place_paths()


def _members() -> Iterator[tuple[str, str]]:
    """Yield the listeners that are bound to a library, and those of the keys that are bound to one, with its id."""
    connection = op.get_bind()
    bound = {}
    for listener, library in connection.execute(sa.text("SELECT listener, library FROM listener_libraries")):
        bound[listener] = text_key(library)
        yield text_key(library), listener
    keys = sa.table("api_keys", sa.column("users", sa.JSON()), sa.column("library"), sa.column("revoked_at"))
    active = sa.select(keys.c.users, keys.c.library).where(keys.c.library.is_not(None), keys.c.revoked_at.is_(None))
    for listeners, library in connection.execute(active):
        yield from ((text_key(library), each) for each in listeners or () if each not in bound)


def _fill_keys() -> None:
    connection = op.get_bind()
    keys = sa.table("api_keys", sa.column("id"), sa.column("libraries", sa.JSON()), sa.column("library"))
    bound = connection.execute(sa.select(keys.c.id, keys.c.library).where(keys.c.library.is_not(None))).all()
    for key_id, library in bound:
        connection.execute(sa.update(keys).where(keys.c.id == key_id).values(libraries=[text_key(library)]))


def _place_paths() -> None:
    """Store the library of each path: that of the longest folder that contains it, and of all files in it."""
    connection = op.get_bind()
    stored = sa.table("library_roots", sa.column("path", PathBytes()), sa.column("library"))
    roots = sorted(connection.execute(sa.select(stored)), key=lambda row: len(row.path))
    for root, library in roots:
        inside, behind = root.rstrip("/") + "/", root.rstrip("/") + "0"  # "0" follows "/"
        for name in OF_PATH:
            table = sa.table(name, sa.column("path", PathBytes()), sa.column("library_id"))
            here = sa.or_(table.c.path == root, sa.and_(table.c.path >= inside, table.c.path < behind))
            connection.execute(sa.update(table).where(here).values(library_id=text_key(library)))
    for root, library in roots:
        jobs = sa.table("jobs", sa.column("path", PathBytes()), sa.column("library_id"))
        above = jobs.c.path.in_([str(each) for each in Path(root).parents])
        connection.execute(sa.update(jobs).where(above, jobs.c.library_id != text_key(library)).values(library_id=None))
    op.execute("UPDATE pictures SET index_pending = true, revision = revision + 1 WHERE library_id IS NOT NULL")
