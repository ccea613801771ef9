"""The catalogue: what Segue knows, in SQLite or PostgreSQL. The source of truth."""

from services.catalog.catalogue import Catalogue

__all__ = ["Catalogue"]
