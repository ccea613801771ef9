"""Analyse audio: decode it, compute descriptors, attributes and an embedding; train and evaluate the encoder.

The package uses no database, web framework or task queue; `models.corpus` and `models.teachers` download data. Workers
call `models.analysis`, and `services` imports only `models.containers`.
"""
