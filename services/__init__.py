"""Segue's services: catalogue, vector index, recommender, HTTP API, web page and command line.

Nothing here imports torch, librosa or `models`: the API process stays small. What needs sound analysed sends a
task by name to `workers`.
"""
