"""The vector index: stores embeddings and filterable fields, and returns ids and scores.

The index is derived: Segue can rebuild it from the catalogue at any time.
"""

from services.domain.vector_index import CountingSearch, Hit, Point, Query, VectorIndex, VectorSearch

__all__ = ["CountingSearch", "Hit", "Point", "Query", "VectorIndex", "VectorSearch"]
