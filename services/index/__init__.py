"""The vector index: embeddings and filterable fields in, ids and scores out.

It is derived from the catalogue and can be rebuilt from it at any time.
"""

from services.domain.vector_index import Hit, Point, Query, VectorIndex

__all__ = ["Hit", "Point", "Query", "VectorIndex"]
