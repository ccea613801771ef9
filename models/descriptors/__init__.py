"""Compute descriptors by signal processing: tempo, metre, key, loudness, brightness and activity."""
