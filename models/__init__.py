"""Analyse audio: decode it, compute descriptors, attributes and an embedding; train and evaluate the encoder.

The package uses no database, web framework or task queue; only `models.corpus` uses the network. Workers call
`models.analysis`, and `services` imports only `models.containers`.
"""
