"""Tempo, key, loudness and activity, computed by signal processing."""
