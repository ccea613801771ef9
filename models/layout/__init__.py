"""The map: embeddings → points in the plane, aligned to an earlier map, and regions with labels.

Only `models.layout.fit` uses umap-learn, which the extra `map` installs, and only while it fits; without it, the map is
a projection on the two principal axes.
"""
