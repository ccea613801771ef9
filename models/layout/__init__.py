"""The map: embeddings → points in the plane, aligned to an earlier map, and regions with labels.

Only `models.layout.umap` uses fastumap, which the extra `map` installs, and only while a map is fitted; without it, the
map is a projection on the two principal axes.
"""
