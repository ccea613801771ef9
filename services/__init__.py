"""Segue's services: catalogue, vector index, recommender, HTTP API, web page and command line.

Nothing here imports torch or librosa, so the API process stays small; of `models` only `models.containers` is imported.
Analyses are tasks, sent by name to `workers`.
"""
